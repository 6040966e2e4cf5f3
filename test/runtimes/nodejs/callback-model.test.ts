import test from 'ava';
import type { GuestSettings } from '../../../src/bridge/contract.ts';
import { FakeGuest, type Settled, thenable } from '../../fixtures/fake-guest.ts';

interface Context {
  callbackWaitsForEmptyEventLoop: boolean;
  done(error?: unknown, result?: unknown): void;
  succeed(result?: unknown): void;
  fail(error?: unknown): void;
}
type Callback = (error?: unknown, result?: unknown) => void;
type Handler = (event: unknown, context: Context, callback: Callback) => unknown;

const neverSettled =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';

/** Two parameters declared at most, so that no warning is in the log. */
function quiet(handler: Handler): unknown {
  return (...args: [unknown, Context, Callback]) => handler(...args);
}

async function guestWith(handler: Handler, settings: Partial<GuestSettings> = {}): Promise<FakeGuest> {
  return new FakeGuest({ programmingModel: 'callback', runtime: 'nodejs22.x', ...settings }).initWith(quiet(handler));
}

async function answerOf(handler: Handler): Promise<Settled | undefined> {
  return (await guestWith(handler)).answer();
}

test('A3.1 the handler gets event, context and callback', async (t) => {
  const settled = await answerOf((event, context, callback) => {
    context.callbackWaitsForEmptyEventLoop = false;
    callback(null, [event, typeof context, typeof callback]);
  });
  t.like(settled, { kind: 'answer', text: '[{},"object","function"]' });
});

test('A3.2 any thenable decides the result', async (t) => {
  t.like(await answerOf(async () => 'promise'), { kind: 'answer', text: '"promise"' });
  t.like(await answerOf(() => thenable((resolve) => resolve('thenable'))), { text: '"thenable"' });
  t.like(
    await answerOf(() =>
      Object.assign(
        () => {},
        thenable((resolve) => resolve('function')),
      ),
    ),
    { text: '"function"' },
  );
  t.like(await answerOf(() => thenable((_resolve, reject) => reject(new Error('no')))), {
    kind: 'error',
    errorType: 'Error',
  });
  t.like(await answerOf(async () => Promise.reject(new RangeError('r'))), { kind: 'error', errorType: 'RangeError' });
});

test('A3.2 a promised result that cannot be serialised is an error', async (t) => {
  const settled = await answerOf(async () => 1n);
  t.like(settled, { kind: 'error', errorType: 'Error' });
  t.is(JSON.parse(settled?.text ?? '').errorMessage, 'Unable to stringify response body');
});

test('A3.3 a synchronous return value is ignored', async (t) => {
  const guest = await guestWith(() => 'x');
  guest.invoke();
  t.is(guest.settled.length, 1);
  guest.loopEmpty();
  t.like(await guest.outcome(), { kind: 'answer', text: 'null' });
});

test('A3.4 a synchronous throw is reported like callback(error)', async (t) => {
  t.like(
    await answerOf(() => {
      throw new TypeError('sync');
    }),
    { kind: 'error', errorType: 'TypeError' },
  );
  // Nothing to throw is nothing to report: it counts as callback().
  const guest = await guestWith(() => {
    throw undefined;
  });
  guest.invoke();
  guest.loopEmpty();
  t.like(await guest.outcome(), { kind: 'answer', text: 'null' });
});

test('A3.5 an error is posted at once; false, 0 and the empty string are errors', async (t) => {
  for (const [error, type, message] of [
    ['boom', 'string', 'boom'],
    [false, 'boolean', 'false'],
    [0, 'number', '0'],
    ['', 'string', ''],
  ] as const) {
    const guest = await guestWith((_event, _context, callback) => callback(error));
    guest.invoke();
    t.is(guest.settled.length, 2, 'settled inside the slice');
    t.is((await guest.outcome())?.text, JSON.stringify({ errorType: type, errorMessage: message, trace: [] }));
  }
});

