/** What pages of other origins may do with a function URL (LAMBDA.md C9.5): said by its settings, whatever the function says. */
import type { IncomingHttpHeaders } from 'node:http';
import type { UrlCors } from '../../model/function-url.ts';

type Headers = [name: string, value: string][];

/** The answer to a browser that asks for permission before it sends a request; undefined when this is no such question. */
export function preflightHeaders(cors: UrlCors, method: string, headers: IncomingHttpHeaders): Headers | undefined {
  const { origin, 'access-control-request-method': asked } = headers;
  if (method !== 'OPTIONS' || origin === undefined || asked === undefined) return undefined;
  const allowed = originHeaders(cors, origin);
  if (allowed.length === 1) return allowed;
  const { allowMethods = [], allowHeaders = [], maxAge } = cors;
  if (allowMethods.length > 0) allowed.push(['access-control-allow-methods', allowMethods.join(',')]);
  if (allowHeaders.length > 0) allowed.push(['access-control-allow-headers', allowHeaders.join(',')]);
  if (maxAge !== undefined) allowed.push(['access-control-max-age', String(maxAge)]);
  return allowed;
}

/** The headers of an answer, with ours in place of the function's. */
export function withCors(
  cors: UrlCors,
  origin: string | undefined,
  headers: readonly (readonly [name: string, value: string])[],
): Headers {
  const kept = headers
    .filter(([name]) => !name.startsWith('access-control-'))
    .map(([name, value]): [string, string] => [name, value]);
  if (origin === undefined) return kept;
  const [vary, ...allowed] = originHeaders(cors, origin);
  if (vary !== undefined) kept.push(vary);
  const { exposeHeaders = [] } = cors;
  if (allowed.length > 0 && exposeHeaders.length > 0) {
    allowed.push(['access-control-expose-headers', exposeHeaders.join(',')]);
  }
  return [...kept, ...allowed];
}

/** `vary` first; nothing else for an origin that is not allowed. */
function originHeaders({ allowOrigins = [], allowCredentials }: UrlCors, origin: string): Headers {
  const headers: Headers = [['vary', 'Origin']];
  const isAny = allowOrigins.includes('*');
  if (!isAny && !allowOrigins.includes(origin)) return headers;
  // Browsers send no credentials to who allows any origin, and we name none that was not listed.
  headers.push(['access-control-allow-origin', isAny ? '*' : origin]);
  if (allowCredentials === true) headers.push(['access-control-allow-credentials', 'true']);
  return headers;
}
