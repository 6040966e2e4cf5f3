/**
 * Where records of asynchronous invocations go: the ARNs that functions name, and what the operator put behind them. Pure: it sends
 * nothing. A function chooses among what the operator mapped, and nothing of an ARN becomes a path.
 */
import { join } from 'node:path';

export type Target =
  | { readonly kind: 'function'; readonly functionName: string; readonly qualifier: string | undefined }
  | { readonly kind: 'sqs'; readonly url: string }
  | { readonly kind: 'sns' | 'events'; readonly url: string }
  /** The record as the body of a request. */
  | { readonly kind: 'post'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string };

/** By ARN, or by service for all its ARNs: `http(s)://…` in the service's own protocol, `post+http(s)://…`, or `file:NAME`. */
export type DestinationMap = Readonly<Record<string, string>>;

export const destinationServices = ['sqs', 'sns', 'events', 's3'] as const;

const arnPattern = /^arn:aws[a-zA-Z-]*:([a-z0-9-]+):[a-z0-9-]*:(\d{0,12}):(.+)$/;
const filePattern = /^file:([A-Za-z0-9_-][A-Za-z0-9._-]{0,127})$/;

/** What is wrong with an entry; undefined when nothing is. */
export function mappingProblem(key: string, value: string, directory: string | undefined): string | undefined {
  const service = serviceOf(key) ?? key;
  if (!destinationServices.some((each) => each === service)) {
    return `named by an ARN of ${destinationServices.join(', ')}, or by one of these`;
  }
  if (filePattern.test(value))
    return directory === undefined ? 'in a directory, destinationDirectory, which is not given' : undefined;
  const isUrl = URL.canParse(value.replace(/^post\+/, '')) && /^(post\+)?https?:\/\//.test(value);
  if (!isUrl) return 'http://…, https://…, post+http(s)://… or file:NAME, a plain name';
  if (service === 's3' && !value.startsWith('post+'))
    return 'post+http(s)://… or file:NAME: isotherm does not speak S3';
  return undefined;
}

export class Targets {
  readonly #map: DestinationMap;
  readonly #directory: string | undefined;

  constructor(map: DestinationMap, directory: string | undefined) {
    this.#map = map;
    this.#directory = directory;
  }

  /** Undefined: nothing is behind it. */
  of(arn: string): Target | undefined {
    const [, service, account, resource] = arnPattern.exec(arn) ?? [];
    if (service === undefined || account === undefined || resource === undefined) return undefined;
    if (service === 'lambda') return functionTarget(resource);
    const own = Object.hasOwn(this.#map, arn) ? this.#map[arn] : undefined;
    const common = Object.hasOwn(this.#map, service) ? this.#map[service] : undefined;
    const value = own ?? common;
    if (value === undefined) return undefined;
    const [, file] = filePattern.exec(value) ?? [];
    if (file !== undefined) {
      return this.#directory === undefined ? undefined : { kind: 'file', path: join(this.#directory, file) };
    }
    if (value.startsWith('post+')) return { kind: 'post', url: value.slice('post+'.length) };
    switch (service) {
      case 'sqs':
        return { kind: 'sqs', url: own ?? queueUrl(value, account, resource) };
      case 'sns':
      case 'events':
        return { kind: service, url: value };
      default:
        return undefined;
    }
  }
}

export function serviceOf(arn: string): string | undefined {
  return arnPattern.exec(arn)?.[1];
}

/** As ElasticMQ and other servers of the protocol write it. */
function queueUrl(base: string, account: string, queue: string): string {
  return `${base.replace(/\/+$/, '')}/${account}/${encodeURIComponent(queue)}`;
}

function functionTarget(resource: string): Target | undefined {
  const [, functionName, qualifier] = /^function:([a-zA-Z0-9-_]+)(?::([$a-zA-Z0-9-_]+))?$/.exec(resource) ?? [];
  return functionName === undefined ? undefined : { kind: 'function', functionName, qualifier };
}
