/**
 * A built runtime, read from its cache directory into memory: the snapshot (or the script that stands in for it) and the
 * modules that are compiled at first use. V8 checks neither a snapshot nor a code cache (a flipped bit is run as it is), so
 * every file is compared with the hash in the manifest first. Nothing is opened afterwards: the sandbox is locked by then.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invariant } from '../base/invariant.ts';
import type { NativeFunctions } from '../bridge/native-module.ts';
import { type BuiltinEntry, decodeBuiltinIndex, decodeManifest, imageFiles } from '../protocol/image-manifest.ts';
import type { Door } from './door.ts';
import {
  type Context,
  compileWasm,
  ExternalCopy,
  Isolate,
  NativeModule,
  type Reference,
  type Script,
  type WasmModule,
} from './ivm.ts';
import { cacheAlignment, type LoadedLibrary, loadLibrary } from './native-table.ts';

export interface RuntimeImage {
  readonly key: string;
  readonly kind: 'snapshot' | 'code-cache';
  /** Why there is no snapshot. */
  readonly reason: string | undefined;
  readonly builtinIds: readonly string[];
  /** Undefined where none could be built. */
  readonly native: NativeLibrary | undefined;
  /** What threads for long cryptography run. */
  readonly cryptoThread: string;
  /** Makes an isolate with the runtime in it, not yet booted. Blocks for a millisecond or two. */
  open(memoryLimitMiB: number, onCatastrophicError: (message: string) => void): OpenedIsolate;
  compileBuiltin(isolate: Isolate, id: string): Script | undefined;
  /** What a guest loads when it requires these public modules, and the scripts of other modules by id; each for `compileBuiltin`. */
  scriptsOf(modules: readonly string[], ids: Iterable<string>): readonly string[];
  /** Public modules that can be evaluated before a guest is booted, in order, for one that will require these. */
  aheadOf(modules: readonly string[]): readonly string[];
  /** The text that `compileBuiltin` compiles, for a guest that must compile it itself. */
  builtinText(id: string): { readonly source: string; readonly filename: string } | undefined;
  /** A WebAssembly module of Node's library, compiled once in this process; guests share its code and get memories of their own. */
  wasmModule(id: string): WasmModule | undefined;
}

/** The native module, and the number under which it has the scripts of `compileBuiltin`: guests can then make them themselves. */
export interface NativeLibrary extends LoadedLibrary {
  readonly path: string;
  readonly module: NativeModule;
  /** The number of the table that has the core and nothing else. */
  readonly coreTable: number;
}

/** The native module as one isolate has it. */
export interface NativeModuleInGuest {
  readonly functions: Reference<NativeFunctions>;
  /** What `terminate` knows the isolate by. */
  readonly stopNumber: number;
}

export interface OpenedIsolate {
  readonly isolate: Isolate;
  readonly context: Context;
  /** Whether V8 took the core's code cache: it refuses one that was made under other flags, and the start is then slow. */
  readonly isCacheAccepted: boolean;
  readonly native?: NativeModuleInGuest;
  /** Where it was opened ahead. */
  door?: Door;
  /** Scripts that were brought in before it was booted. */
  readonly received?: Set<string>;
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
  const bytes = file(imageFiles.builtins);
  const builtins = new Builtins(index.scripts, bytes);
  const core = { source: file(imageFiles.core), cache: file(imageFiles.coreCache) };
  const native =
    imageFiles.nativeModule in manifest.files
      ? openNativeLibrary(directory, file, { scripts: index.scripts, bytes }, core)
      : undefined;
  const open = opener(
    manifest.kind === 'snapshot'
      ? { kind: 'snapshot', snapshot: externalCopy(file(imageFiles.snapshot)) }
      : { kind: 'code-cache', base: cachedScript(baseScriptName, file(imageFiles.base), file(imageFiles.baseCache)) },
    native ?? cachedScript(coreScriptName, core.source, core.cache),
  );
  return {
    key: manifest.key,
    kind: manifest.kind,
    reason: manifest.reason,
    builtinIds: index.scripts.flatMap((entry) => entry.ids),
    native,
    cryptoThread: file(imageFiles.cryptoThread).toString('utf8'),
    open,
    compileBuiltin: (isolate, id) => builtins.compile(isolate, id),
    aheadOf: (modules) => [...new Set(modules.flatMap((name) => index.closures[name]?.ahead ?? []))],
    builtinText: (id) => builtins.find(id),
    scriptsOf: (modules, ids) => [
      ...new Set([...modules.flatMap((name) => index.closures[name]?.scripts ?? []), ...builtins.scriptsOf(ids)]),
    ],
    wasmModule: (id) => builtins.wasm(id),
  };
}

