/** Environments that are made before anybody asks: a real registry and engine, scripted sandboxes, time that the test passes. */
import test from 'ava';
import { composeEngine } from '../../src/engine/compose-engine.ts';
import type { EngineLimits } from '../../src/engine/engine.ts';
import { validOptions } from '../../src/engine/engine-options.ts';
import { createFunctionRegistry } from '../../src/functions/create-registry.ts';
import { parseFunctionReference } from '../../src/functions/function-reference.ts';
import { MemoryStore } from '../../src/functions/memory-store.ts';
import { EngineError } from '../../src/model/errors.ts';
import { limits } from '../../src/model/limits.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { created, invoked, never, ScriptedFleet } from './scripted-fleet.ts';

async function world(engineLimits: EngineLimits = {}, store = new MemoryStore()) {
  const clock = createFakeClock();
  const fleet = new ScriptedFleet();
  const events: PlatformEvent[] = [];
  const registry = await createFunctionRegistry({
    clock,
    store,
    ...(engineLimits.concurrency !== undefined && { concurrency: engineLimits.concurrency }),
  });
  const engine = composeEngine({
    options: validOptions({ clock, limits: engineLimits }),
    observe: (event) => events.push(event),
    fleet,
    registry,
    release: () => registry.close(),
  });
  const { provisioned } = engine.functions;
  return {
    clock,
    fleet,
    engine,
    events,
    store,
    /** Everything that can happen now, and in so much time, has. */
    async pass(ms = 0) {
      for (let turns = 0; turns < 12; turns += 1) {
        clock.advance(turns === 0 ? ms : 0);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async publish(functionName: string, answer = 1): Promise<string> {
      const code = { source: `export const handler = async () => ${answer}` };
      if (engine.functions.list({}).functions.some(({ configuration: c }) => c.functionName === functionName)) {
        await engine.updateFunctionCode({ functionName, code });
      } else {
        await engine.createFunction({ functionName, code });
      }
      return (await engine.publishVersion({ functionName })).version;
    },
    put: (name: string, requested: number) => provisioned.put(parseFunctionReference(name), requested),
    get(name: string) {
      const { requested, allocated, available, status, statusReason } = provisioned.get(parseFunctionReference(name));
      return [requested, allocated, available, status, ...(statusReason === undefined ? [] : [statusReason])];
    },
    delete: (name: string) => provisioned.delete(parseFunctionReference(name)),
    creates: () => fleet.sandboxes.flatMap(({ creates }) => creates),
    isGone: () => engine.stats().environments.provisioned === 0,
  };
}

test('what is asked for is made: in progress, then ready, with counts of what exists', async (t) => {
  await using w = await world().then((each) =>
    Object.assign(each, { [Symbol.asyncDispose]: () => each.engine.close() }),
  );
  await w.publish('f');
  const put = await w.put('f:1', 5);
  t.like(put, {
    requested: 5,
    allocated: 0,
    available: 0,
    status: 'IN_PROGRESS',
    lastModified: '2026-01-01T00:00:00+0000',
  });
  await w.pass();
  t.deepEqual(w.get('f:1'), [5, 5, 5, 'READY']);
  t.is(w.creates().length, 5);
  for (const { initializationType, init, initTimeoutMs } of w.creates()) {
    t.deepEqual([initializationType, init, initTimeoutMs], ['provisioned-concurrency', 'now', 130_000]);
  }
  t.is(w.engine.stats().environments.provisioned, 5);
  t.is(w.engine.stats().invocations.running, 0);
  const inits = w.events.filter(({ type }) => type === 'platform.initStart' || type === 'platform.initReport');
  t.is(inits.length, 10);
  t.true(
    inits.every((event) => 'initializationType' in event && event.initializationType === 'provisioned-concurrency'),
  );
});

test('while init runs they are allocated and not available, a few at a time', async (t) => {
  const w = await world();
  await w.publish('f');
  const inits: (() => void)[] = [];
  w.fleet.onCreate = () => new Promise((resolve) => inits.push(() => resolve(created())));
  await w.put('f:1', 5);
  await w.pass();
  const atOnce = limits.provisionsOfVersionAtOnceMax;
  t.deepEqual(w.get('f:1'), [5, atOnce, 0, 'IN_PROGRESS']);
  inits.shift()?.();
  await w.pass();
  t.deepEqual(w.get('f:1'), [5, 5, 1, 'IN_PROGRESS']);
  while (inits.length > 0) {
    inits.shift()?.();
    await w.pass();
  }
  t.deepEqual(w.get('f:1'), [5, 5, 5, 'READY']);
  await w.engine.close();
});

test('an invocation of the version finds one, and its REPORT tells the init that ran ahead, once', async (t) => {
  const w = await world();
  await w.publish('f');
  await w.put('f:1', 1);
  await w.pass();
  const { report } = await w.engine.invoke({ functionName: 'f:1' });
  t.is(report?.coldStart, false);
  t.is(report?.initDurationMs, 12.5);
  const again = await w.engine.invoke({ functionName: 'f:1' });
  t.is(again.report?.environmentId, report?.environmentId);
  t.is(again.report?.initDurationMs, undefined);
  t.is(w.creates().length, 1);
  // $LATEST is another version.
  t.true((await w.engine.invoke({ functionName: 'f' })).report?.coldStart);
  await w.engine.close();
});

test('what is over them runs on demand', async (t) => {
  const w = await world();
  await w.publish('f');
  await w.put('f:1', 1);
  await w.pass();
  const answers: (() => void)[] = [];
  w.fleet.onInvoke = () => new Promise((resolve) => answers.push(() => resolve(invoked())));
  const both = [w.engine.invoke({ functionName: 'f:1' }), w.engine.invoke({ functionName: 'f:1' })];
  await w.pass();
  for (const answer of answers) answer();
  const colds = (await Promise.all(both)).map(({ report }) => report?.coldStart);
  t.deepEqual(colds, [false, true]);
  t.deepEqual(
    w.creates().map(({ initializationType }) => initializationType),
    ['provisioned-concurrency', 'on-demand'],
  );
  await w.engine.close();
});

test('one that is lost is made again; time alone takes none', async (t) => {
  const w = await world({ environmentIdleMs: 1_000 });
  await w.publish('f');
  await w.put('f:1', 2);
  await w.pass();
  await w.pass(60_000);
  t.is(w.creates().length, 2);
  w.fleet.sandboxes[0]?.die({ kind: 'killed', reason: 'memory', detail: 'a neighbour' });
  await w.pass();
  t.deepEqual(w.get('f:1'), [2, 2, 2, 'READY']);
  t.is(w.creates().length, 4);
  // A crash of the handler ends the runtime; the next one takes over its /tmp.
  w.fleet.onInvoke = () => invoked({ kind: 'exit', code: 1 });
  await w.engine.invoke({ functionName: 'f:1' });
  await w.pass();
  t.deepEqual(w.get('f:1'), [2, 2, 2, 'READY']);
  t.truthy(w.creates().at(-1)?.inheritsFrom);
  await w.engine.close();
});

test('an init that fails: FAILED with Lambda’s reason, tried again ever more seldom', async (t) => {
  const w = await world();
  await w.publish('f');
  w.fleet.onCreate = () => created({ status: 'error', durationMs: 1, errorType: 'Error' });
  await w.put('f:1', 2);
  await w.pass();
  t.deepEqual(w.get('f:1'), [2, 0, 0, 'FAILED', 'FUNCTION_ERROR_INIT_FAILURE']);
  const tries = w.creates().length;
  t.is(tries, 2);
  await w.pass(limits.provisionBackoffMsMin - 1);
  t.is(w.creates().length, tries);
  await w.pass(1);
  t.is(w.creates().length, tries + 1);
  for (let second = 0; second < 3_600; second += 1) await w.pass(1_000);
  t.true(w.creates().length <= tries + 22, `${w.creates().length} tries in an hour`);
  // Nothing is set aside for what does not exist.
  w.fleet.onCreate = () => created();
  t.is((await w.engine.invoke({ functionName: 'f:1' })).statusCode, 200);
  await w.pass(limits.provisionBackoffMsMax);
  t.deepEqual(w.get('f:1'), [2, 2, 2, 'READY']);
  await w.engine.close();
});

test('asking anew tries at once', async (t) => {
  const w = await world();
  await w.publish('f');
  w.fleet.onCreate = () => created({ status: 'timeout', durationMs: 130_000 });
  await w.put('f:1', 1);
  await w.pass();
  t.is(w.get('f:1')[3], 'FAILED');
  w.fleet.onCreate = () => created();
  await w.put('f:1', 1);
  await w.pass();
  t.deepEqual(w.get('f:1'), [1, 1, 1, 'READY']);
  await w.engine.close();
});

test('where there is no room it says so, keeps what it has, and goes on when there is', async (t) => {
  const w = await world({ environmentsMax: 3 });
  await w.publish('f');
  await w.publish('g');
  const answers: (() => void)[] = [];
  w.fleet.onInvoke = () => new Promise((resolve) => answers.push(() => resolve(invoked())));
  const running = [w.engine.invoke({ functionName: 'g' }), w.engine.invoke({ functionName: 'g' })];
  await w.pass();
  await w.put('f:1', 2);
  await w.pass();
  t.deepEqual(w.get('f:1').slice(0, 4), [2, 1, 1, 'FAILED']);
  t.regex(String(w.get('f:1')[4]), /environmentsMax is 3/);
  for (const answer of answers) answer();
  await Promise.all(running);
  await w.pass(limits.provisionRoomRetryMs);
  t.deepEqual(w.get('f:1'), [2, 2, 2, 'READY']);
  await w.engine.close();
});

test('they move with their alias: the old ones serve until the new ones can', async (t) => {
  const w = await world();
  await w.publish('f', 1);
  await w.publish('f', 2);
  const { aliases } = w.engine.functions;
  await aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1' });
  await w.put('f:prod', 1);
  await w.pass();
  const finish: (() => void)[] = [];
  w.fleet.onCreate = () => new Promise((resolve) => finish.push(() => resolve(created())));
  await aliases.update({ functionName: 'f', name: 'prod', functionVersion: '2' });
  t.deepEqual(w.get('f:prod'), [1, 1, 1, 'IN_PROGRESS']);
  await w.pass();
  t.deepEqual(w.get('f:prod'), [1, 1, 1, 'IN_PROGRESS']);
  t.false((await w.engine.invoke({ functionName: 'f:1' })).report?.coldStart);
  finish[0]?.();
  await w.pass();
  t.deepEqual(w.get('f:prod'), [1, 1, 1, 'READY']);
  t.is(w.engine.stats().environments.total, 1);
  const { executedVersion, report } = await w.engine.invoke({ functionName: 'f:prod' });
  t.deepEqual([executedVersion, report?.coldStart], ['2', false]);
  await w.engine.close();
});

test('an alias that gets weights divides them by its weights', async (t) => {
  const w = await world();
  await w.publish('f', 1);
  await w.publish('f', 2);
  const { aliases } = w.engine.functions;
  await aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1' });
  await w.put('f:prod', 4);
  await w.pass();
  await aliases.update({ functionName: 'f', name: 'prod', additionalVersionWeights: { 2: 0.25 } });
  await w.pass();
  t.deepEqual(w.get('f:prod'), [4, 4, 4, 'READY']);
  const versions = w.creates().map(({ version }) => version.version);
  t.deepEqual(versions, ['1', '1', '1', '1', '2']);
  t.is(w.engine.stats().environments.provisioned, 4);
  await aliases.update({ functionName: 'f', name: 'prod', additionalVersionWeights: {} });
  await w.pass();
  t.deepEqual(w.get('f:prod'), [4, 4, 4, 'READY']);
  t.is(w.engine.stats().environments.total, 4);
  await w.engine.close();
});

test('fewer are taken back, and all of them with config, alias, version or function', async (t) => {
  const w = await world();
  await w.publish('f', 1);
  await w.put('f:1', 3);
  await w.pass();
  await w.put('f:1', 1);
  await w.pass();
  t.deepEqual(w.get('f:1'), [1, 1, 1, 'READY']);
  await w.delete('f:1');
  await w.pass();
  t.true(w.isGone());
  t.is(
    t.throws(() => w.get('f:1'), { instanceOf: EngineError })?.code,
    'ProvisionedConcurrencyConfigNotFoundException',
  );

  const { aliases } = w.engine.functions;
  await aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1' });
  await w.put('f:prod', 1);
  await w.pass();
  await aliases.delete('f', 'prod');
  await w.pass();
  t.true(w.isGone());

  await w.put('f:1', 1);
  await w.pass();
  await w.engine.functions.delete(parseFunctionReference('f:1'));
  await w.pass();
  t.true(w.isGone());

  await w.publish('f', 2);
  await w.put('f:2', 1);
  await w.pass();
  await w.engine.deleteFunction('f');
  await w.pass();
  t.true(w.isGone());
  await w.publish('f', 3);
  await w.pass();
  t.deepEqual(w.engine.functions.provisioned.list({ functionName: 'f' }).configs, []);
  t.true(w.isGone());
  await w.engine.close();
});

test('other bindings: they are made again, and what failed without them is tried at once', async (t) => {
  const w = await world();
  await w.publish('f', 1);
  w.fleet.onCreate = ({ bindings }) =>
    created(bindings === undefined ? { status: 'error', durationMs: 1, errorType: 'Error' } : undefined);
  await w.put('f:1', 1);
  await w.pass();
  t.is(w.get('f:1')[3], 'FAILED');
  w.engine.bind('f', { answer: () => 42 });
  await w.pass();
  t.deepEqual(w.get('f:1'), [1, 1, 1, 'READY']);
  w.engine.bind('f', { answer: () => 43 });
  await w.pass();
  t.deepEqual(w.get('f:1'), [1, 1, 1, 'READY']);
  t.is(w.engine.stats().environments.total, 1);
  await w.engine.close();
});

test('closing waits for none of them', async (t) => {
  const w = await world();
  await w.publish('f', 1);
  w.fleet.onCreate = () => never;
  await w.put('f:1', 3);
  await w.pass();
  t.is(w.engine.stats().environments.starting, 3);
  await w.engine.close();
  await w.pass(1_000_000);
  t.is(w.engine.stats().environments.total, 0);
  t.is(w.clock.timersArmed, 0);
});

test('the reserve cannot be less than what is provisioned, nor more be provisioned than is reserved', async (t) => {
  const w = await world();
  await w.publish('f', 1);
  await w.put('f:1', 2);
  const { concurrency } = w.engine.functions;
  const message = (error: unknown) => (error instanceof EngineError ? error.message : String(error));
  t.is(
    message(await t.throwsAsync(concurrency.put('f', 1))),
    " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].",
  );
  await concurrency.put('f', 2);
  t.is(
    message(await t.throwsAsync(w.put('f:1', 3))),
    'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
  );
  await concurrency.delete('f');
  t.is(
    message(await t.throwsAsync(w.put('f:1', 1_001))),
    "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000].",
  );
  t.regex(message(await t.throwsAsync(w.put('f:1', 901))), /below its minimum value of \[100\]\.$/);
  await w.publish('g', 1);
  await t.throwsAsync(concurrency.put('g', 899), undefined, 'what is provisioned for f is nobody else’s');
  await concurrency.put('g', 898);
  await w.engine.close();
});

test('version and alias are not provisioned for the same', async (t) => {
  const w = await world();
  await w.publish('f', 1);
  await w.publish('f', 2);
  const { aliases } = w.engine.functions;
  await aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1' });
  await w.put('f:1', 1);
  t.is(
    (await t.throwsAsync(w.put('f:prod', 1)))?.message,
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
  );
  await w.delete('f:1');
  await w.put('f:prod', 1);
  t.is((await t.throwsAsync(w.put('f:1', 1)))?.message, 'Version is pointed by a Provisioned Concurrency alias');
  await t.throwsAsync(aliases.update({ functionName: 'f', name: 'prod', functionVersion: '$LATEST' }), {
    message: 'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
  });
  await aliases.create({ functionName: 'f', name: 'two', functionVersion: '1', additionalVersionWeights: { 2: 0.5 } });
  t.is(
    (await t.throwsAsync(w.put('f:two', 1)))?.message,
    'Alias with weights can not be used with Provisioned Concurrency',
  );
  await w.engine.close();
});
