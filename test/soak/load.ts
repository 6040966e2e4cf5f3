/**
 * Load on one engine for a while, with sandboxes killed from outside, hostile functions beside the good ones, or both. It counts what
 * comes of every call, and measures how long a trust domain is out of service after each kill. It judges nothing but answers.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { createEngine as CreateEngine, Engine, PlatformEvent } from '../../src/index.ts';
import { type RandomNumbers, randomNumbers } from '../fixtures/random-numbers.ts';
import { goodFunctions, hostileFunctions, type SoakFunction } from './programs.ts';
import { type Attempt, Recoveries } from './recovery.ts';
import { type Resources, resources } from './resources.ts';

export interface LoadOptions {
  /** Of the sources, or of the built package: its sandboxes start many times faster. */
  readonly createEngine: typeof CreateEngine;
  readonly seconds: number;
  readonly seed: number;
  /** Absent: nothing is killed. `sustained`: as often as this machine, as busy as it is now, starts sandboxes with ease. */
  readonly killEveryMs?: number | 'sustained';
  readonly isHostile: boolean;
  /** Good calls at once, each followed by another: a load that takes whatever the machine gives. */
  readonly clients: number;
  /**
   * Good calls a second that come by chance, whatever became of those before: a load that leaves room for what is measured. `half` of
   * what this machine, as busy as it is now, serves. Default: none but those of the clients.
   */
  readonly rate?: number | 'half';
  readonly sampleEveryMs: number;
  readonly onSample?: (told: Told) => void;
}

export interface Told {
  readonly accepted: number;
  readonly answered: number;
  readonly kills: number;
  readonly sample: Resources;
}

export interface LoadResult {
  readonly accepted: number;
  readonly answered: number;
  /** Good calls by how they ended. */
  readonly good: Readonly<Record<string, number>>;
  readonly hostile: Readonly<Record<string, number>>;
  /** Errors of the engine, and how often each came; numbers, names and ids in them are left out. */
  readonly messages: Readonly<Record<string, number>>;
  /** Good calls that ended as they must not. */
  readonly wrong: readonly string[];
  readonly kills: number;
  /** How long a sandbox took to start before the load. */
  readonly startMs: number;
  /** How often was killed. */
  readonly killEveryMs: number | undefined;
  /** Of each kill of what served a good function. */
  readonly recoveries: Recoveries['all'];
  /** Calls a second that came by chance, and those that did not because too many were under way. */
  readonly rate: number;
  readonly heldBack: number;
  readonly goodMs: readonly number[];
  /** While it ran; the first after a warm-up. */
  readonly samples: readonly Resources[];
  /** When the engine was closed again, and before it was opened. */
  readonly before: Resources;
  readonly after: Resources;
}

/** What the loss of a sandbox means for a call, and what holds back whoever crashes again and again. */
const outages: ReadonlySet<string> = new Set(['SandboxLost', 'SandboxStartFailed', 'FunctionSuspended']);

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const startMs = await warmUp(options);
  const before = resources();
  const secluded = new Set<string>();
  const engine = await openEngine(options, (event) => {
    if (event.type === 'function.secluded') secluded.add(event.functionName);
  });
  const { killEveryMs: wished } = options;
  const killEveryMs = wished === 'sustained' ? Math.max(sustainedKillEveryMsMin, startMs * startsPerKill) : wished;
  const load = new Load(engine, options, killEveryMs, secluded);
  try {
    await load.run();
  } finally {
    await engine.close();
  }
  await delay(500);
  return { ...load.result(), startMs, killEveryMs, before, after: resources() };
}

/**
 * Two cores keep up with a kill every half second: a start takes 0.15 s of one. Where one takes longer because others want the cores
 * too, so much longer is waited: the start for the last kill, one for its spare, and room for the load itself.
 */
const sustainedKillEveryMsMin = 500;
const startsPerKill = 4;

/**
 * What stays of an engine for the life of its process, as esbuild's service, is there before anything is counted. Answers how long a
 * sandbox took to start.
 */
async function warmUp(options: LoadOptions): Promise<number> {
  let startMs = 0;
  const engine = await openEngine(options, (event) => {
    if (event.type === 'sandbox.started') startMs = Math.max(startMs, event.startMs);
  });
  const warm = await engine.createFunction({
    functionName: 'warm',
    timeout: 20,
    code: { source: 'export const handler = async () => 1' },
  });
  await warm();
  await engine.close();
  await delay(500);
  return startMs;
}

