/**
 * A built runtime, read from its cache directory into memory: the snapshot (or the script that stands in for it) and the
 * modules that are compiled at first use. V8 checks neither a snapshot nor a code cache (a flipped bit is run as it is), so
 * every file is compared with the hash in the manifest first. Nothing is opened afterwards: the sandbox is locked by then.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuiltinEntry, decodeBuiltinIndex, decodeManifest, imageFiles } from '../protocol/image-manifest.ts';
import { type Context, ExternalCopy, Isolate, type Script } from './ivm.ts';

export interface RuntimeImage {
  readonly key: string;
  readonly kind: 'snapshot' | 'code-cache';
  /** Why there is no snapshot. */
  readonly reason: string | undefined;
  readonly builtinIds: readonly string[];
  /** Makes an isolate with the runtime in it, not yet booted. Blocks for a millisecond or two. */
  open(memoryLimitMiB: number, onCatastrophicError: (message: string) => void): OpenedIsolate;
  compileBuiltin(isolate: Isolate, id: string): Script | undefined;
}

export interface OpenedIsolate {
  readonly isolate: Isolate;
  readonly context: Context;
}

/** @throws RuntimeImageError when a file is missing, damaged or of another format. */
export function loadRuntimeImage(directory: string): RuntimeImage {
  const manifest = decodeManifest(read(directory, imageFiles.manifest).toString('utf8'));
  const file = (name: string): Buffer => {
    const expected = manifest.files[name];
    const bytes = read(directory, name);
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== expected)
      throw new RuntimeImageError(`${name} has hash ${found}, the manifest says ${expected ?? 'nothing'}`);
    return bytes;
  };
  const index = decodeBuiltinIndex(file(imageFiles.builtinIndex).toString('utf8'));
  const builtins = new Builtins(index, file(imageFiles.builtins));
  return {
    key: manifest.key,
    kind: manifest.kind,
    reason: manifest.reason,
    builtinIds: index.map((entry) => entry.id),
    open:
      manifest.kind === 'snapshot'
        ? openFromSnapshot(file(imageFiles.snapshot))
        : openFromScript(file(imageFiles.core).toString('latin1'), file(imageFiles.coreCache)),
    compileBuiltin: (isolate, id) => builtins.compile(isolate, id),
  };
}

export class RuntimeImageError extends Error {
  override readonly name = 'RuntimeImageError';
}

function read(directory: string, name: string): Buffer {
  try {
    return readFileSync(join(directory, name));
  } catch (error) {
    // A cache entry that was half written or removed; the caller builds it anew.
    throw new RuntimeImageError(`${name} cannot be read`, { cause: error });
  }
}

function openFromSnapshot(bytes: Buffer): RuntimeImage['open'] {
  const snapshot = externalCopy(bytes);
  return (memoryLimit, onCatastrophicError) => {
    const isolate = new Isolate({ memoryLimit, snapshot, onCatastrophicError });
    return { isolate, context: isolate.createContextSync() };
  };
}

function openFromScript(source: string, cache: Buffer): RuntimeImage['open'] {
  const cachedData = externalCopy(cache);
  return (memoryLimit, onCatastrophicError) => {
    const isolate = new Isolate({ memoryLimit, onCatastrophicError });
    const context = isolate.createContextSync();
    isolate.compileScriptSync(source, { filename: coreScriptName, cachedData }).runSync(context);
    return { isolate, context };
  };
}

/** Name of the core's script in both forms. Node hides frames of `node:internal`, and so do tools that read stacks. */
export const coreScriptName = 'node:internal/isotherm/core';

/** Exact-size copy: a view would carry the whole pool that it lies in across the border. */
function externalCopy(bytes: Buffer): ExternalCopy<ArrayBuffer> {
  const exact = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(exact).set(bytes);
  return new ExternalCopy(exact);
}

/** Sources and code caches of the modules, decoded when first asked for and then shared by all isolates of the process. */
class Builtins {
  readonly #entries: ReadonlyMap<string, BuiltinEntry>;
  readonly #bytes: Buffer;
  readonly #decoded = new Map<string, { readonly source: string; readonly cachedData: ExternalCopy<ArrayBuffer> }>();

  constructor(index: readonly BuiltinEntry[], bytes: Buffer) {
    this.#entries = new Map(index.map((entry) => [entry.id, entry]));
    this.#bytes = bytes;
  }

  compile(isolate: Isolate, id: string): Script | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    let decoded = this.#decoded.get(id);
    if (decoded === undefined) {
      const { sourceOffset, sourceBytes, cacheOffset, cacheBytes } = entry;
      decoded = {
        source: this.#bytes.toString('latin1', sourceOffset, sourceOffset + sourceBytes),
        cachedData: externalCopy(this.#bytes.subarray(cacheOffset, cacheOffset + cacheBytes)),
      };
      this.#decoded.set(id, decoded);
    }
    return isolate.compileScriptSync(decoded.source, { filename: entry.filename, cachedData: decoded.cachedData });
  }
}
