/**
 * The catalogue in one cell of the matrix, as a program: started by `main.ts` as the user and in the namespaces of the cell, it runs
 * rows in an engine of its own and says each result as a line of JSON. It judges no more than the invariants do.
 *
 *     node cell.ts '{"isFull":false,"only":["A","K04"]}'
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { HardeningReport } from '../../../src/model/hardening.ts';
import { testCacheDirectory } from '../../fixtures/jail.ts';
import { ownTemporaryDirectory } from '../../fixtures/own-temporary-directory.ts';
import { allPrograms } from './all-programs.ts';
import { isOfTime, type Observation } from './invariants.ts';
import { whatIsLeft } from './leftovers.ts';
import { percentile } from './neighbour.ts';
import { type Program, type Way, waysOf } from './program.ts';
import { Range } from './range.ts';
import { type Run, runProgram } from './run-program.ts';

export interface CellOptions {
  readonly isFull: boolean;
  /** Ids, or beginnings of ids. Empty: all. */
  readonly only: readonly string[];
}

export interface CellRow extends Way {
  readonly kind: 'row';
  readonly id: string;
  readonly found: readonly string[];
  /** It was late beside others, and was well when it was run again with the cell to itself. */
  readonly isSecondTry: boolean;
  readonly tookMs: number;
  readonly endings: readonly { readonly kind: string; readonly ranMs: number }[];
  /** What was late when it was run before, and did not come again. */
  readonly lateBefore: readonly string[];
  readonly timeoutMs?: number;
  readonly measured?: Readonly<Record<string, number>>;
}

export type CellLine =
  | { readonly kind: 'hardening'; readonly uid: number; readonly hardening: HardeningReport }
  | CellRow
  /** Said last. */
  | { readonly kind: 'left'; readonly found: readonly string[] };

/** What the rows before left to do is over. */
const settleMs = 2_000;
const MiB = 1024 * 1024;

const { isFull, only }: CellOptions = JSON.parse(process.argv[2] ?? '{}');
const temporaryDirectory = ownTemporaryDirectory();
const left = whatIsLeft(temporaryDirectory);
const range = await Range.open({ cacheDirectory: testCacheDirectory });
const { hardening } = range.engine.stats();
if (hardening === undefined) throw new Error('no sandbox said how far it is jailed');
say({ kind: 'hardening', uid: process.getuid?.() ?? -1, hardening });

const chosen = allPrograms.filter(({ id }) => only.length === 0 || only.some((start) => id.startsWith(start)));
const late: { readonly program: Program; readonly way: Way }[] = [];
await Promise.all(
  chosen.flatMap((program) =>
    waysOf(program, isFull).map((way) =>
      range.rows(async () => {
        const startedMs = performance.now();
        const run = await runProgram(range, program, way);
        if (run.found.length > 0 && run.found.every(isOfTime)) late.push({ program, way });
        else say(rowOf(program, way, run, startedMs));
      }),
    ),
  ),
);
for (const { program, way } of late) {
  await delay(settleMs);
  const startedMs = performance.now();
  say({ ...rowOf(program, way, await runProgram(range, program, way), startedMs), isSecondTry: true });
}
await range[Symbol.asyncDispose]();
say({ kind: 'left', found: await left() });
process.exit(0);

function rowOf({ id }: Program, way: Way, { found, seen, lateBefore }: Run, startedMs: number): CellRow {
  const row = {
    kind: 'row',
    id,
    ...way,
    found,
    lateBefore,
    isSecondTry: false,
    tookMs: performance.now() - startedMs,
  } as const;
  if (seen === undefined) return { ...row, endings: [] };
  const endings = seen.endings.map(({ kind, result, answeredMs, elapsedMs }) => {
    const start = seen.told.find(
      ({ event }) => event.type === 'platform.start' && event.requestId === result?.requestId,
    );
    return { kind, ranMs: Math.round(start === undefined ? elapsedMs : answeredMs - start.atMs) };
  });
  return { ...row, endings, timeoutMs: seen.timeoutMs, measured: measuredOf(seen) };
}

/** The figures behind the verdicts, so that a limit can be judged by how near rows come to it. */
function measuredOf({
  latencies,
  heldMs,
  rest,
  before,
  after,
  peakBytes,
}: Observation): Readonly<Record<string, number>> {
  const most = (values: readonly number[]): number => Math.max(0, ...values);
  const left = [...after.values()];
  const base = before?.residentBytes ?? 0;
  return {
    ...(latencies.length > 0 && {
      neighbourCalls: latencies.length,
      neighbourMsMedian: percentile(latencies, 0.5),
      neighbourMsMax: most(latencies),
    }),
    heldMs,
    housekeepingMs: most([...rest.values()].map(({ cpuMs }) => cpuMs)),
    peakMiB: Math.round((peakBytes - base) / MiB),
    keptMiB: Math.round(most(left.map(({ residentBytes }) => residentBytes - base)) / MiB),
    threadsMore: most(left.map(({ threads }) => threads - (before?.threads ?? threads))),
    descriptorsMore: most(left.map(({ descriptors = 0 }) => descriptors - (before?.descriptors ?? descriptors))),
  };
}

function say(line: CellLine): void {
  console.log(JSON.stringify(line));
}
