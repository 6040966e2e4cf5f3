/** LAMBDA.md A3: calling the handler up to Node 22. */
import test from 'ava';
import { errorOf, Lambda, linesOf, ric3 } from './lambda.ts';

const lambda = new Lambda(test);
const deploy = (source: string, options?: Parameters<Lambda['deploy']>[2]) => lambda.deploy(source, ric3, options);

test.serial('A3.1 the handler gets event, context and callback; the event is parsed JSON', async (t) => {
  const f = await deploy(
    'exports.handler = (event, context, callback) => callback(null, [event, typeof context, typeof callback]);',
  );
  t.deepEqual((await f.invoke({ a: [1, 'ü'] })).json, [{ a: [1, 'ü'] }, 'object', 'function']);
});

test.serial('A3.2 any thenable decides the result', async (t) => {
  const f = await deploy(`exports.handler = (event) => ({
    then: (resolve, reject) => event.reject ? reject(new TypeError('no')) : setTimeout(resolve, 1, 'later'),
  });`);
  t.is((await f.invoke()).json, 'later');
  t.like(errorOf(await f.invoke({ reject: true })), { errorType: 'TypeError', errorMessage: 'no' });
});

test.serial('A3.2 a promised result that cannot be serialised is reported through fail', async (t) => {
  const f = await deploy('exports.handler = async () => 1n;');
  t.is(errorOf(await f.invoke()).errorMessage, 'Unable to stringify response body');
});

test.serial('A3.3 a synchronous return value is ignored', async (t) => {
  const f = await deploy("exports.handler = (e, c) => 'x';");
  const result = await f.invoke();
  t.is(result.payload, 'null');
  t.is(result.functionError, undefined);
});

test.serial('A3.4 a synchronous throw is reported like callback(error)', async (t) => {
  const f = await deploy("exports.handler = () => { throw new RangeError('sync'); };");
  t.like(errorOf(await f.invoke()), { errorType: 'RangeError', errorMessage: 'sync' });
});

test.serial('A3.5 an error is posted at once; false, 0 and the empty string are errors', async (t) => {
  const f = await deploy(`exports.handler = (event, context, callback) => {
    setTimeout(() => {}, 60000);
    callback(event.error);
  };`);
  for (const error of [false, 0, '', 'boom']) {
    const result = await f.invoke({ error });
    t.is(result.functionError, 'Unhandled');
    t.deepEqual(result.json, { errorType: typeof error, errorMessage: String(error), trace: [] });
  }
});

test.serial('A3.6 callback waits for the empty loop, and the result is serialised then', async (t) => {
  const f = await deploy(`exports.handler = (event, context, callback) => {
    const result = { changed: false };
    callback(null, result);
    setTimeout(() => { result.changed = true; }, 10);
  };`);
  t.deepEqual((await f.invoke()).json, { changed: true });
});

test.serial('A3.6 a loop that never drains times out although callback was called', async (t) => {
  const f = await deploy(
    'exports.handler = (event, context, callback) => { setInterval(() => {}, 10); callback(null, 1); };',
    { timeout: 1 },
  );
  t.is(errorOf(await f.invoke()).errorType, 'Sandbox.Timedout');
});

test.serial('A3.7 with callbackWaitsForEmptyEventLoop off the response is sent at once', async (t) => {
  const f = await deploy(`exports.handler = (event, context, callback) => {
    context.callbackWaitsForEmptyEventLoop = false;
    setTimeout(() => {}, 60000);
    callback(null, context.callbackWaitsForEmptyEventLoop);
    context.callbackWaitsForEmptyEventLoop = true;
  };`);
  t.is((await f.invoke()).payload, 'false');
});

test.serial('A3.8 done, succeed and fail never wait', async (t) => {
  const f = await deploy(`exports.handler = (event, context) => {
    setTimeout(() => {}, 60000);
    context[event.method](...event.args);
  };`);
  t.is((await f.invoke({ method: 'done', args: [null, 1] })).payload, '1');
  t.is((await f.invoke({ method: 'succeed', args: [2] })).payload, '2');
  t.deepEqual((await f.invoke({ method: 'fail', args: ['why'] })).json, {
    errorType: 'string',
    errorMessage: 'why',
    trace: [],
  });
  for (const args of [[], [null]]) {
    t.deepEqual((await f.invoke({ method: 'fail', args })).json, {
      errorType: 'string',
      errorMessage: 'handled',
      trace: [],
    });
  }
});

