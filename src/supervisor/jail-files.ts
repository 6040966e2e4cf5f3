/** The sources of the jail, how they are compiled, and where the package keeps what was compiled ahead. Also used by the build script. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import { runProgram } from './run-program.ts';

export const jailFiles = { launcher: 'launcher', lock: 'lock.node', template: 'template.node' } as const;

export const jailCompilerNames = ['cc', 'gcc', 'clang'];

/** What Linux distributions call the compilers of the other architecture. */
const triples = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;

/** Architectures that there is a jail for. */
export type JailArchitecture = keyof typeof triples;
export const jailArchitectures: readonly JailArchitecture[] = ['x64', 'arm64'];

/** Names under which a compiler for the architecture may be found here; Debian's have their version behind. */
export function compilerNamesFor(architecture: JailArchitecture): readonly string[] {
  if (architecture === process.arch) return jailCompilerNames;
  const name = `${triples[architecture]}-gcc`;
  return [name, ...['16', '15', '14', '13', '12'].map((version) => `${name}-${version}`)];
}

const sources = fileURLToPath(new URL('../../native/jail/', import.meta.url));

/** In the built package: `dist/jail/<architecture>`. There is no such folder beside the sources. */
export const prebuiltJail = fileURLToPath(new URL(`../jail/${process.arch}`, import.meta.url));

const shared = ['filter.c', 'filter-install.c', 'report.c'];
const launcher = [
  'launcher.c',
  'parent-death.c',
  'control-group.c',
  'user.c',
  'descriptors.c',
  'resource-limits.c',
  'namespaces.c',
  'capabilities.c',
  'landlock.c',
];
const lock = ['lock.c', 'self-test.c', 'landlock.c'];
const template = ['template.c', 'parent-death.c'];

const common = ['-O2', '-std=gnu11', '-Wall', '-Wextra', '-Werror=implicit-function-declaration', '-s'];
/** Static: it reads no library, and starts in half a millisecond. */
const launcherFlags = [...common, '-static'];
/** Node-API is found in the program that loads it. */
const moduleFlags = [...common, '-shared', '-fPIC', '-fvisibility=hidden'];

/** Changes with every source and with how they are compiled. */
export async function jailSourceHash(): Promise<string> {
  const hash = createHash('sha256').update(
    JSON.stringify([shared, launcher, lock, template, launcherFlags, moduleFlags]),
  );
  for (const name of (await readdir(sources)).sort()) hash.update(name).update(await readFile(join(sources, name)));
  return hash.digest('hex');
}

/** @throws EngineError RuntimeBuildFailed */
export async function compileJail(compiler: string, folder: string, clock: Clock): Promise<void> {
  const compile = (flags: readonly string[], names: readonly string[], output: string): Promise<void> => {
    const paths = [...names, ...shared].map((name) => join(sources, name));
    return runProgram(compiler, [...flags, ...paths, '-o', join(folder, output)], {
      input: '',
      purpose: `${compiler} could not build the jail`,
      environment: { PATH: process.env.PATH ?? '' },
      timeoutMs: limits.runtimeBuildTimeoutMs,
      clock,
      onLine: () => {},
    });
  };
  await compile(launcherFlags, launcher, jailFiles.launcher);
  await compile(moduleFlags, lock, jailFiles.lock);
  await compile(moduleFlags, template, jailFiles.template);
}