test('A3.6 callback waits for the empty loop and one immediate; the result is serialised then', async (t) => {
  const result = { changed: 'no' };
  const guest = await guestWith((_event, _context, callback) => callback(null, result));
  guest.invoke();
  await new Promise(setImmediate);
  t.is(guest.settled.length, 1);
  guest.loopEmpty();
  t.is(guest.settled.length, 1);
  result.changed = 'yes';
  t.like(await guest.outcome(), { kind: 'answer', text: '{"changed":"yes"}' });
});

test('A3.6 a deferred result that cannot be serialised is an uncaught exception', async (t) => {
  const guest = await guestWith((_event, _context, callback) => callback(null, 1n));
  guest.invoke();
  guest.loopEmpty();
  const settled = await guest.outcome();
  t.like(settled, { kind: 'fatal', errorType: 'Error' });
  t.is(JSON.parse(settled?.text ?? '').errorMessage, 'Unable to stringify response body');
  t.is(guest.exitCode, 129);
});

test('A3.7 with the flag off the response is sent at once; the flag is read when callback is called', async (t) => {
  const guest = await guestWith((_event, context, callback) => {
    t.true(context.callbackWaitsForEmptyEventLoop);
    context.callbackWaitsForEmptyEventLoop = false;
    t.false(context.callbackWaitsForEmptyEventLoop);
    callback(null, 'at once');
    context.callbackWaitsForEmptyEventLoop = true;
  });
  guest.invoke();
  t.is(guest.settled.length, 2);
  t.like(await guest.outcome(), { text: '"at once"' });
});

test('A3.8 done, succeed and fail never wait', async (t) => {
  const cases: [Handler, string][] = [
    [(_event, context) => context.done(null, 1), '1'],
    [(_event, context) => context.done(undefined, 2), '2'],
    [(_event, context) => context.succeed(3), '3'],
    [(_event, context) => context.succeed(), 'null'],
    [(_event, context) => context.fail('why'), '{"errorType":"string","errorMessage":"why","trace":[]}'],
    [(_event, context) => context.fail(), '{"errorType":"string","errorMessage":"handled","trace":[]}'],
    [(_event, context) => context.fail(null), '{"errorType":"string","errorMessage":"handled","trace":[]}'],
    [(_event, context) => context.done(0), '{"errorType":"number","errorMessage":"0","trace":[]}'],
  ];
  for (const [handler, text] of cases) {
    const guest = await guestWith(handler);
    guest.invoke();
    t.is(guest.settled.length, 2);
    t.is((await guest.outcome())?.text, text);
  }
});

test('A3.9 the first call wins', async (t) => {
  const guest = await guestWith((_event, context, callback) => {
    context.succeed('first');
    context.fail('second');
    callback(new Error('third'));
    context.done(null, 'fourth');
  });
  guest.invoke();
  t.is(guest.settled.length, 2);
  t.like(await guest.outcome(), { text: '"first"' });
  t.deepEqual(guest.records(), []);
});

test('A3.9 a call that throws leaves the latch open', async (t) => {
  const guest = await guestWith((_event, context) => {
    t.throws(() => context.succeed(1n), { message: 'Unable to stringify response body' });
    context.fail('after all');
  });
  t.like(await guest.answer(), { kind: 'error', errorType: 'string' });
});

test('a swallowed serialisation failure leaves nothing to answer: the runtime exits', async (t) => {
  const guest = await guestWith((_event, context) => {
    t.throws(() => context.succeed(1n));
  });
  guest.invoke();
  guest.loopEmpty();
  t.is(guest.exitCode, 0);
});

test('A3.10 a completion after the runtime has answered is only logged', async (t) => {
  const late: (() => void)[] = [];
  const guest = await guestWith((_event, context, callback) => {
    late.push(
      () => callback(null, 'late'),
      () => context.succeed('late'),
    );
  });
  for (const which of [0, 3]) {
    guest.invoke({}, { requestId: `id-${which}` });
    guest.loopEmpty();
    t.like(await guest.outcome(), { text: 'null' });
    late[which]?.();
    t.is(
      guest.records().at(-1),
      `id-${which}\tERROR\tInvocation has already been reported as done. Cannot call complete more than once per invocation.`,
    );
  }
  t.is(guest.settled.length, 3);
});

