import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { ExertionWatch } from '../../src/supervisor/exertion.ts';

const { exertionIntervalMs: stepMs, idleBusyMsMax } = limits;

function watching(threadsMax = 300) {
  const process = { cpuMs: 0, threads: 12 };
  let reads = 0;
  const watch = new ExertionWatch(() => {
    reads += 1;
    return { ...process };
  }, threadsMax);
  let nowMs = 0;
  /** Some seconds in which it used `share` of a core. */
  const pass = (ms: number, share: number, isAsked = false): string | undefined => {
    for (const endMs = nowMs + ms; nowMs < endMs; ) {
      nowMs += stepMs;
      process.cpuMs += share * stepMs;
      if (isAsked) watch.asked();
      const found = watch.look(nowMs);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return { watch, process, pass, reads: () => reads };
}

test('one that computes while no guest has anything to do is found out', (t) => {
  const { pass } = watching();
  t.is(pass(10 * idleBusyMsMax, 0.2), undefined);
  t.regex(pass(2 * idleBusyMsMax, 2) ?? '', /no guest had anything to do/);
});

test('guests may compute for as long as they are given', (t) => {
  const { pass } = watching();
  t.is(pass(10 * idleBusyMsMax, 2, true), undefined);
  t.is(pass(idleBusyMsMax - stepMs, 2), undefined);
  t.is(pass(stepMs, 0.1), undefined);
  t.is(pass(idleBusyMsMax - stepMs, 2), undefined);
});

test('so many threads it cannot need are found out also while a guest runs', (t) => {
  const { pass, process } = watching();
  process.threads = 300;
  t.is(pass(stepMs, 0, true), undefined);
  process.threads = 301;
  t.regex(pass(stepMs, 0, true) ?? '', /301 threads; at most 300/);
});

test('however often it is asked, it looks once in a while; where nothing can be read it says nothing', (t) => {
  const { watch, reads } = watching();
  for (let nowMs = 0; nowMs < stepMs; nowMs += 1) watch.look(nowMs);
  t.is(reads(), 1);
  const blind = new ExertionWatch(() => undefined, 1);
  for (let nowMs = 0; nowMs < 100 * stepMs; nowMs += stepMs) t.is(blind.look(nowMs), undefined);
});
