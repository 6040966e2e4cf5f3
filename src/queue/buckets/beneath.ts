/**
 * Directories and files below a root, reached without ever following a link: each step is opened below the one before it, so that
 * whoever puts a link in place of a directory meanwhile leads nobody out. Paths are relative, with slashes; '' is the root.
 */
import type { BigIntStats } from 'node:fs';
import { constants, watch } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** A pipe must not keep whoever opens it waiting. */
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class OpenDirectory implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Undefined: there is no such directory. @throws Error of the file system for everything else */
  static async open(root: string, path: string): Promise<OpenDirectory | undefined> {
    // The root itself may be a link: it is the operator who names it.
    let handle = await opened(root, constants.O_RDONLY | constants.O_DIRECTORY);
    for (const name of path === '' ? [] : path.split('/')) {
      if (handle === undefined) return undefined;
      const child = await opened(`${place(handle)}/${name}`, directoryFlags).finally(closing(handle));
      handle = child;
    }
    return handle && new OpenDirectory(handle);
  }

  names(): Promise<string[]> {
    return readdir(place(this.#handle));
  }

  /** Undefined: there is nothing of that name. */
  async stat(name: string): Promise<BigIntStats | undefined> {
    return absentAsUndefined(lstat(`${place(this.#handle)}/${name}`, { bigint: true }));
  }

  /** Undefined: there is no such file. */
  async openFile(name: string): Promise<FileHandle | 'forbidden' | undefined> {
    try {
      return await opened(`${place(this.#handle)}/${name}`, fileFlags);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EACCES' || code === 'EPERM') return 'forbidden';
      throw error;
    }
  }

  /** Goes on when this is disposed, until what it returns is closed. */
  watch(listener: (name: string | undefined) => void): { readonly close: () => void } {
    const watcher = watch(place(this.#handle), { persistent: false }, (_event, name) => listener(name ?? undefined));
    // It is told of a directory that went away, which the one above tells too.
    watcher.on('error', () => watcher.close());
    return watcher;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

function place(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

function closing(handle: FileHandle): () => Promise<void> {
  return () => handle.close();
}

function opened(path: string, flags: number): Promise<FileHandle | undefined> {
  return absentAsUndefined(open(path, flags));
}

/** What went away or is something else now: a link, a socket. */
async function absentAsUndefined<Found>(finding: Promise<Found>): Promise<Found | undefined> {
  try {
    return await finding;
  } catch (error) {
    if (absentCodes.includes(codeOf(error))) return undefined;
    throw error;
  }
}

const absentCodes: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'];

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
