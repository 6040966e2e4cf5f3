/**
 * Faults of sandboxes under a whole engine, with real processes and real guests (SECURITY.md section 4). After each fault the same
 * must hold: the call that met it has one answer, others in another trust domain were served meanwhile, and service is back.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createEngine, type Engine, EngineError, type EngineOptions, FunctionError } from '../../src/index.ts';
import { randomNumbers } from '../fixtures/random-numbers.ts';
import { childrenOf, resources } from '../soak/resources.ts';

const source = `
let calls = 0;
export const handler = async (event) => {
  calls += 1;
  switch (event.do) {
    case 'sleep': await new Promise((resolve) => setTimeout(resolve, event.ms)); return calls;
    // Neither isolated-vm's timeout nor dispose stops it.
    case 'stick': Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1); return calls;
    // V8 ends the process.
    case 'crash': return 'a'.repeat(2 ** 26).replace(/a/g, '$&$&$&$&').length;
    // Takes long to dispose of.
    case 'chain': { let link = null; for (let n = 0; n < 1e5; n += 1) link = Object.create(link); globalThis.kept = link; process.exit(1); }
    default: return calls;
  }
};`;

async function open(t: ExecutionContext, options: EngineOptions = {}): Promise<Engine> {
  t.timeout(290_000);
  const engine = await createEngine({ limits: { queueMs: 60_000 }, ...options });
  t.teardown(() => engine.close());
  return engine;
}

async function deploy(engine: Engine, functionName: string, settings: object = {}) {
  return engine.createFunction({ functionName, trustDomain: functionName, timeout: 1, code: { source }, ...settings });
}

async function how(calling: Promise<unknown>): Promise<string> {
  try {
    await calling;
    return 'success';
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    if (error instanceof FunctionError) return error.errorType;
    return error instanceof Error ? error.name : String(error);
  }
}

/** Served within a while: whoever was suspended or restarted needs some time. */
async function assertServed(t: ExecutionContext, call: () => Promise<unknown>): Promise<void> {
  const endMs = performance.now() + 60_000;
  let last = '';
  while (performance.now() < endMs) {
    last = await how(call());
    if (last === 'success') return;
    await delay(100);
  }
  t.fail(`it is not served again: ${last}`);
}

/** Calls of another domain that go on until the fault is over; each must succeed. */
function neighbour(t: ExecutionContext, call: () => Promise<unknown>): () => Promise<string[]> {
  let isOver = false;
  // Also when the test has failed before.
  t.teardown(() => {
    isOver = true;
  });
  const ends = (async () => {
    const all: string[] = [];
    do {
      all.push(await how(call()));
      // A call that fails at once must not keep this process from everything else.
      await delay(1);
    } while (!isOver);
    return all;
  })();
  return () => {
    isOver = true;
    return ends;
  };
}

function pidOf(engine: Engine, trustDomain: string): number {
  const found = engine.stats().sandboxes.find((sandbox) => sandbox.trustDomain === trustDomain);
  if (found === undefined) throw new Error(`${trustDomain} has no sandbox`);
  return found.pid;
}

test.serial(
  'R02: a sandbox that hangs is killed for the call that hangs, and costs nobody else anything',
  async (t) => {
    const engine = await open(t);
    const [victim, other] = [await deploy(engine, 'victim'), await deploy(engine, 'other', { timeout: 20 })];
    await Promise.all([victim(), other()]);
    const pid = pidOf(engine, 'victim');
    const neighbours = neighbour(t, () => other());
    t.is(await how(victim({ do: 'stick' })), 'Sandbox.Timedout');
    t.deepEqual([...new Set(await neighbours())], ['success']);
    t.false(childrenOf(process.pid).some((child) => child.pid === pid && child.state !== 'Z'));
    await assertServed(t, () => victim());
  },
);

