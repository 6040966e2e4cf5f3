/**
 * Who uses which folder of the cache directory: a small file for each engine and folder in `in-use/`, named after both. It is there
 * before the engine looks whether the folder is sound, and goes with the engine; of an engine that was killed it stays and is known
 * to be dead by its mark.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../base/make-directory.ts';
import { ownerMark, ownerMarkPattern, ownerState } from '../base/owner-mark.ts';

const usersFolder = 'in-use';
const usePattern = new RegExp(`^(.+)\\.${ownerMarkPattern.source}\\.[0-9a-f-]{36}$`);

/** Keeps others from removing the folder until it is disposed. */
export async function useCacheFolder(cacheDirectory: string, name: string): Promise<AsyncDisposable> {
  const path = join(cacheDirectory, usersFolder, `${name}.${ownerMark}.${randomUUID()}`);
  try {
    makeDirectory(join(cacheDirectory, usersFolder));
    await writeFile(path, '');
    const now = new Date();
    await utimes(join(cacheDirectory, name), now, now);
  } catch {
    // A cache that we may only read, which nobody like us can remove anything from; or the folder is not there yet.
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }).catch(() => {}) };
}

/** What `find` finds in folders that it names before it looks into them; nobody removes them until it is disposed. */
export async function holdCacheFolders<Found extends object>(
  cacheDirectory: string,
  find: (use: (folderName: string) => Promise<void>) => Promise<Found>,
): Promise<Found & AsyncDisposable> {
  await using uses = new AsyncDisposableStack();
  const found = await find(async (name) => {
    uses.use(await useCacheFolder(cacheDirectory, name));
  });
  const held = uses.move();
  return { ...found, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Names of the folders that somebody uses, or may use. What dead engines left of themselves is removed. */
export async function usedCacheFolders(cacheDirectory: string): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  const folder = join(cacheDirectory, usersFolder);
  for (const file of await readdir(folder).catch(() => [])) {
    const [, name, mark] = usePattern.exec(file) ?? [];
    if (name === undefined || mark === undefined) continue;
    if (ownerState(mark) === 'dead') await rm(join(folder, file), { force: true });
    else used.add(name);
  }
  return used;
}
