import { runInNewContext } from 'node:vm';
import test from 'ava';
import { scriptedEngine, text } from './scripted-fleet.ts';

const refused: readonly (readonly [string, unknown, string])[] = [
  ['nothing', undefined, 'The input must be an object with a functionName, received undefined.'],
  ['a name alone', 'greet', 'The input must be an object with a functionName, received "greet".'],
  [
    'an event that is no text',
    { functionName: 'greet', payload: { name: 'Ada' } },
    'payload must be JSON as a string or a Uint8Array (a value is taken by engine.function(name), which makes the JSON), received an object.',
  ],
  [
    'null as an event',
    { functionName: 'greet', payload: null },
    'payload must be JSON as a string or a Uint8Array (a value is taken by engine.function(name), which makes the JSON), received null.',
  ],
  [
    'an invocation type of nobody',
    { functionName: 'greet', invocationType: 'Sync' },
    'invocationType must be RequestResponse, Event or DryRun, received "Sync".',
  ],
  ['a log type of nobody', { functionName: 'greet', logType: 'All' }, 'logType must be None or Tail, received "All".'],
  [
    'a client context that is no text',
    { functionName: 'greet', clientContext: { custom: {} } },
    'clientContext must be a string, received an object.',
  ],
  ['a trace id that is no text', { functionName: 'greet', traceId: 5 }, 'traceId must be a string, received 5.'],
  ['a signal that is none', { functionName: 'greet', signal: 5 }, 'signal must be an AbortSignal, received 5.'],
  [
    'a setting that nobody reads',
    { functionName: 'greet', event: {} },
    "Unknown setting 'event'. The settings of an invocation are: functionName, qualifier, payload, invocationType, logType, clientContext, cognitoIdentity, traceId, requestId, signal.",
  ],
];

for (const [what, input, message] of refused) {
  test(`${what} is refused in one sentence, also where the answer is a stream`, async (t) => {
    const { engine, registry } = scriptedEngine();
    registry.put({ functionName: 'greet' });
    const expected = { name: 'EngineError', code: 'InvalidParameterValueException', message };
    await t.throwsAsync(engine.invoke(input as never), expected);
    await t.throwsAsync(engine.invokeStream(input as never), expected);
  });
}

test('bytes of another realm are an event', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'greet' });
  const payload: Uint8Array = runInNewContext('new Uint8Array([0x5b, 0x5d])');
  await engine.invoke({ functionName: 'greet', payload });
  t.is(text(fleet.sandboxes[0]?.invokes[0]?.payload ?? new Uint8Array()), '[]');
});

test('what deploys and changes functions takes objects only', async (t) => {
  const { engine } = scriptedEngine();
  const expected = { message: 'The input must be an object with a functionName, received "greet".' };
  for (const method of [
    'createFunction',
    'publishVersion',
    'updateFunctionCode',
    'updateFunctionConfiguration',
  ] as const) {
    await t.throwsAsync(engine[method]('greet' as never), expected, method);
  }
});
