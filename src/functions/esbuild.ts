/**
 * The only importer of esbuild, so that its version, its start and what we use of it are decided in one place.
 *
 * esbuild is a child process that serves all calls. A text can end it (nesting that overflows its stack), or make it grow without
 * end (40 to 65 MB for each megabyte of `[],[],`), in which case it is killed here. Then every call that is under way fails, and
 * its library would refuse all later ones: here the next call starts a new child.
 */
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { totalmem } from 'node:os';
import {
  type BuildContext,
  type BuildOptions,
  type BuildResult,
  build as buildOnce,
  context as newContext,
  type SameShape,
  stop,
  type TransformOptions,
  type TransformResult,
  transform as transformOnce,
} from 'esbuild';
import { ResidentMemory } from '../base/resident-memory.ts';
import { limits } from '../model/limits.ts';

export type { BuildOptions, Loader, Message, OnLoadResult, PartialMessage, Plugin } from 'esbuild';
export { version } from 'esbuild';

/** The child ended during the call: because of this call's text, or of another's. */
export class EsbuildEndedError extends Error {
  override readonly name = 'EsbuildEndedError';
}

export async function build<Options extends BuildOptions>(
  options: SameShape<BuildOptions, Options>,
): Promise<BuildResult<Options>> {
  return await served(() => buildOnce<Options>(options));
}

export async function transform<Options extends TransformOptions>(
  text: string,
  options: SameShape<TransformOptions, Options>,
): Promise<TransformResult<Options>> {
  return await served(() => transformOnce<Options>(text, options));
}

export async function context<Options extends BuildOptions>(
  options: SameShape<BuildOptions, Options>,
): Promise<BuildContext<Options>> {
  return await served(() => newContext<Options>(options));
}

/** The child that serves calls now, once one was made. */
let service: Service | undefined;

/** Runs one call; anything that goes through a context needs it, too. @throws EsbuildEndedError */
export async function served<Result>(call: () => Promise<Result>): Promise<Result> {
  // A child is started by the first call that needs one, before that call returns.
  const calling = service === undefined ? startedBy(call) : call();
  const calledOf = service;
  calledOf?.begun();
  try {
    return await calling;
  } catch (error) {
    if (!hasEnded(error)) throw error;
    // Several calls fail with one child, and only the first may give it up.
    if (calledOf === service) {
      service = undefined;
      // Forgets the child that is gone.
      await stop();
    }
    throw new EsbuildEndedError(calledOf?.killedBecause ?? 'esbuild ended while it worked on the code', {
      cause: error,
    });
  } finally {
    calledOf?.ended();
  }
}

/** Ends the child, and so every call that is under way: the only way to stop it in the middle of one file. */
export function endService(because: string): void {
  service?.kill(because);
}

/** The library keeps its child to itself, but Node tells of every process that it makes, a moment before it has a pid. */
function startedBy<Result>(call: () => Promise<Result>): Promise<Result> {
  let child: ChildProcess | undefined;
  const onProcess = (message: unknown): void => {
    child = (message as { readonly process: ChildProcess }).process;
  };
  subscribe('child_process', onProcess);
  try {
    return call();
  } finally {
    unsubscribe('child_process', onProcess);
    if (child !== undefined) service = new Service(child);
  }
}

/** One child: its memory is looked at while calls are under way. */
class Service {
  readonly #child: ChildProcess;
  readonly #memory: ResidentMemory | undefined;
  #callsUnderWay = 0;
  #looking: NodeJS.Timeout | undefined;
  /** For whoever has to tell why a call failed. */
  killedBecause: string | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    // Without a pid it was never started, which its library is told, too.
    this.#memory = child.pid === undefined ? undefined : new ResidentMemory(child.pid);
    child.once('exit', () => {
      clearInterval(this.#looking);
      this.#memory?.[Symbol.dispose]();
    });
  }

  begun(): void {
    this.#callsUnderWay += 1;
    this.#looking ??= setInterval(() => this.#look(), limits.bundlerLookMs).unref();
  }

  ended(): void {
    this.#callsUnderWay -= 1;
    if (this.#callsUnderWay > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  kill(because: string): void {
    this.killedBecause ??= because;
    // Node sends nothing to a child that it has reaped.
    this.#child.kill('SIGKILL');
  }

  #look(): void {
    const bytes = this.#memory?.readBytes();
    if (bytes === undefined || bytes <= memoryBytesMax) return;
    const found = `${toMiB(bytes)} MiB of memory`;
    this.kill(`esbuild took ${found} for it, where at most ${toMiB(memoryBytesMax)} are allowed (bundlerMemoryMiBMax)`);
  }
}

/** On a small machine, or in a small control group, less than the limit: the host has to live beside it. */
const machineBytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
let memoryBytesMax = Math.min(limits.bundlerMemoryMiBMax * 1024 * 1024, limits.bundlerMemoryShareMax * machineBytes);

/** For tests: what grows to the real limit takes a minute. Gives back what held before. */
export function setMemoryBytesMax(bytes: number): number {
  const before = memoryBytesMax;
  memoryBytesMax = bytes;
  return before;
}

function toMiB(bytes: number): number {
  return Math.round(bytes / (1024 * 1024));
}

/** The library has no code for it, only these texts. */
function hasEnded(error: unknown): boolean {
  return error instanceof Error && /^The service (?:was stopped|is no longer running)/.test(error.message);
}
