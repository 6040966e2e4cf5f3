import test from 'ava';
import { FakeGuest, thenable } from '../../fixtures/fake-guest.ts';

async function guestWith(handler: unknown): Promise<FakeGuest> {
  return new FakeGuest().initWith(handler);
}

test('A4.1 the handler gets event and context, and no callback', async (t) => {
  const guest = await guestWith((...args: unknown[]) => [args.length, args[0]]);
  t.like(await guest.answer({ a: 1 }), { kind: 'answer', text: '[2,{"a":1}]' });
});

test('A4.2 three parameters are refused at init, unless the handler streams', async (t) => {
  const load = (exports: Record<string, unknown>): void => {
    exports.handler = (_event: unknown, _context: unknown, _callback: unknown) => {};
  };
  const settled = await new FakeGuest().init(load);
  t.like(settled, { kind: 'initError', errorType: 'Runtime.CallbackHandlerDeprecated' });
  t.is(
    JSON.parse(settled?.text ?? '').errorMessage,
    'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
  );
  const streaming = new FakeGuest();
  const done = await streaming.init((exports) => {
    exports.handler = streaming.awslambda?.streamifyResponse(
      async (_event: unknown, _stream: unknown, _context: unknown) => {},
    );
  });
  t.is(done?.kind, 'initDone');
});

test('A4.3 what is returned or resolved is the result', async (t) => {
  t.like(await (await guestWith(() => 'sync')).answer(), { text: '"sync"' });
  t.like(await (await guestWith(async () => ({ deep: [1] }))).answer(), { text: '{"deep":[1]}' });
  t.like(await (await guestWith(() => thenable((resolve) => resolve('thenable')))).answer(), {
    text: '"thenable"',
  });
  t.like(await (await guestWith(() => undefined)).answer(), { text: 'null' });
  t.like(await (await guestWith(() => () => {})).answer(), { text: 'null' });
});

test('A4.3 a throw and a rejection are errors, logged with their stack', async (t) => {
  for (const handler of [
    () => {
      throw Object.assign(new TypeError('bad'), { code: 'E_BAD', stack: 'TypeError: bad\n    at x' });
    },
    async () => {
      throw Object.assign(new TypeError('bad'), { code: 'E_BAD', stack: 'TypeError: bad\n    at x' });
    },
  ]) {
    const guest = await guestWith(handler);
    t.like(await guest.answer(), {
      kind: 'error',
      errorType: 'TypeError',
      text: '{"errorType":"TypeError","errorMessage":"bad","trace":["TypeError: bad","    at x"]}',
    });
    t.deepEqual(guest.records(), [
      'request-1\tERROR\tInvoke Error \t{"errorType":"TypeError","errorMessage":"bad","code":"E_BAD","stack":["TypeError: bad","    at x"]}',
    ]);
  }
});

test('A4.4 the context has no callback methods', async (t) => {
  const guest = await guestWith((_event: unknown, context: object) => [
    Object.keys(context),
    'done' in context,
    'callbackWaitsForEmptyEventLoop' in context,
  ]);
  t.deepEqual(JSON.parse((await guest.answer())?.text ?? ''), [
    [
      'clientContext',
      'identity',
      'invokedFunctionArn',
      'awsRequestId',
      'tenantId',
      'xRayTraceId',
      'getRemainingTimeInMillis',
      'functionName',
      'functionVersion',
      'memoryLimitInMB',
      'logGroupName',
      'logStreamName',
    ],
    false,
    false,
  ]);
});

test('A4.5 an immediate passes between the end of the handler and its answer', async (t) => {
  const guest = await guestWith(async () => 'done');
  guest.invoke();
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  t.is(guest.settled.length, 1, 'only init is settled');
  t.like(await guest.outcome(), { kind: 'answer', text: '"done"' });

  const late = await guestWith(() => new Promise((resolve) => setImmediate(() => setImmediate(() => resolve('late')))));
  t.like(await late.answer(), { kind: 'answer', text: '"late"' });
});

