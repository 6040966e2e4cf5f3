import test from 'ava';
import { Conduct } from '../../src/engine/conduct.ts';
import { limits } from '../../src/model/limits.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import type { ExitCause } from '../../src/supervisor/sandbox-port.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { invoked, never, scriptedEngine, text } from './scripted-fleet.ts';

const { functionProcessesLostMax, functionBackoffMsMin, functionProcessesWindowMs, hogStrikesMax, hogWindowMs } =
  limits;

function conduct() {
  const clock = createFakeClock();
  const events: PlatformEvent[] = [];
  const judged = new Conduct(clock, (event) => events.push(event));
  let slotId = 0;
  const cost = (functionName: string): void => {
    slotId += 1;
    judged.costProcess({ functionName, slotId, reason: 'it crashed' });
  };
  return { clock, events, judged, cost };
}

test('a function that ends process after process is refused for a while, and others are not', (t) => {
  const { clock, events, judged, cost } = conduct();
  for (let lost = 1; lost < functionProcessesLostMax; lost += 1) cost('poison');
  t.notThrows(() => judged.requireCalm('poison'));
  cost('poison');
  t.throws(() => judged.requireCalm('poison'), {
    code: 'FunctionSuspended',
    message: `poison is suspended because it ended one sandbox process after the other, the last because it crashed; next try in ${functionBackoffMsMin} ms`,
  });
  t.notThrows(() => judged.requireCalm('other'));
  t.deepEqual(events, [
    {
      type: 'function.suspended',
      functionName: 'poison',
      reason: 'it crashed',
      retryAfterMs: functionBackoffMsMin,
    },
  ]);
  clock.advance(functionBackoffMsMin);
  t.notThrows(() => judged.requireCalm('poison'));
});

test('each try that fails after a back-off doubles it; a quiet window ends it', (t) => {
  const { clock, events, judged, cost } = conduct();
  for (let lost = 0; lost < functionProcessesLostMax; lost += 1) cost('poison');
  for (const times of [1, 2, 4]) {
    clock.advance(functionBackoffMsMin * times);
    t.notThrows(() => judged.requireCalm('poison'));
    cost('poison');
  }
  t.deepEqual(
    events.map((event) => event.type === 'function.suspended' && event.retryAfterMs),
    [1, 2, 4, 8].map((times) => functionBackoffMsMin * times),
  );
  clock.advance(functionBackoffMsMin * 8 + functionProcessesWindowMs);
  cost('poison');
  t.notThrows(() => judged.requireCalm('poison'));
});

test('a process counts once, however many invocations ran in it', (t) => {
  const { judged } = conduct();
  for (let told = 0; told < 100; told += 1) judged.costProcess({ functionName: 'f', slotId: 1, reason: 'it crashed' });
  t.notThrows(() => judged.requireCalm('f'));
});

test('with other code a function begins anew', (t) => {
  const { judged, cost } = conduct();
  for (let lost = 0; lost < functionProcessesLostMax; lost += 1) cost('f');
  judged.forget('f');
  t.notThrows(() => judged.requireCalm('f'));
});

test('strikes count within their window only', (t) => {
  const { clock, judged } = conduct();
  for (let strike = 1; strike < hogStrikesMax; strike += 1) t.false(judged.strike('f'));
  clock.advance(hogWindowMs);
  for (let strike = 1; strike < hogStrikesMax; strike += 1) t.false(judged.strike('f'));
  t.false(judged.strike('g'));
  t.true(judged.strike('f'));
});

function poisoned(cause: ExitCause) {
  const scripted = scriptedEngine();
  scripted.registry.put({ functionName: 'poison' });
  scripted.registry.put({ functionName: 'good' });
  const poison = async () => scripted.engine.invoke({ functionName: 'poison' });
  scripted.fleet.onInvoke = (spec, sandbox) => {
    if (spec.invokedFunctionArn.endsWith(':good')) return invoked();
    sandbox.die(cause);
    return never;
  };
  return { ...scripted, poison };
}

const crashed: ExitCause = { kind: 'crashed', detail: 'it ended by SIGSEGV' };
const killedForMemory: ExitCause = { kind: 'killed', reason: 'memory', detail: '700 MiB resident' };

