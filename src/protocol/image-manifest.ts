/**
 * A built runtime on disk: which files it has, the two JSON texts among them, and what the builder is asked. The host keeps
 * and checks these directories, the builder and the sandboxes (programs of their own) write and read them. Decoded by hand: a
 * schema library took 85 ms of every sandbox start.
 */
import { integer, list, nameCharsMax, oneOf, record, safe, text } from './decode-value.ts';
import { ProtocolError } from './protocol-error.ts';

export const imageFiles = {
  /** Hashes of the others, kind and key. */
  manifest: 'manifest.json',
  /** The script that the snapshot was taken of; run as it is when there is no snapshot. */
  base: 'base.js',
  baseCache: 'base.cache',
  /** The guest's core, run in each new context. */
  core: 'core.js',
  coreCache: 'core.cache',
  snapshot: 'snapshot.bin',
  /** Sources (Latin-1) and code caches of all modules, one behind the other. */
  builtins: 'builtins.bin',
  builtinIndex: 'builtins.json',
  /** What threads for long cryptography run: text, because a sandbox that is locked can load no file. */
  cryptoThread: 'crypto-thread.js',
  /** The native module for guests, where one could be built. */
  nativeModule: 'guest.node',
} as const;

/** Bumped on any change of meaning. */
export const imageFormat = 4;

export interface ImageManifest {
  readonly format: typeof imageFormat;
  readonly key: string;
  readonly kind: 'snapshot' | 'code-cache';
  /** Why there is no snapshot. */
  readonly reason?: string;
  /** Hashes by file name. */
  readonly files: Readonly<Record<string, string>>;
}

/** @throws ProtocolError, SyntaxError */
export function decodeManifest(json: string): ImageManifest {
  const manifest = record(JSON.parse(json), 'manifest');
  integer(manifest.format, 'manifest.format', imageFormat, imageFormat);
  return {
    format: imageFormat,
    key: text(manifest.key, 'manifest.key'),
    kind: oneOf(manifest.kind, 'manifest.kind', ['snapshot', 'code-cache']),
    ...optional(manifest.reason, 'reason', 'manifest'),
    files: textsOf(manifest.files, 'manifest.files'),
  };
}

export interface BuiltinEntry {
  /** Text to compile as a script, or the bytes of a WebAssembly module. */
  readonly kind: 'script' | 'wasm';
  /** Of the modules in this script: one, or those that are always loaded together. */
  readonly ids: readonly string[];
  /** What stacks show. */
  readonly filename: string;
  readonly sourceOffset: number;
  readonly sourceBytes: number;
  readonly cacheOffset: number;
  readonly cacheBytes: number;
}

export interface BuiltinIndex {
  readonly scripts: readonly BuiltinEntry[];
  /** By public module: what a guest loads when it requires it. */
  readonly closures: Readonly<Record<string, BuiltinClosure>>;
}

export interface BuiltinClosure {
  /** Ids of the first modules of scripts. */
  readonly scripts: readonly string[];
  /** Public modules to be required one after the other before the guest is booted. Empty: that cannot be. */
  readonly ahead: readonly string[];
}

/** @throws ProtocolError, SyntaxError */
export function decodeBuiltinIndex(json: string): BuiltinIndex {
  const { scripts, closures } = record(JSON.parse(json), 'index');
  if (!Array.isArray(scripts)) throw new ProtocolError('index.scripts', 'an array', scripts);
  const named = Object.entries(record(closures, 'index.closures'));
  return {
    scripts: scripts.map(decodeBuiltin),
    closures: Object.fromEntries(named.map(([name, closure]) => [name, decodeClosure(closure)])),
  };
}

function decodeBuiltin(value: unknown): BuiltinEntry {
  const entry = record(value, 'builtin');
  return {
    kind: oneOf(entry.kind, 'builtin.kind', ['script', 'wasm']),
    ids: list(entry.ids, 'builtin.ids', nameCharsMax),
    filename: text(entry.filename, 'builtin.filename'),
    sourceOffset: integer(entry.sourceOffset, 'builtin.sourceOffset', 0, safe),
    sourceBytes: integer(entry.sourceBytes, 'builtin.sourceBytes', 0, safe),
    cacheOffset: integer(entry.cacheOffset, 'builtin.cacheOffset', 0, safe),
    cacheBytes: integer(entry.cacheBytes, 'builtin.cacheBytes', 0, safe),
  };
}

function decodeClosure(value: unknown): BuiltinClosure {
  const { scripts, ahead } = record(value, 'closure');
  return {
    scripts: list(scripts, 'closure.scripts', nameCharsMax),
    ahead: list(ahead, 'closure.ahead', nameCharsMax),
  };
}

/** What the builder reads from its stdin, as JSON. */
export interface BuildRequest {
  readonly key: string;
  /** Bundled `runtimes/nodejs/main.ts`: a script that defines `isothermGuest`. */
  readonly guest: string;
  /** Our own lazily loaded modules, CommonJS text by id. They go before Node's of the same id. */
  readonly modules: Readonly<Record<string, string>>;
  /** Bundled `long-worker` of the sandbox's crypto service: a script. */
  readonly cryptoThread: string;
  readonly snapshot: 'on' | 'off';
  /** Run at the end of the base script, for tests of what a snapshot cannot hold. */
  readonly extraBaseCode: string;
  readonly nativeModulePath?: string;
}

/** @throws ProtocolError, SyntaxError */
export function decodeBuildRequest(json: string): BuildRequest {
  const request = record(JSON.parse(json), 'request');
  return {
    key: text(request.key, 'request.key'),
    guest: text(request.guest, 'request.guest', safe),
    modules: textsOf(request.modules, 'request.modules'),
    cryptoThread: text(request.cryptoThread, 'request.cryptoThread', safe),
    snapshot: oneOf(request.snapshot, 'request.snapshot', ['on', 'off']),
    extraBaseCode: text(request.extraBaseCode, 'request.extraBaseCode', safe),
    ...optional(request.nativeModulePath, 'nativeModulePath', 'request'),
  };
}

/** One line of the builder's stdout. */
export interface BuildProgress {
  readonly stage: 'library' | 'snapshot' | 'degraded';
  readonly detail: string;
}

/** @throws ProtocolError, SyntaxError */
export function decodeBuildProgress(line: string): BuildProgress {
  const progress = record(JSON.parse(line), 'progress');
  return {
    stage: oneOf(progress.stage, 'progress.stage', ['library', 'snapshot', 'degraded']),
    detail: text(progress.detail, 'progress.detail', safe),
  };
}

// Whoever writes these is our own program: texts are as long as they are.

function textsOf(value: unknown, path: string): Readonly<Record<string, string>> {
  const entries = Object.entries(record(value, path));
  return Object.fromEntries(entries.map(([name, entry]) => [name, text(entry, path, safe)]));
}

function optional<Name extends string>(value: unknown, name: Name, path: string): { readonly [Key in Name]?: string } {
  if (value === undefined) return {};
  return { [name]: text(value, `${path}.${name}`, safe) } as { [Key in Name]: string };
}
