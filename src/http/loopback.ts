/**
 * Keeps the API to this machine as long as it asks for no credentials: where it listens, and which requests a browser may have
 * been tricked into. A web page can reach loopback: by a plain form, or by a name of its own that resolves to 127.0.0.1.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';
import { EngineError } from '../model/errors.ts';

/** How a program in a Docker container calls the machine around it. No page's owner can make that name resolve. */
const dockerHost = 'host.docker.internal';

/** @throws EngineError InvalidParameterValueException */
export function assertLoopback(host: string): void {
  if (isLoopbackName(host)) return;
  throw new EngineError(
    'InvalidParameterValueException',
    `host must be a loopback address (127.0.0.1, ::1 or localhost), got ${JSON.stringify(host)}: ` +
      'listening to other machines needs access keys, so that requests can be checked (--access-key, --access-keys)',
  );
}

/** The reason to refuse, or undefined. */
export function foreignRequest(headers: IncomingHttpHeaders): string | undefined {
  const { host, origin, 'sec-fetch-site': site } = headers;
  const hostname = host === undefined ? undefined : hostnameOf(host);
  if (hostname !== undefined && !isLoopbackName(hostname) && hostname !== dockerHost) {
    return `Host must name this machine (127.0.0.1, ::1, localhost) or be ${dockerHost}, got ${JSON.stringify(host)}`;
  }
  // Only browsers send it; a page that we served ourselves has our own.
  if (origin !== undefined && origin !== `http://${host}`) {
    return `Origin must be absent or this server's own, got ${JSON.stringify(origin)}`;
  }
  // Browsers send it where they send no Origin, with a link or an image of another page. A user's own typing is `none`.
  if (site === 'cross-site' || site === 'same-site') {
    return `Sec-Fetch-Site must be absent, same-origin or none, got ${JSON.stringify(site)}`;
  }
  return undefined;
}

export function isLoopbackName(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '127.0.0.1' ||
    hostname === '::1' ||
    (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}

/** `127.0.0.1:9001`, `[::1]:9001`, `localhost`. */
function hostnameOf(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'));
  const colon = host.indexOf(':');
  return colon === -1 ? host : host.slice(0, colon);
}
