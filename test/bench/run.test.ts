import test from 'ava';
import { decodeBenchResult } from '../../bench/model.ts';
import { runBench } from '../../bench/run.ts';

test('a quick run of one scenario has figures of every peer that is there, and names the others', async (t) => {
  t.timeout(280_000);
  const steps: { done: number; total: number }[] = [];
  const result = await runBench({
    quick: true,
    only: ['cold'],
    peers: ['isolated-vm', 'node:vm', 'quickjs', 'workerd'],
    progress: (done, total) => steps.push({ done, total }),
  });
  t.deepEqual(decodeBenchResult(JSON.stringify(result)), result);
  t.deepEqual(
    result.scenarios.map(({ name }) => name),
    ['cold'],
  );

  const seen = result.series.map(({ peer }) => peer);
  for (const peer of ['isotherm', 'isotherm over HTTP', 'isolated-vm', 'node:vm', 'bare isolate']) {
    t.true(seen.includes(peer), `${peer} is in ${seen}: ${JSON.stringify(result.missing)}`);
  }
  for (const peer of ['quickjs', 'workerd']) {
    t.true(seen.includes(peer) || result.missing.some(({ name }) => name === peer), `${peer} is named`);
  }
  for (const { peer, samples, failures, phases = [] } of result.series) {
    t.is(failures, 0, peer);
    t.is(samples.length, 12, peer);
    t.true(
      samples.every((ms) => ms > 0),
      peer,
    );
    if (phases.length === 0) continue;
    const sums = samples.map((_, i) => phases.reduce((sum, phase) => sum + (phase.samples[i] ?? 0), 0));
    t.true(
      samples.every((ms, i) => Math.abs((sums[i] ?? 0) - ms) < 0.01 + ms * 0.05),
      `phases of ${peer} add up`,
    );
  }
  t.deepEqual(
    result.series.find(({ peer }) => peer === 'isotherm')?.phases?.map(({ name }) => name),
    ['queue', 'sandbox', 'isolate', 'init', 'handler', 'call'],
  );
  t.deepEqual(result.targets.map(({ what }) => what).slice(0, 1), [
    'cold start, hello world / bare isolate and context',
  ]);
  t.true(steps.every(({ done }, i) => done >= (steps[i - 1]?.done ?? 0)));
  t.deepEqual(steps.at(-1)?.done, steps.at(-1)?.total);
});

test('a scenario that there is none of is refused with the names of those there are', async (t) => {
  await t.throwsAsync(runBench({ quick: true, only: ['cool'], progress() {} }), {
    message: /no scenario is named "cool"; there are cold, /,
  });
});

test('a peer that there is none of is refused', async (t) => {
  await t.throwsAsync(runBench({ quick: true, peers: ['lagon'], progress() {} }), {
    message: /no peer is named "lagon"/,
  });
});

test('a run that is aborted ends with that', async (t) => {
  const signal = AbortSignal.abort(new Error('enough'));
  await t.throwsAsync(runBench({ quick: true, only: ['cold'], progress() {}, signal }), { message: 'enough' });
});

test('a run that is interrupted gives what it has measured until then', async (t) => {
  t.timeout(280_000);
  const interrupted = new AbortController();
  const result = await runBench({
    quick: true,
    only: ['cold-storm', 'timeout', 'files'],
    peers: ['node:vm'],
    progress(_, __, what) {
      if (what.startsWith('precision')) interrupted.abort(new Error('enough'));
    },
    signal: interrupted.signal,
  });
  t.true(result.isInterrupted);
  t.deepEqual(decodeBenchResult(JSON.stringify(result)), result);
  t.deepEqual(
    result.scenarios.map(({ name }) => name),
    ['cold-storm'],
  );
  t.is(result.series.find(({ peer }) => peer === 'isotherm')?.samples.length, 10);
  t.true(result.missing.every(({ reason }) => !reason.includes('abort')));
});
