/** Puts what was just built into its place in the cache, where other engines may be doing the same, and a damaged one may lie. */
import { rename, rm } from 'node:fs/promises';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { draftOf } from './leftovers.ts';

const attemptsMax = 3;

/**
 * Renames the draft into place, unless something sound is there by now.
 * @param read what is in the folder; undefined when it is not sound
 * @returns what `read` found at last; undefined when nothing sound could be put there
 */
export async function adoptFolder<Found>(
  draft: string,
  folder: string,
  read: () => Promise<Found | undefined>,
): Promise<Found | undefined> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    // Fails when somebody's folder is in the way: either another engine was faster, or a damaged one is there.
    await rename(draft, folder).catch(() => {});
    const found = await read();
    if (found !== undefined) return found;
    // Moved away rather than removed: another engine may be adopting at this moment, and then it is its folder that goes.
    const damaged = draftOf(folder);
    await rename(folder, damaged).catch(() => {});
    await rm(damaged, { recursive: true, force: true });
  }
  return undefined;
}

/** A disk that is full, or is not ours to write: nothing of it stays, and the next start tries again. */
export function notKept(cacheDirectory: string, cause: unknown): EngineError {
  const message = `what is built for this machine cannot be kept in cacheDirectory ${cacheDirectory}: ${errorMessage(cause)}`;
  return new EngineError('RuntimeBuildFailed', message, { cause });
}
