/**
 * Linux's numbers for the virtual file system: errnos, open flags, file types. They are part of the border (a guest's
 * `os.constants` holds the same ones), so they are written down here rather than taken from the machine.
 */
export const errnos = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EOPNOTSUPP: 95,
} as const;
export type ErrnoName = keyof typeof errnos;

/** How an operation of the virtual file system fails. `FileSystem.call` turns it into a reply; it goes no further. */
export class PosixError extends Error {
  override readonly name = 'PosixError';
  /** Positive, as in errno(3). */
  readonly errno: number;
  /** The system call that failed, when an operation stands for several of them. */
  readonly syscall: string | undefined;

  readonly #code: ErrnoName;

  constructor(code: ErrnoName, syscall?: string) {
    super(code);
    this.#code = code;
    this.errno = errnos[code];
    this.syscall = syscall;
  }

  from(syscall: string): PosixError {
    return new PosixError(this.#code, syscall);
  }
}

const failures = new Map<ErrnoName, PosixError>();

/**
 * A failure is an ordinary answer here (`existsSync` of a missing file), so the error of each code is made once: capturing a
 * stack would cost more than the operation.
 */
export function failure(code: ErrnoName): PosixError {
  let known = failures.get(code);
  if (known === undefined) {
    known = new PosixError(code);
    failures.set(code, known);
  }
  return known;
}

export const openFlags = {
  accessMode: 0o3,
  readOnly: 0,
  writeOnly: 0o1,
  readWrite: 0o2,
  create: 0o100,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  directory: 0o200000,
  noFollow: 0o400000,
  /** O_TMPFILE without its O_DIRECTORY bit. */
  temporary: 0o20000000,
  /** O_PATH. */
  pathOnly: 0o10000000,
} as const;

export const fileTypes = { mask: 0o170000, directory: 0o040000, regular: 0o100000, link: 0o120000 } as const;

export const accessModes = { execute: 1, write: 2, read: 4 } as const;

export const copyFlags = { exclusive: 1, cloneForce: 4 } as const;

/** Lambda's sandbox user (LAMBDA.md F2.2 names it; the ids are those its `/tmp` shows). */
export const owner = { uid: 993, gid: 990 } as const;

/** The file creation mask of Lambda's runtimes. */
export const creationMask = 0o022;
