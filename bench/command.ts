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
  const { from, json, html } = options;
  if (from !== undefined) refuseBesideFrom(options);
  // A run takes a quarter of an hour: better to hear now that its result has no place.
  if (json !== undefined) checkPlace('--json', json);
  if (html !== undefined) checkPlace('--html', html);
  if (options.modules === true) return await printModules(options.quick === true);

  const result = from === undefined ? await runWithProgress(options) : readResult(from);
  if (json !== undefined) write('--json', json, `${JSON.stringify(result)}\n`);
  if (html !== undefined) write('--html', html, reportPage(result));
  process.stdout.write(tableText(result, process.stdout.columns));
  return result.targets.every(isMet) ? benchStatus.met : benchStatus.missed;
}

function refuseBesideFrom({ quick, scenario, peer, seed, modules: first }: BenchOptions): void {
  const given = { '--quick': quick, '--scenario': scenario, '--peer': peer, '--seed': seed, '--modules': first };
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) throw new UsageError(`--from shows a run that was made, and goes without ${name}`);
}

async function runWithProgress({ quick = false, scenario, peer, seed }: BenchOptions): Promise<BenchResult> {
  const interrupted = new AbortController();
  const onSignal = (name: string): void => interrupted.abort(name);
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal);
  using progress = createProgress(process.stderr, () => systemClock.nowMs());
  try {
    return await runBench({
      quick,
      ...(scenario !== undefined && { only: scenario.split(',') }),
      ...(peer !== undefined && { peers: peer.split(',') }),
      ...(seed !== undefined && { seed: integerOption('--seed', seed, 0, seedMax) }),
      progress: (done, total, what) => progress.report(done, total, what),
      signal: interrupted.signal,
    });
  } catch (error) {
    if (interrupted.signal.aborted) {
      progress[Symbol.dispose]();
      // All that was started has ended by now, so the signal may have its usual effect.
      process.kill(process.pid, interrupted.signal.reason);
    }
    // What it throws for a name that it does not know.
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, onSignal);
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
