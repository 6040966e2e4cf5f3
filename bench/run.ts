/** One run: which peers are there, each scenario with those that can, and what came of it. */

import { type ClientOptions, type DriverClient, startDriver } from './driver-client.ts';
import { driverNamed, drivers } from './drivers/all.ts';
import type { Driver } from './drivers/driver.ts';
import { encodeHistogram } from './histogram.ts';
import { revision, thisMachine } from './machine.ts';
import type { BenchResult, MissingPeer, Progress, Scenario, Series } from './model.ts';
import { installCommand } from './peer-packages.ts';
import { seededRandom } from './random.ts';
import { plans } from './scenarios/all.ts';
import { type Context, merged, type ScenarioPeer, type ScenarioPlan } from './scenarios/scenario.ts';
import { targetsOf } from './targets.ts';

export interface BenchOptions {
  /** Fewer rounds and fewer peers in some scenarios: less than a minute on two quiet cores. */
  readonly quick: boolean;
  /** Names of scenarios; all when absent. */
  readonly only?: readonly string[];
  /** Names of peers beside isotherm itself; all that are installed when absent. Floors are always there. */
  readonly peers?: readonly string[];
  readonly seed?: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

const progressUnits = 100;

/**
 * A run that is interrupted gives what it has measured, if that is anything.
 * @throws RangeError for a scenario or a peer that there is none of
 */
export async function runBench({ quick, only, peers, seed = 1, progress, signal }: BenchOptions): Promise<BenchResult> {
  for (const name of only ?? []) {
    if (plans.every((plan) => plan.scenario.name !== name)) {
      throw new RangeError(
        `no scenario is named ${JSON.stringify(name)}; there are ${plans.map((plan) => plan.scenario.name).join(', ')}`,
      );
    }
  }
  for (const name of peers ?? []) driverNamed(name);
  signal?.throwIfAborted();
  const chosen = plans.filter((plan) =>
    only ? only.includes(plan.scenario.name) : !quick || plan.isLeftOutOfQuick !== true,
  );
  const startedAt = new Date().toISOString();
  const from = performance.now();
  const machine = thisMachine();
  const missing: MissingPeer[] = [];
  const present: Driver[] = [];
  for (const driver of drivers) {
    if (peers && !peers.includes(driver.name) && !driver.isFloor && !driver.name.startsWith('isotherm')) continue;
    if (driver.version() === undefined) missing.push({ name: driver.name, reason: `not installed: ${installCommand}` });
    else present.push(driver);
  }

  let series: Series[] = [];
  const scenarios: Scenario[] = [];
  const random = seededRandom(seed);
  // A quick run starts each peer once; a full one anew for each scenario, so that none meets what another left behind.
  await using clients = new Clients(signal, quick ? 'kept' : 'renewed');
  for (const [i, plan] of chosen.entries()) {
    const report = (share: number, what: string) => {
      progress(
        i * progressUnits + Math.min(progressUnits, Math.floor(share * progressUnits)),
        chosen.length * progressUnits,
        what,
      );
    };
    const began = performance.now();
    const found = await runPlan({ plan, present, clients, quick, random, signal, report });
    series = [...series, ...found.series];
    missing.push(...(found.series.length > 0 || signal?.aborted !== true ? found.missing : []));
    const seconds = Math.round(performance.now() - began) / 1000;
    const { scenario, beside = [], method } = plan;
    const shown = [scenario, ...beside].filter((each) => each === scenario || hasSeries(found.series, each.name));
    // One that was interrupted before it had a figure has nothing to show.
    if (signal?.aborted !== true || found.series.length > 0) {
      scenarios.push(...shown.map((each) => ({ ...each, method: method(quick), seconds })));
    }
    if (signal?.aborted === true) break;
    await clients.endScenario();
  }
  if (series.length === 0) signal?.throwIfAborted();
  progress(chosen.length * progressUnits, chosen.length * progressUnits, 'done');

  const used = new Set(series.map(({ peer }) => peer));
  return {
    format: 1,
    revision: revision(),
    startedAt,
    seconds: (performance.now() - from) / 1000,
    quick,
    ...(signal?.aborted === true && { isInterrupted: true }),
    seed,
    machine,
    peers: present
      .filter(({ name }) => used.has(name))
      .map(({ name, about, version, isFloor }) => ({
        name,
        version: version() ?? '',
        about,
        ...(isFloor === true && { isFloor }),
      })),
    missing,
    scenarios,
    series: await withHistograms(series),
    targets: targetsOf(series),
  };
}

function hasSeries(series: readonly Series[], scenario: string): boolean {
  return series.some((each) => each.scenario === scenario);
}

interface PlanRun {
  readonly plan: ScenarioPlan;
  readonly present: readonly Driver[];
  readonly clients: Clients;
  readonly quick: boolean;
  readonly random: () => number;
  readonly signal: AbortSignal | undefined;
  readonly report: (share: number, what: string) => void;
}

async function runPlan({
  plan,
  present,
  clients,
  quick,
  random,
  signal,
  report,
}: PlanRun): Promise<{ series: Series[]; missing: MissingPeer[] }> {
  const scenario = plan.scenario.name;
  let series: Series[] = [];
  const missing: MissingPeer[] = [];
  const peers: ScenarioPeer[] = [];
  for (const driver of present) {
    if (driver.isFloor && !plan.floors?.includes(driver.name)) continue;
    const lack = plan.needs.map((need) => driver.lacks[need]).find((reason) => reason !== undefined);
    const isLeftOut =
      quick && !driver.isFloor && plan.quickPeers !== undefined && !plan.quickPeers.includes(driver.name);
    const reason = lack ?? (isLeftOut ? 'left out of a quick run' : undefined);
    if (reason === undefined) peers.push(peerOf(driver, signal));
    else missing.push({ name: driver.name, scenario, reason });
  }
  const leaveOut = (peer: ScenarioPeer, reason: string) => {
    missing.push({ name: peer.name, scenario, reason });
    const at = peers.indexOf(peer);
    if (at >= 0) peers.splice(at, 1);
  };
  const context: Context = {
    quick,
    random,
    signal,
    get peers() {
      return [...peers];
    },
    progress: report,
    leaveOut,
    async attempt(peer, action) {
      if (!peers.includes(peer)) return undefined;
      try {
        return await action(plan.opensPeers?.(quick) === true ? unopened : await clients.of(peer));
      } catch (error) {
        signal?.throwIfAborted();
        leaveOut(peer, `failed: ${error instanceof Error ? error.message : error}`);
        await clients.drop(peer);
        return undefined;
      }
    },
    record(peer, { scenario: name = scenario, unit, at, samples, failures, failure, phases = [] }) {
      series = merged(series, {
        scenario: name,
        peer: peer.name,
        unit,
        ...(at === undefined ? {} : { at }),
        samples,
        ...(phases.length === 0 ? {} : { phases }),
        failures,
        ...(failure === undefined ? {} : { failure }),
      });
    },
  };
  try {
    await plan.run(context);
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    // Interrupted: what the peers that were done have shown is as good as it was.
  }
  return { series, missing };
}

/** For scenarios that open peers themselves. */
const unopened: DriverClient = {
  peer: 'none',
  openedAtMs: Number.NaN,
  ask: () => Promise.reject(new Error('this scenario opens its peers itself')),
  memoryBytes: () => 0,
  async [Symbol.asyncDispose]() {},
};

function peerOf({ name, environmentIsProcess }: Driver, signal: AbortSignal | undefined): ScenarioPeer {
  const open = (options: ClientOptions) =>
    startDriver(name, { ...options, ...(signal === undefined ? {} : { signal }) });
  return { name, environmentIsProcess: environmentIsProcess === true, open };
}

/** Peers that are open, each at most once. */
class Clients implements AsyncDisposable {
  readonly #signal: AbortSignal | undefined;
  readonly #across: 'kept' | 'renewed';
  readonly #open = new Map<string, Promise<DriverClient>>();

  constructor(signal: AbortSignal | undefined, across: 'kept' | 'renewed') {
    this.#signal = signal;
    this.#across = across;
  }

  of(peer: ScenarioPeer): Promise<DriverClient> {
    this.#signal?.throwIfAborted();
    const open = this.#open.get(peer.name) ?? peer.open({ environments: 100 });
    this.#open.set(peer.name, open);
    return open;
  }

  async drop({ name }: { readonly name: string }): Promise<void> {
    const open = this.#open.get(name);
    this.#open.delete(name);
    // One that could not be opened has said so to who asked for it, and holds nothing.
    const client = await open?.catch(() => undefined);
    await client?.[Symbol.asyncDispose]();
  }

  async endScenario(): Promise<void> {
    if (this.#across === 'renewed') await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.keys()].map((name) => this.drop({ name })));
  }
}

/** Latencies also as histograms, where its package is installed. */
async function withHistograms(series: readonly Series[]): Promise<Series[]> {
  return await Promise.all(
    series.map(async (each) => {
      const histogram =
        each.unit === 'ms' && each.samples.every((ms) => ms > 0) ? await encodeHistogram(each.samples) : undefined;
      return histogram === undefined ? each : { ...each, histogram };
    }),
  );
}
