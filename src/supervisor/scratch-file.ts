/**
 * Files without a name: a sandbox gets file descriptors and never a path, and nothing is left behind however the engine ends. Where the file
 * system cannot make them so (open(2), `O_TMPFILE`), they are made in a private directory, opened, and removed together with it before
 * anyone can use them.
 */
import { constants } from 'node:fs';
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
  return (await openUnnamed()) ?? (await openAndRemove());
}

/** `__O_TMPFILE`, the same on x64 and arm64, which Node has no name for. */
const unnamed = 0o20000000;

/** Undefined: not here. */
async function openUnnamed(): Promise<ScratchFile | undefined> {
  if (process.platform !== 'linux') return undefined;
  const flags = unnamed | constants.O_DIRECTORY | constants.O_RDWR | constants.O_EXCL;
  const writable = await open(tmpdir(), flags, 0o600).catch(() => undefined);
  if (writable === undefined) return undefined;
  try {
    return scratchFile(writable, await open(`/proc/self/fd/${writable.fd}`, 'r'));
  } catch {
    // No /proc, or no descriptor left: who tries the other way says so.
    await writable.close();
    return undefined;
  }
}

/** Where there is no other way. */
export async function openAndRemove(): Promise<ScratchFile> {
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
