import test from 'ava';
import { FakeGuest } from '../../fixtures/fake-guest.ts';

interface Context {
  done(error?: unknown, result?: unknown): void;
  succeed(result?: unknown): void;
  fail(error?: unknown): void;
}
type Handler = (event: unknown, context: Context) => unknown;

async function guestWith(handler: Handler): Promise<FakeGuest> {
  return new FakeGuest({ programmingModel: '2014', runtime: 'nodejs' }).initWith(handler);
}

const exitedEarly = 'RequestId: request-1 Process exited before completing request';

test('A1.1 the handler gets event and context only', async (t) => {
  const guest = await guestWith((...args) => args[1].succeed([args.length, args[0]]));
  t.like(await guest.answer({ a: 1 }), { kind: 'answer', text: '[2,{"a":1}]' });
});

test('A1.2 any callback may call done, and runs to its end', async (t) => {
  const order: string[] = [];
  const guest = await guestWith((_event, context) => {
    setImmediate(() => {
      context.done(null, 'done');
      order.push('after done');
    });
  });
  t.like(await guest.answer(), { text: '"done"' });
  t.deepEqual(order, ['after done']);
});

test('A1.3 an empty loop without a done call is a failure; the environment goes on', async (t) => {
  const guest = await guestWith(() => 'ignored');
  guest.invoke();
  guest.loopEmpty();
  t.like(await guest.outcome(), { kind: 'error', text: `{"errorMessage":"${exitedEarly}"}` });
  t.is(guest.text('record'), exitedEarly);
  t.is(guest.exitCode, undefined);
});

test('A1.4 null and undefined are success, everything else is an error and is logged', async (t) => {
  for (const error of [null, undefined]) {
    const guest = await guestWith((_event, context) => context.done(error, 'fine'));
    t.like(await guest.answer(), { kind: 'answer', text: '"fine"' });
    t.deepEqual(guest.records(), []);
  }
  for (const error of [false, 0, '', 'boom']) {
    const guest = await guestWith((_event, context) => context.done(error, 'ignored'));
    t.like(await guest.answer(), { kind: 'error', text: `{"errorMessage":"${error}"}` });
    t.deepEqual(guest.records(), [`request-1\tERROR\t${error}`]);
  }
});

test('A1.5 the result beside an error is ignored', async (t) => {
  const guest = await guestWith((_event, context) => context.done('why', 'ignored'));
  t.like(await guest.answer(), { kind: 'error', text: '{"errorMessage":"why"}' });
});

test('A1.6 succeed and fail', async (t) => {
  const good = await guestWith((_event, context) => context.succeed({ a: 1 }));
  t.like(await good.answer(), { kind: 'answer', text: '{"a":1}' });
  const cyclic = await guestWith((_event, context) => context.succeed(1n));
  t.like(JSON.parse((await cyclic.answer())?.text ?? ''), { errorMessage: 'Unable to stringify response body' });
  const bad = await guestWith((_event, context) =>
    context.fail(Object.assign(new RangeError('far'), { stack: 'RangeError: far\n    at a (b:1:2)' })),
  );
  t.like(await bad.answer(), {
    kind: 'error',
    errorType: 'RangeError',
    text: '{"errorMessage":"far","errorType":"RangeError","stackTrace":["a (b:1:2)"]}',
  });
  t.deepEqual(bad.records(), ['request-1\tERROR\tRangeError: far\n    at a (b:1:2)']);
  const none = await guestWith((_event, context) => context.fail());
  t.like(await none.answer(), { kind: 'error', text: '{"errorMessage":"handled"}' });
});

test('A1.7 only the first 256 KB of an error are logged', async (t) => {
  const guest = await guestWith((_event, context) => context.fail('x'.repeat(300_000)));
  await guest.answer();
  const text = guest.text('record');
  t.true(text.endsWith('xTruncated by Lambda'));
  t.true(text.length < 256 * 1024);
});

test('A1.2 the first ending wins', async (t) => {
  const guest = await guestWith((_event, context) => {
    context.succeed('first');
    context.fail('second');
  });
  t.like(await guest.answer(), { text: '"first"' });
  t.is(guest.settled.length, 2);
});

test('A1.2 a crash ends the container', async (t) => {
  const thrown = await guestWith(() => {
    throw new Error('at once');
  });
  thrown.invoke();
  t.like(await thrown.outcome(), { kind: 'fatal', text: `{"errorMessage":"${exitedEarly}"}` });
  t.is(thrown.exitCode, 1);
  t.regex(thrown.records()[0] ?? '', /^request-1\tERROR\tError: at once\n/);

  const later = await guestWith(() => {});
  later.invoke();
  later.uncaughtException(new Error('in a timer'));
  t.like(await later.outcome(), { kind: 'fatal' });
});

test('a listener of the user survives a crash', async (t) => {
  const guest = await guestWith((_event, context) => {
    guest.process.on('uncaughtException', (error: Error) => context.succeed(error.message));
  });
  guest.invoke();
  guest.uncaughtException(new Error('saved'));
  t.like(await guest.outcome(), { kind: 'answer', text: '"saved"' });
  t.is(guest.exitCode, undefined);
});

test('an unhandled rejection is a warning only', async (t) => {
  const guest = await guestWith(() => {});
  guest.invoke();
  guest.unhandledRejection({ isError: true, name: 'Error', message: 'm', stack: 'Error: m\n    at q' });
  guest.unhandledRejection({ isError: false, name: '', message: 'text', stack: '' });
  t.is(guest.settled.length, 1);
  t.is(
    guest.text('stderr'),
    '(node:8) UnhandledPromiseRejectionWarning: Error: m\n    at q\n(node:8) UnhandledPromiseRejectionWarning: text\n',
  );
});

test('B2.3 done of an earlier invocation cannot end the running one', async (t) => {
  const contexts: Context[] = [];
  const guest = await guestWith((_event, context) => {
    contexts.push(context);
  });
  guest.invoke();
  guest.loopEmpty();
  await guest.outcome();
  guest.invoke();
  contexts[0]?.done('late');
  t.is(guest.settled.length, 2);
  contexts[1]?.succeed('mine');
  t.like(await guest.outcome(), { text: '"mine"' });
});
