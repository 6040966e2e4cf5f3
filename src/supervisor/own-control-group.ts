/**
 * The control group that this process is in, and whether groups for sandboxes may be made below it. Being able to write is not being
 * asked to: below a group that a service manager looks after, its groups and ours would be in each other's way. It only reads.
 */
import { basename, join, relative } from 'node:path';
import { parseStat } from '../base/process-stat.ts';
import type { GroupFiles } from './group-files.ts';

export interface OwnGroup {
  /** Its directory. */
  readonly path: string;
  /** `machine`: the root of all groups, which has no bounds and may hold processes beside groups. */
  readonly place: 'machine' | 'below';
  /** Those that groups below it are to have. */
  readonly controllers: readonly Controller[];
  /** Processes in it that must move into a group below before it may have bounded ones. */
  readonly processes: readonly number[];
}

export type Controller = 'memory' | 'pids' | 'cpu';

/** Without these there is nothing that is worth a level; shares of the processor come on top. */
const needed: readonly Controller[] = ['memory', 'pids'];
const wanted: readonly Controller[] = [...needed, 'cpu'];

export interface Asking {
  readonly files: Pick<GroupFiles, 'read'>;
  readonly pid: number;
  readonly isRoot: boolean;
  /** `may`: only in a group that was certainly given to us. `must`: the operator demands it, so root uses the one that it is in. */
  readonly use: 'may' | 'must';
}

/** The group, or why there is none to be had. */
export async function findOwnGroup(asking: Asking): Promise<OwnGroup | string> {
  const { files, isRoot, use } = asking;
  const read = (path: string): Promise<string | undefined> => files.read(path).then((text) => text.trim(), nothing);
  const mount = unifiedMount((await read('/proc/self/mountinfo')) ?? '');
  if (mount === undefined) return 'no control groups of version 2 are mounted here';
  const lines = ((await read('/proc/self/cgroup')) ?? '').split('\n');
  const inTree = lines.find((line) => line.startsWith('0::'))?.slice('0::'.length);
  const below = inTree === undefined ? '..' : relative(mount.root, inTree);
  if (inTree === undefined || below.startsWith('..'))
    return 'the control group of this process is not in the tree that is mounted here';

  const path = join(mount.path, below);
  const available = (await read(join(path, 'cgroup.controllers')))?.split(/\s+/) ?? [];
  const missing = needed.filter((controller) => !available.includes(controller));
  if (missing.length > 0) return reasonOfMissing(missing, lines);
  const place = (await read(join(path, 'cgroup.type'))) === undefined ? 'machine' : 'below';
  const isNamespace = inTree === '/' && place === 'below';
  if (isRoot && !isNamespace && use === 'may') {
    return `root may write to ${path}, but may not have been given it: demand S4 to use it`;
  }
  const controllers = wanted.filter((controller) => available.includes(controller));
  if (place === 'machine') return { path, place, controllers, processes: [] };

  const processes = ((await read(join(path, 'cgroup.procs'))) ?? '').split('\n').filter(Boolean).map(Number);
  const family = await familyOf(asking, isNamespace ? 'with ancestors' : 'descendants', processes);
  const others = processes.filter((pid) => !family.has(pid));
  if (others.length > 0) return reasonOfOthers(asking, path, others);
  return { path, place, controllers, processes };
}

const nothing = (): undefined => undefined;

/** Fields of a line: `id parent device root path options... - type ...`. */
function unifiedMount(mountinfo: string): { readonly root: string; readonly path: string } | undefined {
  for (const line of mountinfo.split('\n')) {
    const [mounted = '', system = ''] = line.split(' - ');
    const [, , , root, path] = mounted.split(' ');
    if (system.startsWith('cgroup2 ') && root !== undefined && path !== undefined) return { root, path };
  }
  return undefined;
}

function reasonOfMissing(missing: readonly Controller[], lines: readonly string[]): string {
  const names = missing.join(' and ');
  const isOld = lines.some((line) =>
    line
      .split(':')[1]
      ?.split(',')
      .some((name) => missing.some((each) => each === name)),
  );
  if (isOld) return `this machine has ${names} in control groups of version 1: isotherm uses those of version 2`;
  return `${names} ${missing.length === 1 ? 'is' : 'are'} not passed on to the control group of this process`;
}

/**
 * This process and what it started; in a container, which is ours as a whole, also what started it.
 */
async function familyOf(
  { files, pid }: Asking,
  which: 'descendants' | 'with ancestors',
  processes: readonly number[],
): Promise<ReadonlySet<number>> {
  const parents = new Map<number, number>();
  const parentOf = async (child: number): Promise<number> => {
    const known = parents.get(child);
    if (known !== undefined) return known;
    const stat = await files.read(`/proc/${child}/stat`).catch(() => '');
    const parent = parseStat(stat).parent || 0;
    parents.set(child, parent);
    return parent;
  };
  const lineOf = async (of: number): Promise<readonly number[]> => {
    const line: number[] = [];
    // Pids change hands while they are read: no line is longer than there are processes.
    for (let at = of; at > 0 && !line.includes(at); at = await parentOf(at)) line.push(at);
    return line;
  };
  const family = new Set(which === 'with ancestors' ? await lineOf(pid) : [pid]);
  for (const process of processes) {
    if ((await lineOf(process)).includes(pid)) family.add(process);
  }
  return family;
}

async function reasonOfOthers({ files }: Asking, path: string, others: readonly number[]): Promise<string> {
  const name = async (pid: number): Promise<string> => {
    const command = await files.read(`/proc/${pid}/comm`).catch(() => '');
    return command === '' ? 'a process of elsewhere' : `${command.trim()} (pid ${pid})`;
  };
  const shown = await Promise.all(others.slice(0, othersShownMax).map(name));
  const rest = others.length - shown.length;
  const all = rest === 0 ? shown.join(', ') : `${shown.join(', ')} and ${rest} more`;
  return `control group ${basename(path) || '/'} holds other programs, which would have to move: ${all}`;
}

const othersShownMax = 3;
