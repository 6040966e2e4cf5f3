/**
 * Gives the native module the scripts of Node's library. Guests then compile what they need from there on their own thread, with
 * its code cache and without a copy of its text: one table in the process serves all of them.
 */
import type { BuiltinEntry } from '../protocol/image-manifest.ts';

/** V8 copies a code cache that does not begin at such an address. */
export const cacheAlignment = 8;

export interface LoadedLibrary {
  /** The number of the table. */
  readonly table: number;
  /** Ends what runs in the isolate that has this number. */
  readonly terminate: (stopNumber: number) => void;
  /** How many rejected promises nobody has handled in the isolate that has this number, since this was asked last. */
  readonly rejections: (stopNumber: number) => number | undefined;
  /** Gives what this process freed outside of V8's heaps back to the system. A millisecond or two. */
  readonly trimHeap: () => void;
}

/** @throws RangeError for an entry that is not within the bytes. */
export function loadLibrary(modulePath: string, scripts: readonly BuiltinEntry[], bytes: Uint8Array): LoadedLibrary {
  const module: { exports: Partial<LoadedModule> } = { exports: {} };
  process.dlopen(module, modulePath);
  const entries = scripts.map((script) => {
    const { filename, sourceOffset, sourceBytes, cacheOffset, cacheBytes, ids } = script;
    if (sourceOffset + sourceBytes > bytes.byteLength || cacheOffset + cacheBytes > bytes.byteLength)
      throw new RangeError(`${filename} ends behind the ${bytes.byteLength} bytes of the library`);
    return [filename, sourceOffset, sourceBytes, cacheOffset, cacheBytes, ids] as const;
  });
  const { addTable, terminate, rejections, trimHeap } = module.exports;
  const table = addTable?.(wholeBuffer(bytes), entries);
  if (table === undefined || terminate === undefined || rejections === undefined || trimHeap === undefined)
    throw new Error(`${modulePath} took no table`);
  return { table, terminate, rejections, trimHeap };
}

/** A file that was read has its memory for itself, most often. */
function wholeBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength) return buffer;
  const exact = new ArrayBuffer(byteLength);
  new Uint8Array(exact).set(new Uint8Array(buffer, byteOffset, byteLength));
  return exact;
}

interface LoadedModule {
  terminate(stopNumber: number): void;
  rejections(stopNumber: number): number | undefined;
  trimHeap(): void;
  addTable(
    bytes: ArrayBuffer,
    scripts: readonly (readonly [
      filename: string,
      sourceOffset: number,
      sourceBytes: number,
      cacheOffset: number,
      cacheBytes: number,
      ids: readonly string[],
    ])[],
  ): number | undefined;
}
