/**
 * Builds `native/*.cc` for the sandboxes' node binary, where this machine has a C++ compiler and that binary's headers, and
 * keeps the result beside the runtimes under the hash of all that decides it. Without it guests run, and have less:
 * `nativeModuleLoss` says what. Nothing is built when packages are installed.
 */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { errorCode, errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { adoptFolder } from './adopt-folder.ts';
import { findCompiler, hashOf } from './compiler.ts';
import { draftOf } from './leftovers.ts';
import { sandboxNodeFlags } from './node-flags.ts';
import { runProgram } from './run-program.ts';

export type NativeModule =
  | { readonly kind: 'built'; readonly path: string; readonly sha256: string }
  | { readonly kind: 'absent'; readonly reason: string };

/** What guests do without. */
export const nativeModuleLoss =
  'AsyncLocalStorage follows await in bundles only (compiled to slower code), text is decoded slower, and promises and proxies cannot be looked into';

export interface NativeModuleOptions {
  readonly cacheDirectory: string;
  /** Node binary of the sandboxes. */
  readonly nodePath: string;
  readonly clock: Clock;
  /** Called before a compiler is started. */
  readonly onBuild: () => void;
  /** Where compilers are looked for. Default: PATH. */
  readonly searchPath?: string;
}

/** Never throws for what a machine may lack: that is an answer. */
export async function ensureNativeModule(options: NativeModuleOptions): Promise<NativeModule> {
  const compiler = findCompiler(compilerNames, options.searchPath ?? process.env.PATH ?? '');
  if (compiler === undefined)
    return { kind: 'absent', reason: `no C++ compiler (${compilerNames.join(', ')}) in PATH` };
  const headers = findHeaders(options.nodePath);
  if (headers === undefined) return { kind: 'absent', reason: `no headers of Node beside ${options.nodePath}` };
  const folder = join(options.cacheDirectory, `native-${identity(compiler, headers).slice(0, 32)}`);
  return (await readBuilt(folder)) ?? (await build(folder, compiler, headers, options));
}

export interface NativeModuleNeeds {
  readonly compiler: string | undefined;
  /** Folder of the headers. */
  readonly headers: string | undefined;
}

/** What is there of what building it takes. */
export function nativeModuleNeeds(nodePath: string, searchPath = process.env.PATH ?? ''): NativeModuleNeeds {
  return { compiler: findCompiler(compilerNames, searchPath), headers: findHeaders(nodePath)?.folder };
}

const compilerNames = ['c++', 'g++', 'clang++'];
const compilerFlags = ['-O2', '-std=c++20', '-shared', '-fPIC', '-fno-exceptions', '-fno-rtti', '-fvisibility=hidden'];

/** What guests have, and what a sandbox needs that a template forked. */
const sourcePaths = ['guest.cc', 'workers.cc'].map((name) =>
  fileURLToPath(new URL(`../../native/${name}`, import.meta.url)),
);
/** The program that tries a module out lies beside this one's folder, in the same form. */
const verifierPath = fileURLToPath(new URL(`../sandbox/verify-native${extname(import.meta.url)}`, import.meta.url));

interface Headers {
  readonly folder: string;
  /** Text of `node_version.h`: it names the exact version. */
  readonly version: string;
}

/** Where a Node installation has them; `verify-native` finds out whether they are those of this binary. */
function findHeaders(nodePath: string): Headers | undefined {
  try {
    const folder = join(dirname(dirname(realpathSync(nodePath))), 'include', 'node');
    return { folder, version: readFileSync(join(folder, 'node_version.h'), 'utf8') };
  } catch {
    // Distributions put them into a package of their own, which is not installed then.
    return undefined;
  }
}

function identity(compiler: string, { folder, version }: Headers): string {
  const sources = sourcePaths.map((path) => readFileSync(path, 'utf8'));
  const parts = [
    ...sources,
    readFileSync(verifierPath, 'utf8'),
    compiler,
    compilerFlags,
    folder,
    version,
    process.arch,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

const moduleName = 'guest.node';
const hashName = 'sha256';

async function readBuilt(folder: string): Promise<NativeModule | undefined> {
  try {
    const path = join(folder, moduleName);
    const sha256 = hashOf(await readFile(path));
    return sha256 === (await readFile(join(folder, hashName), 'utf8')) ? { kind: 'built', path, sha256 } : undefined;
  } catch {
    // Never built, or removed since.
    return undefined;
  }
}

async function build(
  folder: string,
  compiler: string,
  headers: Headers,
  { nodePath, clock, onBuild }: NativeModuleOptions,
): Promise<NativeModule> {
  onBuild();
  const draft = draftOf(folder);
  try {
    await mkdir(draft, { recursive: true });
    const output = join(draft, moduleName);
    const purpose = `${compiler} could not build the native module`;
    const run = { input: '', purpose, timeoutMs: limits.runtimeBuildTimeoutMs, clock, onLine: () => {} };
    // The headers are not ours to warn about.
    const args = [...compilerFlags, '-isystem', headers.folder, ...sourcePaths, '-o', output];
    await runProgram(compiler, args, { ...run, environment: { PATH: process.env.PATH ?? '' } });
    await runProgram(nodePath, [...sandboxNodeFlags, verifierPath, output], {
      ...run,
      purpose: 'the native module does not work',
    });
    await writeFile(join(draft, hashName), hashOf(await readFile(output)));
    const adopted = await adoptFolder(draft, folder, () => readBuilt(folder));
    return adopted ?? { kind: 'absent', reason: `the module that was just built cannot be put into ${folder}` };
  } catch (error) {
    // Nothing else but less for the guests, and tried again by the next start: also when the disk is full.
    if (!(error instanceof EngineError) && errorCode(error) === undefined) throw error;
    return { kind: 'absent', reason: errorMessage(error) };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
