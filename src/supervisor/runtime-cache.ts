/**
 * Keeps built runtimes in a directory, one folder for each key. A runtime is built and then booted once in throw-away
 * processes before anybody relies on it, because V8 runs a damaged one as it is. Engines that start at the same time may both
 * build; the first to rename its folder into place wins and the other uses that one.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { errorCode } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import type { Observe, PlatformEvent } from '../model/platform-event.ts';
import {
  type BuildRequest,
  decodeBuildProgress,
  decodeManifest,
  type ImageManifest,
  imageFiles,
  imageFormat,
} from '../protocol/image-manifest.ts';
import { adoptFolder, notKept } from './adopt-folder.ts';
import { holdCacheFolders } from './cache-users.ts';
import { bundleGuestScripts, guestSourcesHash } from './guest-scripts.ts';
import { isolatedVmVersion } from './isolated-vm-version.ts';
import { draftOf } from './leftovers.ts';
import { ensureNativeModule, type NativeModule } from './native-module.ts';
import { builderNodeFlags, sandboxNodeFlags } from './node-flags.ts';
import { runProgram } from './run-program.ts';

export interface RuntimeCacheOptions {
  /** Made when it is missing. */
  readonly cacheDirectory: string;
  /** Node binary of the sandboxes; see `sandbox-node.ts`. */
  readonly nodePath: string;
  readonly observe: Observe;
  readonly clock: Clock;
  /** `off` keeps a separate runtime without a snapshot. Default `on`. */
  readonly snapshot?: 'on' | 'off';
  /** `off` does without the native module even where it can be built. Default `auto`. */
  readonly nativeModule?: 'auto' | 'off';
  /** Guest code that the snapshot is to hold too; for tests of what it cannot. */
  readonly extraBaseCode?: string;
}

export interface CachedRuntime {
  readonly directory: string;
  readonly key: string;
  readonly kind: 'snapshot' | 'code-cache';
  /** Why there is no snapshot. */
  readonly reason: string | undefined;
  readonly nativeModule: NativeModule;
}

/** A runtime that nobody removes until it is disposed. */
export interface HeldRuntime extends AsyncDisposable {
  readonly runtime: CachedRuntime;
}

/** @throws EngineError RuntimeBuildFailed */
export function holdRuntime(options: RuntimeCacheOptions): Promise<HeldRuntime> {
  return holdCacheFolders(options.cacheDirectory, async (use) => ({ runtime: await ensureRuntime(options, use) }));
}

/**
 * @param use is told the folder before it is looked into.
 * @throws EngineError RuntimeBuildFailed
 */
