import test from 'ava';
import { FakeGuest } from '../../fixtures/fake-guest.ts';

const esm = { kind: 'bundle', format: 'esm', file: '/var/task/index.mjs', exportPath: 'handler' } as const;

test('a CommonJS bundle gets what Node gives to a module', async (t) => {
  const guest = new FakeGuest({
    entry: { kind: 'bundle', format: 'cjs', file: '/var/task/lib/index.js', exportPath: 'handler' },
  });
  let seen: unknown[] = [];
  const settled = await guest.init(function (this: unknown, exports, require, own, filename, dirname, meta) {
    seen = [this === exports, own.exports === exports, require('x'), filename, dirname, meta.url, meta.dirname];
    own.exports = { handler: () => 'replaced' };
  });
  t.like(settled, { kind: 'initDone', text: '', errorType: '' });
  t.deepEqual(seen, [
    true,
    true,
    'x required by /var/task/lib/index.js',
    '/var/task/lib/index.js',
    '/var/task/lib',
    'file:///var/task/lib/index.js',
    '/var/task/lib',
  ]);
  t.like(await guest.answer(), { kind: 'answer', text: '"replaced"' });
});

test('import.meta resolves against its own file', async (t) => {
  const guest = new FakeGuest({ entry: { ...esm, file: '/var/task/a b/index.mjs' } });
  await guest.init(async (exports, _require, module, _filename, _dirname, meta) => {
    const resolve = meta.resolve as (specifier: string) => string;
    exports.handler = () => [meta.url, meta.filename, resolve('./x.js'), module === undefined];
  });
  t.deepEqual(JSON.parse((await guest.answer())?.text ?? ''), [
    'file:///var/task/a%20b/index.mjs',
    '/var/task/a b/index.mjs',
    'file:///var/task/a%20b/x.js',
    true,
  ]);
});

test('A2.7 top-level await is part of init, and its rejection is the init error as is', async (t) => {
  const good = new FakeGuest({ entry: esm });
  const order: string[] = [];
  await good.init(async (exports) => {
    await new Promise(setImmediate);
    order.push('awaited');
    exports.handler = () => 'late';
  });
  t.deepEqual(order, ['awaited']);
  t.like(await good.answer(), { kind: 'answer', text: '"late"' });

  const bad = new FakeGuest({ entry: esm });
  const settled = await bad.init(async () => {
    throw new RangeError('no');
  });
  t.like(settled, { kind: 'initError', errorType: 'RangeError' });
  t.like(JSON.parse(settled?.text ?? ''), { errorType: 'RangeError', errorMessage: 'no' });
});

test('A2.3 the export path is followed property by property', async (t) => {
  const guest = new FakeGuest({
    entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'a.b.handler' },
  });
  await guest.init((exports) => {
    exports.a = { b: Object.assign(() => {}, { handler: () => 'nested' }) };
  });
  t.like(await guest.answer(), { text: '"nested"' });
});

test('A2.8 the default export can be named', async (t) => {
  const entry = { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'default' } as const;
  for (const [programmingModel, name] of [
    ['callback', 'default'],
    ['promise', 'default'],
  ] as const) {
    const guest = new FakeGuest({ programmingModel, entry });
    await guest.init((exports) => {
      exports[name] = async () => 'by default';
    });
    t.like(await guest.answer(), { text: '"by default"' });
  }
  const replaced = new FakeGuest({ entry });
  await replaced.init((_exports, _require, own) => {
    own.exports = () => 'module.exports itself';
  });
  t.like(await replaced.answer(), { text: '"module.exports itself"' });
});

test('A2.9 a handler that is missing or no function', async (t) => {
  for (const programmingModel of ['callback', 'promise'] as const) {
    const missing = new FakeGuest({ programmingModel });
    t.like(JSON.parse((await missing.init(() => {}))?.text ?? ''), {
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: 'index.handler is undefined or not exported',
    });
    const wrong = new FakeGuest({ programmingModel });
    const settled = await wrong.init((exports) => {
      exports.handler = 42;
    });
    t.is(settled?.kind, 'initError');
    t.is(settled?.errorType, 'Runtime.HandlerNotFound');
    t.is(JSON.parse(settled?.text ?? '').errorMessage, 'index.handler is not a function');
  }
});