test('A3.11 a promise does not wait for the loop, whatever the flag says', async (t) => {
  const guest = await guestWith(async (_event, context) => {
    context.callbackWaitsForEmptyEventLoop = true;
    return 'no wait';
  });
  t.like(await guest.answer(), { text: '"no wait"' });
});

test('A3.12 an empty loop with nothing reported is null for a handler that is no async function', async (t) => {
  const guest = await guestWith(() => new Promise(() => {}));
  for (let count = 0; count < 2; count += 1) {
    guest.invoke();
    guest.loopEmpty();
    t.like(await guest.outcome(), { kind: 'answer', text: 'null' });
  }
});

test('A3.13 for an async function it is Runtime.NodeJsExit', async (t) => {
  const guest = await new FakeGuest({ programmingModel: 'callback' }).initWith(async () => new Promise(() => {}));
  guest.invoke();
  await new Promise(setImmediate);
  guest.loopEmpty();
  const settled = await guest.outcome();
  t.like(settled, { kind: 'error', errorType: 'Runtime.NodeJsExit' });
  t.like(JSON.parse(settled?.text ?? ''), { errorType: 'Runtime.NodeJsExit', errorMessage: neverSettled });
  t.true(guest.records()[0]?.startsWith('request-1\tERROR\tInvoke Error \t{"errorType":"Runtime.NodeJsExit"'));
});

test('A3.14 undefined is null', async (t) => {
  t.like(await answerOf((_event, context) => context.succeed(undefined)), { text: 'null' });
});

test('A3.16 a handler with three parameters is warned about at init, once', async (t) => {
  const three = (_event: unknown, _context: unknown, callback: Callback): void => callback(null);
  const load = (exports: Record<string, unknown>): void => {
    exports.handler = three;
  };
  const guest = new FakeGuest({ programmingModel: 'callback' });
  await guest.init(load);
  t.is(guest.records().length, 1);
  t.true(
    guest
      .records()[0]
      ?.startsWith(
        'undefined\tWARN\tAWS Lambda plans to remove support for callback-based function handlers starting with Node.js 24.',
      ),
  );
  t.regex(guest.records()[0] ?? '', /AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING/);

  const silenced = new FakeGuest({
    programmingModel: 'callback',
    environment: { AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING: '' },
  });
  await silenced.init(load);
  t.deepEqual(silenced.records(), []);

  const asynchronous = new FakeGuest({ programmingModel: 'callback' });
  await asynchronous.initWith(async (_event: unknown, _context: unknown, _callback: unknown) => {});
  t.deepEqual(asynchronous.records(), []);
});

test('E2.6 E2.7 a reported error is logged; a value is wrapped there, but not in the payload', async (t) => {
  const guest = await guestWith((_event, _context, callback) => callback('boom'));
  t.like(await guest.answer(), { text: '{"errorType":"string","errorMessage":"boom","trace":[]}' });
  t.deepEqual(guest.records(), [
    'request-1\tERROR\tInvoke Error \t{"errorType":"Error","errorMessage":"boom","stack":["Error: boom"]}',
  ]);
});

test('A7.6 an uncaught exception is posted, then the runtime exits with 129', async (t) => {
  const guest = await guestWith(() => {});
  const seen: unknown[] = [];
  guest.process.on('exit', (code: number) => seen.push(code));
  guest.invoke();
  guest.uncaughtException(Object.assign(new Error('lost'), { stack: 'Error: lost\n    at z' }));
  t.like(await guest.outcome(), {
    kind: 'fatal',
    errorType: 'Error',
    text: '{"errorType":"Error","errorMessage":"lost","trace":["Error: lost","    at z"]}',
  });
  t.is(guest.exitCode, 129);
  t.deepEqual(seen, [129]);
  t.deepEqual(guest.records(), [
    'request-1\tERROR\tUncaught Exception \t{"errorType":"Error","errorMessage":"lost","stack":["Error: lost","    at z"]}',
  ]);
});