test.serial('A3.9 the first call wins, unless it threw', async (t) => {
  const f = await deploy(`exports.handler = (event, context, callback) => {
    if (event.cyclic) { try { context.succeed(1n); } catch (error) { context.succeed('second: ' + error.message); } return; }
    context.succeed('first'); context.fail('second'); callback('third');
  };`);
  t.is((await f.invoke()).json, 'first');
  const unserialisable = await f.invoke({ cyclic: true });
  // The runtime counts the failed attempt as its completion, so a second success is refused and nothing answers any more.
  t.is(errorOf(unserialisable).errorType, 'Runtime.ExitError');
  t.regex(unserialisable.tail, /Cannot call complete more than once per invocation/);

  const failing = await deploy(`exports.handler = (event, context) => {
    try { context.succeed(1n); } catch (error) { context.fail(error); }
  };`);
  t.is(errorOf(await failing.invoke()).errorMessage, 'Unable to stringify response body');
});

test.serial('A3.10 a second completion only logs', async (t) => {
  const f = await deploy(`let old;
    exports.handler = (event, context, callback) => {
      if (old) { old(null, 'late'); context.succeed('mine'); }
      else old = callback;
    };`);
  t.is((await f.invoke()).payload, 'null');
  const second = await f.invoke();
  t.is(second.json, 'mine');
  t.regex(
    second.tail,
    /\tERROR\tInvocation has already been reported as done\. Cannot call complete more than once per invocation\.\n/,
  );
});

test.serial('A3.11 a promise does not wait for the loop; what is left goes on in the next invocation', async (t) => {
  const f = await deploy(`let left = 0;
    exports.handler = async (event) => {
      if (event.start) { setTimeout(() => { left += 1; }, 1); return left; }
      await new Promise((resolve) => setTimeout(resolve, 20));
      return left;
    };`);
  t.is((await f.invoke({ start: true })).payload, '0');
  t.is((await f.invoke()).payload, '1');
});

test.serial('A3.12 an empty loop with nothing reported is null, and the environment goes on', async (t) => {
  const f = await deploy(`let calls = 0;
    exports.handler = (event, context, callback) => { calls += 1; if (event.answer) callback(null, calls); return new Promise(() => {}); };`);
  const result = await f.invoke();
  t.is(result.payload, 'null');
  t.is(result.functionError, undefined);
  t.is((await f.invoke({ answer: true })).payload, '2');
});

test.serial('A3.13 for an async function it is Runtime.NodeJsExit, and the environment goes on', async (t) => {
  const f = await deploy(`let calls = 0;
    exports.handler = async (event) => { calls += 1; if (event.answer) return calls; await new Promise(() => {}); };`);
  const result = await f.invoke();
  t.like(errorOf(result), {
    errorType: 'Runtime.NodeJsExit',
    errorMessage:
      'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes',
  });
  t.regex(result.tail, /\tERROR\tInvoke Error \t\{"errorType":"Runtime.NodeJsExit"/);
  t.is((await f.invoke({ answer: true })).payload, '2');
});

test.serial('A3.14 undefined is null; what JSON cannot express is an error', async (t) => {
  const f = await deploy(`exports.handler = async (event) => {
    const cyclic = {}; cyclic.cyclic = cyclic;
    return event.what === 'cycle' ? cyclic : event.what === 'bigint' ? 1n : undefined;
  };`);
  t.is((await f.invoke()).payload, 'null');
  for (const what of ['cycle', 'bigint']) {
    const result = await f.invoke({ what });
    t.like(errorOf(result), { errorType: 'Error', errorMessage: 'Unable to stringify response body' });
  }
});

test.serial(
  'A3.15 immediates that are left may run between the answer and the freeze, or later, but are not lost',
  async (t) => {
    const f = await deploy(`let ran = 0;
    exports.handler = (event, context) => {
      if (event.start) { context.succeed(ran); setImmediate(() => { ran += 1; }); }
      else setImmediate(() => context.succeed(ran));
    };`);
    t.is((await f.invoke({ start: true })).payload, '0');
    t.is((await f.invoke()).payload, '1');
  },
);

test.serial('A3.16 three parameters are warned about at init, once', async (t) => {
  const source = 'exports.handler = (event, context, callback) => callback(null, 1);';
  const f = await deploy(source);
  await f.invoke();
  await f.invoke();
  const warnings = linesOf(f.log).filter((line) => line.startsWith('undefined\tWARN\t'));
  t.is(warnings.length, 1);
  t.true(
    warnings[0]?.startsWith(
      'undefined\tWARN\tAWS Lambda plans to remove support for callback-based function handlers starting with Node.js 24.',
    ),
  );
  t.regex(warnings[0] ?? '', /AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING/);
  const silenced = await deploy(source, { environment: { AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING: '1' } });
  await silenced.invoke();
  t.is(silenced.log, '');
});

test.serial('A3.17 code after the answer cannot change it', async (t) => {
  const f = await deploy(`exports.handler = (event, context) => {
    const result = { a: 1 };
    context.succeed(result);
    result.a = 2;
  };`);
  t.deepEqual((await f.invoke()).json, { a: 1 });
});
