/**
 * A function that has itself invoked, through a binding that its embedder meant for something else: threat F10. It ends by itself, nobody
 * waits for ever, and whoever has a reserve is served all the while.
 */
import test from 'ava';
import { bindingContext, createEngine, type Engine, EngineError } from '../../src/index.ts';

const source = `
  import { platform } from 'isotherm:bindings';
  export const handler = async ({ width }) => {
    const ended = await Promise.allSettled(Array.from({ length: width }, () => platform.invoke(width)));
    return ended.map(({ reason, value }) => reason?.code ?? value);
  };`;

interface Storm {
  readonly engine: Engine;
  /** How often the binding was called, by how long its chain was. */
  readonly callsByHops: number[];
  readonly refusals: Map<string, number>;
}

/** `asEvents`: nobody waits for what was invoked. */
async function openStorm(concurrency: number, asEvents = false): Promise<Storm> {
  const engine = await createEngine({ limits: { concurrency } });
  const callsByHops: number[] = [];
  const refusals = new Map<string, number>();
  const invoke = async (width: number): Promise<string> => {
    const { functionName, hops } = bindingContext();
    callsByHops[hops] = (callsByHops[hops] ?? 0) + 1;
    try {
      const { statusCode } = await engine.invoke({
        functionName,
        payload: JSON.stringify({ width }),
        invocationType: asEvents ? 'Event' : 'RequestResponse',
      });
      return String(statusCode);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      refusals.set(error.code, (refusals.get(error.code) ?? 0) + 1);
      throw error;
    }
  };
  await engine.createFunction({
    functionName: 'storm',
    trustDomain: 'storm',
    timeout: 60,
    code: { source },
    bindings: { platform: { invoke } },
  });
  return { engine, callsByHops, refusals };
}

test('a function that invokes itself once is stopped after sixteen times in a row', async (t) => {
  t.timeout(280_000);
  const { engine, callsByHops, refusals } = await openStorm(100);
  t.teardown(() => engine.close());
  const { functionError, payload } = await engine.invoke({ functionName: 'storm', payload: '{"width":1}' });
  t.is(functionError, undefined);
  t.is(Buffer.from(payload).toString(), '["200"]');
  t.deepEqual(callsByHops, Array<number>(17).fill(1));
  t.deepEqual([...refusals], [['RecursiveInvocationException', 1]]);
});

test('so is one that invokes itself as an event', async (t) => {
  t.timeout(280_000);
  const { engine, callsByHops, refusals } = await openStorm(100, true);
  t.teardown(() => engine.close());
  await engine.invoke({ functionName: 'storm', payload: '{"width":1}' });
  while (engine.stats().async.queued > 0 || refusals.size === 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
  t.deepEqual(callsByHops, Array<number>(17).fill(1));
  t.deepEqual([...refusals], [['RecursiveInvocationException', 1]]);
});

test('one that invokes itself twice ends too, and who has a reserve is served meanwhile', async (t) => {
  t.timeout(280_000);
  const { engine, refusals } = await openStorm(12);
  t.teardown(() => engine.close());
  await engine.createFunction({
    functionName: 'calm',
    trustDomain: 'calm',
    timeout: 60,
    code: { source: 'exports.handler = async () => "calm";' },
  });
  await engine.functions.concurrency.put('calm', 1);

  let isOver = false;
  const storm = engine.invoke({ functionName: 'storm', payload: '{"width":2}' }).finally(() => {
    isOver = true;
  });
  let served = 0;
  while (!isOver) {
    const { payload } = await engine.invoke({ functionName: 'calm' });
    t.is(Buffer.from(payload).toString(), '"calm"');
    served += 1;
  }
  const { functionError } = await storm;
  t.is(functionError, undefined);
  t.true(served > 0);
  t.deepEqual([...refusals.keys()], ['TooManyRequestsException']);
  const { running, queued } = engine.stats().invocations;
  t.deepEqual({ running, queued }, { running: 0, queued: 0 });
});
