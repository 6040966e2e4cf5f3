/**
 * Files without a name: made in a private directory, opened, and removed together with the directory before anyone can use
 * them. So a sandbox gets file descriptors and never a path, and nothing is left behind however the engine ends.
 */
import { type FileHandle, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerMark } from '../base/owner-mark.ts';

export interface ScratchFile extends AsyncDisposable {
  readonly writable: FileHandle;
  /** A second opening of the same file, which the kernel refuses to write through. */
  readonly readOnly: FileHandle;
}

export async function openScratchFile(): Promise<ScratchFile> {
  // mkdtemp makes the directory with mode 0700: nobody else can open the file while it has a name.
  const directory = await mkdtemp(join(tmpdir(), `isotherm-scratch-${ownerMark}-`));
  const path = join(directory, 'scratch');
  const opened: FileHandle[] = [];
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const writable = await open(path, 'wx+', 0o600);
    opened.push(writable);
    const readOnly = await open(path, 'r');
    opened.push(readOnly);
    // Takes a descriptor, too.
    await remove();
    return scratchFile(writable, readOnly);
  } catch (error) {
    await Promise.all(opened.map((file) => file.close()));
    // The next host of this machine removes it else, by the mark in its name.
    await remove().catch(() => {});
    throw error;
  }
}

/** Whether what is written to one takes memory rather than disk. */
export async function scratchFilesLieInMemory(): Promise<boolean> {
  const tmpfsMagic = 0x0102_1994;
  return (await statfs(tmpdir())).type === tmpfsMagic;
}

function scratchFile(writable: FileHandle, readOnly: FileHandle): ScratchFile {
  return {
    writable,
    readOnly,
    // Closing a FileHandle waits for what is still written through it, and twice is harmless.
    [Symbol.asyncDispose]: async () => {
      await Promise.all([writable.close(), readOnly.close()]);
    },
  };
}
