/**
 * A built runtime on disk: which files it has, the two JSON texts among them, and what the builder is asked. The host keeps
 * and checks these directories, the builder and the sandboxes (programs of their own) write and read them.
 */
import { z } from 'zod';

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

const manifestSchema = z.object({
  format: z.literal(imageFormat),
  key: z.string().min(1),
  kind: z.enum(['snapshot', 'code-cache']),
  reason: z.string().optional(),
  files: z.record(z.string(), z.string()),
});
export type ImageManifest = z.infer<typeof manifestSchema>;

const offset = z.number().int().nonnegative();
const builtinSchema = z.object({
  /** Text to compile as a script, or the bytes of a WebAssembly module. */
  kind: z.enum(['script', 'wasm']),
  /** Of the modules in this script: one, or those that are always loaded together. */
  ids: z.array(z.string()),
  /** What stacks show. */
  filename: z.string(),
  sourceOffset: offset,
  sourceBytes: offset,
  cacheOffset: offset,
  cacheBytes: offset,
});
export type BuiltinEntry = z.infer<typeof builtinSchema>;

const builtinIndexSchema = z.object({
  scripts: z.array(builtinSchema),
  /** By public module: what a guest loads when it requires it. */
  closures: z.record(
    z.string(),
    z.object({
      /** Ids of the first modules of scripts. */
      scripts: z.array(z.string()),
      /** Public modules to be required one after the other before the guest is booted. Empty: that cannot be. */
      ahead: z.array(z.string()),
    }),
  ),
});
export type BuiltinIndex = z.infer<typeof builtinIndexSchema>;

export function decodeManifest(text: string): ImageManifest {
  return manifestSchema.parse(JSON.parse(text));
}

export function decodeBuiltinIndex(text: string): BuiltinIndex {
  return builtinIndexSchema.parse(JSON.parse(text));
}

const buildRequestSchema = z.object({
  key: z.string(),
  /** Bundled `runtimes/nodejs/main.ts`: a script that defines `isothermGuest`. */
  guest: z.string(),
  /** Our own lazily loaded modules, CommonJS text by id. They go before Node's of the same id. */
  modules: z.record(z.string(), z.string()),
  /** Bundled `long-worker` of the sandbox's crypto service: a script. */
  cryptoThread: z.string(),
  snapshot: z.enum(['on', 'off']),
  /** Run at the end of the base script, for tests of what a snapshot cannot hold. */
  extraBaseCode: z.string(),
  nativeModulePath: z.string().optional(),
});
/** What the builder reads from its stdin, as JSON. */
export type BuildRequest = z.infer<typeof buildRequestSchema>;

export function decodeBuildRequest(text: string): BuildRequest {
  return buildRequestSchema.parse(JSON.parse(text));
}

const buildProgressSchema = z.object({ stage: z.enum(['library', 'snapshot', 'degraded']), detail: z.string() });
/** One line of the builder's stdout. */
export type BuildProgress = z.infer<typeof buildProgressSchema>;

export function decodeBuildProgress(line: string): BuildProgress {
  return buildProgressSchema.parse(JSON.parse(line));
}
