/**
 * The command line of the launcher: what a sandbox may read until it locks itself, and what it may know. Nothing on the list is
 * anybody's secret: programs, libraries and what the kernel tells of this machine.
 */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { limits } from '../model/limits.ts';
import type { Jail } from './jail.ts';

export interface JailedProgram {
  readonly jail: Omit<Extract<Jail, { kind: 'built' }>, 'kind'>;
  readonly nodePath: string;
  /** The program that Node runs; what lies beside it belongs to it. */
  readonly mainPath: string;
  readonly runtimeDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeArguments: readonly string[];
  /** Descriptor of the `cgroup.procs` that it joins. */
  readonly controlGroup?: number;
  /** What it becomes when this process is root. */
  readonly userId?: number;
  /** Of a template: what it gets behind the descriptors of a sandbox. */
  readonly templateDescriptors?: number;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

export function jailedCommand(options: JailedProgram): Command {
  const { jail, nodePath, mainPath, runtimeDirectory, environment, nodeArguments } = options;
  const { controlGroup, userId, templateDescriptors } = options;
  const readable = [
    nodePath,
    realpathSync(nodePath),
    dirname(mainPath),
    runtimeDirectory,
    dirname(jail.lockPath),
    ...ownFiles(),
    ...systemFiles,
  ];
  const args = [
    ...['--host', String(process.pid)],
    ...['--descriptors', String(limits.sandboxDescriptorsMax)],
    ...(controlGroup === undefined ? [] : ['--control-group', String(controlGroup)]),
    ...(userId === undefined ? [] : ['--user', String(userId)]),
    ...(templateDescriptors === undefined ? [] : ['--template', String(templateDescriptors)]),
    ...readable.flatMap((path) => ['--read', path]),
    ...Object.entries(environment).flatMap(([name, value]) => ['--environment', `${name}=${value}`]),
    ...['--', nodePath, ...nodeArguments],
  ];
  return { program: jail.launcherPath, args };
}

const systemFiles = [
  // Libraries, and where the loader looks for them.
  ...['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', '/nix/store', '/etc/ld.so.cache'],
  // What Node, V8 and OpenSSL ask of the machine when they start.
  ...['/proc/self', '/proc/meminfo', '/proc/cpuinfo', '/proc/sys/vm', '/sys/devices/system', '/sys/fs/cgroup'],
  ...['/sys/kernel/mm/transparent_hugepage', '/dev/urandom', '/etc/ssl/openssl.cnf'],
];

/** Of these packages the sandbox program loads code. */
const packages = ['isolated-vm', 'p-limit'];

let found: readonly string[] | undefined;

/** This installation, compiled or as written, and the folders its packages lie in: the same for every sandbox. */
function ownFiles(): readonly string[] {
  found ??= [
    fileURLToPath(new URL('..', import.meta.url)),
    fileURLToPath(new URL('../../package.json', import.meta.url)),
    ...new Set(packages.map(packageFolder)),
  ];
  return found;
}

/** The outermost `node_modules` that a package lies in: packages link to each other inside it. */
function packageFolder(name: string): string {
  const path = realpathSync(createRequire(import.meta.url).resolve(name));
  const marker = `${sep}node_modules${sep}`;
  const at = path.indexOf(marker);
  return at === -1 ? dirname(path) : path.slice(0, at + marker.length - 1);
}
