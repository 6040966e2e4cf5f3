/** Streams of a Redis server that functions may be mapped to: as options give them, checked. */
import { shownValue } from '../base/shown-value.ts';
import { EngineError } from './errors.ts';
import { accountId, region } from './function-configuration.ts';
import { limits } from './limits.ts';

export interface RedisStreamOptions {
  /** `redis://[user:password@]host[:6379][/database]`, or `rediss://` for TLS. */
  readonly url: string;
  /** Keys of the server's streams. Each is a shard: order is kept within it. */
  readonly keys: readonly string[];
}

export interface RedisStream {
  readonly name: string;
  readonly endpoint: RedisEndpoint;
  readonly keys: readonly string[];
}

export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

/** What an event source mapping calls it. */
export function redisStreamArn(name: string): string {
  return `arn:aws:redis:${region}:${accountId}:stream/${name}`;
}

/** @throws EngineError InvalidParameterValueException */
export function validRedisStreams(given: Readonly<Record<string, RedisStreamOptions>>): readonly RedisStream[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid('redisStreams', 'an object', given);
  }
  return Object.keys(given).map((name) => validStream(name, given[name]));
}

function validStream(name: string, options: RedisStreamOptions | undefined): RedisStream {
  const path = `redisStreams.${name}`;
  if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(name)) {
    throw invalid('the name of a Redis stream', '1 to 128 letters, digits, _, . and -', name);
  }
  if (typeof options !== 'object' || options === null) throw invalid(path, 'an object', options);
  const { url, keys } = options;
  const { redisKeysMax, redisKeyBytesMax } = limits;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > redisKeysMax) {
    throw invalid(`${path}.keys`, `a list of 1 to ${redisKeysMax} keys`, keys);
  }
  for (const key of keys) {
    if (typeof key === 'string' && key !== '' && Buffer.byteLength(key) <= redisKeyBytesMax) continue;
    throw invalid(`${path}.keys`, `texts of 1 to ${redisKeyBytesMax} bytes`, key);
  }
  if (new Set(keys).size < keys.length) throw invalid(`${path}.keys`, 'different from each other', keys.join(', '));
  return { name, keys: [...keys], endpoint: endpointOf(path, url) };
}

/** No message has the URL: it may have a password. */
function endpointOf(path: string, url: unknown): RedisEndpoint {
  const form = 'redis:// or rediss://, [user:password@], a host, [:port] and [/database]';
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (parsed === null) throw invalid(`${path}.url`, form, typeof url);
  const { protocol, hostname, port, username, password, pathname, search, hash } = parsed;
  const database = /^\/?(\d{0,4})$/.exec(pathname)?.[1];
  const isKnown = protocol === 'redis:' || protocol === 'rediss:';
  if (!isKnown || hostname === '' || database === undefined || search !== '' || hash !== '') {
    throw invalid(`${path}.url`, form, `${protocol}//${hostname}${pathname}${search}${hash}`);
  }
  return {
    // Brackets are the URL's, not the address's.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? 6_379 : Number(port),
    isTls: protocol === 'rediss:',
    user: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    database: Number(database),
  };
}

function invalid(name: string, rule: string, value: unknown): EngineError {
  return new EngineError('InvalidParameterValueException', `${name} must be ${rule}, received ${shownValue(value)}`);
}
