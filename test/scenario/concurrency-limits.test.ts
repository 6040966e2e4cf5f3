/**
 * 200 callers at once against the limits of the engine, reserves and provisioned environments together, with functions that sleep, throw,
 * exit and hang. What runs is seen from inside: each handler tells a host function that it has begun, and counts until its caller has been
 * answered. Whoever takes its place cannot have told so before: that takes a message more.
 */
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { parseFunctionReference } from '../../src/functions/function-reference.ts';
import { metricsText } from '../../src/http/metrics.ts';
import { createEngine, EngineError } from '../../src/index.ts';
import { randomNumbers } from '../fixtures/random-numbers.ts';

const source = `
import { begun } from 'isotherm:bindings';
export const handler = async ({ id, script, ms }) => {
  await begun(id, process.env.AWS_LAMBDA_INITIALIZATION_TYPE);
  switch (script) {
    case 'throw': throw new TypeError('thrown');
    case 'exit': process.exit(3);
    case 'hang': return new Promise(() => {}, setInterval(() => {}, 1_000));
    default: return new Promise((resolve) => setTimeout(resolve, ms, id));
  }
};`;

const ends: Readonly<Record<string, string>> = {
  sleep: 'success',
  throw: 'TypeError',
  exit: 'Runtime.ExitError',
  hang: 'Sandbox.Timedout',
};

type Kind = 'on-demand' | 'provisioned-concurrency';

const concurrency = 24;
const reserve = 6;
const reservedProvisioned = 2;
const sharedProvisioned = 4;
const shared = concurrency - reserve - sharedProvisioned;
const names = ['shared', 'ahead:1', 'ahead', 'reserved:1', 'reserved', 'off'] as const;

test('never more run than may, every refusal says why, and nothing is left', async (t) => {
  t.timeout(240_000);
  const seed = Number(process.env.DRILL_SEED ?? Date.now() % 2 ** 31);
  t.log(`DRILL_SEED=${seed}`);
  const random = randomNumbers(seed);
  let environmentsLost = 0;
  await using engine = await createEngine({
    limits: { concurrency },
    observe: (event) => {
      if (event.type === 'environment.removed' && event.reason === 'lost') environmentsLost += 1;
    },
  });
  const asked = new Map<number, string>();
  const inside = new Map<number, { readonly functionName: string; readonly kind: Kind }>();
  const broken: string[] = [];
  let most = 0;
  const count = (functionNames: readonly string[], kind?: Kind): number =>
    [...inside.values()].filter((each) => {
      return functionNames.includes(each.functionName) && (kind === undefined || each.kind === kind);
    }).length;
  const check = (what: string, found: number, limit: number): void => {
    if (found > limit) broken.push(`${what}: ${found} of ${limit}`);
  };
  const bindings = {
    begun(id: number, kind: Kind): void {
      const name = asked.get(id);
      // It was told of too late: its caller has been answered.
      if (name === undefined) return;
      inside.set(id, { functionName: name.split(':')[0] ?? '', kind });
      most = Math.max(most, inside.size);
      check('all', inside.size, concurrency);
      check('off', count(['off']), 0);
      check('reserved', count(['reserved']), reserve);
      // What a lost sandbox ran before its guest saw the event goes on elsewhere as what it was admitted as.
      if (environmentsLost > 0) return;
      check('reserved on demand', count(['reserved'], 'on-demand'), reserve - reservedProvisioned);
      check('reserved ahead', count(['reserved'], 'provisioned-concurrency'), reservedProvisioned);
      check('shared', count(['shared', 'ahead'], 'on-demand'), shared);
      check('ahead', count(['ahead'], 'provisioned-concurrency'), sharedProvisioned);
    },
  };
  for (const functionName of ['shared', 'ahead', 'reserved', 'off']) {
    await engine.createFunction({ functionName, timeout: 3, code: { source }, bindings });
    await engine.publishVersion({ functionName });
  }
  const { provisioned } = engine.functions;
  await engine.functions.concurrency.put('reserved', reserve);
  await engine.functions.concurrency.put('off', 0);
  const [aheadOne, reservedOne] = [parseFunctionReference('ahead:1'), parseFunctionReference('reserved:1')];
  await provisioned.put(aheadOne, sharedProvisioned);
  await provisioned.put(reservedOne, reservedProvisioned);
  const isReady = () => [aheadOne, reservedOne].every((each) => provisioned.get(each).status === 'READY');
  while (!isReady()) await delay(10);

  const tally = new Map<string, number>();
  let calls = 0;
  /** Whether it ran. */
  const call = async (): Promise<boolean> => {
    const name = random.pick(names);
    const script = random.weighted({ sleep: 60, throw: 10, exit: 6, hang: 2 });
    calls += 1;
    const id = calls;
    asked.set(id, name);
    let how: string;
    try {
      const payload = JSON.stringify({ id, script, ms: random.between(1, 40) });
      const result = await engine.invoke({ functionName: name, payload });
      how =
        result.functionError === undefined ? 'success' : JSON.parse(Buffer.from(result.payload).toString()).errorType;
    } catch (error) {
      how = error instanceof EngineError ? `${error.code} ${error.throttleReason}` : String(error);
    }
    // In the same turn as the answer.
    asked.delete(id);
    inside.delete(id);
    tally.set(how, (tally.get(how) ?? 0) + 1);
    const hasReserve = name.startsWith('reserved') || name === 'off';
    const reason = hasReserve
      ? 'ReservedFunctionConcurrentInvocationLimitExceeded'
      : 'ConcurrentInvocationLimitExceeded';
    const isThrottle = how === `TooManyRequestsException ${reason}`;
    // Whatever one does to the thread that it shares, the others may be late.
    const isLoss = how.startsWith('SandboxLost') && environmentsLost > 0;
    if (!isThrottle && !isLoss && how !== ends[script] && how !== 'Sandbox.Timedout')
      broken.push(`${name} ${script}: ${how}`);
    if (name === 'off' && !isThrottle) broken.push(`off ${script}: ${how}`);
    if (isThrottle) await delay(random.between(5, 100));
    return !isThrottle;
  };
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      for (let tries = 0, ran = 0; tries < 50 && ran < 3; tries += 1) ran += Number(await call());
    }),
  );
  t.log(
    [...tally].map(([how, times]) => `${how} ${times}`).join(', '),
    `at once ${most}, environments lost ${environmentsLost}`,
  );
  t.deepEqual(broken, []);
  // That nothing was broken says something only if the limits were reached.
  t.true(most > concurrency / 2, `${most} at once`);
  const refused = ['', 'ReservedFunction'].map((before) => {
    return tally.get(`TooManyRequestsException ${before}ConcurrentInvocationLimitExceeded`) ?? 0;
  });
  for (const times of refused) t.true(times > 0);

  while (!isReady()) await delay(10);
  const stats = engine.stats();
  t.like(stats.invocations, {
    total: calls,
    running: 0,
    queued: 0,
    throttled: refused.reduce((sum, times) => sum + times, 0),
  });
  t.like(stats.environments, { busy: 0, starting: 0, provisioned: sharedProvisioned + reservedProvisioned });
  const metrics = metricsText(stats, { eventsTooLong: 0 });
  t.regex(metrics, /^isotherm_invocations_running 0$/m);
  t.regex(metrics, /^isotherm_environments_provisioned 6$/m);
  // All of it can be had again.
  const answers = await Promise.all(
    Array.from({ length: shared }, async (_, n) => {
      const id = -1 - n;
      return engine.function('shared')({ id, script: 'sleep', ms: 300 });
    }),
  );
  t.is(answers.length, shared);
});
