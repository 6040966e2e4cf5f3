/**
 * The setting `network` of a function: from what a client sent to what is kept. Credentials are parted from it here: the
 * configuration, which is stored and shown, says which headers a rule adds; their values live only in NetworkCredentials.
 */
import { shownValue } from '../base/shown-value.ts';
import { EngineError } from './errors.ts';
import { limits } from './limits.ts';
import { type CredentialValues, NetworkCredentials } from './network-credentials.ts';
import { type NetworkRule, parseNetworkRule } from './network-rule.ts';

export interface NetworkSettings {
  /**
   * What the function may reach: `host`, `host:443`, `*.example.com:443`, `host:80,8000-8100`, `10.0.0.0/8:5432`, `[fd00::1]:80`,
   * `localhost:5432`, `public`. Default: nothing.
   */
  readonly allow?: readonly (string | CredentialRule)[];
  /** Connections of one environment at once, 1 to 1024. Default: 256. */
  readonly connectionsMax?: number;
  /** Bytes per second of one environment, all connections and both ways together. Default: no limit. */
  readonly bytesPerSecondMax?: number;
}

/** A host to whose requests the host process adds headers that the function never sees. Kept in memory only. */
export interface CredentialRule {
  /** One name (or `localhost`) and one port: `api.example.com:443`. */
  readonly host: string;
  /** By name; they replace what the function set. */
  readonly headers: Readonly<Record<string, string>>;
  /** False: plain HTTP. Default: true. */
  readonly tls?: boolean;
  /** Certificates to trust for this host instead of the usual ones, PEM. */
  readonly ca?: string;
}

/** As it is kept and shown. */
export interface NetworkConfiguration {
  readonly allow: readonly (
    | string
    | { readonly host: string; readonly tls: boolean; readonly headerNames: readonly string[] }
  )[];
  readonly connectionsMax?: number;
  readonly bytesPerSecondMax?: number;
}

export const noNetwork: NetworkConfiguration = { allow: [] };

/** @throws EngineError InvalidParameterValueException */
export function networkConfiguration(settings: NetworkSettings): NetworkConfiguration {
  assertMembers('network', settings, ['allow', 'connectionsMax', 'bytesPerSecondMax']);
  const { allow = [] } = settings;
  if (!Array.isArray(allow)) throw invalid('network.allow', 'a list', allow);
  if (allow.length > limits.networkRulesMax) {
    throw invalid('network.allow', `at most ${limits.networkRulesMax} rules long (networkRulesMax)`, allow.length);
  }
  const connectionsMax = optionalInteger('network.connectionsMax', settings.connectionsMax, limits.networkIdsMax);
  const bytesPerSecondMax = optionalInteger(
    'network.bytesPerSecondMax',
    settings.bytesPerSecondMax,
    Number.MAX_SAFE_INTEGER,
  );
  const kept = allow.map((entry: unknown, index) => keptRule(entry, `network.allow[${index}]`));
  const hosts = kept.flatMap((entry) => (typeof entry === 'string' ? [] : entry.host));
  const twice = hosts.find((host, index) => hosts.indexOf(host) !== index);
  if (twice !== undefined) throw invalid('network.allow', 'without two lists of headers for one host', twice);
  return {
    allow: kept,
    ...(connectionsMax !== undefined && { connectionsMax }),
    ...(bytesPerSecondMax !== undefined && { bytesPerSecondMax }),
  };
}

/** Of settings that were found valid; `newId` gives what was never used before. Undefined when they have no credentials. */
export function networkCredentials(
  { allow = [] }: NetworkSettings,
  newId: () => string,
): NetworkCredentials | undefined {
  const values = allow.flatMap((entry): [string, CredentialValues][] => {
    if (typeof entry === 'string') return [];
    const headers = new Map(Object.entries(entry.headers).map(([name, value]) => [name.toLowerCase(), value]));
    return [[entry.host.toLowerCase(), { headers, ...(entry.ca !== undefined && { ca: entry.ca }) }]];
  });
  return values.length === 0 ? undefined : new NetworkCredentials(newId(), values);
}

function keptRule(entry: unknown, path: string): NetworkConfiguration['allow'][number] {
  if (typeof entry === 'string') return checkedRule(entry, path).text;
  assertMembers(path, entry, ['host', 'headers', 'tls', 'ca']);
  const { host, headers, tls = true, ca } = entry;
  if (typeof host !== 'string') throw invalid(`${path}.host`, 'a string', host);
  const rule = checkedRule(host, `${path}.host`);
  const [range, more] = rule.ports;
  const isOnePort = more === undefined && range !== undefined && range.from === range.to;
  if ((rule.target.kind !== 'name' && rule.target.kind !== 'localhost') || !isOnePort) {
    throw invalid(`${path}.host`, 'one name and one port, because headers are added for it', host);
  }
  if (typeof tls !== 'boolean') throw invalid(`${path}.tls`, 'true or false', tls);
  if (ca !== undefined && (typeof ca !== 'string' || !ca.includes('-----BEGIN CERTIFICATE-----'))) {
    throw invalid(`${path}.ca`, 'certificates as PEM', typeof ca === 'string' ? 'another text' : ca);
  }
  return { host: rule.text, tls, headerNames: checkedHeaders(headers, `${path}.headers`) };
}

function checkedRule(given: string, path: string): NetworkRule {
  const rule = parseNetworkRule(given);
  if ('problem' in rule) throw invalid(path, rule.problem, given);
  return rule;
}

/** Messages name headers, never their values. */
function checkedHeaders(headers: unknown, path: string): readonly string[] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw invalid(path, 'an object of strings', headers);
  }
  const entries = Object.entries(headers);
  if (entries.length === 0 || entries.length > limits.credentialHeadersMax) {
    throw invalid(path, `1 to ${limits.credentialHeadersMax} headers (credentialHeadersMax)`, entries.length);
  }
  const names = entries.map(([name, value]: [string, unknown]) => {
    if (!headerNamePattern.test(name)) throw invalid(path, 'named as HTTP headers are', name);
    const lower = name.toLowerCase();
    if (framingHeaders.has(lower)) throw invalid(path, 'without headers that frame or route a request', name);
    if (
      typeof value !== 'string' ||
      !headerValuePattern.test(value) ||
      value.length > limits.credentialHeaderCharsMax
    ) {
      const rule = `a string of at most ${limits.credentialHeaderCharsMax} printable ASCII characters`;
      throw invalid(`${path}.${name}`, rule, `(${typeof value}, not shown)`);
    }
    return lower;
  });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(path, 'without a name twice', twice);
  return names;
}

const headerNamePattern = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const headerValuePattern = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;
const framingHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function optionalInteger(path: string, value: unknown, max: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > max) {
    throw invalid(path, `a whole number from 1 to ${max}`, value);
  }
  return value;
}

function assertMembers(
  path: string,
  value: unknown,
  names: readonly string[],
): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(path, 'an object', value);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(path, `an object of ${names.join(', ')}`, `one with ${unknown}`);
}

function invalid(path: string, rule: string, value: unknown): EngineError {
  return new EngineError('InvalidParameterValueException', `${path} must be ${rule}, received ${shownValue(value)}`);
}
