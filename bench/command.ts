/**
 * `isotherm bench`: a run with its progress on stderr and its table on stdout, or an old result shown again; the JSON file and the report
 * when they are asked for. The command line itself is `src/cli/bench-command.ts`, which loads this file from wherever it lies.
 */
import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import type { BenchOptions } from '../src/cli/bench-command.ts';
import { benchStatus, type ExitStatus, UsageError } from '../src/cli/exit-status.ts';
import { integerOption, reason } from '../src/cli/options.ts';
import type { BenchResult } from './model.ts';
import { markdownTable } from './report/markdown.ts';
import { reportPage } from './report/page.ts';
import { createProgress } from './report/progress.ts';
import { quantity } from './report/quantity.ts';
import { readResult } from './report/read-result.ts';
import { isMet } from './report/sections.ts';
import { tableText } from './report/table.ts';
import { runBench } from './run.ts';
import { modules } from './scenarios/modules.ts';

const seedMax = 2 ** 32 - 1;

/** @throws UsageError */
export async function bench(options: BenchOptions): Promise<ExitStatus> {
  const { from, json, html, markdown = false } = options;
  if (from !== undefined) refuseBesideFrom(options);
  // A run takes a quarter of an hour: better to hear now that its result has no place.
  if (json !== undefined) checkPlace('--json', json);
  if (html !== undefined) checkPlace('--html', html);
  if (options.modules === true) {
    refuseBesideModules(options);
    return await printModules(options.quick === true);
  }

  using interruption = createInterruption();
  const result = from === undefined ? await runWithProgress(options, interruption.signal) : readResult(from);
  if (json !== undefined) write('--json', json, `${JSON.stringify(result)}\n`);
  if (html !== undefined) write('--html', html, reportPage(result));
  process.stdout.write(markdown ? markdownTable(result) : tableText(result, process.stdout.columns));
  interruption.endIfInterrupted();
  return result.targets.every(isMet) ? benchStatus.met : benchStatus.missed;
}

function refuseBesideFrom({ quick, scenario, peer, seed, modules: first }: BenchOptions): void {
  const given = { '--quick': quick, '--scenario': scenario, '--peer': peer, '--seed': seed, '--modules': first };
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) throw new UsageError(`--from shows a run that was made, and goes without ${name}`);
}

function refuseBesideModules({ scenario, peer, seed, json, html, markdown }: BenchOptions): void {
  const given = {
    '--scenario': scenario,
    '--peer': peer,
    '--seed': seed,
    '--json': json,
    '--html': html,
    '--markdown': markdown,
  };
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined)
    throw new UsageError(`--modules prints what modules cost, and goes with --quick only, not with ${name}`);
}

interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** Gives the signal that interrupted the run its usual effect: all that was started has ended by then. */
  endIfInterrupted(): void;
}

/** The first signal ends the run in order, which keeps what was measured; a second one ends it at once. */
function createInterruption(): Interruption {
  const names = ['SIGINT', 'SIGTERM'] as const;
  const controller = new AbortController();
  const release = () => {
    for (const name of names) process.removeListener(name, onSignal);
  };
  const onSignal = (name: string): void => {
    release();
    controller.abort(name);
  };
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    endIfInterrupted() {
      if (controller.signal.aborted) process.kill(process.pid, controller.signal.reason);
    },
    [Symbol.dispose]: release,
  };
}

async function runWithProgress(
  { quick = false, scenario, peer, seed }: BenchOptions,
  signal: AbortSignal,
): Promise<BenchResult> {
  using progress = createProgress(process.stderr, () => systemClock.nowMs());
  try {
    return await runBench({
      quick,
      ...(scenario !== undefined && { only: scenario.split(',') }),
      ...(peer !== undefined && { peers: peer.split(',') }),
      ...(seed !== undefined && { seed: integerOption('--seed', seed, 0, seedMax) }),
      progress: (done, total, what) => progress.report(done, total, what),
      signal,
    });
  } catch (error) {
    if (signal.aborted) {
      progress[Symbol.dispose]();
      // Nothing was measured.
      process.kill(process.pid, signal.reason);
    }
    // What it throws for a name that it does not know.
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function checkPlace(option: string, path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new UsageError(`${option} must be a file, ${path} is a directory`);
    }
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${option} ${path} cannot be written: ${reason(error)}`);
  }
}

function write(option: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`${option} ${path} cannot be written: ${reason(error)}`);
  }
}

async function printModules(quick: boolean): Promise<ExitStatus> {
  const costs = await modules({ quick, progress: (text) => process.stderr.write(`${text}\n`) });
  const lines = costs.map(
    ({ name, milliseconds, bytes }) =>
      `  ${name.padEnd(28)} ${quantity(milliseconds, 'ms').padStart(9)}  ${quantity(bytes, 'bytes').padStart(9)}`,
  );
  process.stdout.write(`first use, beyond hello world\n${lines.join('\n')}\n`);
  return benchStatus.met;
}
