/**
 * Everything at once, end to end: good calls and hostile ones from several trust domains under tight limits, while sandboxes are
 * killed from outside. Each call must end, in a way that can happen to it, and nothing may be left.
 */
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { createEngine, EngineError } from '../../src/index.ts';

const source = `
let calls = 0;
export const handler = async (event) => {
  calls += 1;
  switch (event.do) {
    case 'sleep': await new Promise((resolve) => setTimeout(resolve, 20)); return calls;
    case 'throw': throw new TypeError('thrown');
    case 'exit': process.exit(3);
    case 'loop': for (;;);
    case 'heap': { const kept = []; for (;;) kept.push(new Array(100_000).fill(calls)); }
    default: return calls;
  }
};`;

/**
 * What may come of each, beside the loss of its sandbox. A timeout may come of any: a function that behaved for a while runs on
 * its sandbox's main thread, and when it then loops there its neighbours of the same trust domain wait until it is stopped.
 */
const possible: Readonly<Record<string, RegExp>> = {
  nothing: /^(success|Sandbox\.Timedout)$/,
  sleep: /^(success|Sandbox\.Timedout)$/,
  throw: /^(TypeError|Sandbox\.Timedout)$/,
  exit: /^(Runtime\.ExitError|Sandbox\.Timedout)$/,
  loop: /^Sandbox\.Timedout$/,
  heap: /^(Runtime\.OutOfMemory|Sandbox\.Timedout)$/,
};

test('whatever happens, every call ends and nothing is left', async (t) => {
  t.timeout(120_000);
  const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);
  t.log(`CHAOS_SEED=${seed}`);
  const chance = randomNumbers(seed);
  const pick = <Value>(values: readonly Value[], or: Value): Value =>
    values[Math.floor(chance() * values.length)] ?? or;

  const engine = await createEngine({
    limits: { concurrency: 8, queueMs: 60_000, memoryBudgetMiB: 1024, environmentsMax: 8, sandboxesMax: 3 },
  });
  const functionNames = await Promise.all(
    [0, 1, 2, 3].map(async (number) => {
      const functionName = `f${number}`;
      await engine.createFunction({ functionName, timeout: 1, trustDomain: `d${number % 2}`, code: { source } });
      return functionName;
    }),
  );

  const tally = new Map<string, number>();
  let isRunning = true;
  const killing = (async () => {
    // Fewer than would count as a crash loop.
    for (let kills = 0; isRunning && kills < 4; kills += 1) {
      await delay(1000);
      const victim = pick(engine.stats().sandboxes, undefined);
      if (victim !== undefined) process.kill(victim.pid, 'SIGKILL');
    }
  })();
  const calling = Array.from({ length: 10 }, async () => {
    for (let call = 0; call < 5; call += 1) {
      const what = pick(['nothing', 'nothing', 'sleep', 'throw', 'exit', 'loop', 'heap'], 'nothing');
      const how = await outcome(
        engine.invoke({ functionName: pick(functionNames, 'f0'), payload: JSON.stringify({ do: what }) }),
      );
      tally.set(`${what}: ${how}`, (tally.get(`${what}: ${how}`) ?? 0) + 1);
      if (how !== 'SandboxLost') t.regex(how, possible[what] ?? /^never$/, what);
    }
  });
  await Promise.all(calling);
  isRunning = false;
  await killing;
  t.log([...tally].map(([what, count]) => `${what} ${count}`).join(', '));
  t.like(engine.stats(), {
    invocations: { running: 0, queued: 0, total: 50 },
    environments: { busy: 0, starting: 0 },
  });
  await engine.close();
  t.like(engine.stats(), { environments: { total: 0 }, sandboxes: [], memoryReservedMiB: 0 });
});

async function outcome(invoking: ReturnType<Awaited<ReturnType<typeof createEngine>>['invoke']>): Promise<string> {
  try {
    const { functionError, payload } = await invoking;
    return functionError === undefined ? 'success' : JSON.parse(Buffer.from(payload).toString()).errorType;
  } catch (error) {
    // Any other error is a bug and fails the test.
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

/** mulberry32: small, and the same everywhere. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