export async function ensureRuntime(
  options: RuntimeCacheOptions,
  use: (folderName: string) => Promise<void> = async () => {},
): Promise<CachedRuntime> {
  const startedMs = options.clock.nowMs();
  const report = (stage: BuildStage, detail: string): void =>
    options.observe({ type: 'runtime.build', stage, detail, elapsedMs: options.clock.nowMs() - startedMs });
  const nativeModule = await findNativeModule(options, report);
  const key = runtimeKey(options, nativeModule);
  const directory = join(options.cacheDirectory, `runtime-${key.slice(0, 32)}`);
  await use(basename(directory));
  if (nativeModule.kind === 'built') await use(basename(dirname(nativeModule.path)));
  const found = await soundManifest(directory, key);
  if (found !== undefined) return described(directory, found, nativeModule);

  report('started', 'building the guest runtime; this takes a few seconds, once');
  const draft = draftOf(directory);
  try {
    await mkdir(draft, { recursive: true });
    await buildInto(draft, key, nativeModule, options, report);
    await verify(draft, options);
    report('verified', 'a guest booted and answered');
    const manifest = await adopt(draft, directory, key);
    report('ready', directory);
    return described(directory, manifest, nativeModule);
  } catch (error) {
    throw errorCode(error) === undefined ? error : notKept(options.cacheDirectory, error);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

type BuildStage = Extract<PlatformEvent, { type: 'runtime.build' }>['stage'];
type Report = (stage: BuildStage, detail: string) => void;

async function findNativeModule(options: RuntimeCacheOptions, report: Report): Promise<NativeModule> {
  if (options.nativeModule === 'off') return { kind: 'absent', reason: 'switched off' };
  const onBuild = (): void => report('native', 'compiling the native module for guests');
  return await ensureNativeModule({ ...options, onBuild });
}

/** Everything that decides what is built, and whether V8 takes it: a cache of another key is never looked at. */
function runtimeKey({ nodePath, snapshot, extraBaseCode }: RuntimeCacheOptions, nativeModule: NativeModule): string {
  const { size, mtimeMs } = statSync(nodePath);
  const identity = {
    format: imageFormat,
    node: [nodePath, size, mtimeMs],
    flags: [sandboxNodeFlags, builderNodeFlags],
    arch: process.arch,
    isolatedVm: isolatedVmVersion(),
    sources: guestSourcesHash(),
    snapshot: snapshot ?? 'on',
    extraBaseCode: extraBaseCode ?? '',
    // A sandbox tells this key in its hello: so whoever prepares code knows what the guests have.
    nativeModule: nativeModule.kind === 'built' ? nativeModule.sha256 : '',
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

/** The manifest when the folder is complete and every file has the hash it names. */
async function soundManifest(directory: string, key: string): Promise<ImageManifest | undefined> {
  try {
    const manifest = decodeManifest(await readFile(join(directory, imageFiles.manifest), 'utf8'));
    if (manifest.key !== key) return undefined;
    for (const [name, expected] of Object.entries(manifest.files)) {
      const found = createHash('sha256')
        .update(await readFile(join(directory, name)))
        .digest('hex');
      if (found !== expected) return undefined;
    }
    return manifest;
  } catch {
    // Missing, unreadable or not a manifest: all mean that there is nothing to use, and it is built.
    return undefined;
  }
}

async function buildInto(
  directory: string,
  key: string,
  nativeModule: NativeModule,
  options: RuntimeCacheOptions,
  report: Report,
): Promise<void> {
  const scripts = await bundleGuestScripts();
  const request: BuildRequest = {
    ...scripts,
    key,
    snapshot: options.snapshot ?? 'on',
    extraBaseCode: options.extraBaseCode ?? '',
    ...(nativeModule.kind === 'built' && { nativeModulePath: nativeModule.path }),
  };
  await runProgram(options.nodePath, [...sandboxNodeFlags, ...builderNodeFlags, builderPath, 'build', directory], {
    input: JSON.stringify(request),
    purpose,
    timeoutMs: limits.runtimeBuildTimeoutMs,
    clock: options.clock,
    onLine(line) {
      const { stage, detail } = decodeBuildProgress(line);
      report(stage, detail);
    },
  });
}

async function verify(directory: string, { nodePath, clock }: RuntimeCacheOptions): Promise<void> {
  await runProgram(nodePath, [...sandboxNodeFlags, verifierPath, directory], {
    input: '',
    purpose,
    timeoutMs: limits.runtimeBuildTimeoutMs,
    clock,
    onLine: () => {},
  });
}

const purpose = 'the guest runtime could not be built';
const builderPath = sandboxProgram('build-runtime');
const verifierPath = sandboxProgram('verify-runtime');

/** Programs of the sandbox are started by path, never imported. They have the extension that this file has. */
function sandboxProgram(name: string): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../sandbox/${name}.${extension}`, import.meta.url));
}

async function adopt(draft: string, directory: string, key: string): Promise<ImageManifest> {
  const manifest = await adoptFolder(draft, directory, () => soundManifest(directory, key));
  if (manifest !== undefined) return manifest;
  throw new EngineError('RuntimeBuildFailed', `the runtime that was just built cannot be put into ${directory}`);
}

function described(directory: string, { key, kind, reason }: ImageManifest, nativeModule: NativeModule): CachedRuntime {
  return { directory, key, kind, reason, nativeModule };
}
