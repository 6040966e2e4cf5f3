/**
 * `internalBinding('blob')`: a Blob's bytes as a list of parts: bytes that are never written to again, and ranges of files
 * that must still be as they were when the Blob was made.
 */
import type { CoreContext } from '../context.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const {
  ArrayIsArray,
  ArrayPrototypePush,
  MathMax,
  MathMin,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

/** Status of a pull, as Node's library reads it. */
const endOfBlob = 0;
const more = 1;
const unreadable = -1;

/** Bytes of a file that one pull gives at most. */
const fileChunkBytes = 65_536;

const objectUrlStart = 'blob:nodedata:';

interface Files {
  openSync(path: string, flags: string): number;
  closeSync(fd: number): void;
  statSync(path: string): { readonly size: number; readonly mtimeMs: number };
  fstatSync(fd: number): { readonly size: number; readonly mtimeMs: number };
  readSync(fd: number, target: Bytes, offset: number, length: number, position: number): number;
}

/** A file as a Blob remembers it. */
interface FileState {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

interface FileRange {
  readonly file: FileState;
  readonly start: number;
  readonly end: number;
}

type Part = Bytes | FileRange;

function isRange(part: Part): part is FileRange {
  return 'file' in part;
}

class BlobHandle {
  readonly parts: readonly Part[];
  readonly #files: () => Files;

  constructor(parts: readonly Part[], files: () => Files) {
    this.parts = parts;
    this.#files = files;
  }

  getReader(): object {
    const { parts } = this;
    const files = this.#files;
    let next = 0;
    let position = 0;
    return {
      setWakeup: () => {},
      pull(callback: (status: number, buffer?: ArrayBuffer) => void) {
        const part = parts[next];
        if (part === undefined) {
          callback(endOfBlob);
          return;
        }
        if (!isRange(part)) {
          next++;
          callback(more, TypedArrayPrototypeGetBuffer(TypedArrayPrototypeSlice(part)));
          return;
        }
        const from = part.start + position;
        const bytes = readRange(files(), part.file, from, MathMin(part.end, from + fileChunkBytes));
        if (bytes === undefined) {
          callback(unreadable);
          return;
        }
        position += bytes.length;
        if (part.start + position >= part.end) {
          next++;
          position = 0;
        }
        callback(more, TypedArrayPrototypeGetBuffer(bytes));
      },
    };
  }

  slice(start: number, end: number): BlobHandle {
    const found: Part[] = [];
    let position = 0;
    for (let at = 0; at < this.parts.length; at++) {
      const part = this.parts[at];
      if (part === undefined) continue;
      const length = lengthOf(part);
      const from = MathMax(start - position, 0);
      const to = MathMin(end - position, length);
      if (from < to) ArrayPrototypePush(found, cut(part, from, to));
      position += length;
    }
    return new BlobHandle(found, this.#files);
  }
}

type Source = BlobHandle | ArrayBuffer | ArrayBufferView | readonly [unknown, Source];

export function createBlobBinding({ library }: CoreContext): Record<string, AnyFunction> {
  const files = (): Files => library.require<Files>('fs');
  /** By the id of their object URL. */
  const stored: Record<string, readonly [handle: BlobHandle, length: number, type: string] | undefined> = {
    // @ts-expect-error a null prototype
    __proto__: null,
  };
  return {
    createBlob(sources: readonly Source[]) {
      const parts: Part[] = [];
      for (let at = 0; at < sources.length; at++) addParts(parts, sources[at]);
      return new BlobHandle(parts, files);
    },
    concat(chunks: readonly (ArrayBuffer | ArrayBufferView)[]) {
      let length = 0;
      for (let at = 0; at < chunks.length; at++) length += chunks[at]?.byteLength ?? 0;
      const joined = new Uint8Array(length);
      let offset = 0;
      for (let at = 0; at < chunks.length; at++) {
        const chunk = chunks[at];
        if (chunk === undefined) continue;
        TypedArrayPrototypeSet(joined, bytesOf(chunk), offset);
        offset += chunk.byteLength;
      }
      return TypedArrayPrototypeGetBuffer(joined);
    },
    createBlobFromFilePath(path: string) {
      // What the system says of a file that is not there is thrown, as Node's native side does.
      const { size, mtimeMs } = files().statSync(path);
      const file = { path, size, mtimeMs };
      return [new BlobHandle([{ file, start: 0, end: file.size }], files), file.size];
    },
    storeDataObject(id: string, handle: BlobHandle, length: number, type: string) {
      stored[id] = [handle, length, type];
    },
    getDataObject: (id: string) => stored[id],
    revokeObjectURL(url: string) {
      if (StringPrototypeStartsWith(url, objectUrlStart)) {
        delete stored[StringPrototypeSlice(url, objectUrlStart.length)];
      }
    },
  };
}

function lengthOf(part: Part): number {
  return isRange(part) ? part.end - part.start : TypedArrayPrototypeGetLength(part);
}

function cut(part: Part, from: number, to: number): Part {
  return isRange(part)
    ? { file: part.file, start: part.start + from, end: part.start + to }
    : TypedArrayPrototypeSubarray(part, from, to);
}

/** Undefined when the file is gone, changed, or shorter than it was. */
function readRange(files: Files, file: FileState, from: number, to: number): Bytes | undefined {
  try {
    return withFile(files, file.path, (fd) => {
      const { size, mtimeMs } = files.fstatSync(fd);
      if (size !== file.size || mtimeMs !== file.mtimeMs) return undefined;
      const bytes = new Uint8Array(to - from);
      for (let done = 0; done < to - from; ) {
        const count = files.readSync(fd, bytes, done, to - from - done, from + done);
        if (count === 0) return undefined;
        done += count;
      }
      return bytes;
    });
  } catch {
    // A system error; the reader hears that the Blob cannot be read.
    return undefined;
  }
}

function withFile<Result>(files: Files, path: string, use: (fd: number) => Result): Result {
  const fd = files.openSync(path, 'r');
  try {
    return use(fd);
  } finally {
    files.closeSync(fd);
  }
}

function addParts(parts: Part[], source: Source | undefined): void {
  if (source === undefined) return;
  if (source instanceof BlobHandle) {
    for (let at = 0; at < source.parts.length; at++) {
      const part = source.parts[at];
      if (part !== undefined) ArrayPrototypePush(parts, part);
    }
  } else if (ArrayIsArray(source)) {
    addParts(parts, source[1] as Source);
  } else {
    ArrayPrototypePush(parts, TypedArrayPrototypeSlice(bytesOf(source as ArrayBuffer | ArrayBufferView)));
  }
}
