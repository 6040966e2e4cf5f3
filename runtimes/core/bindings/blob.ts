/**
 * `internalBinding('blob')`: a Blob's bytes as a list of parts that are never written to again.
 */
import { type Bytes, bytesOf } from './encodings.ts';

const {
  ArrayIsArray,
  ArrayPrototypePush,
  MathMax,
  MathMin,
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

class BlobHandle {
  readonly parts: readonly Bytes[];

  constructor(parts: readonly Bytes[]) {
    this.parts = parts;
  }

  getReader(): object {
    const { parts } = this;
    let next = 0;
    return {
      setWakeup: () => {},
      pull(callback: (status: number, buffer?: ArrayBuffer) => void) {
        const part = parts[next++];
        if (part === undefined) callback(endOfBlob);
        else callback(more, TypedArrayPrototypeGetBuffer(TypedArrayPrototypeSlice(part)));
      },
    };
  }

  slice(start: number, end: number): BlobHandle {
    const found: Bytes[] = [];
    let position = 0;
    for (let at = 0; at < this.parts.length; at++) {
      const part = this.parts[at];
      if (part === undefined) continue;
      const length = TypedArrayPrototypeGetLength(part);
      const from = MathMax(start - position, 0);
      const to = MathMin(end - position, length);
      if (from < to) ArrayPrototypePush(found, TypedArrayPrototypeSubarray(part, from, to));
      position += length;
    }
    return new BlobHandle(found);
  }
}

type Source = BlobHandle | ArrayBuffer | ArrayBufferView | readonly [unknown, Source];

export function createBlobBinding(): object {
  return {
    createBlob(sources: readonly Source[]) {
      const parts: Bytes[] = [];
      for (let at = 0; at < sources.length; at++) addParts(parts, sources[at]);
      return new BlobHandle(parts);
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
    createBlobFromFilePath: () => undefined,
    storeDataObject: () => {},
    getDataObject: () => undefined,
    revokeObjectURL: () => {},
  };
}

function addParts(parts: Bytes[], source: Source | undefined): void {
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
