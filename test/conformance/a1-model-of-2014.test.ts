/** LAMBDA.md A1: the programming model of the first runtime. */
import test from 'ava';
import { errorOf, first, Lambda, linesOf } from './lambda.ts';

const lambda = new Lambda(test);

test.serial('A1.1 the handler is called with event and context; module code ran once before', async (t) => {
  const f = await lambda.deploy(
    `let loads = 0, calls = 0; loads += 1;
     exports.handler = function (event, context) { context.succeed([loads, ++calls, arguments.length, event.a]); };`,
    first,
  );
  t.deepEqual((await f.invoke({ a: 'x' })).json, [1, 1, 2, 'x']);
  t.deepEqual((await f.invoke({ a: 'y' })).json, [1, 2, 2, 'y']);
});

test.serial('A1.2 timeout stops the code at once', async (t) => {
  const f = await lambda.deploy('exports.handler = function () { for (;;); };', first, { timeout: 1 });
  const result = await f.invoke();
  t.is(result.functionError, 'Unhandled');
  t.like(errorOf(result), { errorType: 'Sandbox.Timedout' });
});

test.serial('A1.2 a callback that calls done runs to its end; others are not waited for', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = function (event, context) {
       setTimeout(function () { console.log('never in this invocation'); }, 60000);
       setImmediate(function () { context.done(null, 'ended'); console.log('after done'); });
     };`,
    first,
  );
  const result = await f.invoke();
  t.is(result.payload, '"ended"');
  t.regex(result.tail, /after done/);
  t.notRegex(result.tail, /never/);
});

test.serial('A1.2 process.exit ends the container', async (t) => {
  const f = await lambda.deploy(
    `let calls = 0;
     exports.handler = function (event, context) { calls += 1; if (event.exit) process.exit(3); context.succeed(calls); };`,
    first,
  );
  t.is((await f.invoke()).payload, '1');
  const ended = await f.invoke({ exit: true });
  t.is(ended.functionError, 'Unhandled');
  t.is((await f.invoke()).payload, '1', 'a new container');
});

test.serial('A1.2 a crash ends the container', async (t) => {
  const f = await lambda.deploy(
    `let calls = 0;
     exports.handler = function (event, context) {
       calls += 1;
       if (event.crash) setImmediate(function () { throw new Error('crashed'); });
       else context.succeed(calls);
     };`,
    first,
  );
  t.is((await f.invoke()).payload, '1');
  const crashed = await f.invoke({ crash: true });
  t.is(crashed.functionError, 'Unhandled');
  t.is(crashed.payload, `{"errorMessage":"RequestId: ${crashed.requestId} Process exited before completing request"}`);
  t.regex(crashed.tail, /crashed/);
  t.is((await f.invoke()).payload, '1', 'a new container');
});

test.serial('A1.3 every callback finished and none called done: a failure', async (t) => {
  const f = await lambda.deploy(
    `let calls = 0;
     exports.handler = function (event, context) { calls += 1; if (event.answer) context.succeed(calls); return 'ignored'; };`,
    first,
  );
  const result = await f.invoke();
  const text = `RequestId: ${result.requestId} Process exited before completing request`;
  t.is(result.payload, JSON.stringify({ errorMessage: text }));
  t.is(result.functionError, 'Unhandled');
  t.true(linesOf(result.tail).includes(text));
  t.is((await f.invoke({ answer: true })).payload, '2', 'the container stays');
});

test.serial('A1.4 null and undefined are success; every other value is an error and is logged', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = function (event, context) {
       if (event.none) context.done(undefined, 'fine');
       else context.done(event.error, 'fine');
     };`,
    first,
  );
  t.is((await f.invoke({ none: true })).payload, '"fine"');
  t.is((await f.invoke({ error: null })).payload, '"fine"');
  for (const error of [false, 0, '', 'boom']) {
    const result = await f.invoke({ error });
    t.is(result.payload, JSON.stringify({ errorMessage: String(error) }));
    t.true(result.tail.includes(`\tERROR\t${error}\n`));
  }
});

test.serial('A1.5 the result beside an error is ignored', async (t) => {
  const f = await lambda.deploy(`exports.handler = function (e, context) { context.done('why', 'result'); };`, first);
  t.is((await f.invoke()).payload, '{"errorMessage":"why"}');
});

test.serial('A1.6 a result that JSON cannot express is an unhandled error', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = function (e, context) { const a = {}; a.a = a; context.succeed(a); };`,
    first,
  );
  const result = await f.invoke();
  t.is(result.functionError, 'Unhandled');
  t.is(errorOf(result).errorMessage, 'Unable to stringify response body');
});

test.serial('A1.6 fail reports and logs an error', async (t) => {
  const f = await lambda.deploy(`exports.handler = function (e, context) { context.fail(new Error('bad')); };`, first);
  const result = await f.invoke();
  t.is(errorOf(result).errorMessage, 'bad');
  t.regex(result.tail, /\tERROR\tError: bad\n/);
});

test.serial('A1.7 only the first 256 KB of an error are logged', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = function (e, context) { context.fail('x'.repeat(300000)); };`,
    first,
  );
  const result = await f.invoke();
  t.regex(result.tail, /xTruncated by Lambda\n/);
});

test.serial('A1.8 pending timers freeze at done and go on in the next invocation', async (t) => {
  const f = await lambda.deploy(
    `let ticks = 0;
     exports.handler = function (event, context) {
       if (event.start) { setTimeout(function () { ticks += 1; }, 1); context.succeed(ticks); }
       else setTimeout(function () { context.succeed(ticks); }, 20);
     };`,
    first,
  );
  t.is((await f.invoke({ start: true })).payload, '0');
  t.is((await f.invoke()).payload, '1');
});

test.serial('A1.9 RequestResponse answers 200 with the result or the error', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = function (event, context) { context.done(event.error || null, 'r'); };`,
    first,
  );
  t.is((await f.invoke()).statusCode, 200);
  t.is((await f.invoke({ error: 'e' })).statusCode, 200);
});

test.serial('A1.10 an error is errorMessage, errorType and stackTrace without its first line', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = function (e, context) { context.fail(new TypeError('odd')); };`,
    first,
  );
  const result = await f.invoke();
  t.deepEqual(Object.keys(errorOf(result)), ['errorMessage', 'errorType', 'stackTrace']);
  t.like(result.json, { errorMessage: 'odd', errorType: 'TypeError' });
  const { stackTrace } = result.json as { stackTrace: string[] };
  t.regex(stackTrace[0] ?? '', /\/var\/task\/index\.js:1:\d+/);
  t.notRegex(stackTrace[0] ?? '', /^\s*at /);
});

test.serial('A1.11 FunctionError is Unhandled, also for errors that the function reported', async (t) => {
  const f = await lambda.deploy(`exports.handler = function (e, context) { context.fail('reported'); };`, first);
  t.is((await f.invoke()).functionError, 'Unhandled');
});