test('A7.7 an unhandled rejection is wrapped, logged with reason and promise, and posted; exit 128', async (t) => {
  const guest = await guestWith(() => {});
  guest.invoke();
  guest.unhandledRejection({ isError: true, name: 'TypeError', message: 'lost', stack: 'TypeError: lost' });
  const settled = await guest.outcome();
  t.like(settled, { kind: 'fatal', errorType: 'Runtime.UnhandledPromiseRejection' });
  t.is(JSON.parse(settled?.text ?? '').errorMessage, 'TypeError: lost');
  t.is(guest.exitCode, 128);
  const [, , message = ''] = guest.records()[0]?.split('\t', 3) ?? [];
  t.is(message, 'Unhandled Promise Rejection ');
  t.like(JSON.parse(guest.records()[0]?.split('\t')[3] ?? ''), {
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: 'TypeError: lost',
    reason: { errorType: 'TypeError', errorMessage: 'lost', stack: ['TypeError: lost'] },
    promise: {},
  });

  const text = await guestWith(() => {});
  text.invoke();
  text.unhandledRejection({ isError: false, name: '', message: 'plain', stack: '' });
  t.is(JSON.parse((await text.outcome())?.text ?? '').errorMessage, 'plain');
});

test('B2.3 a callback of an earlier invocation cannot answer the running one', async (t) => {
  const callbacks: Callback[] = [];
  const guest = await guestWith((_event, context, callback) => {
    context.callbackWaitsForEmptyEventLoop = false;
    callbacks.push(callback);
  });
  guest.invoke({}, { requestId: 'first' });
  guest.loopEmpty();
  t.like(await guest.outcome(), { text: 'null' });
  guest.invoke({}, { requestId: 'second' });
  callbacks[0]?.(new Error('late'));
  t.is(guest.settled.length, 2);
  t.regex(guest.records()[0] ?? '', /^second\tERROR\tInvoke Error/);
  callbacks[1]?.(null, 'right');
  t.like(await guest.outcome(), { text: '"right"' });
});

test('a late callback of an earlier invocation does not replace what an empty loop leads to', async (t) => {
  const callbacks: Callback[] = [];
  const guest = await guestWith((_event, _context, callback) => {
    callbacks.push(callback);
  });
  guest.invoke();
  guest.loopEmpty();
  await guest.outcome();
  guest.invoke();
  callbacks[0]?.(null, 'late');
  guest.loopEmpty();
  t.like(await guest.outcome(), { kind: 'answer', text: 'null' });
});

test('A5.5 a client context that is no JSON fails the invocation', async (t) => {
  const guest = await guestWith((_event, context) => context.succeed(1));
  const settled = await guest.answer({}, { clientContextJson: '{' });
  t.regex(JSON.parse(settled?.text ?? '').errorMessage, /^Cannot parse ClientContext as json: SyntaxError/);
  const identity = await guest.answer({}, { cognitoIdentityJson: 'x' });
  t.regex(JSON.parse(identity?.text ?? '').errorMessage, /^Cannot parse CognitoIdentity as json: SyntaxError/);
  t.like(await guest.answer(), { text: '1' });
});

test('beforeExit of the user is emitted after the runtime’s own', async (t) => {
  const guest = await guestWith((_event, _context, callback) => callback(null, 'kept'));
  const seen: string[] = [];
  guest.process.on('beforeExit', () => seen.push('beforeExit'));
  guest.invoke();
  guest.loopEmpty();
  t.deepEqual(seen, ['beforeExit']);
  t.like(await guest.outcome(), { text: '"kept"' });
  guest.invoke();
});

test('a handler whose constructor throws counts as synchronous', async (t) => {
  const handler = Object.defineProperty(async () => new Promise(() => {}), 'constructor', {
    get() {
      throw new Error('hands off');
    },
  });
  const guest = await new FakeGuest({ programmingModel: 'callback' }).initWith(handler);
  guest.invoke();
  guest.loopEmpty();
  t.like(await guest.outcome(), { text: 'null' });
});
