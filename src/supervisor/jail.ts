/**
 * The two halves of the jail, `native/jail`, as files that this machine can run: the launcher that becomes Node, and the lock that a
 * sandbox loads. Compiled here where there is a C compiler, else as they came with the package; tried out once, and kept under
 * the hash of all that decides them. Without them sandboxes run unjailed, and say why.
 */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { errorCode } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { adoptFolder, notKept } from './adopt-folder.ts';
import { holdCacheFolders } from './cache-users.ts';
import { findCompiler, hashOf } from './compiler.ts';
import { compileJail, jailCompilerNames, jailFiles, jailSourceHash, prebuiltJail } from './jail-files.ts';
import { jailedCommand } from './jailed-command.ts';
import type { LaunchWrapper } from './launch-wrapper.ts';
import { draftOf } from './leftovers.ts';
import { sandboxNodeFlags } from './node-flags.ts';
import { runProgram } from './run-program.ts';

export type Jail =
  | {
      readonly kind: 'built';
      readonly launcherPath: string;
      readonly lockPath: string;
      readonly templatePath: string;
    }
  /** `wrapper`: what is set in its place. */
  | { readonly kind: 'absent'; readonly reason: string; readonly wrapper?: LaunchWrapper };

export interface JailOptions {
  readonly cacheDirectory: string;
  /** Node binary of the sandboxes. */
  readonly nodePath: string;
  readonly clock: Clock;
  /** Called before a compiler is started. */
  readonly onBuild: () => void;
  /** Where compilers are looked for. Default: PATH. */
  readonly searchPath?: string;
  /** Where the package has it compiled. Default: beside the compiled sources. */
  readonly prebuiltDirectory?: string;
}

/** A jail that nobody removes until it is disposed. @throws EngineError as `ensureJail` does */
export function holdJail(options: JailOptions): Promise<{ readonly jail: Jail } & AsyncDisposable> {
  return holdCacheFolders(options.cacheDirectory, async (use) => ({ jail: await ensureJail(options, use) }));
}

/**
 * What a machine may lack is an answer.
 * @param use is told the folder before it is looked into.
 * @throws EngineError RuntimeBuildFailed when it cannot be kept
 */
export async function ensureJail(
  options: JailOptions,
  use: (folderName: string) => Promise<void> = async () => {},
): Promise<Jail> {
  if (process.platform !== 'linux') return { kind: 'absent', reason: `there is no jail for ${process.platform}` };
  const source = await findSource(options);
  if (source === undefined) {
    const reason = `no C compiler (${jailCompilerNames.join(', ')}) in PATH, and this package has no compiled jail for ${process.arch}`;
    return { kind: 'absent', reason };
  }
  const folder = join(options.cacheDirectory, `jail-${source.identity.slice(0, 32)}`);
  await use(basename(folder));
  return (await readBuilt(folder)) ?? (await build(folder, source, options));
}

/** How the two files are got, and everything that decides what they are. */
interface Source {
  readonly identity: string;
  readonly name: string;
  make(draft: string): Promise<void>;
}

async function findSource({
  searchPath,
  prebuiltDirectory,
  clock,
  nodePath,
}: JailOptions): Promise<Source | undefined> {
  const decisive = [nodePath, process.arch, await readFile(verifierPath, 'utf8')];
  const compiler = findCompiler(jailCompilerNames, searchPath ?? process.env.PATH ?? '');
  if (compiler !== undefined) {
    const identity = identityOf([...decisive, compiler, await jailSourceHash()]);
    return { identity, name: compiler, make: (draft) => compileJail(compiler, draft, clock) };
  }
  const prebuilt = prebuiltDirectory ?? prebuiltJail;
  const files = await Promise.all(Object.values(jailFiles).map((name) => hashOfFile(join(prebuilt, name))));
  if (files.includes(undefined)) return undefined;
  const copy = async (draft: string): Promise<void> => {
    for (const name of Object.values(jailFiles)) await copyFile(join(prebuilt, name), join(draft, name));
  };
  return { identity: identityOf([...decisive, ...files]), name: 'the compiled jail of this package', make: copy };
}

function identityOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

async function hashOfFile(path: string): Promise<string | undefined> {
  try {
    return hashOf(await readFile(path));
  } catch {
    // Not there, which is the answer.
    return undefined;
  }
}

const hashesName = 'sha256';

async function readBuilt(folder: string): Promise<Jail | undefined> {
  const hashes = await hashesIn(folder);
  const expected = await readFile(join(folder, hashesName), 'utf8').catch(() => undefined);
  return hashes !== undefined && hashes === expected ? { kind: 'built', ...pathsIn(folder) } : undefined;
}

function pathsIn(folder: string) {
  return {
    launcherPath: join(folder, jailFiles.launcher),
    lockPath: join(folder, jailFiles.lock),
    templatePath: join(folder, jailFiles.template),
  };
}

async function hashesIn(folder: string): Promise<string | undefined> {
  const hashes = await Promise.all(Object.values(pathsIn(folder)).map(hashOfFile));
  return hashes.includes(undefined) ? undefined : hashes.join('\n');
}

async function build(folder: string, source: Source, options: JailOptions): Promise<Jail> {
  options.onBuild();
  const draft = draftOf(folder);
  try {
    await mkdir(draft, { recursive: true });
    await source.make(draft);
    // npm keeps no mode of files that are no commands.
    await chmod(join(draft, jailFiles.launcher), 0o755);
    await tryOut(draft, source, options);
    await writeFile(join(draft, hashesName), (await hashesIn(draft)) ?? '');
    const adopted = await adoptFolder(draft, folder, () => readBuilt(folder));
    return adopted ?? { kind: 'absent', reason: `the jail that was just built cannot be put into ${folder}` };
  } catch (error) {
    // A disk that is full is no reason to run strangers' code with less around it.
    if (errorCode(error) !== undefined) throw notKept(options.cacheDirectory, error);
    // Tried again by the next start.
    if (!(error instanceof EngineError)) throw error;
    return { kind: 'absent', reason: error.message };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** A throw-away sandbox of this machine: whether Node starts in the jail, and isolates run after the lock. */
async function tryOut(draft: string, source: Source, { nodePath, clock }: JailOptions): Promise<void> {
  const paths = pathsIn(draft);
  const { program, args } = jailedCommand({
    jail: paths,
    nodePath,
    mainPath: verifierPath,
    runtimeDirectory: draft,
    environment: {},
    nodeArguments: [...sandboxNodeFlags, verifierPath, paths.lockPath],
  });
  await runProgram(program, args, {
    input: '',
    purpose: `the jail, by ${source.name}, does not work`,
    timeoutMs: limits.runtimeBuildTimeoutMs,
    clock,
    onLine: () => {},
  });
}

/** The program that tries a jail out lies beside this one's folder, in the same form. */
const verifierPath = fileURLToPath(new URL(`../sandbox/verify-jail${extname(import.meta.url)}`, import.meta.url));
