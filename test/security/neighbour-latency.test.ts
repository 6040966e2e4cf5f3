/**
 * What a function that never stops costs those of other trust domains: their calls take no more than three times as long at the 99th
 * percentile. Taken in turns with calls in quiet, so that whatever else the machine does is in both.
 */
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { createEngine, type Engine } from '../../src/index.ts';
import { percentile } from './catalogue/neighbour.ts';

/** One that V8 stops, one that only SIGKILL does, and one that also writes memory. */
const forms = {
  loop: 'for (;;);',
  search: 'return Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);',
  replace: 'const s = "x".repeat(2 ** 24); for (;;) s.replace(/x/g, "yy");',
};

test('calls in other domains keep their p99 within three times what it is in quiet', async (t) => {
  t.timeout(280_000);
  const engine = await createEngine();
  t.teardown(() => engine.close());
  await engine.createFunction({
    functionName: 'good',
    timeout: 20,
    trustDomain: 'good',
    code: { source: 'exports.handler = async () => 1;' },
  });
  for (let call = 0; call < 50; call += 1) await engine.invoke({ functionName: 'good', payload: '{}' });

  const quietMs: number[] = [];
  const besideMs: number[] = [];
  // What comes of one unlucky stretch is thinned by more of them; what a hostile function does comes with each.
  for (let round = 0; round < roundsMax; round += 1) {
    for (const [name, body] of Object.entries(forms)) {
      const functionName = `${name}-${round}`;
      const source = `exports.handler = async ({ isReady }) => { if (isReady) return 1; ${body} };`;
      await engine.createFunction({ functionName, trustDomain: functionName, timeout: 1, code: { source } });
      await engine.invoke({ functionName, payload: '{"isReady":true}' });
      quietMs.push(...(await callWhile(engine, delay(1_000))));
      besideMs.push(...(await callWhile(engine, engine.invoke({ functionName, payload: '{"isReady":false}' }))));
      await engine.deleteFunction(functionName);
    }
    if (round + 1 >= roundsMin && isWithin(quietMs, besideMs)) break;
  }
  const [quiet, beside] = [quietMs, besideMs].map((each) => percentile(each, 0.99).toFixed(1));
  t.log(`p99 ${beside} ms beside, ${quiet} ms in quiet, of ${besideMs.length} and ${quietMs.length} calls`);
  t.true(isWithin(quietMs, besideMs));
});

const roundsMin = 2;
const roundsMax = 8;

function isWithin(quietMs: readonly number[], besideMs: readonly number[]): boolean {
  return percentile(besideMs, 0.99) <= 3 * Math.max(quietMsMin, percentile(quietMs, 0.99));
}

/** Below this a call in quiet is faster than a processor is given back by whoever computes on it. */
const quietMsMin = 2;

async function callWhile(engine: Engine, task: Promise<unknown>): Promise<readonly number[]> {
  const latencies: number[] = [];
  let isOver = false;
  const over = task.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const startedMs = performance.now();
    await engine.invoke({ functionName: 'good', payload: '{}' });
    latencies.push(performance.now() - startedMs);
    await delay(5);
  }
  await over;
  return latencies;
}
