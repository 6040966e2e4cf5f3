/**
 * The control group of one sandbox. Its memory is bounded beyond what the host's own watch allows (`memory-allowance.ts`), which looks
 * every few milliseconds and knows whose environment grew: the kernel's bound is for what is faster than a look.
 */
import type { FileHandle } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { limits } from '../model/limits.ts';
import type { GroupFiles } from './group-files.ts';
import type { Controller } from './own-control-group.ts';

/** Where the backing files of guests' volumes lie. */
export type VolumePlace = 'memory' | 'disk';

const MiB = 1024 * 1024;

/** @throws the system's error. Then the group may be there and empty. */
export async function makeSandboxGroup(
  files: GroupFiles,
  path: string,
  controllers: readonly Controller[],
  volumes: VolumePlace,
): Promise<SandboxGroup> {
  await files.makeGroup(path);
  const set = (name: string, value: number): Promise<void> => files.write(join(path, name), String(value));
  const mostBytes = (limits.sandboxRssMiBMax + limits.controlGroupSlackMiB) * MiB;
  await set('memory.max', mostBytes);
  await set('pids.max', sandboxTasksMax());
  if (controllers.includes('cpu')) await set('cpu.weight', limits.sandboxCpuWeight);
  // A part of a sandbox is of no use. Kernels before 4.19 do not know it, and a sandbox is one process anyway.
  await set('memory.oom.group', 1).catch(() => {});
  // What guests hold in memory is not for a disk. Not there where the kernel has no swap.
  await set('memory.swap.max', 0).catch(() => {});
  return new SandboxGroup(files, path, mostBytes, volumes, await files.openForWriting(join(path, 'cgroup.procs')));
}

/** Never tight (SECURITY.md 5.6 rule 5): V8 ends a process that cannot start a thread. */
export function sandboxTasksMax(cores = availableParallelism()): number {
  return limits.sandboxTasksMin + cores * limits.sandboxTasksPerCore;
}

export class SandboxGroup implements AsyncDisposable {
  readonly #files: GroupFiles;
  readonly #path: string;
  readonly #processes: Pick<FileHandle, 'fd' | 'close'>;
  readonly #volumes: VolumePlace;
  /** What the kernel was told, or is about to be. */
  #maxBytes: number;
  #telling: Promise<void> | undefined;

  /** Only for `makeSandboxGroup`. */
  constructor(
    files: GroupFiles,
    path: string,
    maxBytes: number,
    volumes: VolumePlace,
    processes: Pick<FileHandle, 'fd' | 'close'>,
  ) {
    this.#volumes = volumes;
    this.#files = files;
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#processes = processes;
  }

  /** Descriptor that a process joins by. Closed by `joined`. */
  get joinDescriptor(): number {
    return this.#processes.fd;
  }

  /** The sandbox has the descriptor, or there will be none. */
  async joined(): Promise<void> {
    await this.#processes.close();
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /**
   * So much the sandbox may hold from now on, and its volumes on top where they are in memory: whoever writes to them is charged.
   * Called often: the kernel is told when it matters, one thing at a time.
   */
  bound(allowedBytes: number, volumeMiB: number): void {
    const step = limits.controlGroupStepMiB * MiB;
    const volumeBytes = this.#volumes === 'memory' ? volumeMiB * MiB : 0;
    const maxBytes = Math.ceil((allowedBytes + volumeBytes) / step) * step + limits.controlGroupSlackMiB * MiB;
    if (maxBytes === this.#maxBytes) return;
    this.#maxBytes = maxBytes;
    this.#telling ??= this.#tell();
  }

  async #tell(): Promise<void> {
    let told: number;
    do {
      told = this.#maxBytes;
      // The group is gone, or its controller was taken away: what ends sandboxes beyond their memory then is the host's watch.
      await this.#files.write(join(this.#path, 'memory.max'), String(told)).catch(() => {});
    } while (told !== this.#maxBytes);
    this.#telling = undefined;
  }

  /** Whether the kernel ended a process in it because it was beyond its memory. */
  wasOutOfMemory(): boolean {
    try {
      const [, count] = /^oom_kill (\d+)$/m.exec(this.#files.readNow(join(this.#path, 'memory.events'))) ?? [];
      return count !== undefined && count !== '0';
    } catch {
      // The group is gone: then nobody knows.
      return false;
    }
  }

  /** Call it when the sandbox is reaped. What is busy for a moment longer goes with the engine, or with the next one's start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes.close();
    await this.#telling;
    await this.#files.removeGroup(this.#path).catch(() => {});
  }
}
