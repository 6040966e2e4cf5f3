/**
 * An HTTP request as the event of a function URL: API Gateway's payload 2.0 (LAMBDA.md C9.1). Path and query go as the client wrote them;
 * what somebody else may say of a connection (`x-forwarded-for` and the like) is said by us.
 */
import { isUtf8 } from 'node:buffer';
import { accountId } from '../../model/function-configuration.ts';
import { isHopByHop } from './hop-by-hop.ts';

export interface UrlRequest {
  readonly urlId: string;
  readonly domainName: string;
  readonly method: string;
  /** `HTTP/1.1` */
  readonly protocol: string;
  /** Path and query. */
  readonly rest: string;
  /** Name, value, name, value: as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  readonly sourceIp: string;
  readonly port: number;
  readonly requestId: string;
  readonly traceId: string;
  readonly epochMs: number;
  /** The access key of a request whose signature was verified. */
  readonly caller?: string | undefined;
}

/** JSON text. */
export function urlEvent(request: UrlRequest): string {
  const { urlId, domainName, rest, body, epochMs, caller } = request;
  const mark = rest.indexOf('?');
  const path = mark === -1 ? rest : rest.slice(0, mark);
  const query = mark === -1 ? '' : rest.slice(mark + 1);
  const { headers, cookies } = headersOf(request);
  const text = body.byteLength > 0 ? textOf(body, headers['content-type']) : undefined;
  return JSON.stringify({
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(query !== '' && { queryStringParameters: parametersOf(query) }),
    requestContext: {
      accountId: caller === undefined ? 'anonymous' : accountId,
      apiId: urlId,
      domainName,
      domainPrefix: urlId,
      http: {
        method: request.method,
        path,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: request.requestId,
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(epochMs),
      timeEpoch: epochMs,
      ...(caller !== undefined && { authorizer: { iam: identity(caller) } }),
    },
    ...(body.byteLength > 0 && { body: text ?? bufferOf(body).toString('base64') }),
    isBase64Encoded: body.byteLength > 0 && text === undefined,
  });
}

/** Every key is the account's own: there are no users. */
function identity(accessKey: string): Readonly<Record<string, string | null>> {
  return {
    accessKey,
    accountId,
    callerId: accountId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: `arn:aws:iam::${accountId}:root`,
    userId: accountId,
  };
}

/** Repeats of a name are joined; cookies go apart. */
function headersOf({ rawHeaders, body, sourceIp, port, traceId }: UrlRequest) {
  const cookies: string[] = [];
  const headers = new Map<string, string>();
  const named = connectionOptions(rawHeaders);
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    if (name === 'cookie') cookies.push(...cookiesOf(value));
    else if (!isHopByHop(name) && !named.has(name) && !ours(name)) {
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before},${value}`);
    }
  }
  // Of a body in chunks nobody else knows it.
  if (body.byteLength > 0) headers.set('content-length', String(body.byteLength));
  headers.set('x-amzn-trace-id', traceId);
  headers.set('x-forwarded-for', sourceIp);
  headers.set('x-forwarded-port', String(port));
  headers.set('x-forwarded-proto', 'http');
  const members: Record<string, string> = Object.fromEntries(headers);
  return { headers: members, cookies };
}

/** Names of more headers that concern this connection only. `close` and `keep-alive` are among them, and are no headers. */
function connectionOptions(rawHeaders: readonly string[]): ReadonlySet<string> {
  const options = rawHeaders.filter((_, index) => index % 2 === 1 && /^connection$/i.test(rawHeaders[index - 1] ?? ''));
  return new Set(options.flatMap((value) => value.split(',').map((option) => option.trim().toLowerCase())));
}

function ours(name: string): boolean {
  return (
    name.startsWith('x-forwarded-') || name.startsWith('x-amzn-tls-') || name === 'x-amzn-trace-id' || name === 'expect'
  );
}

function cookiesOf(value: string): readonly string[] {
  return value
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '');
}

/** Decoded; values of a name that is given more than once are joined. */
function parametersOf(query: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(parameters);
}

const textTypes = /^(?:text\/.+|application\/(?:json|javascript|xml|(?:.+\+)(?:json|xml)))$/;

/** Undefined: it travels as Base64, by its type or because it is not what its type says. */
function textOf(body: Uint8Array, contentType: string | undefined): string | undefined {
  const [type = ''] = (contentType ?? '').split(';');
  if (!textTypes.test(type.trim().toLowerCase())) return undefined;
  return isUtf8(body) ? bufferOf(body).toString('utf8') : undefined;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `25/Nov/2025:02:26:54 +0000` */
function commonLogTime(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}
