/**
 * Keeps the sandbox program bundled in one file, with what V8 compiled of it, beside the runtimes: a sandbox that is started from
 * that takes a third of the CPU time. Made once for each installation and Node; checked by whoever opens an engine, and by its
 * name no other program is taken for this one.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { errorCode } from '../base/error-text.ts';
import { type BuildOptions, build, version as esbuildVersion, type Plugin } from '../functions/esbuild.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { programFiles } from '../protocol/program-files.ts';
import { adoptFolder, notKept } from './adopt-folder.ts';
import { holdCacheFolders } from './cache-users.ts';
import { hashOf } from './compiler.ts';
import { isolatedVmVersion } from './isolated-vm-version.ts';
import { draftOf } from './leftovers.ts';
import { sandboxNodeFlags } from './node-flags.ts';
import { runProgram } from './run-program.ts';
import { filesIn, hashFiles } from './source-files.ts';

export interface SandboxProgramOptions {
  readonly cacheDirectory: string;
  /** Node binary of the sandboxes. */
  readonly nodePath: string;
  /** A runtime that the program can be tried with. */
  readonly runtimeDirectory: string;
  readonly clock: Clock;
}

/** A program that nobody removes until it is disposed. */
export interface HeldProgram extends AsyncDisposable {
  /** What Node runs. */
  readonly mainPath: string;
}

const hashesName = 'sha256';

/** @throws EngineError RuntimeBuildFailed */
export function holdSandboxProgram(options: SandboxProgramOptions): Promise<HeldProgram> {
  const folder = join(options.cacheDirectory, `program-${identity(options).slice(0, 32)}`);
  return holdCacheFolders(options.cacheDirectory, async (use) => {
    await use(basename(folder));
    if ((await isSound(folder)) === undefined) await make(folder, options);
    return { mainPath: join(folder, programFiles.start) };
  });
}

/** Everything that decides what is made, and whether V8 takes it. */
function identity({ nodePath }: SandboxProgramOptions): string {
  const { size, mtimeMs } = statSync(nodePath);
  const hash = createHash('sha256');
  const made = [nodePath, size, mtimeMs, process.arch, sandboxNodeFlags, addonPath(), isolatedVmVersion()];
  hash.update(JSON.stringify([...made, esbuildVersion]));
  const isSource = (name: string): boolean => name.endsWith(extension) && !name.endsWith('.d.ts');
  hashFiles(hash, root, [...sourceFolders.flatMap((folder) => filesIn(folder, isSource)), ...ownPaths]);
  return hash.digest('hex');
}

const root = fileURLToPath(new URL('..', import.meta.url));
/** The program lies beside this folder, in the same form: as written here, compiled when published. */
const extension = extname(fileURLToPath(import.meta.url));
const sandboxFolder = join(root, 'sandbox');
const sourceFolders = ['base', 'model', 'bridge', 'protocol', 'sandbox'].map((name) => join(root, name));
/** How it is made, and of its packages which. */
const ownPaths = [fileURLToPath(import.meta.url), createRequire(import.meta.url).resolve('p-limit')];

function addonPath(): string {
  return createRequire(import.meta.url).resolve('isolated-vm');
}

/** V8 checks neither text nor cache: whoever starts sandboxes does, once. */
async function isSound(folder: string): Promise<true | undefined> {
  try {
    return (await hashesIn(folder)) === (await readFile(join(folder, hashesName), 'utf8')) ? true : undefined;
  } catch {
    // Never made, or removed since.
    return undefined;
  }
}

async function hashesIn(folder: string): Promise<string> {
  const contents = await Promise.all(Object.values(programFiles).map((name) => readFile(join(folder, name))));
  return contents.map(hashOf).join('\n');
}

async function make(folder: string, options: SandboxProgramOptions): Promise<void> {
  try {
    await makeIn(draftOf(folder), folder, options);
  } catch (error) {
    throw errorCode(error) === undefined ? error : notKept(options.cacheDirectory, error);
  }
}

async function makeIn(draft: string, folder: string, options: SandboxProgramOptions): Promise<void> {
  await mkdir(draft, { recursive: true });
  try {
    await writeFile(join(draft, programFiles.program), await bundled('serve', programShape), 'latin1');
    await writeFile(join(draft, programFiles.start), await bundled('start', {}));
    await record(draft, options);
    await writeFile(join(draft, hashesName), await hashesIn(draft));
    if ((await adoptFolder(draft, folder, () => isSound(folder))) === undefined) {
      throw new EngineError('RuntimeBuildFailed', `${purpose}: what was just made cannot be put into ${folder}`);
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const purpose = 'the sandbox program could not be bundled';

async function bundled(name: 'serve' | 'start', shape: BuildOptions): Promise<string> {
  const path = join(sandboxFolder, `${name}${extension}`);
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'esnext',
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'silent',
    write: false,
    plugins: [addon],
    // What lies beside a module is not there any more, and nothing of it is needed in a sandbox.
    define: { 'import.meta.url': '"file:///isotherm/sandbox.js"', 'import.meta.dirname': '__dirname' },
    ...shape,
  });
  const [file] = outputFiles ?? [];
  if (file === undefined) throw new Error('esbuild gave no output');
  return file.text;
}

/** An expression, so that what it exports is the script's value. */
const programShape: BuildOptions = {
  banner: { js: '(function (require) { const module = { exports: {} };' },
  footer: { js: 'return module.exports; })' },
};

/** Found from the cache directory, where no package is. */
const addon: Plugin = {
  name: 'isotherm-addon',
  setup({ onResolve }) {
    onResolve({ filter: /^isolated-vm$/ }, () => ({ path: addonPath(), external: true }));
  },
};

/** Each in a throw-away process, outside any jail: it runs our own code only. */
async function record(draft: string, { nodePath, runtimeDirectory, clock }: SandboxProgramOptions): Promise<void> {
  const recorder = join(sandboxFolder, `record-program${extension}`);
  await runProgram(nodePath, [...sandboxNodeFlags, recorder, draft, runtimeDirectory], {
    ...{ input: '', purpose, timeoutMs: limits.runtimeBuildTimeoutMs, clock, onLine: () => {} },
  });
}
