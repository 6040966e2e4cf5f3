/**
 * What this machine offers to sandboxes, as far as it can be read without trying: for people who ask why a level cannot be had.
 * It decides nothing; what holds is found out by starting a sandbox.
 */
import { accessSync, constants, readFileSync, realpathSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, release, totalmem } from 'node:os';
import { join } from 'node:path';

export interface MachineFacts {
  readonly kernel: string;
  readonly cores: number;
  /** `undefined` in each: it cannot be read here. */
  readonly userNamespaces: UserNamespaces | undefined;
  /** Names of the security modules that are active. */
  readonly securityModules: readonly string[] | undefined;
  readonly seccompActions: readonly string[] | undefined;
  readonly controlGroup: ControlGroup | undefined;
  readonly openFilesMax: number | undefined;
  readonly processesMax: number | undefined;
  readonly memoryFreeBytes: number;
  readonly memoryTotalBytes: number;
}

export interface UserNamespaces {
  readonly max: number;
  /** Whether something beyond the number keeps users from making them: the name of the setting. */
  readonly restrictedBy: string | undefined;
}

export interface ControlGroup {
  readonly version: 1 | 2;
  readonly path: string;
  /** Whether groups can be made below it by us. */
  readonly isDelegated: boolean;
  readonly controllers: readonly string[];
  /** Of this very group. */
  readonly tasksMax: number | undefined;
}

/** @param root of the file system; tests give their own. */
export function readMachine(root = '/'): MachineFacts {
  const read = (path: string): string | undefined => readText(join(root, path));
  return {
    kernel: release(),
    cores: availableParallelism(),
    userNamespaces: userNamespaces(read),
    securityModules: read('sys/kernel/security/lsm')?.split(','),
    seccompActions: read('proc/sys/kernel/seccomp/actions_avail')?.split(/\s+/),
    controlGroup: controlGroup(root, read),
    openFilesMax: softLimit(read('proc/self/limits'), 'Max open files'),
    processesMax: softLimit(read('proc/self/limits'), 'Max processes'),
    memoryFreeBytes: availableBytes(read('proc/meminfo')) ?? freemem(),
    memoryTotalBytes: totalmem(),
  };
}

/** Bytes that we may still write where `path` lies; undefined when it is not there. */
export async function diskFreeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    // Not made yet, or on no file system that tells.
    return undefined;
  }
}

type Read = (path: string) => string | undefined;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Not Linux, not mounted, or not for us: unknown.
    return undefined;
  }
}

function userNamespaces(read: Read): UserNamespaces | undefined {
  const max = Number(read('proc/sys/user/max_user_namespaces') ?? Number.NaN);
  if (Number.isNaN(max)) return undefined;
  const restrictedBy =
    read('proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1'
      ? 'kernel.apparmor_restrict_unprivileged_userns=1'
      : read('proc/sys/kernel/unprivileged_userns_clone') === '0'
        ? 'kernel.unprivileged_userns_clone=0'
        : undefined;
  return { max, restrictedBy };
}

/** The lines of `/proc/self/cgroup` are `hierarchy:controllers:path`; version 2 is hierarchy 0 without controllers. */
function controlGroup(root: string, read: Read): ControlGroup | undefined {
  const lines = read('proc/self/cgroup')?.split('\n') ?? [];
  const unified = lines.find((line) => line.startsWith('0::'))?.slice('0::'.length);
  const path = join('/sys/fs/cgroup', unified ?? '/');
  const controllers = unified === undefined ? undefined : read(join(path, 'cgroup.controllers'));
  if (controllers === undefined) {
    const [first] = lines.filter((line) => line !== '');
    if (first === undefined) return undefined;
    return { version: 1, path: first.split(':')[2] ?? '/', isDelegated: false, controllers: [], tasksMax: undefined };
  }
  const tasksMax = Number(read(join(path, 'pids.max')) ?? Number.NaN);
  return {
    version: 2,
    path,
    isDelegated: isWritable(join(root, path, 'cgroup.procs')) && isWritable(join(root, path)),
    controllers: controllers.split(/\s+/).filter(Boolean),
    // `max` is no number: then there is no limit.
    tasksMax: Number.isNaN(tasksMax) ? undefined : tasksMax,
  };
}

function isWritable(path: string): boolean {
  try {
    accessSync(realpathSync(path), constants.W_OK);
    return true;
  } catch {
    // Not ours to write, which is the answer.
    return false;
  }
}

/** `unlimited` is Infinity. */
function softLimit(limits: string | undefined, name: string): number | undefined {
  const line = limits?.split('\n').find((each) => each.startsWith(name));
  const [soft] = line?.slice(name.length).trim().split(/\s+/) ?? [];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

function availableBytes(memory: string | undefined): number | undefined {
  const kibibytes = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(memory ?? '')?.[1]);
  return Number.isNaN(kibibytes) ? undefined : kibibytes * 1024;
}
