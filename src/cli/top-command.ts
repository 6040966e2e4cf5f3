/** `isotherm top`: what the functions of a running server do, looked at again and again. On a terminal one page, elsewhere lines. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { figuresPath } from '../http/figures.ts';
import { ApiClient } from './api-client.ts';
import { type ExitStatus, exitStatus } from './exit-status.ts';
import { integerOption } from './options.ts';
import type { Outlets } from './outlet.ts';
import { tableText } from './table.ts';
import { type Look, type TopFigures, topFigures } from './top-figures.ts';
import { untilInterrupted } from './until-interrupted.ts';

export interface TopOptions {
  readonly endpoint: string;
  readonly interval: string;
  readonly count?: string;
  readonly json?: boolean;
}

const intervalSecondsMax = 3_600;
const countMax = 1_000_000;
const clearScreen = '\x1b[H\x1b[2J';

export async function topCommand(options: TopOptions, { stdout }: Outlets): Promise<ExitStatus> {
  const intervalMs = 1_000 * integerOption('--interval', options.interval, 1, intervalSecondsMax);
  const count = options.count === undefined ? undefined : integerOption('--count', options.count, 1, countMax);
  const client = new ApiClient(options.endpoint, process.env);
  using stop = untilInterrupted();
  let before: Look | undefined;
  for (let looks = 0; !stop.aborted; looks += 1) {
    // The first has nothing to compare with.
    if (count !== undefined && looks > count) break;
    let now: Look;
    try {
      now = { answer: await client.call({ path: figuresPath, signal: stop }), atMs: systemClock.nowMs() };
    } catch (error) {
      if (stop.aborted) break;
      throw error;
    }
    if (before !== undefined) {
      const figures = topFigures(before, now);
      await stdout.deliver(
        text(figures, options.json === true ? 'json' : stdout.isTTY ? 'screen' : 'lines', client.endpoint),
      );
    }
    before = now;
    if (count !== undefined && looks === count) break;
    try {
      await delay(intervalMs, undefined, { signal: stop });
    } catch {
      // Somebody ended it.
      break;
    }
  }
  return exitStatus.answered;
}

function text(figures: TopFigures, kind: 'json' | 'screen' | 'lines', endpoint: string): string {
  switch (kind) {
    case 'json':
      return `${JSON.stringify(figures)}\n`;
    case 'screen':
      return clearScreen + page(figures, endpoint);
    case 'lines':
      return figures.functions.length === 0
        ? `${summary(figures)}\n`
        : `${summary(figures)}\n${tableText(columns, rowsOf(figures), 'tabs')}`;
    default:
      return kind satisfies never;
  }
}

function summary({
  perSecond,
  running,
  queued,
  eventsQueued,
  environments,
  sandboxes,
  residentMB,
}: TopFigures): string {
  return `${perSecond.toFixed(1)} invocations/s, ${running} running, ${queued} waiting, ${eventsQueued} events queued, ${environments} environments in ${sandboxes} sandboxes, ${residentMB} MB`;
}

/** As much as the terminal has room for. */
function page(figures: TopFigures, endpoint: string): string {
  const rows = process.stdout.rows || 24;
  const width = process.stdout.columns || 80;
  const lines = tableText(columns, rowsOf(figures), 'aligned').split('\n');
  return [`isotherm at ${endpoint}: ${summary(figures)}`, '', ...lines]
    .slice(0, Math.max(3, rows - 1))
    .map((line) => `${line.slice(0, width)}\n`)
    .join('');
}

const columns = [
  { title: 'FUNCTION' },
  { title: 'INV/S', align: 'right' },
  { title: 'ERRORS', align: 'right' },
  { title: 'THROTTLES', align: 'right' },
  { title: 'COLD', align: 'right' },
  { title: 'P50 MS', align: 'right' },
  { title: 'P99 MS', align: 'right' },
  { title: 'ENVS', align: 'right' },
  { title: 'RUNNING', align: 'right' },
  { title: 'USED MB', align: 'right' },
] as const;

function rowsOf({ functions }: TopFigures): string[][] {
  return functions.map((row) => [
    row.functionName,
    row.perSecond.toFixed(1),
    String(row.errors),
    String(row.throttles),
    String(row.coldStarts),
    milliseconds(row.p50Ms),
    milliseconds(row.p99Ms),
    String(row.environments),
    String(row.running),
    String(row.maxMemoryUsedMB),
  ]);
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '-';
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}