/** Opened with the image, once, and then made anew in each guest that needs it. */
function openNativeLibrary(
  directory: string,
  verify: (name: string) => Buffer,
  builtins: { readonly scripts: readonly BuiltinEntry[]; readonly bytes: Buffer },
  core: { readonly source: Buffer; readonly cache: Buffer },
): NativeLibrary {
  verify(imageFiles.nativeModule);
  const path = join(directory, imageFiles.nativeModule);
  const scripts = builtins.scripts.filter(({ kind }) => kind === 'script');
  const library = loadLibrary(path, scripts, builtins.bytes);
  const sourceBytes = core.source.byteLength;
  const cacheOffset = Math.ceil(sourceBytes / cacheAlignment) * cacheAlignment;
  const bytes = Buffer.concat([core.source, Buffer.alloc(cacheOffset - sourceBytes), core.cache]);
  const place = { sourceOffset: 0, sourceBytes, cacheOffset, cacheBytes: core.cache.byteLength };
  const { table } = loadLibrary(path, [{ kind: 'script', ids: ['core'], filename: coreScriptName, ...place }], bytes);
  return { path, module: new NativeModule(path), ...library, coreTable: table };
}

/** Costs the 0.1 ms that loading the module takes; isolates are made ahead where there is time. */
function makeNative({ module }: NativeLibrary, context: Context): NativeModuleInGuest {
  const functions: Reference<NativeFunctions> = module.createSync(context);
  return { functions, stopNumber: functions.getSync('stopNumber') };
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

/** Names of our scripts. Node hides frames of `node:internal`, and so do tools that read stacks. */
export const baseScriptName = 'node:internal/isotherm/base';
export const coreScriptName = 'node:internal/isotherm/core';

interface CachedScript {
  readonly filename: string;
  readonly source: string;
  readonly cachedData: ExternalCopy<ArrayBuffer>;
}

function cachedScript(filename: string, source: Buffer, cache: Buffer): CachedScript {
  return { filename, source: source.toString('latin1'), cachedData: externalCopy(cache) };
}

type Base =
  | { readonly kind: 'snapshot'; readonly snapshot: ExternalCopy<ArrayBuffer> }
  | { readonly kind: 'code-cache'; readonly base: CachedScript };

/**
 * The snapshot holds Node's primordials only. The core is run on top of it: isolated-vm restores every object of a snapshot
 * twice, so objects that a few instructions can make are cheaper made (0.5 ms run, 1.1 ms restored; 2 cores, 2026-11).
 */
function opener(base: Base, core: CachedScript | NativeLibrary): RuntimeImage['open'] {
  return (memoryLimit, onCatastrophicError) => {
    const isolate = new Isolate({
      memoryLimit,
      onCatastrophicError,
      ...(base.kind === 'snapshot' ? { snapshot: base.snapshot } : {}),
    });
    try {
      const context = isolate.createContextSync();
      if (base.kind === 'code-cache') run(isolate, context, base.base);
      if (!('module' in core)) return { isolate, context, isCacheAccepted: run(isolate, context, core) };
      const native = makeNative(core, context);
      const runCore: Reference<NativeFunctions['runCore']> = native.functions.getSync('runCore', { reference: true });
      const isCacheAccepted = runCore.applySync(undefined, [core.coreTable]);
      runCore.release();
      invariant(isCacheAccepted !== undefined, 'the core runs to its end');
      return { isolate, context, isCacheAccepted, native };
    } catch (error) {
      isolate.dispose();
      throw error;
    }
  };
}

function run(isolate: Isolate, context: Context, { filename, source, cachedData }: CachedScript): boolean {
  const script: Script & { readonly cachedDataRejected?: boolean } = isolate.compileScriptSync(source, {
    filename,
    cachedData,
  });
  const isCacheAccepted = script.cachedDataRejected !== true;
  script.runSync(context);
  script.release();
  return isCacheAccepted;
}

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
  readonly #decoded = new Map<BuiltinEntry, CachedScript>();
  readonly #wasm = new Map<BuiltinEntry, WasmModule>();

  constructor(index: readonly BuiltinEntry[], bytes: Buffer) {
    this.#entries = new Map(index.flatMap((entry) => entry.ids.map((id) => [id, entry])));
    this.#bytes = bytes;
  }

  compile(isolate: Isolate, id: string): Script | undefined {
    const found = this.find(id);
    if (found === undefined) return undefined;
    return isolate.compileScriptSync(found.source, { filename: found.filename, cachedData: found.cachedData });
  }

  /** First ids of the scripts that hold these modules. */
  *scriptsOf(ids: Iterable<string>): Generator<string> {
    for (const id of ids) {
      const first = this.#entries.get(id)?.ids[0];
      if (first !== undefined) yield first;
    }
  }

  find(id: string): CachedScript | undefined {
    const entry = this.#entries.get(id);
    const known = entry && this.#decoded.get(entry);
    if (known !== undefined || entry?.kind !== 'script') return known;
    const { filename, sourceOffset, sourceBytes, cacheOffset, cacheBytes } = entry;
    const part = (offset: number, bytes: number): Buffer => this.#bytes.subarray(offset, offset + bytes);
    const decoded = cachedScript(filename, part(sourceOffset, sourceBytes), part(cacheOffset, cacheBytes));
    this.#decoded.set(entry, decoded);
    return decoded;
  }

  wasm(id: string): WasmModule | undefined {
    const entry = this.#entries.get(id);
    const known = entry && this.#wasm.get(entry);
    if (known !== undefined || entry?.kind !== 'wasm') return known;
    const compiled = compileWasm(this.#bytes.subarray(entry.sourceOffset, entry.sourceOffset + entry.sourceBytes));
    this.#wasm.set(entry, compiled);
    return compiled;
  }
}