test('A2.10 syntax errors and missing modules get types of the runtime', async (t) => {
  for (const programmingModel of ['callback', 'promise'] as const) {
    const syntax = await new FakeGuest({ programmingModel }).init(() => JSON.parse('{'));
    t.is(syntax?.errorType, 'Runtime.UserCodeSyntaxError');
    t.regex(JSON.parse(syntax?.text ?? '').errorMessage, /^SyntaxError: /);

    const missing = await new FakeGuest({ programmingModel }).init(() => {
      throw Object.assign(new Error("Cannot find module 'x'\nRequire stack:\n- /var/task/index.js"), {
        code: 'MODULE_NOT_FOUND',
      });
    });
    const payload = JSON.parse(missing?.text ?? '');
    t.is(payload.errorType, 'Runtime.ImportModuleError');
    t.is(payload.errorMessage, "Error: Cannot find module 'x'\nRequire stack:\n- /var/task/index.js");
    t.deepEqual(payload.trace.slice(0, 3), [
      "Runtime.ImportModuleError: Error: Cannot find module 'x'",
      'Require stack:',
      '- /var/task/index.js',
    ]);
    t.regex(payload.trace[3], /^ {4}at /);
  }
  const other = await new FakeGuest().init(() => {
    throw Object.assign(new TypeError('odd'), { code: 'E_OTHER' });
  });
  t.is(other?.errorType, 'TypeError');
});

test('A2.12 Node 24 keeps the stack of a syntax error', async (t) => {
  const load = (): never => {
    throw Object.assign(new SyntaxError('bad'), { stack: '/var/task/index.js:1\n}\n^\nSyntaxError: bad' });
  };
  const promise = await new FakeGuest().init(load);
  t.is(JSON.parse(promise?.text ?? '').trace[0], '/var/task/index.js:1');
  const callback = await new FakeGuest({ programmingModel: 'callback' }).init(load);
  t.is(JSON.parse(callback?.text ?? '').trace[0], 'Runtime.UserCodeSyntaxError: SyntaxError: bad');
});

test('A2.12 Node 24 looks on the default export too', async (t) => {
  const guest = new FakeGuest({ entry: esm });
  await guest.init(async (exports) => {
    exports.default = { handler: () => 'inside default' };
  });
  t.like(await guest.answer(), { text: '"inside default"' });
  const bundled = new FakeGuest();
  await bundled.init((exports) => {
    exports.default = { handler: () => 'bundled as CommonJS' };
  });
  t.like(await bundled.answer(), { text: '"bundled as CommonJS"' });

  const older = new FakeGuest({ entry: esm, programmingModel: 'callback' });
  const settled = await older.init(async (exports) => {
    exports.default = { handler: () => 'inside default' };
  });
  t.is(settled?.errorType, 'Runtime.HandlerNotFound');
});

test('A2.11 what deploying found is reported at init, and logged', async (t) => {
  const entry = {
    kind: 'error',
    errorType: 'Runtime.ImportModuleError',
    errorMessage: "Error: Cannot find module 'index'",
    stack: ["Runtime.ImportModuleError: Error: Cannot find module 'index'", '    at x'],
  } as const;
  const guest = new FakeGuest({ entry });
  const settled = await guest.init();
  t.like(settled, { kind: 'initError', errorType: 'Runtime.ImportModuleError' });
  t.deepEqual(JSON.parse(settled?.text ?? ''), {
    errorType: entry.errorType,
    errorMessage: entry.errorMessage,
    trace: entry.stack,
  });
  t.is(
    guest.records()[0],
    `-\tERROR\tInit Error \t${JSON.stringify({ errorType: entry.errorType, errorMessage: entry.errorMessage, stack: entry.stack })}`,
  );
  const older = new FakeGuest({ entry, programmingModel: 'callback' });
  await older.init();
  t.true(
    older.records()[0]?.startsWith('undefined\tERROR\tUncaught Exception \t{"errorType":"Runtime.ImportModuleError"'),
  );
});