test('A4.6 a result that JSON cannot express', async (t) => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  for (const result of [cyclic, 1n]) {
    const guest = await guestWith(() => result);
    const settled = await guest.answer();
    t.like(settled, { kind: 'error', errorType: 'Runtime.JSONStringifyError' });
    t.like(JSON.parse(settled?.text ?? ''), {
      errorType: 'Runtime.JSONStringifyError',
      errorMessage: 'Unable to stringify response body',
    });
    t.like(await guest.answer(), { kind: 'error' }, 'the environment goes on');
  }
});

test('A4.7 an empty loop exits with status 0, or with process.exitCode', async (t) => {
  const guest = await guestWith(() => new Promise(() => {}));
  guest.invoke();
  guest.loopEmpty();
  t.is(guest.exitCode, 0);
  t.is(guest.settled.length, 1);

  const coded = await guestWith(() => new Promise(() => {}));
  coded.process.exitCode = '7';
  coded.invoke();
  coded.loopEmpty();
  t.is(coded.exitCode, 7);
});

test('A4.7 an uncaught error ends the runtime with status 1 and Node’s text', async (t) => {
  const guest = await guestWith(() => new Promise(() => {}));
  guest.invoke();
  guest.uncaughtException(Object.assign(new Error('thrown later'), { stack: 'Error: thrown later\n    at x' }));
  t.is(guest.exitCode, 1);
  t.true(guest.text('stderr').startsWith('Error: thrown later\n    at x'));
  t.true(guest.text('stderr').endsWith('\n\nNode.js v26.0.0\n'));
  t.is(guest.settled.length, 1);

  const value = await guestWith(() => new Promise(() => {}));
  value.invoke();
  value.uncaughtException({ code: 5 });
  t.regex(value.text('stderr'), /^Uncaught:\n\{ code: 5 \}/);
});

test('A4.7 an unhandled rejection ends the runtime with status 1', async (t) => {
  const guest = await guestWith(() => new Promise(() => {}));
  guest.invoke();
  guest.unhandledRejection({ isError: true, name: 'Error', message: 'lost', stack: 'Error: lost\n    at y' });
  t.is(guest.exitCode, 1);
  t.true(guest.text('stderr').startsWith('Error: lost\n    at y'));

  const text = await guestWith(() => new Promise(() => {}));
  text.invoke();
  text.unhandledRejection({ isError: false, name: '', message: 'just text', stack: '' });
  t.is(text.exitCode, 1);
  t.regex(text.text('stderr'), /just text/);
});

test('a listener of the user takes an uncaught exception', async (t) => {
  let resolve: (value: unknown) => void = () => {};
  const guest = await guestWith(
    () =>
      new Promise((done) => {
        resolve = done;
      }),
  );
  guest.process.on('uncaughtException', (error: Error, origin: string) => resolve(`${origin}: ${error.message}`));
  guest.invoke();
  guest.uncaughtException(new Error('caught'));
  t.like(await guest.outcome(), { kind: 'answer', text: '"uncaughtException: caught"' });
  t.is(guest.exitCode, undefined);
});

test('a listener of the user takes an unhandled rejection, and gets a copy of its reason', async (t) => {
  let resolve: (value: unknown) => void = () => {};
  const guest = await guestWith(
    () =>
      new Promise((done) => {
        resolve = done;
      }),
  );
  guest.process.on('unhandledRejection', (reason: Error, promise: unknown) =>
    resolve([reason.name, reason.message, reason.stack, promise instanceof Promise]),
  );
  guest.invoke();
  guest.unhandledRejection({ isError: true, name: 'TypeError', message: 'm', stack: 's' });
  t.like(await guest.outcome(), { kind: 'answer', text: '["TypeError","m","s",true]' });

  const origin = await guestWith(
    () =>
      new Promise((done) => {
        resolve = done;
      }),
  );
  origin.process.on('uncaughtException', (_error: Error, from: string) => resolve(from));
  origin.invoke();
  origin.unhandledRejection({ isError: false, name: '', message: 'm', stack: '' });
  t.like(await origin.outcome(), { text: '"unhandledRejection"' });
});

