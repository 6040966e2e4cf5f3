/** Which content a file has: told by its fingerprint cheaply, by its entity tag to functions. */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { limits } from '../../model/limits.ts';
import type { OpenDirectory } from './beneath.ts';

/** Another one for every write that changes the time of the file, and for a file that another one was moved over. */
export function fingerprint(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}-${stats.ino}`;
}

export interface ObjectContent {
  readonly fingerprint: string;
  readonly bytes: number;
  /** MD5 of the content, as S3 has it for objects that came in one piece; of larger ones what S3 has for those in parts: no MD5. */
  readonly eTag: string;
}

/** Undefined: it is no regular file any more. */
export async function contentOf(directory: OpenDirectory, name: string): Promise<ObjectContent | undefined> {
  const stats = await directory.stat(name);
  if (stats?.isFile() !== true) return undefined;
  const seen = { fingerprint: fingerprint(stats), bytes: Number(stats.size) };
  if (seen.bytes > limits.bucketHashBytesMax) return { ...seen, eTag: tagInParts(seen.fingerprint) };
  const opened = await directory.openFile(name);
  if (opened === undefined) return undefined;
  // One that we may not read is an object all the same.
  if (opened === 'forbidden') return { ...seen, eTag: tagInParts(seen.fingerprint) };
  await using file = opened;
  const now = await file.stat({ bigint: true });
  const hash = createHash('md5');
  const end = limits.bucketHashBytesMax;
  for await (const chunk of file.createReadStream({ autoClose: false, end })) hash.update(chunk);
  return now.isFile()
    ? { fingerprint: fingerprint(now), bytes: Number(now.size), eTag: hash.digest('hex') }
    : undefined;
}

function tagInParts(text: string): string {
  return `${createHash('md5').update(text).digest('hex')}-1`;
}
