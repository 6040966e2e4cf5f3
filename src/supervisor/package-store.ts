/**
 * The host's side of a sandbox's package store: a file without a name that the host appends to and the sandbox reads.
 * It puts bundles, source maps and packages there and says where they lie. Within one sandbox a package is written once, however many
 * versions use it. It only grows; retiring the sandbox gives the space back.
 */
import { readFileSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { visibleFiles } from '../functions/layers.ts';
import type { CodePack, PreparedCode } from '../functions/prepared-code.ts';
import { limits } from '../model/limits.ts';
import type { StoreRange } from '../protocol/messages.ts';

/** Where the parts of one version lie. */
export interface StoredCode {
  readonly bundle?: StoreRange;
  readonly sourceMap?: StoreRange;
  readonly fileIndex: StoreRange;
  /** Of layers, absent without. */
  readonly optIndex?: StoreRange;
}

export class PackageStore {
  readonly #file: FileHandle;
  /** The next free position. Ranges are reserved before they are written, so writers never meet. */
  #end = 0;
  /** By hash: the index of a package whose files are in the store, or will be. */
  readonly #packs = new Map<string, Promise<StoreRange>>();
  /** Versions that differ only in settings share their bundle's bytes. */
  readonly #texts = new WeakMap<Uint8Array, Promise<StoreRange>>();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  get bytes(): number {
    return this.#end;
  }

  /** Resolves when everything is written; only then may the sandbox be told. */
  async put(code: PreparedCode): Promise<StoredCode> {
    const { layers } = code.pack;
    const [fileIndex, optIndex, bundle, sourceMap] = await Promise.all([
      this.#putPack(code.pack),
      layers && this.#putPack({ ...layers, files: visibleFiles(layers.files) }),
      code.bundle && this.#putText(code.bundle),
      code.sourceMap && this.#putText(code.sourceMap),
    ]);
    return { fileIndex, ...(optIndex && { optIndex }), ...(bundle && { bundle }), ...(sourceMap && { sourceMap }) };
  }

  #putText(text: Uint8Array): Promise<StoreRange> {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const range = this.#reserve(text.byteLength);
    const written = this.#write(text, range.offset).then(() => range);
    this.#texts.set(text, written);
    // What could not be written must be tried again, not remembered.
    written.catch(() => this.#texts.delete(text));
    return written;
  }

  #putPack(pack: CodePack): Promise<StoreRange> {
    const known = this.#packs.get(pack.codeSha256);
    if (known !== undefined) return known;
    const written = this.#copyPack(pack);
    this.#packs.set(pack.codeSha256, written);
    written.catch(() => this.#packs.delete(pack.codeSha256));
    return written;
  }

  async #copyPack(pack: CodePack): Promise<StoreRange> {
    const packBytes = pack.files.reduce((most, file) => Math.max(most, file.offset + file.bytes), 0);
    const files = this.#reserve(packBytes);
    if (packBytes > 0) await this.#copyFile(pack.packPath, files);
    return this.#putIndex(pack, files.offset);
  }

  /** In pieces, so that a large package neither fills memory nor holds the event loop. */
  async #copyFile(path: string, to: StoreRange): Promise<void> {
    if (to.bytes <= limits.packageSyncBytesMax) {
      const bytes = readFileSync(path);
      if (bytes.byteLength < to.bytes) throw truncatedPack(path, bytes.byteLength, to.bytes);
      return this.#write(bytes.subarray(0, to.bytes), to.offset);
    }
    await using source = await open(path, 'r');
    const piece = Buffer.allocUnsafeSlow(Math.min(limits.packageCopyBytes, to.bytes));
    let copied = 0;
    while (copied < to.bytes) {
      const { bytesRead } = await source.read(piece, 0, Math.min(piece.byteLength, to.bytes - copied), copied);
      if (bytesRead === 0) throw truncatedPack(path, copied, to.bytes);
      await this.#write(piece.subarray(0, bytesRead), to.offset + copied);
      copied += bytesRead;
    }
  }

  /** `[[path, mode, offset in the store, bytes], ...]`. Also in pieces: 50,000 entries take 20 ms as one. */
  async #putIndex(pack: CodePack, filesOffset: number): Promise<StoreRange> {
    const pieces: Buffer[] = [];
    for (let first = 0; first < pack.files.length; first += entriesPerPiece) {
      if (first > 0) await nextTurn();
      const entries = pack.files.slice(first, first + entriesPerPiece);
      const text = JSON.stringify(entries.map((file) => [file.path, file.mode, filesOffset + file.offset, file.bytes]));
      // Without its brackets, to be joined to the others.
      pieces.push(Buffer.from(`${first > 0 ? ',' : ''}${text.slice(1, -1)}`));
    }
    const index = Buffer.concat([openBracket, ...pieces, closeBracket]);
    const range = this.#reserve(index.byteLength);
    await this.#write(index, range.offset);
    return range;
  }

  #reserve(byteCount: number): StoreRange {
    const offset = this.#end;
    this.#end += byteCount;
    return { offset, bytes: byteCount };
  }

  /** Small texts at once: the page cache takes them in microseconds, a thread of the pool would take its turn first. */
  async #write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (bytes.byteLength <= limits.packageSyncBytesMax && done < bytes.byteLength) {
      done += writeSync(this.#file.fd, bytes, done, bytes.byteLength - done, position + done);
    }
    while (done < bytes.byteLength) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.byteLength - done, position + done);
      done += bytesWritten;
    }
  }
}

function truncatedPack(path: string, bytes: number, bytesExpected: number): Error {
  return new Error(`${path} has ${bytes} bytes; its index says ${bytesExpected}`);
}

const entriesPerPiece = 2_000;
const openBracket = Buffer.from('[');
const closeBracket = Buffer.from(']');
