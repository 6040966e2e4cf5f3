/**
 * Where hostile functions are run: one engine that serves many of them one after another, with neighbours, and with a record of
 * everything that the engine told. It judges nothing.
 */
import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import { createEngine, type Engine, type EngineOptions, type PlatformEvent } from '../../../src/index.ts';
import { HostPulse } from './host-pulse.ts';
import { Neighbour } from './neighbour.ts';
import { type ProcessFacts, processFacts } from './process-facts.ts';
import { benignEvent } from './program.ts';

/** What the engine told of one function, in order, with the time at which it did. */
export type Told = { readonly atMs: number; readonly event: PlatformEvent };

export class Range implements AsyncDisposable {
  readonly engine: Engine;
  readonly pulse = new HostPulse();
  /** Two cores: so many programs do harm at once, while others wait to see what is left of theirs. */
  readonly harm = pLimit(2);
  readonly rows = pLimit(6);
  /** Must never be seen by a guest; it is in this process's environment. */
  readonly hostSecret: string;
  /** Of a sandbox in which a benign function was called, in a fresh engine: what a cold program's is measured against. */
  ordinary: ProcessFacts | undefined;
  readonly #told: Map<string, Told[]>;
  readonly #neighbours: Neighbour[] = [];

  private constructor(engine: Engine, told: Map<string, Told[]>, hostSecret: string) {
    this.engine = engine;
    this.#told = told;
    this.hostSecret = hostSecret;
  }

  static async open(options: EngineOptions = {}): Promise<Range> {
    const hostSecret = `host-${randomBytes(8).toString('hex')}`;
    process.env.ISOTHERM_CATALOGUE_SECRET = hostSecret;
    const told = new Map<string, Told[]>();
    const engine = await createEngine({
      ...options,
      limits: { sandboxesMax: 24, queueMs: 20_000 },
      observe: (event) => {
        if (!('functionName' in event)) return;
        const list = told.get(event.functionName);
        if (list === undefined) told.set(event.functionName, [{ atMs: performance.now(), event }]);
        else list.push({ atMs: performance.now(), event });
      },
    });
    const range = new Range(engine, told, hostSecret);
    await range.#measure();
    for (let number = 0; number < neighboursMax; number += 1) {
      range.#neighbours.push(await new Neighbour(engine, number).deploy());
    }
    return range;
  }

  /** What was told of a function so far; forgotten with `forget`. */
  told(functionName: string): readonly Told[] {
    return this.#told.get(functionName) ?? [];
  }

  forget(functionName: string): void {
    this.#told.delete(functionName);
  }

  /** A neighbour that nobody else calls, until it is given back. */
  takeNeighbour(): Neighbour {
    const neighbour = this.#neighbours.shift();
    if (neighbour === undefined) throw new Error('more programs ask for a neighbour than do harm at once');
    return neighbour;
  }

  giveBack(neighbour: Neighbour): void {
    this.#neighbours.push(neighbour);
  }

  /** Processes that hold environments of a function whose trust domain is its own name. */
  pidsOf(functionName: string): readonly number[] {
    return this.engine
      .stats()
      .sandboxes.filter(({ trustDomain }) => trustDomain === functionName || trustDomain === `function:${functionName}`)
      .map(({ pid }) => pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pulse[Symbol.dispose]();
    await this.engine.close();
  }

  async #measure(): Promise<void> {
    const functionName = 'ordinary';
    await this.engine.createFunction({
      functionName,
      trustDomain: functionName,
      timeout: 20,
      code: { source: 'exports.handler = async () => "benign";' },
    });
    for (let call = 0; call < 3; call += 1) await this.engine.invoke({ functionName, payload: benignEvent });
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const [pid] = this.pidsOf(functionName);
    this.ordinary = pid === undefined ? undefined : processFacts(pid);
    await this.engine.deleteFunction(functionName);
  }
}

const neighboursMax = 2;
/** After a cold start a sandbox prepares the next isolate, which is ordinary too. */
const settleMs = 700;