const concurrency = 24;

/** Calls by chance that may be under way: more than the engine runs at once, and less than it lets wait. */
const underWayMax = 400;

function openEngine({ createEngine }: LoadOptions, observe?: (event: PlatformEvent) => void): Promise<Engine> {
  return createEngine({
    ...(observe && { observe }),
    limits: {
      concurrency,
      queueMs: 30_000,
      memoryBudgetMiB: 4_096,
      environmentsMax: 32,
      environmentsPerSandbox: 8,
      sandboxesMax: 8,
      environmentIdleMs: 5_000,
    },
  });
}

class Load {
  readonly #engine: Engine;
  readonly #options: LoadOptions;
  readonly #killEveryMs: number | undefined;
  /** Functions that were alone in a sandbox that was killed have one of their own from then on: nobody can tell whose doing it was. */
  readonly #secluded: ReadonlySet<string>;
  readonly #random: RandomNumbers;
  readonly #good: Record<string, number> = {};
  readonly #hostile: Record<string, number> = {};
  readonly #messages: Record<string, number> = {};
  readonly #wrong: string[] = [];
  readonly #recoveries: Recoveries;
  readonly #goodMs: number[] = [];
  readonly #samples: Resources[] = [];
  #rate = 0;
  #heldBack = 0;
  #accepted = 0;
  #answered = 0;
  #kills = 0;
  #isRunning = true;

