import test from 'ava';
import { Sandboxes } from '../../src/engine/sandboxes.ts';
import { invoked, never, ScriptedFleet, scriptedEngine, text } from './scripted-fleet.ts';

test('a sandbox that nobody needs any more when it is ready is ended at once', async (t) => {
  const fleet = new ScriptedFleet();
  const sandboxes = new Sandboxes(fleet, undefined);
  const told: string[] = [];
  sandboxes.listen({
    slotReady: () => told.push('ready'),
    slotGone: () => told.push('gone'),
    runningIn: () => 0,
    drain: () => told.push('drain'),
  });
  const ready = Promise.withResolvers<void>();
  fleet.onAcquire = () => ready.promise;
  sandboxes.open(1, 'domain:default');
  const handle = sandboxes.handle(1);
  sandboxes.close(1, 'old');
  ready.resolve();
  await t.throwsAsync(Promise.resolve(handle), { code: 'SandboxLost' });
  t.like(fleet.sandboxes[0]?.cause, { kind: 'retired' });
  t.deepEqual(told, []);
});

test('a sandbox that cannot end an environment takes nothing new', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  await engine.invoke({ functionName: 'f' });
  const [sandbox] = fleet.sandboxes;
  if (sandbox === undefined) return t.fail();
  sandbox.destroy = () => Promise.reject(new Error('it does not answer'));
  registry.put({ functionName: 'g' });
  fleet.onInvoke = () => invoked({ kind: 'exit', code: 1 }, '');
  await engine.invoke({ functionName: 'f' });
  await new Promise(setImmediate);
  t.like(sandbox.cause, { kind: 'retired' });
  fleet.onInvoke = () => invoked();
  t.is(text((await engine.invoke({ functionName: 'g' })).payload), '"ok"');
  t.is(fleet.sandboxes.length, 2);
  return undefined;
});

test('parallel cold calls of one domain share a sandbox that is still starting', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  const results = await Promise.all(Array.from({ length: 5 }, () => engine.invoke({ functionName: 'f' })));
  t.is(new Set(results.map(({ report }) => report?.environmentId)).size, 5);
  t.is(fleet.sandboxes.length, 1);
});

test('a sandbox inside a long slice is avoided', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'hog' });
  registry.put({ functionName: 'f' });
  await engine.invoke({ functionName: 'f' });
  const [first] = fleet.sandboxes;
  if (first === undefined) return t.fail();
  first.busy = true;
  const { report } = await engine.invoke({ functionName: 'f' });
  t.true(report?.coldStart);
  t.is(fleet.sandboxes.length, 2);
  return undefined;
});

test('stats tell what there is', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f', trustDomain: 'customer-42', memorySize: 256 });
  await engine.invoke({ functionName: 'f' });
  fleet.onInvoke = () => never;
  const running = engine.invoke({ functionName: 'f' });
  await new Promise(setImmediate);
  t.deepEqual(engine.stats(), {
    functions: 1,
    environments: { total: 1, idle: 0, busy: 1, starting: 0, provisioned: 0 },
    sandboxes: [{ sandboxId: 's1', trustDomain: 'customer-42', pid: 1001, environments: 1, rssMB: 50, heldBackMs: 0 }],
    memoryReservedMiB: 256,
    invocations: { total: 2, cold: 1, throttled: 0, failed: 0, running: 1, queued: 0 },
    async: {
      queued: 0,
      queuedBytes: 0,
      underWay: 0,
      oldestAgeMs: 0,
      accepted: 0,
      succeeded: 0,
      failed: 0,
      retried: 0,
      throttled: 0,
      dropped: 0,
      recordsDelivered: 0,
      recordsFailed: 0,
    },
    cpuMs: 0,
    limits: {},
    runtime: { kind: 'snapshot' },
  });
  await Promise.all([t.throwsAsync(running, { code: 'EngineClosed' }), engine.close()]);
});
