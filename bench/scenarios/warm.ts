/**
 * A warm invocation with 1 kB of JSON through the library, against a unix socket that echoes the same bytes between two
 * processes on two cores, as host and sandbox are.
 */
import type { Engine } from '../../src/index.ts';
import { startEchoChild } from '../child.ts';
import { canPin, pin } from '../cores.ts';
import { type BenchOptions, figures, type Row } from '../row.ts';
import { median, summarise } from '../statistics.ts';

export async function warm(engine: Engine, { quick, progress }: BenchOptions): Promise<Row> {
  const rounds = quick ? 2_000 : 10_000;
  progress(`warm: ${rounds} invocations with 1 kB of JSON`);
  const payload = JSON.stringify({ name: 'Ada', filler: 'x'.repeat(980) });
  await engine.createFunction({
    functionName: 'warm',
    runtime: 'nodejs22.x',
    code: { source: 'exports.handler = async (event) => event;' },
  });
  using echo = startEchoChild();
  pin(echo.pid, 1);
  const bytes = Buffer.from(payload);
  for (let i = 0; i < 500; i += 1) {
    await engine.invoke({ functionName: 'warm', payload });
    await echo.roundTrip(bytes);
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  // Blocks, not single calls: alternating two children after each call would measure the scheduler of the operating system.
  for (let done = 0; done < rounds; done += 200) {
    for (let i = 0; i < 200; i += 1) {
      const from = performance.now();
      await engine.invoke({ functionName: 'warm', payload });
      ours.push(performance.now() - from);
    }
    pin(process.pid, 0);
    for (let i = 0; i < 200; i += 1) theirs.push(await echo.roundTrip(bytes));
    pin(process.pid, undefined);
  }
  return {
    what: `warm invocation, 1 kB of JSON / unix-socket echo of the same bytes${canPin ? ', on two cores' : ''}`,
    isotherm: figures(summarise(ours)),
    baseline: figures(summarise(theirs)),
    ratio: median(ours) / median(theirs),
    ratioMax: 2,
  };
}
