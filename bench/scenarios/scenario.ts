/** What a scenario is to the run, and what it gets: peers that are open, turns among them, and a place for what they show. */
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { DriverClient } from '../driver-client.ts';
import type { Feature, FunctionInput } from '../drivers/driver.ts';
import type { Batch } from '../measure.ts';
import type { Scenario, Series, Unit } from '../model.ts';
import { type Rounds, turns } from '../rounds.ts';

export interface ScenarioPlan {
  readonly scenario: Omit<Scenario, 'method'>;
  /** Other figures of the same calls. */
  readonly beside?: readonly Omit<Scenario, 'method'>[];
  /** Rounds, calls and warm-up, for the report. */
  method(quick: boolean): string;
  readonly needs: readonly Feature[];
  /** Floors that take part beside all peers that can. */
  readonly floors?: readonly string[];
  /** In a quick run only these: the others would take longer than a minute together. */
  readonly quickPeers?: readonly string[];
  /** Opens its peers itself. */
  opensPeers?(quick: boolean): boolean;
  readonly isLeftOutOfQuick?: true;
  run(context: Context): Promise<void>;
}

export interface Context {
  readonly quick: boolean;
  readonly random: () => number;
  readonly signal: AbortSignal | undefined;
  /** Those that still take part. */
  readonly peers: readonly ScenarioPeer[];
  /** @param share from 0 to 1, of this scenario */
  progress(share: number, what: string): void;
  /** Does something with a peer. One that throws is out of this scenario, with the reason in the result. */
  attempt<Result>(peer: ScenarioPeer, action: (client: DriverClient) => Promise<Result>): Promise<Result | undefined>;
  /** A peer has no figures here, and why; it is out of this scenario. */
  leaveOut(peer: ScenarioPeer, reason: string): void;
  record(peer: ScenarioPeer, samples: Recorded): void;
}

export interface Recorded extends Pick<Batch, 'samples' | 'failures' | 'failure'> {
  /** Absent: the plan's own. */
  readonly scenario?: string;
  readonly unit: Unit;
  readonly at?: number;
  readonly phases?: Batch['phases'];
}

export interface ScenarioPeer {
  readonly name: string;
  /** Whether what one environment left behind is nothing to the next. */
  readonly environmentIsProcess: boolean;
  open(options: { readonly environments: number; readonly idleMs?: number }): Promise<DriverClient>;
}

export interface InRounds extends Rounds {
  readonly context: Context;
  readonly at?: number;
  readonly what: string;
  /** Part of the scenario's progress: from, to. */
  readonly progress?: readonly [number, number];
  /** Called before the first round with each peer. */
  prepare?(client: DriverClient, peer: ScenarioPeer): Promise<unknown>;
  turn(client: DriverClient, round: number, peer: ScenarioPeer): Promise<Batch>;
  readonly convert?: (ms: number) => number;
  readonly unit?: Unit;
}

/** The usual scenario: every peer in each round, warm-up rounds not recorded. */
export async function inRounds({
  context,
  prepare,
  turn,
  what,
  at,
  rounds,
  warmUpRounds,
  ...rest
}: InRounds): Promise<void> {
  const { progress: [from, to] = [0, 1], convert, unit = 'ms' } = rest;
  if (prepare) {
    // Nothing is measured here: several peers are prepared at once, or the waiting would be most of a quick run.
    await pLimit(availableParallelism()).map(context.peers, async (peer) => {
      await context.attempt(peer, (client) => prepare(client, peer));
      context.progress(from, `${what}: ${peer.name} is prepared`);
    });
  }
  const all = turns(context.peers, { rounds, warmUpRounds }, context.random);
  for (const [i, { item: peer, round }] of all.entries()) {
    if (!context.peers.includes(peer)) continue;
    context.progress(from + ((to - from) * i) / all.length, `${what}: ${peer.name}`);
    const batch = await context.attempt(peer, (client) => turn(client, round, peer));
    if (batch === undefined || round < 0) continue;
    const samples = convert === undefined ? batch.samples : batch.samples.map(convert);
    context.record(peer, { ...batch, unit, samples, ...(at === undefined ? {} : { at }) });
  }
}

/** As many functions with sources of their own: nothing that was compiled or cached for one serves another. */
export function distinct(prefix: string, count: number, source: string, from = 0): FunctionInput[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `${prefix}-${from + i}`;
    return { name, source: `${source}\n// ${name}` };
  });
}

export function merged(series: readonly Series[], next: Series): Series[] {
  const same = series.find((each) => each.scenario === next.scenario && each.peer === next.peer && each.at === next.at);
  if (same === undefined) return [...series, next];
  const names = [...new Set([...(same.phases ?? []), ...(next.phases ?? [])].map(({ name }) => name))];
  const of = ({ phases = [], samples }: Series, name: string): readonly number[] =>
    phases.find((phase) => phase.name === name)?.samples ?? samples.map(() => 0);
  const both: Series = {
    ...same,
    samples: [...same.samples, ...next.samples],
    failures: same.failures + next.failures,
    ...(next.failure === undefined ? {} : { failure: next.failure }),
    ...(names.length === 0
      ? {}
      : { phases: names.map((name) => ({ name, samples: [...of(same, name), ...of(next, name)] })) }),
  };
  return series.map((each) => (each === same ? both : each));
}
