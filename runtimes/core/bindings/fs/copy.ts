/**
 * The part of `fs.cp` and `fs.cpSync` that Node has in C++: the checks before a copy and the copying of a whole directory. The rules and
 * messages are Node's.
 */
import { fsOperations } from '../../../../src/bridge/fs.ts';
import type { FsDependencies } from './dependencies.ts';
import {
  type FsFailure,
  type FsOutcome,
  type FsRequests,
  type FsSubject,
  listReply,
  setOwn,
  textReply,
} from './request.ts';

const { Error, StringPrototypeStartsWith } = primordials;

interface PathModule {
  dirname(path: string): string;
  join(...parts: string[]): string;
  resolve(...parts: string[]): string;
}

interface Found {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly kind: 'file' | 'directory' | 'link';
  readonly accessed: number;
  readonly modified: number;
}

interface CopyOptions {
  readonly force: boolean;
  readonly dereference: boolean;
  readonly errorOnExist: boolean;
  readonly verbatimSymlinks: boolean;
  readonly preserveTimestamps: boolean;
  readonly mode: number;
}

const missingErrno = -2;

export function createFsCopy(
  dependencies: FsDependencies,
  { perform, errorOf, enqueueOperation }: FsRequests,
  copyAll: (from: string, to: string, mode: number) => FsOutcome<undefined>,
) {
  const { requireBuiltin } = dependencies;

  function pathModule(): PathModule {
    return requireBuiltin('path') as PathModule;
  }

  /** Throws the error of a step that failed. */
  function need<T>(outcome: FsOutcome<T>, subject: FsSubject): T {
    if (outcome.kind === 'failed') throw errorOf(outcome, subject);
    return outcome.value;
  }

  function look(path: string, follow: boolean): Found | FsFailure {
    const outcome = perform(follow ? fsOperations.stat : fsOperations.lstat, path);
    if (outcome.kind === 'failed') return outcome;
    const fields = listReply(outcome.value);
    const field = (index: number) => {
      const value = fields[index];
      return typeof value === 'number' ? value : 0;
    };
    const type = field(1) & 0o170000;
    return {
      dev: field(0),
      ino: field(7),
      mode: field(1) & 0o7777,
      kind: type === 0o040000 ? 'directory' : type === 0o120000 ? 'link' : 'file',
      accessed: field(10) + field(11) / 1e9,
      modified: field(12) + field(13) / 1e9,
    };
  }

  function isThere(found: Found | FsFailure): found is Found {
    return found.kind !== 'failed';
  }

  function mustFind(path: string, follow: boolean): Found {
    const found = look(path, follow);
    if (!isThere(found)) throw errorOf(found, { syscall: follow ? 'stat' : 'lstat', path });
    return found;
  }

  function refusal(code: string, message: string): Error {
    const error = new Error(message);
    setOwn(error, 'code', code);
    return error;
  }

  function isWithin(outer: string, inner: string): boolean {
    const { resolve } = pathModule();
    const from = resolve(outer);
    const to = resolve(inner);
    return from === to || StringPrototypeStartsWith(to, from === '/' ? from : `${from}/`);
  }

  function checkPaths(src: string, dest: string, dereference: boolean, recursive: boolean): void {
    const source = mustFind(src, dereference);
    const target = look(dest, dereference);
    if (isThere(target)) {
      if (isSame(source, target)) throw refusal('ERR_FS_CP_EINVAL', `src and dest cannot be the same ${dest}`);
      if (source.kind === 'directory' && target.kind !== 'directory') {
        throw refusal('ERR_FS_CP_DIR_TO_NON_DIR', `Cannot overwrite non-directory ${dest} with directory ${src}`);
      }
      if (source.kind !== 'directory' && target.kind === 'directory') {
        throw refusal('ERR_FS_CP_NON_DIR_TO_DIR', `Cannot overwrite directory ${dest} with non-directory ${src}`);
      }
    } else if (target.errno !== missingErrno) {
      throw errorOf(target, { syscall: dereference ? 'stat' : 'lstat', path: dest });
    }
    if (source.kind === 'directory' && isWithin(src, dest)) {
      throw refusal('ERR_FS_CP_EINVAL', `Cannot copy ${src}/ to a subdirectory of self ${dest}`);
    }
    const { dirname, resolve } = pathModule();
    for (let parent = dirname(resolve(dest)); parent !== '/'; parent = dirname(parent)) {
      const above = look(parent, true);
      if (isThere(above) && isSame(source, above)) {
        throw refusal('ERR_FS_CP_EINVAL', `Cannot copy ${src} to a subdirectory of self ${dest}`);
      }
    }
    if (source.kind === 'directory' && !recursive) {
      throw refusal('ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${src}/`);
    }
    makeDirectory(dirname(dest), 0o777);
  }

  function makeDirectory(path: string, mode: number): void {
    need(perform(fsOperations.mkdir, path, mode, 1), { syscall: 'mkdir', path });
  }

  function copyFileTo(from: string, to: string, options: CopyOptions): void {
    if (isThere(look(to, true))) {
      if (!options.force && options.errorOnExist) {
        throw refusal(
          'ERR_FS_CP_EEXIST',
          `[ERR_FS_CP_EEXIST]: Target already exists: cp returned EEXIST (${to} already exists) ${to}`,
        );
      }
      if (!options.force) return;
    }
    need(copyAll(from, to, options.mode), { syscall: 'cp', path: from, dest: to });
    if (options.preserveTimestamps) keepTimes(from, to);
  }

  function keepTimes(from: string, to: string): void {
    const { accessed, modified } = mustFind(from, true);
    need(perform(fsOperations.utimes, to, accessed, modified), { syscall: 'utime', path: to });
  }

  function copyLinkTo(from: string, to: string, options: CopyOptions): void {
    const { dirname, resolve } = pathModule();
    const written = textReply(need(perform(fsOperations.readlink, from), { syscall: 'readlink', path: from }));
    const target = options.verbatimSymlinks ? written : resolve(dirname(from), written);
    const there = look(to, false);
    if (isThere(there) && there.kind === 'link') {
      const before = textReply(need(perform(fsOperations.readlink, to), { syscall: 'readlink', path: to }));
      const beforeTarget = resolve(dirname(to), before);
      const pointed = look(from, true);
      if (isThere(pointed) && pointed.kind === 'directory') {
        const absolute = resolve(dirname(from), written);
        if (isWithin(absolute, beforeTarget)) {
          throw refusal('ERR_FS_CP_EINVAL', `Cannot copy ${absolute} to a subdirectory of self ${beforeTarget}`);
        }
        if (absolute !== beforeTarget && isWithin(beforeTarget, absolute)) {
          throw refusal('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', `cannot overwrite ${beforeTarget} with ${absolute}`);
        }
      }
      need(perform(fsOperations.unlink, to), { syscall: 'unlink', path: to });
    }
    need(perform(fsOperations.symlink, target, to), { syscall: 'symlink', path: target, dest: to });
  }

  function copyDirectory(src: string, dest: string, options: CopyOptions): void {
    makeDirectory(dest, 0o777);
    const list = listReply(need(perform(fsOperations.readdir, src), { syscall: 'opendir', path: src }));
    const { join } = pathModule();
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i];
      if (typeof name !== 'string') continue;
      const from = join(src, name);
      const to = join(dest, name);
      switch (mustFind(from, options.dereference).kind) {
        case 'directory':
          copyDirectory(from, to, options);
          break;
        case 'link':
          copyLinkTo(from, to, options);
          break;
        case 'file':
          copyFileTo(from, to, options);
          break;
      }
    }
    if (options.preserveTimestamps) keepTimes(src, dest);
  }

  class CpDirJob {
    ondone: ((error: unknown) => void) | undefined;
    readonly #src: string;
    readonly #dest: string;
    readonly #options: CopyOptions;

    constructor(
      src: string,
      dest: string,
      force: boolean,
      dereference: boolean,
      errorOnExist: boolean,
      verbatimSymlinks: boolean,
      preserveTimestamps: boolean,
      mode: number,
    ) {
      this.#src = src;
      this.#dest = dest;
      this.#options = { force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps, mode };
    }

    run(): void {
      const error = this.#copy();
      enqueueOperation(() => this.ondone?.(error));
    }

    #copy(): unknown {
      try {
        copyDirectory(this.#src, this.#dest, this.#options);
        // Unlike the synchronous form, this one gives the new directory the mode of the old.
        const { mode } = mustFind(this.#src, true);
        need(perform(fsOperations.chmod, this.#dest, mode), { syscall: 'chmod', path: this.#dest });
        return null;
      } catch (error) {
        // Whatever step failed: the promise is rejected with it.
        return error;
      }
    }
  }

  return {
    CpDirJob,
    cpSyncCheckPaths: checkPaths,
    cpSyncOverrideFile(src: string, dest: string, mode: number, preserveTimestamps: boolean): void {
      need(perform(fsOperations.unlink, dest), { syscall: 'unlink', path: dest });
      need(copyAll(src, dest, mode), { syscall: 'copyfile', path: src, dest });
      if (preserveTimestamps) keepTimes(src, dest);
    },
    cpSyncCopyDir(
      src: string,
      dest: string,
      force: boolean,
      dereference: boolean,
      errorOnExist: boolean,
      verbatimSymlinks: boolean,
      preserveTimestamps: boolean,
    ): void {
      copyDirectory(src, dest, { force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps, mode: 0 });
    },
  };
}

function isSame(a: Found, b: Found): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}
