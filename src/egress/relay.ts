/**
 * What the host does on a connection to a host for which it has credentials: it speaks TLS itself, so that the guest never holds
 * the other end of a stream with the credential in it, and adds the headers to requests for that very host.
 */
import { connect, type TLSSocket } from 'node:tls';
import type { Relay } from './connection.ts';
import type { AllowedConnect, RuleCredential } from './policy.ts';
import { RefusedError } from './refused-error.ts';
import { type HeadersFor, RequestHeads } from './request-heads.ts';

/** Undefined when the bytes are the guest's own business. @throws RefusedError when a credential is missing */
export function openRelay({ credentials, plainNames }: AllowedConnect, port: number): Relay | undefined {
  const hostSpeaksTls = credentials.some(({ tls }) => tls);
  const usable = credentials.filter(({ tls }) => tls === hostSpeaksTls);
  if (usable.length === 0) return undefined;
  for (const { host, headers } of usable) {
    if (headers === 'missing') {
      throw new RefusedError(
        `the headers for ${host}:${port} are not kept across restarts: set network.allow of this function again`,
      );
    }
  }
  let secured: RuleCredential | undefined;
  let heads: RequestHeads | undefined = hostSpeaksTls
    ? undefined
    : new RequestHeads(headersOf(usable, plainNames, port, 80));
  return {
    hostSpeaksTls,
    secure(socket, servername) {
      const name = servername.toLowerCase();
      secured = usable.find(({ host }) => host === name);
      // Another name that leads to the same address, by a rule without headers: its bytes pass as they are.
      if (secured === undefined && !plainNames.includes(name)) {
        throw new RefusedError(`no rule of network.allow leads to ${JSON.stringify(servername)} here`);
      }
      if (secured !== undefined) heads = new RequestHeads(headersOf([secured], [], port, 443));
      const ca = secured?.ca;
      const stream = connect({
        socket,
        servername: name,
        // Whatever the environment of this process says.
        rejectUnauthorized: true,
        ...(secured !== undefined && { ALPNProtocols: ['http/1.1'] }),
        ...(ca !== undefined && { ca }),
      });
      stream.unref();
      return { stream, secured: handshake(stream) };
    },
    outgoing: (bytes) => heads?.push(bytes) ?? bytes,
  };
}

const noHeaders: ReadonlyMap<string, string> = new Map();

function headersOf(
  credentials: readonly RuleCredential[],
  plainNames: readonly string[],
  port: number,
  portDefault: number,
): HeadersFor {
  const byHost = new Map<string, ReadonlyMap<string, string>>();
  const add = (host: string, headers: ReadonlyMap<string, string>) => {
    byHost.set(`${host}:${port}`, headers);
    if (port === portDefault) byHost.set(host, headers);
  };
  for (const name of plainNames) add(name, noHeaders);
  for (const { host, headers } of credentials) if (headers !== 'missing') add(host, headers);
  return (host) => byHost.get(host);
}

function handshake(stream: TLSSocket) {
  return new Promise<{ alpnProtocol: string; protocol: string; cipher: string }>((resolve, reject) => {
    stream.once('secureConnect', () =>
      resolve({
        alpnProtocol: stream.alpnProtocol || '',
        protocol: stream.getProtocol() ?? '',
        cipher: stream.getCipher().standardName,
      }),
    );
    stream.once('error', reject);
  });
}
