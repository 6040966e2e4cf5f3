import test from 'ava';
import { FunctionError } from '../../src/model/function-error.ts';
import { invoked, scriptedEngine, text } from './scripted-fleet.ts';

test('a callable answers with the parsed payload', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'greet' });
  fleet.onInvoke = ({ payload }) => invoked({ kind: 'success' }, `{"heard":${text(payload)}}`);
  const greet = engine.function('greet');
  t.deepEqual(await greet({ name: 'Ada' }), { heard: { name: 'Ada' } });
  t.deepEqual(await greet(), { heard: {} });
  t.is(greet.functionName, 'greet');
});

test('its record is the one of now', (t) => {
  const { engine, registry } = scriptedEngine();
  registry.put({ functionName: 'greet' });
  const greet = engine.function('greet');
  registry.put({ functionName: 'greet', memorySize: 256 });
  t.is(greet.record.configuration.memorySize, 256);
});

test('a function that is not there is told at once', (t) => {
  const { engine } = scriptedEngine();
  t.throws(() => engine.function('nobody'), { code: 'ResourceNotFoundException' });
});

test('a failing function throws what Lambda answered', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onInvoke = () =>
    invoked(
      { kind: 'error', errorType: 'TypeError' },
      '{"errorType":"TypeError","errorMessage":"no such thing","trace":["TypeError: no such thing","    at x"]}',
    );
  const error = await t.throwsAsync<FunctionError>(engine.function('f')(), {
    instanceOf: FunctionError,
    message: 'TypeError: no such thing',
  });
  t.like(error, { errorType: 'TypeError', trace: ['TypeError: no such thing', '    at x'] });
});

test('a hostile error payload becomes an error all the same', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  for (const payload of ['null', '3', '[]', '{"errorType":{"toString":1},"errorMessage":[],"trace":[1,"x"]}']) {
    fleet.onInvoke = () => invoked({ kind: 'error', errorType: 'x' }, payload);
    const error = await t.throwsAsync<FunctionError>(engine.function('f')(), { instanceOf: FunctionError });
    t.is(error?.errorType, 'Error');
  }
  fleet.onInvoke = () => invoked({ kind: 'success' }, 'not json');
  await t.throwsAsync(engine.function('f')(), { instanceOf: FunctionError, message: /not JSON/ });
});

test('an event that has no JSON form is refused before anything runs', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const event of [cycle, 1n, () => 1, Symbol('x')]) {
    await t.throwsAsync(engine.function('f')(event), { code: 'InvalidRequestContentException' });
  }
  t.is(fleet.sandboxes.length, 0);
});
