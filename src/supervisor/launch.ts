/**
 * Starts one sandbox process: its command line, its environment, its descriptors. What becomes of it afterwards is
 * `sandbox-process.ts`'s business.
 *
 * The child's descriptors: 0 nothing, 1 and 2 pipes that are only looked at when it dies, 3 the socket, 4 the backing file of
 * its `/tmp` volumes, 5 its package store, read-only. The launcher has a 6th, by which it joins its control group. Its arguments: the runtime's directory, its own id and, in a jail, the lock module.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from '../base/invariant.ts';
import { killAtExit } from './exit-guard.ts';
import type { Jail } from './jail.ts';
import { type Command, jailedCommand } from './jailed-command.ts';
import { offerToKernel } from './kernel-victim.ts';
import { sandboxNodeFlags } from './node-flags.ts';
import type { SandboxGroup } from './sandbox-group.ts';
import { openScratchFile } from './scratch-file.ts';

export interface LaunchOptions {
  readonly nodePath: string;
  readonly runtimeDirectory: string;
  readonly sandboxId: string;
  /** The program that the child runs. */
  readonly mainPath: string;
  /** Absent: it starts unjailed. */
  readonly jail?: Jail;
  /** It joins this before it is Node. Only in a jail: nobody else joins. */
  readonly group?: Pick<SandboxGroup, 'joinDescriptor'>;
  /** What it becomes when this process is root. Absent: nothing else. */
  readonly userId?: number;
  /** Whether somebody has nothing but this to run on. Default: no. */
  readonly isAwaited?: boolean;
}

/** What the supervisor needs of a child: Node's own, or one that a template forked. */
export interface SandboxChild {
  /** False when it has ended already. */
  kill(signal: 'SIGKILL'): boolean;
  ref(): void;
  unref(): void;
  once(event: 'exit', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
  /** Behind `exit`: all of its pipes have been read to their ends, too. */
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
  readonly stdio: readonly ({ destroy(): unknown } | null | undefined)[];
}

export interface LaunchedSandbox<Child extends SandboxChild = SandboxChild> {
  readonly child: Child;
  readonly pid: number;
  readonly socket: Socket;
  readonly output: readonly Socket[];
  /** The package store, for writing. Its owner closes it. */
  readonly store: FileHandle;
  /** The backing file of its volumes, for looking at. Its owner closes it. */
  readonly volumes: FileHandle;
}

/** How a process is started: by `launch`, by a template, or by a simulation that starts none. */
export type Launch = <Adopted>(
  options: LaunchOptions,
  adopt: (launched: LaunchedSandbox) => Adopted,
) => Promise<Adopted>;

/** The sandbox program of this very installation: TypeScript in development, JavaScript in the built package. */
export const sandboxMainPath = fileURLToPath(new URL(`../sandbox/main${extname(import.meta.url)}`, import.meta.url));

/**
 * All that a sandbox may know of the host's environment: nothing. Not even PATH: it starts no programs.
 * One malloc arena for each core would multiply what stays resident after isolates are disposed. Lambda's TZ is UTC.
 */
const environment = { MALLOC_ARENA_MAX: '2', TZ: 'UTC' };

/**
 * @param adopt is called in the turn of the spawn, so that it misses no event of the child.
 * @throws the system's error (ENOENT, EACCES, EAGAIN, EMFILE, ENOSPC ...) when there is no process; then nothing is left.
 */
export async function launch<Adopted>(
  options: LaunchOptions,
  adopt: (launched: LaunchedSandbox<ChildProcess>) => Adopted,
): Promise<Adopted> {
  // The child inherits what it needs of both; of the volumes' file the host keeps what shows how much it holds.
  await using files = new AsyncDisposableStack();
  const volumes = files.use(await openScratchFile());
  const store = files.use(await openScratchFile());
  const child = await spawnSandbox(options, [
    ...['pipe', 'pipe', 'pipe', volumes.writable.fd, store.readOnly.fd],
    ...joining(options),
  ] as const);
  const kept = { store: store.writable, volumes: volumes.readOnly };
  const adopted = adopt({ child, pid: child.pid, ...socketsOf(child, 1), ...kept });
  files.move();
  await Promise.all([store.readOnly.close(), volumes.writable.close()]);
  return adopted;
}

/**
 * @param descriptors from 1 on.
 * @param template what makes it one: its module, and how many descriptors it has behind the usual ones.
 * @throws the system's error
 */
export async function spawnSandbox(
  options: LaunchOptions,
  descriptors: readonly ('pipe' | 'ignore' | number)[],
  template?: { readonly path: string; readonly descriptors: number },
): Promise<ChildProcess & { readonly pid: number }> {
  const { program, args, env } = commandOf(options, template);
  const child = spawn(program, args, { cwd: '/', env, stdio: ['ignore', ...descriptors] });
  if (child.pid === undefined) {
    // Too few descriptors, too many processes, no such program: spawn tells by an event, and only by that.
    const [error] = await once(child, 'error');
    throw error;
  }
  killAtExit(child);
  offerToKernel(child.pid);
  // From here on only a failed kill could say 'error', and then the process is gone, which 'exit' says too.
  child.on('error', () => {});
  return child as ChildProcess & { readonly pid: number };
}

/** Two outputs and the socket, which lie one behind the other among what a child was spawned with. */
export function socketsOf(child: ChildProcess, first: number): Pick<LaunchedSandbox, 'socket' | 'output'> {
  const [stdout, stderr, socket] = child.stdio.slice(first, first + 3) as unknown[];
  invariant(stdout instanceof Socket && stderr instanceof Socket, 'spawn made no output pipes');
  invariant(socket instanceof Socket, 'spawn made no socket');
  return { socket, output: [stdout, stderr] };
}

/** Behind the descriptors that Node gets: the launcher closes it. */
const joinedBy = 6;

function joining({ group }: LaunchOptions): readonly number[] {
  return group === undefined ? [] : [group.joinDescriptor];
}

function commandOf(
  options: LaunchOptions,
  template: { readonly path: string; readonly descriptors: number } | undefined,
): Command & { readonly env: Readonly<Record<string, string>> } {
  const { nodePath, mainPath, runtimeDirectory, sandboxId, jail, group, userId } = options;
  const nodeArguments = [...sandboxNodeFlags, mainPath, runtimeDirectory, sandboxId];
  if (jail?.kind === 'built') {
    const confined = { ...(group && { controlGroup: joinedBy }), ...(userId !== undefined && { userId }) };
    const jailed = { jail, nodePath, mainPath, runtimeDirectory, environment, ...confined };
    const modules = [jail.lockPath, ...(template === undefined ? [] : [template.path])];
    const forking = template && { templateDescriptors: template.descriptors };
    return { ...jailedCommand({ ...jailed, ...forking, nodeArguments: [...nodeArguments, ...modules] }), env: {} };
  }
  const { command, layers } = jail?.wrapper ?? { command: [], layers: [] };
  const [program = nodePath, ...args] = [...command, nodePath, ...nodeArguments];
  const told = layers.map((name) => `${name}=`).join(';');
  return {
    program,
    args,
    env: {
      ...environment,
      ISOTHERM_UNJAILED: jail?.reason ?? 'there is no jail',
      ...(told !== '' && { ISOTHERM_LAUNCHER: told }),
    },
  };
}