test('a listener that throws ends the runtime with status 7', async (t) => {
  const guest = await guestWith(() => new Promise(() => {}));
  guest.process.on('uncaughtException', () => {
    throw new Error('from the listener');
  });
  guest.invoke();
  guest.uncaughtException(new Error('first'));
  t.is(guest.exitCode, 7);
  t.regex(guest.text('stderr'), /from the listener/);
});

test('a process that the user has broken still ends', async (t) => {
  const frozen = await guestWith(() => new Promise(() => {}));
  Object.freeze(frozen.process);
  frozen.invoke();
  frozen.uncaughtException(new Error('last words'));
  t.is(frozen.exitCode, 1);

  const trapped = await guestWith(() => new Promise(() => {}));
  Object.defineProperty(trapped.process, '_events', {
    get() {
      throw new Error('trap');
    },
  });
  trapped.invoke();
  trapped.unhandledRejection({ isError: true, name: 'Error', message: 'm', stack: '' });
  t.not(trapped.exitCode, undefined);
});

test('beforeExit is emitted once and may bring new work; exit is emitted last', async (t) => {
  let resolve: (value: unknown) => void = () => {};
  const guest = await guestWith(
    () =>
      new Promise((done) => {
        resolve = done;
      }),
  );
  guest.process.on('beforeExit', (code: number) => resolve(`beforeExit ${code}`));
  guest.invoke();
  guest.loopEmpty();
  t.like(await guest.outcome(), { text: '"beforeExit 0"' });

  const idle = await guestWith(() => new Promise(() => {}));
  const seen: unknown[] = [];
  idle.process.on('beforeExit', () => seen.push('beforeExit'));
  idle.process.on('exit', (code: number) => {
    seen.push(code);
    throw new Error('too late');
  });
  idle.invoke();
  idle.loopEmpty();
  t.is(idle.exitCode, undefined);
  idle.loopEmpty();
  t.is(idle.exitCode, 0);
  t.deepEqual(seen, ['beforeExit', 0]);
});

test('B2.3 work of an earlier invocation cannot answer the running one', async (t) => {
  const pending: ((value: unknown) => void)[] = [];
  const guest = await guestWith(() => new Promise((resolve) => pending.push(resolve)));
  guest.invoke({}, { requestId: 'first' });
  guest.invoke({}, { requestId: 'second' });
  pending[0]?.('answer of the first');
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  t.is(guest.settled.length, 1);
  pending[1]?.('answer of the second');
  t.is((await guest.outcome())?.text, '"answer of the second"');
});

test('B2.3 a late failure of an earlier invocation is not reported', async (t) => {
  const pending: ((reason: unknown) => void)[] = [];
  const guest = await guestWith(() => new Promise((_resolve, reject) => pending.push(reject)));
  guest.invoke();
  guest.invoke();
  pending[0]?.(new Error('late'));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  t.is(guest.settled.length, 1);
  t.deepEqual(guest.records(), []);
});

test('an event that is no JSON fails the invocation only', async (t) => {
  const guest = await guestWith(() => 'fine');
  t.like(await guest.answer('{'), { kind: 'error', errorType: 'SyntaxError' });
  t.like(await guest.answer('{}'), { kind: 'answer' });
});

test.serial('built-ins that the user replaced do not reach the runtime', async (t) => {
  const { stringify, parse } = JSON;
  const { then } = Promise.prototype;
  const { slice, indexOf } = String.prototype;
  const guest = await guestWith(async () => {
    JSON.stringify = () => 'spoiled';
    JSON.parse = () => 'spoiled';
    Reflect.set(Promise.prototype, 'then', () => {
      throw new Error('spoiled');
    });
    String.prototype.slice = () => 'spoiled';
    String.prototype.indexOf = () => 5;
    throw new Error('still\nfine');
  });
  guest.invoke();
  const settled = guest.outcome();
  await new Promise(setImmediate);
  Object.assign(JSON, { stringify, parse });
  Reflect.set(Promise.prototype, 'then', then);
  Object.assign(String.prototype, { slice, indexOf });
  const { errorType, errorMessage } = JSON.parse((await settled)?.text ?? '');
  t.deepEqual([errorType, errorMessage], ['Error', 'still\nfine']);
});