test('A7.7 a rejection during init is an init error up to Node 22', async (t) => {
  const guest = new FakeGuest({ programmingModel: 'callback' });
  guest.loop.init((exports: Record<string, unknown>) => {
    exports.handler = () => {};
  });
  guest.unhandledRejection({ isError: true, name: 'Error', message: 'early', stack: 'Error: early' });
  const settled = await guest.outcome();
  t.like(settled, { kind: 'initError', errorType: 'Runtime.UnhandledPromiseRejection' });
  t.is(guest.exitCode, undefined);
});

test('an uncaught exception during init', async (t) => {
  const callback = new FakeGuest({ programmingModel: 'callback', entry: esm });
  callback.loop.init(() => new Promise(() => {}));
  callback.uncaughtException(new Error('timer threw'));
  t.like(await callback.outcome(), { kind: 'initError', errorType: 'Error' });

  const promise = new FakeGuest({ entry: esm });
  promise.loop.init(() => new Promise(() => {}));
  promise.uncaughtException(new Error('timer threw'));
  t.is(await promise.outcome(), undefined);
  t.is(promise.exitCode, 1);

  const first = new FakeGuest({ programmingModel: '2014', entry: esm });
  first.loop.init(() => new Promise(() => {}));
  first.uncaughtException(new Error('timer threw'));
  t.like(await first.outcome(), { kind: 'initError', errorType: 'Error' });
});

test('A4.7 a top-level await that never settles ends with status 13', (t) => {
  for (const programmingModel of ['callback', 'promise', '2014'] as const) {
    const guest = new FakeGuest({ programmingModel, entry: esm });
    guest.loop.init(() => new Promise(() => {}));
    guest.loopEmpty();
    t.is(guest.exitCode, 13);
    t.regex(guest.text('stderr'), /unsettled top-level await/);
  }
});

test('A5.6 the trace id is in the environment during an invocation that has one', async (t) => {
  const guest = await new FakeGuest().initWith(() => null);
  await guest.answer({}, { traceId: 'Root=1-2-3' });
  t.is(guest.process.env._X_AMZN_TRACE_ID, 'Root=1-2-3');
  await guest.answer();
  t.false('_X_AMZN_TRACE_ID' in guest.process.env);
});

test.serial('A5.7 the request id is kept under its symbol, also between invocations', async (t) => {
  const guest = await new FakeGuest().initWith(() => null);
  await guest.answer({}, { requestId: 'kept' });
  t.is(Reflect.get(globalThis, Symbol.for('aws.lambda.runtime.requestId')), 'kept');
});

test('A4.8 InvokeStore holds the values of the running invocation', async (t) => {
  const guest = new FakeGuest();
  const store = guest.awslambda?.InvokeStore;
  t.is(store?.getRequestId(), '-');
  t.false(store?.hasContext());
  await guest.initWith(() => store?.set('mine', 1));
  await guest.answer({}, { requestId: 'id-1', traceId: 'trace-1' });
  t.is(store?.getRequestId(), 'id-1');
  t.is(store?.getXRayTraceId(), 'trace-1');
  t.is(store?.getTenantId(), undefined);
  t.is(store?.get('mine'), 1);
  t.throws(() => store?.set(Symbol.for('_AWS_LAMBDA_REQUEST_ID'), 'x'), { message: /Cannot modify protected/ });
  t.is(new FakeGuest({ programmingModel: 'callback' }).awslambda?.InvokeStore, undefined);
});

test('a fault without a running invocation ends the environment', (t) => {
  const callback = new FakeGuest({ programmingModel: 'callback' });
  callback.uncaughtException(new Error('after the answer'));
  t.is(callback.exitCode, 129);
  t.like(
    callback.settled,
    [{ kind: 'fatal', errorType: 'Error' }],
    'whether someone still waits is for the platform to know',
  );
  const first = new FakeGuest({ programmingModel: '2014' });
  first.uncaughtException(new Error('after the answer'));
  t.is(first.exitCode, 1);
  t.deepEqual(first.settled, []);
});
