import test from 'ava';
import { topFigures } from '../../src/cli/top-figures.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { FunctionFigures } from '../../src/telemetry/function-figures.ts';

function report(functionName: string, durationMs: number, status: 'success' | 'error' = 'success'): PlatformEvent {
  return {
    type: 'platform.report',
    functionName,
    version: '1',
    environmentId: 'e',
    logGroup: 'g',
    logStream: 's',
    logFormat: 'Text',
    time: 0,
    requestId: 'r',
    status,
    report: {
      durationMs,
      billedDurationMs: Math.ceil(durationMs),
      memorySizeMB: 128,
      maxMemoryUsedMB: 7,
      coldStart: false,
      environmentId: 'e',
      phases: { queuedMs: 0, placedMs: 0, sandboxMs: 0, handlerMs: 0, freezeMs: 0 },
    },
  };
}

const answerOf = (figures: FunctionFigures, loads: readonly object[] = []) =>
  JSON.parse(JSON.stringify({ functions: figures.all(), loads, queued: 3 }));

test('two looks tell what happened in between', (t) => {
  const figures = new FunctionFigures();
  for (let call = 0; call < 50; call += 1) figures.observe(report('busy', 1_000));
  const before = { atMs: 0, answer: answerOf(figures) };
  for (let call = 0; call < 98; call += 1) figures.observe(report('busy', 10));
  for (let call = 0; call < 2; call += 1) figures.observe(report('busy', 500, 'error'));
  figures.observe({ type: 'invocation.throttled', functionName: 'other', reason: 'x' });
  const loads = [{ functionName: 'idle', environments: 2, running: 0, memoryMiB: 256 }];
  const { functions, perSecond, queued } = topFigures(before, { atMs: 2_000, answer: answerOf(figures, loads) });
  t.is(perSecond, 50);
  t.is(queued, 3);
  t.deepEqual(
    functions.map(({ functionName }) => functionName),
    ['busy', 'idle', 'other'],
  );
  const [busy, idle] = functions;
  t.like(busy, { perSecond: 50, errors: 2, throttles: 0, maxMemoryUsedMB: 7 });
  t.true(Math.abs((busy?.p50Ms ?? 0) - 10) <= 1, 'within a tenth');
  t.true(Math.abs((busy?.p99Ms ?? 0) - 500) <= 50);
  t.like(idle, { environments: 2, memoryMiB: 256, p50Ms: undefined });
});

test('a server that was started anew, or is something else, gives no nonsense', (t) => {
  const figures = new FunctionFigures();
  figures.observe(report('f', 1));
  const before = { atMs: 0, answer: answerOf(figures) };
  t.like(topFigures(before, { atMs: 1, answer: answerOf(new FunctionFigures()) }), { perSecond: 0, functions: [] });
  t.like(topFigures(before, { atMs: 1, answer: { functions: 'x', loads: [1, null], queued: 'y' } }), {
    perSecond: 0,
    queued: 0,
  });
});