test.serial(
  'R03: a sandbox that is stopped and goes on later is killed, and nothing it says later counts',
  async (t) => {
    const exits: string[] = [];
    const engine = await open(t, { observe: (event) => event.type === 'sandbox.exited' && exits.push(event.cause) });
    const victim = await deploy(engine, 'victim', { timeout: 20 });
    await victim();
    const pid = pidOf(engine, 'victim');
    const calling = how(victim({ do: 'sleep', ms: 15_000 }));
    await delay(50);
    process.kill(pid, 'SIGSTOP');
    const continuing = setTimeout(() => {
      // By then it is gone, unless it was not found out.
      if (childrenOf(process.pid).some((child) => child.pid === pid)) process.kill(pid, 'SIGCONT');
    }, 15_000);
    t.is(await calling, 'SandboxLost');
    clearTimeout(continuing);
    await assertServed(t, () => victim());
    // Told when it is reaped, a moment after its calls.
    t.true(
      exits.some((cause) => cause.startsWith('killed (heartbeat)')),
      exits.join('; '),
    );
  },
);

test.serial('R14: a function that crashes each time is suspended, and the others have their throughput', async (t) => {
  const engine = await open(t);
  const [poison, other] = [await deploy(engine, 'poison'), await deploy(engine, 'other', { timeout: 20 })];
  await other();
  const neighbours = neighbour(t, () => other());
  const ends: string[] = [];
  for (let call = 0; call < 12; call += 1) ends.push(await how(poison({ do: 'crash' })));
  t.true(ends.includes('FunctionSuspended'), ends.join(', '));
  t.deepEqual([...new Set(await neighbours())], ['success']);
  // The back-off ends, and what does not crash then is served.
  await assertServed(t, () => poison());
});

/** `ISOTHERM_CHURN=3000` is a thousand functions three times over, which takes minutes. */
const churned = Number(process.env.ISOTHERM_CHURN ?? 100);

test.serial('R16: functions that come and go in any order leave nothing, and share no environment', async (t) => {
  t.timeout(180_000 + churned * 1_000);
  const engine = await open(t, { limits: { queueMs: 60_000, sandboxesMax: 2, environmentIdleMs: 200 } });
  const seed = Date.now() % 1e6;
  t.log(`seed ${seed}`);
  const chance = randomNumbers(seed);
  /** Which code an environment has run. */
  const ranIn = new Map<string, string>();
  const invoke = async (functionName: string, code: string) => {
    const { functionError, report } = await engine.invoke({ functionName, payload: '{}' });
    t.is(functionError, undefined);
    const environmentId = report?.environmentId ?? '';
    t.is(ranIn.get(environmentId) ?? code, code, environmentId);
    ranIn.set(environmentId, code);
  };
  const life = async function* (number: number) {
    // Names come again, as those of a client's functions do.
    const functionName = `f${number % 1_000}-${number % 2}`;
    yield await deploy(engine, functionName, { trustDomain: 'all', timeout: 20 });
    yield await invoke(functionName, `${number}, first`);
    yield await engine.updateFunctionCode({ functionName, code: { source: `${source}// ${number}` } });
    yield await invoke(functionName, `${number}, second`);
    await engine.deleteFunction(functionName);
  };
  const churn = async (first: number, count: number) => {
    let next = first;
    const alive: AsyncGenerator[] = [];
    while (next < first + count || alive.length > 0) {
      if (alive.length < aliveMax && next < first + count) alive.push(life(next++));
      const at = chance.between(0, alive.length - 1);
      if ((await alive[at]?.next())?.done === true) alive.splice(at, 1);
    }
  };
  const looked = () => ({ ...resources(), maps: mapsOfAll() });
  await churn(0, 20);
  const before = looked();
  await churn(20, churned);
  const after = looked();
  t.is(engine.stats().functions, 0);
  t.is(engine.stats().environments.total, 0);
  t.true(ranIn.size >= 2 * churned);
  t.true(after.descriptors <= before.descriptors + 8, `descriptors: ${before.descriptors}, then ${after.descriptors}`);
  t.true(after.threads <= before.threads + 4, `threads: ${before.threads}, then ${after.threads}`);
  t.true(after.processes <= before.processes + 1, `processes: ${before.processes}, then ${after.processes}`);
  t.log(`maps: ${before.maps}, then ${after.maps}; ${before.rssMiB} MiB, then ${after.rssMiB} MiB`);
  t.true(after.maps <= before.maps * 1.5, `maps: ${before.maps}, then ${after.maps}`);
});

