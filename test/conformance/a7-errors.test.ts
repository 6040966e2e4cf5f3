/** LAMBDA.md A7: errors as JSON. */
import test from 'ava';
import { errorOf, Lambda, linesOf, ric3, ric4 } from './lambda.ts';

const lambda = new Lambda(test);
const both = [ric3, ric4] as const;

test.serial(
  'A7.1 errorType, errorMessage, trace, in this order; the trace names the user’s file and line',
  async (t) => {
    for (const runtime of both) {
      const f = await lambda.deploy("exports.handler = async () => {\n  throw new RangeError('far');\n};", runtime);
      const result = await f.invoke();
      t.deepEqual(Object.keys(result.json as object), ['errorType', 'errorMessage', 'trace']);
      t.like(errorOf(result), { errorType: 'RangeError', errorMessage: 'far' });
      const trace = errorOf(result).trace as string[];
      t.is(trace[0], 'RangeError: far');
      t.regex(trace[1] ?? '', /^ {4}at .*\/var\/task\/index\.js:2:9\)?$/);
      t.true(
        trace.every((line) => !line.includes('isolated-vm') && !line.includes('isotherm')),
        trace.join('\n'),
      );
    }
  },
);

test.serial('A7.2 a look-alike is an error up to Node 22 only; DEL is escaped', async (t) => {
  const lookAlike = "exports.handler = async () => { throw { name: 'N', message: 'm', stack: 's' }; };";
  t.deepEqual((await (await lambda.deploy(lookAlike, ric3)).invoke()).json, {
    errorType: 'N',
    errorMessage: 'm',
    trace: ['s'],
  });
  t.deepEqual((await (await lambda.deploy(lookAlike, ric4)).invoke()).json, {
    errorType: 'object',
    errorMessage: '[object Object]',
    trace: [],
  });
  const withDel = await lambda.deploy("exports.handler = async () => { throw new Error('a\\x7fb'); };", ric4);
  t.is(errorOf(await withDel.invoke()).errorMessage, 'a%7Fb');
});

test.serial('A7.3 other values are their type and text', async (t) => {
  const callback = await lambda.deploy("exports.handler = (e, c, callback) => callback('boom');", ric3);
  t.is((await callback.invoke()).payload, '{"errorType":"string","errorMessage":"boom","trace":[]}');
  for (const runtime of both) {
    const f = await lambda.deploy('exports.handler = async () => { throw { a: 1 }; };', runtime);
    t.is((await f.invoke()).payload, '{"errorType":"object","errorMessage":"[object Object]","trace":[]}');
  }
});

test.serial('A7.4 an error that cannot be read is "handled"', async (t) => {
  const source = `exports.handler = async () => {
    throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('trap'); } });
  };`;
  const errorMessage =
    'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack';
  t.is(
    (await (await lambda.deploy(source, ric3)).invoke()).payload,
    JSON.stringify({ errorType: 'handled', errorMessage }),
  );
  t.is(
    (await (await lambda.deploy(source, ric4)).invoke()).payload,
    JSON.stringify({ errorType: 'handled', errorMessage, trace: [] }),
  );
});

test.serial('A7.5 errorType is the name property', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      `class Mine extends Error {}
       exports.handler = async (event) => { const error = new Mine('Error: some_error_msg'); if (event.name) error.name = event.name; throw error; };`,
      runtime,
    );
    t.like(errorOf(await f.invoke()), { errorType: 'Error', errorMessage: 'Error: some_error_msg' });
    t.like(errorOf(await f.invoke({ name: 'Renamed' })), { errorType: 'Renamed' });
  }
});

test.serial('A7.6 an uncaught exception is logged and posted, and the environment is reset', async (t) => {
  const f = await lambda.deploy(
    `let calls = 0;
     exports.handler = (event, context) => {
       calls += 1;
       if (event.ok) return context.succeed(calls);
       setTimeout(() => { throw new TypeError('uncaught'); }, 1);
     };`,
    ric3,
  );
  t.is((await f.invoke({ ok: true })).payload, '1');
  const result = await f.invoke();
  t.like(errorOf(result), { errorType: 'TypeError', errorMessage: 'uncaught' });
  t.true(
    linesOf(result.tail).some((line) =>
      line.startsWith(`${result.requestId}\tERROR\tUncaught Exception \t{"errorType":"TypeError"`),
    ),
  );
  t.is((await f.invoke({ ok: true })).payload, '1');
});

test.serial(
  'A7.7 an unhandled rejection is Runtime.UnhandledPromiseRejection, and the environment is reset',
  async (t) => {
    const f = await lambda.deploy(
      `let calls = 0;
     exports.handler = (event, context) => {
       calls += 1;
       if (event.ok) return context.succeed(calls);
       Promise.reject(new TypeError('lost'));
     };`,
      ric3,
    );
    t.is((await f.invoke({ ok: true })).payload, '1');
    const result = await f.invoke();
    t.like(errorOf(result), { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'TypeError: lost' });
    t.true(
      linesOf(result.tail).some((line) =>
        line.startsWith(
          `${result.requestId}\tERROR\tUnhandled Promise Rejection \t{"errorType":"Runtime.UnhandledPromiseRejection"`,
        ),
      ),
    );
    t.regex(result.tail, /"reason":\{"errorType":"TypeError"/);
    t.is((await f.invoke({ ok: true })).payload, '1');
  },
);

test.serial('A7.7 during init both are init errors', async (t) => {
  const rejecting = await lambda.deploy("Promise.reject(new Error('early')); exports.handler = async () => 1;", ric3);
  const result = await rejecting.invoke();
  t.like(errorOf(result), { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'Error: early' });
  t.is(rejecting.eventsOf('platform.initReport')[0]?.status, 'error');

  const throwing = await lambda.deploy(
    "process.nextTick(() => { throw new Error('early'); }); exports.handler = async () => 1;",
    ric3,
  );
  t.like(errorOf(await throwing.invoke()), { errorType: 'Error', errorMessage: 'early' });
});

test.serial('hostile errors are cut and never break an answer', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      `exports.handler = async (event) => {
         if (event.what === 'huge') throw new Error('x'.repeat(1000000));
         if (event.what === 'proxy') throw new Proxy(new Error('p'), { get() { throw 1; }, getPrototypeOf() { throw 2; } });
         JSON.stringify = () => '"spoiled"'; Array.prototype.toJSON = () => 'spoiled';
         throw new Error('prototypes');
       };`,
      runtime,
    );
    t.is((errorOf(await f.invoke({ what: 'huge' })).errorMessage as string).length, 32 * 1024);
    t.is(errorOf(await f.invoke({ what: 'proxy' })).errorType, 'handled');
    const spoiled = errorOf(await f.invoke());
    t.is(spoiled.errorMessage, 'prototypes');
    t.true(Array.isArray(spoiled.trace));
  }
});
