/** What commands ask a running server: the same API that everybody has, signed where there are keys. Every failure is one clear line. */
import { createHash, createHmac } from 'node:crypto';
import { systemClock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { canonicalRequest } from '../http/signature/canonical-request.ts';
import { region } from '../model/function-configuration.ts';
import { limits } from '../model/limits.ts';
import { endpointDefault } from './endpoint.ts';
import { UsageError } from './exit-status.ts';

/** The server refused, or is none. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  /** Of the API: `ResourceNotFoundException`; absent when nobody answered as the API does. */
  readonly code: string | undefined;
  readonly status: number;

  constructor(message: string, answer: { readonly code?: string; readonly status?: number } = {}) {
    super(message);
    this.code = answer.code;
    this.status = answer.status ?? 0;
  }
}

type Json = Readonly<Record<string, unknown>>;

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What it is signed for. */
  readonly service?: string;
  readonly signal?: AbortSignal | undefined;
}

export class ApiClient {
  readonly endpoint: string;
  readonly #keys: Keys | undefined;

  /** @throws UsageError */
  constructor(endpoint: string, environment: NodeJS.ProcessEnv) {
    const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
      throw new UsageError(`--endpoint must be a URL like ${endpointDefault}, got ${JSON.stringify(endpoint)}`);
    }
    this.endpoint = url.origin;
    this.#keys = keysOf(environment);
  }

  /** @throws ServerError */
  async call(request: ApiRequest): Promise<Json> {
    const { method = 'GET', path, body = '', service = 'lambda', signal } = request;
    const headers = this.#signed(method, path, body, service, request.headers ?? {});
    let response: Response;
    let text: string;
    try {
      const timeout = AbortSignal.timeout(limits.commandRequestMsMax);
      response = await fetch(`${this.endpoint}${path}`, {
        method,
        headers,
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        ...(method !== 'GET' && { body }),
      });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw new ServerError(
        `nobody answers at ${this.endpoint} (${failure(error)}); start a server with isotherm serve, or name another with --endpoint`,
      );
    }
    return this.#read(response, text);
  }

  /** An operation of a service that is called by a name in a header. */
  target(service: string, target: string, body: Json, signal?: AbortSignal): Promise<Json> {
    return this.call({
      method: 'POST',
      path: '/',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
      service,
      signal,
    });
  }

  #read(response: Response, text: string): Json {
    const json = parsed(text);
    if (response.ok && json !== undefined) return json;
    const type = response.headers.get('x-amzn-errortype') ?? undefined;
    if (response.ok || type === undefined) {
      throw new ServerError(
        `${this.endpoint} answers, but not as isotherm does (status ${response.status}); is --endpoint right?`,
      );
    }
    const message = json?.message ?? json?.Message;
    throw new ServerError(typeof message === 'string' ? message : `status ${response.status}`, {
      code: type,
      status: response.status,
    });
  }

  /** As AWS's clients sign (AWS, "Create a signed AWS API request"). */
  #signed(method: string, path: string, body: string, service: string, headers: Readonly<Record<string, string>>) {
    if (this.#keys === undefined) return headers;
    const { host } = new URL(this.endpoint);
    const signedAt = new Date(systemClock.epochMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const all: Record<string, string> = { ...headers, host, 'x-amz-date': signedAt };
    const signedHeaders = Object.keys(all).toSorted();
    const values = new Map(Object.entries(all).map(([name, value]) => [name, [value]]));
    const bodyHash = createHash('sha256').update(body).digest('hex');
    const canonical = canonicalRequest({ head: { method, url: path, headers: values }, signedHeaders, bodyHash });
    const scope = [signedAt.slice(0, 8), region, service, 'aws4_request'];
    const hash = createHash('sha256').update(canonical, 'latin1').digest('hex');
    const text = ['AWS4-HMAC-SHA256', signedAt, scope.join('/'), hash].join('\n');
    let key: string | Buffer = `AWS4${this.#keys.secretAccessKey}`;
    for (const part of scope) key = createHmac('sha256', key).update(part).digest();
    const signature = createHmac('sha256', key).update(text).digest('hex');
    const credential = `${this.#keys.accessKeyId}/${scope.join('/')}`;
    return {
      ...headers,
      'x-amz-date': signedAt,
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
    };
  }
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The server's own names first, then those that AWS's tools read. */
function keysOf(environment: NodeJS.ProcessEnv): Keys | undefined {
  for (const prefix of ['ISOTHERM', 'AWS']) {
    const accessKeyId = environment[`${prefix}_ACCESS_KEY_ID`];
    const secretAccessKey = environment[`${prefix}_SECRET_ACCESS_KEY`];
    if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  }
  return undefined;
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    // Somebody else's page.
    return undefined;
  }
}

/** fetch says `fetch failed`; what failed is the cause. */
function failure(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof AggregateError) return failure(cause.errors[0]);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
      return 'no such host';
    default:
      return errorMessage(cause);
  }
}