const aliveMax = 8;

/** Of the process that has most, this one and its children: each isolate that is not disposed leaves some. */
function mapsOfAll(): number {
  const counts = ['self', ...childrenOf(process.pid).map(({ pid }) => String(pid))].map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').length;
    } catch {
      // It has ended, or lets nobody but root read it.
      return 0;
    }
  });
  return Math.max(...counts);
}

test.serial('R17: a hundred environments at once, in one sandbox', async (t) => {
  const engine = await open(t, { limits: { queueMs: 60_000, sandboxesMax: 1, memoryBudgetMiB: 100 * 128 } });
  const call = await deploy(engine, 'many', { timeout: 60 });
  await call();
  const ends = await Promise.all(Array.from({ length: 100 }, () => how(call({ do: 'sleep', ms: 2_000 }))));
  t.deepEqual([...new Set(ends)], ['success']);
  t.is(engine.stats().sandboxes.length, 1);
});

test.serial('R19: when memory runs out the kernel takes a sandbox before its host', async (t) => {
  const engine = await open(t);
  await (await deploy(engine, 'f', { timeout: 20 }))();
  const score = (pid: number | 'self') => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
  t.true(score(pidOf(engine, 'f')) >= score('self') + 500);
});

test.serial('R22: a sandbox whose main thread stands still while it ends a guest does so alone', async (t) => {
  const engine = await open(t);
  const [victim, other] = [await deploy(engine, 'victim'), await deploy(engine, 'other', { timeout: 20 })];
  await Promise.all([victim(), other()]);
  const neighbours = neighbour(t, () => other());
  const ends: string[] = [];
  for (let call = 0; call < 3; call += 1) ends.push(await how(victim({ do: 'chain' })));
  t.deepEqual([...new Set(await neighbours())], ['success']);
  t.is(ends.length, 3);
  await assertServed(t, () => victim());
});

test.serial('R23: a host that stands still for a second loses no healthy sandbox and no call', async (t) => {
  const exits: string[] = [];
  const engine = await open(t, { observe: (event) => event.type === 'sandbox.exited' && exits.push(event.cause) });
  const call = await deploy(engine, 'f', { timeout: 20 });
  await call();
  const pid = pidOf(engine, 'f');
  const calls = Array.from({ length: 4 }, () => how(call({ do: 'sleep', ms: 300 })));
  await delay(20);
  for (const endMs = performance.now() + 1_500; performance.now() < endMs; );
  t.deepEqual([...new Set(await Promise.all(calls))], ['success']);
  t.is(pidOf(engine, 'f'), pid);
  t.deepEqual(exits, []);
});

test.serial(
  'R33: who calls a thousand times at once does not keep others waiting for more than was before them',
  async (t) => {
    const begun: string[] = [];
    const engine = await open(t, {
      limits: { queueMs: 60_000, concurrency: 4 },
      observe: (event) => event.type === 'platform.start' && begun.push(event.functionName),
    });
    const [heavy, light] = [
      await deploy(engine, 'heavy', { timeout: 20 }),
      await deploy(engine, 'light', { timeout: 20 }),
    ];
    await Promise.all([heavy(), light()]);
    begun.length = 0;
    const before = Array.from({ length: 500 }, () => heavy());
    const called = light();
    const behind = Array.from({ length: 500 }, () => heavy());
    const answered = (await Promise.all([...before, called, ...behind])).length;
    // Those before it; and some more if it needed another environment.
    const begunBefore = begun.indexOf('light');
    t.true(begunBefore >= 0 && begunBefore <= before.length + behind.length / 2, `${begunBefore} before it`);
    t.is(answered, 1_001);
  },
);