  constructor(engine: Engine, options: LoadOptions, killEveryMs: number | undefined, secluded: ReadonlySet<string>) {
    this.#engine = engine;
    this.#killEveryMs = killEveryMs;
    this.#secluded = secluded;
    this.#options = options;
    this.#random = randomNumbers(options.seed);
    this.#recoveries = new Recoveries(
      (functionName) => this.#callGoodOnce(functionName, 'nothing'),
      (functionName) => this.#sandboxOf(functionName)?.pid,
    );
  }

  result(): Omit<LoadResult, 'before' | 'after' | 'startMs' | 'killEveryMs'> {
    return {
      accepted: this.#accepted,
      answered: this.#answered,
      good: this.#good,
      hostile: this.#hostile,
      messages: this.#messages,
      wrong: this.#wrong,
      kills: this.#kills,
      recoveries: this.#recoveries.all,
      rate: this.#rate,
      heldBack: this.#heldBack,
      goodMs: this.#goodMs,
      samples: this.#samples,
    };
  }

  async run(): Promise<void> {
    const { seconds, clients, isHostile, rate = 0 } = this.#options;
    const deployed = isHostile ? [...goodFunctions, ...hostileFunctions] : goodFunctions;
    for (const { source, ...settings } of deployed) {
      await this.#engine.createFunction({ ...settings, code: { source } });
    }
    this.#rate = rate === 'half' ? (await this.#served()) / 2 : rate;
    const work = Array.from({ length: clients }, () => this.#callGood());
    if (this.#rate > 0) work.push(this.#callByChance(1_000 / this.#rate));
    if (isHostile) work.push(this.#callHostile(), this.#callHostile());
    if (this.#killEveryMs !== undefined) work.push(this.#killNowAndThen(this.#killEveryMs));
    work.push(this.#sampleNowAndThen());
    await delay(seconds * 1_000);
    this.#isRunning = false;
    await Promise.all(work);
    await this.#recoveries.settled();
  }

  /** Calls a second, when as many are made at once as run at once. */
  async #served(): Promise<number> {
    const measuredMs = 2_000;
    const clients = Array.from({ length: concurrency }, () => this.#callGood());
    await delay(measuredMs);
    const before = this.#answered;
    await delay(measuredMs);
    const served = this.#answered - before;
    this.#isRunning = false;
    await Promise.all(clients);
    this.#isRunning = true;
    this.#goodMs.length = 0;
    return served / (measuredMs / 1_000);
  }

  /** Calls come independently of each other, and of what became of them. */
  async #callByChance(meanMs: number): Promise<void> {
    const calls = new Set<Promise<void>>();
    let dueMs = performance.now();
    while (this.#isRunning) {
      for (; dueMs <= performance.now(); dueMs += meanMs * this.#exponential()) {
        if (calls.size >= underWayMax) {
          this.#heldBack += 1;
          continue;
        }
        const startMs = performance.now();
        const call = this.#callGoodOnce(this.#random.pick(goodFunctions).functionName).then(({ how }) => {
          if (how === 'success') this.#goodMs.push(performance.now() - startMs);
          calls.delete(call);
        });
        calls.add(call);
      }
      await delay(1);
    }
    await Promise.all(calls);
  }

  async #callGood(): Promise<void> {
    while (this.#isRunning) {
      const { functionName } = this.#random.pick(goodFunctions);
      const startMs = performance.now();
      const { how } = await this.#callGoodOnce(functionName);
      if (how === 'success') this.#goodMs.push(performance.now() - startMs);
      // Who is told to come again later does not hurry.
      else await delay(20);
    }
  }

  async #callGoodOnce(
    functionName: string,
    what = this.#random.pick(['nothing', 'nothing', 'sleep', 'hash']),
  ): Promise<Attempt> {
    const n = this.#accepted;
    const event = { n, do: what };
    const { how, text, report } = await this.#invoke(functionName, event);
    this.#good[how] = (this.#good[how] ?? 0) + 1;
    const isRight = how === 'success' ? JSON.parse(text).n === n : outages.has(how);
    if (!isRight) this.#wrong.push(`call ${n} of ${functionName}: ${how} ${text.slice(0, 200)}`);
    return { how, report };
  }

  async #callHostile(): Promise<void> {
    while (this.#isRunning) {
      const { functionName } = this.#random.pick(hostileFunctions);
      const { how } = await this.#invoke(functionName, {});
      const key = `${functionName.slice('hostile-'.length)}: ${how}`;
      this.#hostile[key] = (this.#hostile[key] ?? 0) + 1;
      if (how === 'FunctionSuspended') await delay(50);
    }
  }

  async #invoke(functionName: string, event: object): Promise<Attempt & { readonly text: string }> {
    this.#accepted += 1;
    try {
      const { functionError, payload, report } = await this.#engine.invoke({
        functionName,
        payload: JSON.stringify(event),
      });
      const text = Buffer.from(payload).toString();
      return { how: functionError === undefined ? 'success' : String(JSON.parse(text).errorType), text, report };
    } catch (error) {
      // By its name: it may be the class of the built package.
      if (!(error instanceof Error) || error.name !== 'EngineError' || !('code' in error)) throw error;
      const message = `${error.code}: ${error.message.replaceAll(/[\da-f]{8,}[\da-f-]*|\d+|hostile-\w+/g, '#')}`;
      this.#messages[message] = (this.#messages[message] ?? 0) + 1;
      return { how: String(error.code), text: error.message, report: undefined };
    } finally {
      this.#answered += 1;
    }
  }

  async #killNowAndThen(everyMs: number): Promise<void> {
    // What is warm when the first one dies is what a service has.
    await delay(1_000);
    while (this.#isRunning) {
      await delay(everyMs);
      const { sandboxes } = this.#engine.stats();
      if (sandboxes.length === 0) continue;
      const victim = this.#random.pick(sandboxes);
      // The engine lists only what is not reaped, so this pid is still its own.
      process.kill(victim.pid, 'SIGKILL');
      this.#kills += 1;
      const served = goodFunctions.filter((good) => this.#whereOf(good) === victim.trustDomain);
      this.#recoveries.killed(served.map(({ functionName }) => functionName));
    }
  }

  /** Between two that come independently of each other; 1 in the mean. */
  #exponential(): number {
    return -Math.log(1 - this.#random.next());
  }

  #sandboxOf(functionName: string): { readonly pid: number } | undefined {
    const good = goodFunctions.find((each) => each.functionName === functionName);
    return this.#engine.stats().sandboxes.find(({ trustDomain }) => good && trustDomain === this.#whereOf(good));
  }

  /** What the engine's figures call the sandboxes of a function. */
  #whereOf({ functionName, trustDomain }: SoakFunction): string {
    return this.#secluded.has(functionName) ? `function:${functionName}` : trustDomain;
  }

  async #sampleNowAndThen(): Promise<void> {
    const { sampleEveryMs, onSample } = this.#options;
    while (this.#isRunning) {
      await delay(Math.min(sampleEveryMs, 1_000));
      const last = this.#samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
      if (!this.#isRunning || performance.now() - last < sampleEveryMs) continue;
      // A sample collects garbage, which stops this process for tens of milliseconds: not while that would be taken for an outage.
      await this.#recoveries.settled();
      const sample = resources();
      this.#samples.push(sample);
      onSample?.({ accepted: this.#accepted, answered: this.#answered, kills: this.#kills, sample });
    }
  }
}
