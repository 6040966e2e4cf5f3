/** Who listens in this guest, on which addresses, ports and paths. */
import { type Address, formatAddress, isLoopback, isUnspecified, parseAddress, unmapped } from './address.ts';
import { core } from './async-wrap.ts';
import { uv } from './errno.ts';
import type { LoopbackEnd } from './loopback.ts';

const { Uint16Array } = primordials;

export interface Endpoint {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

/** An address and port taken by one handle. */
export interface Binding extends Endpoint {
  /** Takes connections to every address of its family; `::` also those of IPv4. */
  readonly isAny: boolean;
  readonly isIPv6Only: boolean;
  readonly isShared: boolean;
  /** From `listen` on. */
  accept: ((end: LoopbackEnd, local: Endpoint, remote: Endpoint) => void) | undefined;
}

export interface BindOptions {
  readonly isIPv6Only: boolean;
  readonly isShared: boolean;
}

const bindings: (Binding | undefined)[] = [];
const paths: Record<string, ((end: LoopbackEnd) => void) | null | undefined> = Object.create(null);

/** Linux' range for ports that nobody asked for. */
const ephemeralFirst = 32_768;
const ephemeralLast = 60_999;
let latestEphemeral = 0;

export function freePort(): number {
  const count = ephemeralLast - ephemeralFirst + 1;
  if (latestEphemeral === 0) {
    const random = new Uint16Array(core.host.random(2))[0] ?? 0;
    latestEphemeral = ephemeralFirst + (random % count);
  }
  for (let tries = 0; tries < count; tries++) {
    latestEphemeral = latestEphemeral >= ephemeralLast ? ephemeralFirst : latestEphemeral + 1;
    if (!isPortTaken(latestEphemeral)) return latestEphemeral;
  }
  return 0;
}

function isPortTaken(port: number): boolean {
  for (let at = 0; at < bindings.length; at++) if (bindings[at]?.port === port) return true;
  return false;
}

/** libuv's error, or the binding. One that conflicts is made all the same: libuv tells it when it is used. */
export function bind(text: string, family: 4 | 6, port: number, options: BindOptions): Binding | number {
  const parsed = parseAddress(text);
  if (parsed === undefined || parsed.family !== family) return uv.UV_EINVAL;
  const address = unmapped(parsed);
  if (!isUnspecified(address) && !isLoopback(address)) return uv.UV_EADDRNOTAVAIL;
  const binding: Binding = {
    address: formatAddress(parsed),
    family,
    port: port === 0 ? freePort() : port,
    isAny: isUnspecified(parsed),
    isIPv6Only: options.isIPv6Only,
    isShared: options.isShared,
    accept: undefined,
  };
  return binding.port === 0 || conflicts(binding) ? uv.UV_EADDRINUSE : remembered(binding);
}

function remembered(binding: Binding): Binding {
  let at = 0;
  while (at < bindings.length && bindings[at] !== undefined) at++;
  bindings[at] = binding;
  return binding;
}

export function unbind(binding: Binding): void {
  for (let at = 0; at < bindings.length; at++) if (bindings[at] === binding) bindings[at] = undefined;
}

/** As with SO_REUSEADDR, which libuv sets: only listeners keep others away. */
export function conflicts(wanted: Binding): boolean {
  for (let at = 0; at < bindings.length; at++) {
    const other = bindings[at];
    if (other === undefined || other === wanted || other.port !== wanted.port || other.accept === undefined) continue;
    if (other.isShared && wanted.isShared) continue;
    if (overlap(wanted, other)) return true;
  }
  return false;
}

function overlap(one: Binding, other: Binding): boolean {
  const sameFamily = ipv4Of(one) === undefined ? ipv4Of(other) === undefined : ipv4Of(other) !== undefined;
  if (sameFamily) return one.isAny || other.isAny || one.address === other.address;
  const six = ipv4Of(one) === undefined ? one : other;
  return six.isAny && !six.isIPv6Only;
}

/** What an IPv4 client has to ask for to reach it by its own address. */
function ipv4Of({ address }: Endpoint): string | undefined {
  const parsed = parseAddress(address);
  const plain = parsed && unmapped(parsed);
  return plain?.family === 4 ? formatAddress(plain) : undefined;
}

export interface Found {
  readonly binding: Binding;
  /** The two endpoints' addresses as the server sees them, and as the client does. */
  readonly serverSeesAs: (address: string) => string;
}

/** Who takes a connection to a loopback address. The nearest wins: the very address, then all of its family, then all. */
export function findListener(address: Address, port: number): Found | undefined {
  const text = formatAddress(address);
  let best: Binding | undefined;
  let bestRank = 0;
  for (let at = 0; at < bindings.length; at++) {
    const binding = bindings[at];
    if (binding?.accept === undefined || binding.port !== port) continue;
    const rank = rankOf(binding, address, text);
    if (rank > bestRank) {
      best = binding;
      bestRank = rank;
    }
  }
  if (best === undefined) return undefined;
  const isMapped = address.family === 4 && best.family === 6;
  return { binding: best, serverSeesAs: (seen) => (isMapped ? `::ffff:${seen}` : seen) };
}

function rankOf(binding: Binding, { family }: Address, text: string): number {
  const own = family === 4 ? ipv4Of(binding) : binding.address;
  if (!binding.isAny) return own === text ? 3 : 0;
  if (binding.family === family) return 2;
  return family === 4 && !binding.isIPv6Only ? 1 : 0;
}

/** Paths of unix sockets. `null` keeps a path that is bound and not listened on yet. */
export function bindPath(path: string): number {
  if (paths[path] !== undefined) return uv.UV_EADDRINUSE;
  paths[path] = null;
  return 0;
}

export function listenOnPath(path: string, accept: (end: LoopbackEnd) => void): void {
  paths[path] = accept;
}

export function unbindPath(path: string): void {
  paths[path] = undefined;
}

export function findPath(path: string): ((end: LoopbackEnd) => void) | null | undefined {
  return paths[path];
}
