/**
 * Removes what engines left behind that were killed before they could do it themselves: temporary directories, drafts in the cache,
 * and what was built and nobody has used for long. Only what carries the mark of a process that is certainly gone, or is old, is touched.
 */
import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownerMark, ownerMarkPattern, ownerState } from '../base/owner-mark.ts';
import { limits } from '../model/limits.ts';
import { usedCacheFolders } from './cache-users.ts';

export interface LeftoverPlaces {
  readonly temporaryDirectory: string;
  readonly cacheDirectory: string;
  readonly epochMs: () => number;
}

/** Never throws: what cannot be removed now is found again by the next engine. */
export async function removeLeftovers(places: LeftoverPlaces): Promise<void> {
  await Promise.all([removeTemporary(places.temporaryDirectory), cleanCache(places)]).catch(() => {});
}

/** Where something is built before it is renamed into place. */
export function draftOf(directory: string): string {
  return `${directory}.${ownerMark}.${randomUUID()}`;
}

const temporaryPattern = new RegExp(`^isotherm-(?:code|scratch)-${ownerMarkPattern.source}-`);
const draftPattern = new RegExp(
  `^(?:runtime|native|jail|program)-[0-9a-f]{32}\\.(?:${ownerMarkPattern.source}\\.)?[0-9a-f-]{36}$`,
);
const folderPattern = /^(runtime|native|program|jail)-[0-9a-f]{32}$/;

async function removeTemporary(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const [, mark] = temporaryPattern.exec(name) ?? [];
    if (mark === undefined || ownerState(mark) !== 'dead') continue;
    const path = join(directory, name);
    // Anybody may make a directory of such a name here: ours have mode 0700, so nobody else has put anything into them.
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isDirectory() !== true || stats.uid !== process.getuid?.()) continue;
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function cleanCache({ cacheDirectory, epochMs }: LeftoverPlaces): Promise<void> {
  const folders: CacheFolder[] = [];
  const used = await usedCacheFolders(cacheDirectory);
  for (const name of await readdir(cacheDirectory)) {
    const path = join(cacheDirectory, name);
    const usedMs = (await lstat(path).catch(() => undefined))?.mtimeMs;
    if (usedMs === undefined) continue;
    const ageMs = epochMs() - usedMs;
    const [, kind] = folderPattern.exec(name) ?? [];
    if (kind !== undefined) folders.push({ name, kind, ageMs, isUsed: used.has(name) });
    const [isDraft, mark] = draftPattern.exec(name) ?? [];
    // Drafts without a mark are of earlier versions.
    const isLeft = mark === undefined ? ageMs >= limits.cacheDraftAgeMsMax : ownerState(mark) === 'dead';
    if (isDraft !== undefined && isLeft) await rm(path, { recursive: true, force: true });
  }
  for (const name of disused(folders)) await removeFolder(cacheDirectory, name);
}

export interface CacheFolder {
  readonly name: string;
  readonly kind: string;
  /** Since it was last used. */
  readonly ageMs: number;
  readonly isUsed: boolean;
}

/** Those that may go: unused, not used for long, and not among the few of their kind that were used last. Pure. */
export function disused(folders: readonly CacheFolder[]): readonly string[] {
  const byKind = Map.groupBy(folders, ({ kind }) => kind);
  return [...byKind.values()].flatMap((ofKind) =>
    ofKind
      .toSorted((one, other) => one.ageMs - other.ageMs)
      .slice(limits.cacheFoldersKeptMin)
      .filter(({ isUsed, ageMs }) => !isUsed && ageMs >= limits.cacheFolderUnusedMsMin)
      .map(({ name }) => name),
  );
}

/** Moved away first: whoever begins to use it now either finds it missing and builds it, or is seen here and gets it back. */
async function removeFolder(cacheDirectory: string, name: string): Promise<void> {
  const path = join(cacheDirectory, name);
  const away = draftOf(path);
  await rename(path, away);
  if ((await usedCacheFolders(cacheDirectory)).has(name)) await rename(away, path).catch(() => {});
  await rm(away, { recursive: true, force: true });
}
