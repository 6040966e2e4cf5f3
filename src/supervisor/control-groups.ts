/**
 * A control group for each sandbox, in which the kernel itself bounds memory and tasks (SECURITY.md 5.6, level S4). Decided by trying:
 * what this process may do below its own group is found out by doing it, and undone when a part of it fails.
 *
 *     the group of this process             `own-control-group.ts` finds it
 *       isotherm-<mark of this process>     all that is ours, so that a later engine knows what was left behind
 *         host                              this process: a group may hold processes or bounded groups, not both
 *         sandbox-1                         one sandbox; it joins by itself, in its launcher
 *
 * All engines of a process share it. What the last of them leaves is the group as it was found.
 */
import { join } from 'node:path';
import { errorMessage } from '../base/error-text.ts';
import { ownerMark, ownerMarkPattern, ownerState } from '../base/owner-mark.ts';
import { type GroupFiles, kernelGroupFiles } from './group-files.ts';
import { type Asking, findOwnGroup, type OwnGroup } from './own-control-group.ts';
import { makeSandboxGroup, type SandboxGroup, type VolumePlace } from './sandbox-group.ts';
import { scratchFilesLieInMemory } from './scratch-file.ts';

export interface ControlGroups extends AsyncDisposable {
  /** Never throws: without its group a sandbox runs, one level lower, and the reason is in its report. */
  make(name: string): Promise<SandboxGroup | string>;
}

export interface ControlGroupOptions {
  readonly use: Asking['use'];
  /** For tests. Default: the kernel's, and who this process is. */
  readonly files?: GroupFiles;
  readonly isRoot?: boolean;
  readonly pid?: number;
}

/** Or why there are none. */
export async function openControlGroups(options: ControlGroupOptions): Promise<ControlGroups | string> {
  const files = options.files ?? kernelGroupFiles;
  return files === kernelGroupFiles ? await share(() => open(files, options)) : await open(files, options);
}

/** One after the other: the second finds what the first has made. Nobody closes what somebody else has asked for by then. */
async function share(openOnce: () => Promise<ControlGroups | string>): Promise<ControlGroups | string> {
  users += 1;
  const turn = shared.then(async (current) => current ?? (await openOnce()));
  shared = turn.then(
    (found) => (typeof found === 'string' ? undefined : found),
    () => undefined,
  );
  const found = await turn.finally(() => {
    openings += 1;
  });
  if (typeof found === 'string') {
    users -= 1;
    return found;
  }
  const name = `${openings}-`;
  return {
    make: (sandboxId) => found.make(`${name}${sandboxId}`),
    async [Symbol.asyncDispose]() {
      users -= 1;
      if (users > 0) return;
      // Never fails; whoever opens next waits for it.
      const closed = Promise.resolve(found[Symbol.asyncDispose]());
      shared = closed.then(() => undefined);
      await closed;
    },
  };
}

let shared: Promise<ControlGroups | undefined> = Promise.resolve(undefined);
let users = 0;
/** Engines number their sandboxes alike. */
let openings = 0;

const groupPattern = new RegExp(`^isotherm-${ownerMarkPattern.source}$`);

async function open(
  files: GroupFiles,
  { use, isRoot = process.getuid?.() === 0, pid = process.pid }: ControlGroupOptions,
): Promise<ControlGroups | string> {
  const own = await findOwnGroup({ files, pid, isRoot, use });
  if (typeof own === 'string') return own;
  await removeLeft(files, own.path);
  const groups = new Groups(files, own);
  try {
    await groups.open();
    return groups;
  } catch (error) {
    await groups[Symbol.asyncDispose]();
    return `control group ${own.path} is not for us to divide: ${errorMessage(error)}`;
  }
}

/** Groups of hosts that are certainly gone. What still runs in one was theirs and has no host any more. */
async function removeLeft(files: GroupFiles, path: string): Promise<void> {
  const names = await files.groupsIn(path).catch(() => []);
  for (const name of names) {
    const [, mark] = groupPattern.exec(name) ?? [];
    if (mark === undefined || ownerState(mark) !== 'dead') continue;
    const left = join(path, name);
    for (const each of await files.groupsIn(left).catch(() => [])) {
      // What the dead host shared its group with is nobody's to kill: only sandboxes.
      if (each !== hostName) await files.write(join(left, each, 'cgroup.kill'), '1').catch(() => {});
      await files.removeGroup(join(left, each)).catch(() => {});
    }
    // Busy while something in it is still ending: the next engine finds it again.
    await files.removeGroup(left).catch(() => {});
  }
}

const hostName = 'host';

class Groups implements ControlGroups {
  readonly #files: GroupFiles;
  readonly #own: OwnGroup;
  readonly #path: string;
  readonly #hostPath: string;
  /** How each step is taken back, the last one first. */
  readonly #undo: (() => Promise<void>)[] = [];

  #volumes: VolumePlace | undefined;

  constructor(files: GroupFiles, own: OwnGroup) {
    this.#files = files;
    this.#own = own;
    this.#path = join(own.path, `isotherm-${ownerMark}`);
    this.#hostPath = join(this.#path, hostName);
  }

  /** @throws the system's error; then what was done so far is to be taken back by disposing. */
  async open(): Promise<void> {
    const files = this.#files;
    const { path, place, processes } = this.#own;
    await files.makeGroup(this.#path);
    this.#undo.push(() => files.removeGroup(this.#path));
    if (place === 'below') {
      await files.makeGroup(this.#hostPath);
      this.#undo.push(() => files.removeGroup(this.#hostPath));
      this.#undo.push(() => this.#move(this.#hostPath, path));
      for (const pid of processes) await this.#moveOne(pid, this.#hostPath);
    }
    await this.#passOn(path);
    await this.#passOn(this.#path);
  }

  async make(name: string): Promise<SandboxGroup | string> {
    const path = join(this.#path, name);
    try {
      this.#volumes ??= (await scratchFilesLieInMemory()) ? 'memory' : 'disk';
      return await makeSandboxGroup(this.#files, path, this.#own.controllers, this.#volumes);
    } catch (error) {
      await this.#files.removeGroup(path).catch(() => {});
      return `its control group could not be made: ${errorMessage(error)}`;
    }
  }

  /** What cannot be taken back now is found by the next engine. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const left of await this.#files.groupsIn(this.#path).catch(() => [])) {
      if (left !== hostName) await this.#files.removeGroup(join(this.#path, left)).catch(() => {});
    }
    for (const step of this.#undo.splice(0).reverse()) await step().catch(() => {});
  }

  /** Groups below get the controllers that they do not have yet. */
  async #passOn(path: string): Promise<void> {
    const file = join(path, 'cgroup.subtree_control');
    const passed = (await this.#files.read(file)).trim().split(/\s+/);
    const added = this.#own.controllers.filter((controller) => !passed.includes(controller));
    if (added.length === 0) return;
    const all = (sign: '+' | '-'): string => added.map((controller) => `${sign}${controller}`).join(' ');
    await this.#files.write(file, all('+'));
    this.#undo.push(() => this.#files.write(file, all('-')));
  }

  async #move(from: string, to: string): Promise<void> {
    const processes = (await this.#files.read(join(from, 'cgroup.procs'))).split('\n').filter(Boolean);
    for (const pid of processes) await this.#moveOne(Number(pid), to);
  }

  async #moveOne(pid: number, to: string): Promise<void> {
    await this.#files.write(join(to, 'cgroup.procs'), String(pid)).catch((error: unknown) => {
      // It has ended meanwhile.
      if (!isGone(error)) throw error;
    });
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ESRCH';
}
