import test from 'ava';
import type { InvokeInput } from '../../src/model/invocation.ts';
import { invoked, scriptedEngine, text } from './scripted-fleet.ts';

const event = (payload: string, more: Partial<InvokeInput> = {}): InvokeInput => ({
  functionName: 'f',
  invocationType: 'Event',
  payload,
  ...more,
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('an event is accepted with a request id and no answer, and runs with that id', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  const accepted = await engine.invoke(event('{"n":1}', { traceId: 'Root=1-2' }));
  t.like(accepted, { statusCode: 202 });
  t.is(accepted.payload.byteLength, 0);
  t.false('executedVersion' in accepted);
  t.false('report' in accepted);
  await until(() => engine.stats().async.succeeded === 1);
  const [spec] = fleet.sandboxes[0]?.invokes ?? [];
  t.is(spec?.requestId, accepted.requestId);
  t.is(text(spec?.payload ?? new Uint8Array()), '{"n":1}');
  t.is(spec?.invokedFunctionArn, 'arn:aws:lambda:us-east-1:000000000000:function:f');
  t.is(spec?.traceId, 'Root=1-2');
});

test('a failing function is tried again with the code that there is then', async (t) => {
  const { engine, fleet, registry, clock, events } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onInvoke = () => invoked({ kind: 'error', errorType: 'Error' }, '{"errorMessage":"no"}');
  const { requestId } = await engine.invoke(event('{}'));
  await until(() => events.some(({ type }) => type === 'async.retry'));
  t.like(
    events.find(({ type }) => type === 'async.retry'),
    { requestId, attempts: 1, delayMs: 60_000 },
  );
  registry.put({ functionName: 'f', revision: 2 });
  fleet.onInvoke = () => invoked();
  await until(() => engine.stats().async.underWay === 0);
  // What is to be tried again is written in the turn after.
  for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(60_000);
  await until(() => engine.stats().async.succeeded === 1);
  t.deepEqual(
    fleet.sandboxes.flatMap(({ creates }) => creates.map(({ version }) => version.code.versionKey)),
    ['f-1', 'f-2'],
  );
});

test('an event for a function that does not exist, or that is no JSON or too long, is refused at once', async (t) => {
  const { engine, registry } = scriptedEngine();
  await t.throwsAsync(engine.invoke(event('{}')), { code: 'ResourceNotFoundException' });
  registry.put({ functionName: 'f' });
  await t.throwsAsync(engine.invoke(event('{')), { code: 'InvalidRequestContentException' });
  const error = await t.throwsAsync(engine.invoke(event(`"${' '.repeat(1_048_575)}"`)));
  t.is(error?.message, '1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)');
  t.is(engine.stats().async.accepted, 0);
});

test('deliveries leave half of the concurrency to callers that wait', async (t) => {
  const { engine, fleet, registry } = scriptedEngine({ concurrency: 4 });
  registry.put({ functionName: 'f' });
  registry.put({ functionName: 'g' });
  const end = Promise.withResolvers<void>();
  fleet.onInvoke = async (spec) => {
    if (text(spec.payload) === '{"later":true}') await end.promise;
    return invoked();
  };
  for (const functionName of ['f', 'f', 'f', 'g', 'g']) await engine.invoke(event('{"later":true}', { functionName }));
  await until(() => engine.stats().async.underWay === 2);
  await Promise.all([engine.invoke({ functionName: 'f' }), engine.invoke({ functionName: 'g' })]);
  t.is(engine.stats().async.underWay, 2);
  end.resolve();
  await until(() => engine.stats().async.succeeded === 5);
  t.is(engine.stats().invocations.throttled, 0);
});

test('the queue says when it is full', async (t) => {
  const { engine, fleet, registry } = scriptedEngine({ asyncEvents: 1 });
  registry.put({ functionName: 'f' });
  fleet.onInvoke = () => new Promise(() => undefined);
  await engine.invoke(event('{}'));
  await t.throwsAsync(engine.invoke(event('{}')), {
    code: 'TooManyRequestsException',
    message: 'The queue of asynchronous events is full: limits.asyncEvents is 1.',
  });
});

test('an engine that is closed takes no event, and those that run end with it', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onInvoke = () => new Promise(() => undefined);
  await engine.invoke(event('{}'));
  await until(() => engine.stats().async.underWay === 1);
  await engine.close();
  await t.throwsAsync(engine.invoke(event('{}')), { code: 'EngineClosed' });
});
