/** A peer made of bare environments: what the caller of such a thing has to write himself, at its least. One environment for each function. */
import { measurePhases, type Phase } from '../measure.ts';
import type { Answer, FunctionInput, OpenOptions, RunningPeer } from './driver.ts';

export interface Environment {
  call(payload: string): Promise<string>;
  close(): Promise<void> | void;
  /** Where it is a process: ends it as something outside would. */
  kill?(): void;
}

/** Makes an environment that has evaluated the function's source; `phase` ends a phase of that and names it. */
export type Start = (input: FunctionInput, phase: (name: string) => void) => Promise<Environment>;

export const defaultTimeoutMs = 3_000;

/** Why a peer has nothing to compare with many deployed functions. */
export const noRegistry = 'it has no names: a call goes to an environment that the caller holds';

/** Why a peer has no process that could be killed. */
export const noProcess = 'it runs functions in the process that calls them';

export function peerOfEnvironments(start: Start, { idleMs }: OpenOptions): RunningPeer {
  const functions = new Map<string, FunctionInput>();
  const environments = new Map<
    string,
    { readonly made: Promise<Environment>; timer?: NodeJS.Timeout; calls: number }
  >();

  async function drop(name: string): Promise<void> {
    const held = environments.get(name);
    environments.delete(name);
    clearTimeout(held?.timer);
    await (await held?.made)?.close();
  }

  async function call(name: string, payload: string): Promise<Answer> {
    const input = functions.get(name);
    if (input === undefined) throw new Error(`no function ${name}`);
    let phases: Phase[] | undefined;
    let held = environments.get(name);
    if (held === undefined) {
      const { mark, phases: marked } = measurePhases();
      phases = marked;
      held = { made: start(input, mark), calls: 0 };
      environments.set(name, held);
    }
    clearTimeout(held.timer);
    held.calls += 1;
    try {
      const environment = await held.made;
      const answer = await environment.call(payload);
      return phases === undefined ? { payload: answer, isCold: false } : { payload: answer, isCold: true, phases };
    } catch (error) {
      // What failed may be in any state: the next call gets a new environment.
      if (environments.get(name) === held) await drop(name).catch(() => {});
      throw error;
    } finally {
      held.calls -= 1;
      if (idleMs !== undefined && held.calls === 0) held.timer = setTimeout(() => void drop(name), idleMs);
    }
  }

  return {
    async deploy(inputs) {
      for (const input of inputs) functions.set(input.name, input);
    },
    call,
    async remove(name) {
      functions.delete(name);
      await drop(name);
    },
    async kill(name) {
      (await environments.get(name)?.made)?.kill?.();
    },
    async [Symbol.asyncDispose]() {
      for (const name of [...environments.keys()]) await drop(name).catch(() => {});
    },
  };
}

/** Rejects after the limit and ends what runs, for peers whose own means is to be killed from outside. */
export async function withTimeLimit<Result>(limitMs: number, end: () => void, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      end();
      reject(new Error(`timed out after ${limitMs} ms`));
    }, limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
