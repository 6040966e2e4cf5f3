/** `--redis-stream NAME=URL#KEY,KEY` as the engine's option. What a URL and a key may be is the engine's to say. */
import type { RedisStreamOptions } from '../model/redis-stream.ts';
import { UsageError } from './exit-status.ts';

export function redisStreamsOption(
  texts: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): { readonly redisStreams?: Readonly<Record<string, RedisStreamOptions>> } {
  if (texts.length === 0) return {};
  const streams = texts.map((text): [string, RedisStreamOptions] => {
    const [, name, address, keys] = /^([^=]+)=([^#]+)#(.+)$/.exec(text) ?? [];
    if (name === undefined || address === undefined || keys === undefined) {
      // The value is not shown: it may have a password.
      throw new UsageError('--redis-stream must be NAME=URL#KEY[,KEY], such as orders=redis://127.0.0.1:6379#orders');
    }
    return [name, { url: urlOf(name, address, variables), keys: keys.split(',') }];
  });
  return { redisStreams: Object.fromEntries(streams) };
}

/** `env:VARIABLE` keeps a password out of the list of processes. */
function urlOf(name: string, address: string, variables: Readonly<Record<string, string | undefined>>): string {
  if (!address.startsWith('env:')) return address;
  const variable = address.slice('env:'.length);
  const url = variables[variable];
  if (url !== undefined && url !== '') return url;
  throw new UsageError(`--redis-stream ${name} takes its URL from the variable ${variable}, which is not set`);
}
