/**
 * Where function URLs are: `http://<id>.lambda-url.localhost:9001/`, with or without the region before `localhost`, and AWS's own name for it,
 * for clients that are told which address to connect to. Programs that cannot resolve such names write `/_isotherm/url/<id>/` instead.
 */
import { region } from '../../model/function-configuration.ts';
import { isLoopbackName } from '../loopback.ts';

export interface UrlTarget {
  readonly urlId: string;
  /** Path and query as the client wrote them, from the URL's own root on. */
  readonly rest: string;
  /** `host`: an origin of its own. `path`: below ours, so what a function answers must be no page of ours. */
  readonly form: 'host' | 'path';
  /** The URL's own host name; in the path form, the one that it has. */
  readonly domainName: string;
}

const prefix = '/_isotherm/url/';
const hostForm = new RegExp(
  `^([a-z0-9-]{1,63})\\.lambda-url\\.(?:(?:${region}\\.)?localhost|${region}\\.on\\.aws)(?::\\d{1,5})?$`,
);
const hostLengthMin = '0.lambda-url.localhost'.length;

/** Undefined: the request is for something else. On the way of every request to the server. */
export function urlTarget(host: string | undefined, url: string): UrlTarget | undefined {
  if (host !== undefined && host.length >= hostLengthMin) {
    const name = host.toLowerCase();
    const urlId = hostForm.exec(name)?.[1];
    if (urlId !== undefined) return { urlId, rest: url, form: 'host', domainName: withoutPort(name) };
  }
  if (!url.startsWith(prefix)) return undefined;
  const end = url.slice(prefix.length).search(/[/?]/);
  const urlId = end === -1 ? url.slice(prefix.length) : url.slice(prefix.length, prefix.length + end);
  const rest = end === -1 ? '' : url.slice(prefix.length + end);
  return { urlId, rest: rest.startsWith('/') ? rest : `/${rest}`, form: 'path', domainName: ownName(urlId) };
}

/** A URL that works for whoever called us by this host: a container does not reach our loopback by a name. */
export function functionUrl(host: string, urlId: string): string {
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:/]*)(:\d+)?/.exec(host) ?? [];
  const isNear = isLoopbackName(name.replaceAll(/[[\]]/g, ''));
  return isNear ? `http://${ownName(urlId)}${port}/` : `http://${name}${port}${prefix}${urlId}/`;
}

function ownName(urlId: string): string {
  return `${urlId}.lambda-url.localhost`;
}

function withoutPort(host: string): string {
  const colon = host.indexOf(':');
  return colon === -1 ? host : host.slice(0, colon);
}