test('a function that crashes its sandbox each time costs a few processes, and then none', async (t) => {
  const { engine, fleet, poison, clock } = poisoned(crashed);
  for (let lost = 0; lost < functionProcessesLostMax; lost += 1) await t.throwsAsync(poison(), { code: 'SandboxLost' });
  const started = fleet.sandboxes.length;
  for (let refused = 0; refused < 20; refused += 1) await t.throwsAsync(poison(), { code: 'FunctionSuspended' });
  t.is(fleet.sandboxes.length, started);
  t.is(text((await engine.invoke({ functionName: 'good' })).payload), '"ok"');
  // A dry run starts nothing, so it is not refused.
  t.is((await engine.invoke({ functionName: 'poison', invocationType: 'DryRun' })).statusCode, 204);

  clock.advance(functionBackoffMsMin);
  await t.throwsAsync(poison(), { code: 'SandboxLost' });
  await t.throwsAsync(poison(), { code: 'FunctionSuspended', message: /next try in 2000 ms/ });
});

test('so does one whose process is killed for it each time, although its outcome is told', async (t) => {
  const { poison } = poisoned(killedForMemory);
  for (let lost = 0; lost < functionProcessesLostMax; lost += 1) {
    t.is((await poison()).report?.errorType, 'Runtime.OutOfMemory');
  }
  await t.throwsAsync(poison(), { code: 'FunctionSuspended' });
});

test('new code is tried at once', async (t) => {
  const { engine, poison } = poisoned(crashed);
  for (let lost = 0; lost < functionProcessesLostMax; lost += 1) await t.throwsAsync(poison());
  await engine.updateFunctionCode({ functionName: 'poison', code: { source: '' } });
  await t.throwsAsync(poison(), { code: 'SandboxLost' });
});

test('what strangers do to its sandboxes is not held against a function', async (t) => {
  const { poison } = poisoned({ kind: 'crashed', detail: 'it ended by SIGKILL', by: 'stranger' });
  for (let lost = 0; lost < functionProcessesLostMax * 3; lost += 1) {
    await t.throwsAsync(poison(), { code: 'SandboxLost' });
  }
});

test('a function that holds a thread for long again and again leaves the sandbox it shares', async (t) => {
  const { engine, fleet, registry, events } = scriptedEngine();
  registry.put({ functionName: 'hog' });
  registry.put({ functionName: 'good' });
  fleet.onInvoke = (spec) =>
    invoked({ kind: 'success' }, '"ok"', {
      longestSliceMs: spec.invokedFunctionArn.endsWith(':hog') ? limits.hogSliceMsMin : 1,
    });
  const hog = () => engine.invoke({ functionName: 'hog' });
  const good = () => engine.invoke({ functionName: 'good' });
  await good();
  for (let strike = 0; strike < hogStrikesMax; strike += 1) {
    await hog();
    await good();
    t.is(fleet.sandboxes.length, 1);
  }
  await hog();
  await good();
  t.deepEqual(
    fleet.sandboxes.map(({ trustDomain }) => trustDomain),
    ['domain:default', 'function:hog'],
  );
  t.is(events.filter((event) => event.type === 'function.secluded').length, 1);
});

test('with a sandbox of its own a function still counts for the quota of its trust domain', async (t) => {
  const { engine, fleet, registry } = scriptedEngine({ sandboxesPerDomain: 1 });
  registry.put({ functionName: 'hog' });
  registry.put({ functionName: 'good' });
  fleet.onInvoke = () => invoked({ kind: 'success' }, '"ok"', { longestSliceMs: limits.hogSliceMsMin });
  await engine.invoke({ functionName: 'good' });
  for (let strike = 0; strike < hogStrikesMax; strike += 1) await engine.invoke({ functionName: 'hog' });
  // The one that both shared makes way.
  await engine.invoke({ functionName: 'hog' });
  t.deepEqual(
    engine.stats().sandboxes.map(({ trustDomain }) => trustDomain),
    ['function:hog'],
  );
});

test('nobody is moved away from nobody', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'busy' });
  fleet.onInvoke = () => invoked({ kind: 'success' }, '"ok"', { longestSliceMs: limits.hogSliceMsMin });
  for (let call = 0; call < hogStrikesMax * 3; call += 1) await engine.invoke({ functionName: 'busy' });
  t.is(fleet.sandboxes.length, 1);
});
