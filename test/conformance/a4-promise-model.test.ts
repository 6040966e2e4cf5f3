/** LAMBDA.md A4: calling the handler from Node 24 on. */
import test from 'ava';
import { errorOf, Lambda, ric4 } from './lambda.ts';

const lambda = new Lambda(test);
const deploy = (source: string, options?: Parameters<Lambda['deploy']>[2]) => lambda.deploy(source, ric4, options);

test.serial('A4.1 the handler gets event and context, and no callback', async (t) => {
  const f = await deploy('exports.handler = async (...args) => args.length;');
  t.is((await f.invoke()).payload, '2');
});

test.serial('A4.2 three parameters are an init error', async (t) => {
  const f = await deploy('exports.handler = (event, context, callback) => callback(null, 1);');
  const result = await f.invoke();
  t.is(result.functionError, 'Unhandled');
  t.like(errorOf(result), {
    errorType: 'Runtime.CallbackHandlerDeprecated',
    errorMessage:
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
  });
});

test.serial('A4.3 a synchronous return value is the result; a promise is awaited', async (t) => {
  const f = await deploy(
    "exports.handler = (event) => event.later ? new Promise((r) => setTimeout(r, 1, 'later')) : 'at once';",
  );
  t.is((await f.invoke()).json, 'at once');
  t.is((await f.invoke({ later: true })).json, 'later');
});

test.serial('A4.4 the context has no callback methods, and an X-Ray trace id', async (t) => {
  const f = await deploy(`exports.handler = (event, context) =>
    [['done', 'succeed', 'fail', 'callbackWaitsForEmptyEventLoop'].some((name) => name in context), context.xRayTraceId, 'tenantId' in context];`);
  t.deepEqual((await f.invoke({}, { traceId: 'Root=1-a-b' })).json, [false, 'Root=1-a-b', true]);
});

test.serial('A4.5 an immediate passes between the end of the handler and the answer', async (t) => {
  // A rejection of the same moment is found first: without that immediate the invocation would have succeeded.
  const f = await deploy("exports.handler = async () => { Promise.reject(new Error('beside')); return 'fine'; };");
  const result = await f.invoke();
  t.is(result.functionError, 'Unhandled');
  t.is(errorOf(result).errorType, 'Runtime.ExitError');
});

test.serial('A4.6 a result that JSON cannot express is Runtime.JSONStringifyError', async (t) => {
  const f = await deploy('exports.handler = async () => 1n;');
  t.like(errorOf(await f.invoke()), {
    errorType: 'Runtime.JSONStringifyError',
    errorMessage: 'Unable to stringify response body',
  });
});

test.serial('A4.7 an uncaught exception makes the runtime exit with status 1', async (t) => {
  const f = await deploy(`exports.handler = (event) => {
    if (event.ok) return 'ok';
    setTimeout(() => { throw new Error('uncaught'); }, 1);
    return new Promise(() => {});
  };`);
  const result = await f.invoke();
  t.deepEqual(result.json, {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${result.requestId} Error: Runtime exited with error: exit status 1`,
  });
  t.regex(result.tail, /Error: uncaught\n\s+at .*\/var\/task\/index\.js:3:\d+/);
  t.regex(result.tail, /Node\.js v26\./);
  t.is((await f.invoke({ ok: true })).json, 'ok');
});

test.serial('A4.7 also when the function has broken its process object', async (t) => {
  const f = await deploy(`Object.freeze(process);
    exports.handler = () => { setTimeout(() => { throw new Error('uncaught'); }, 1); return new Promise(() => {}); };`);
  t.regex(String(errorOf(await f.invoke()).errorMessage), /exit status 1$/);
});

test.serial('A4.7 so does an unhandled rejection', async (t) => {
  const f = await deploy(
    "exports.handler = async () => { Promise.reject(new Error('lost')); await new Promise(() => {}); };",
  );
  const result = await f.invoke();
  t.regex(String(errorOf(result).errorMessage), /exit status 1$/);
  t.regex(result.tail, /Error: lost/);
});

test.serial('A4.7 listeners of the user are honoured', async (t) => {
  const f = await deploy(`let settle;
    process.on('uncaughtException', (error, origin) => settle([origin, error.message]));
    process.on('unhandledRejection', (reason) => settle(['rejection', reason.message]));
    exports.handler = (event) => new Promise((resolve) => {
      settle = resolve;
      if (event.reject) Promise.reject(new Error('caught'));
      else setTimeout(() => { throw new Error('caught'); }, 1);
    });`);
  t.deepEqual((await f.invoke()).json, ['uncaughtException', 'caught']);
  t.deepEqual((await f.invoke({ reject: true })).json, ['rejection', 'caught']);
});

test.serial('A4.7 a promise that never settles exits with status 0', async (t) => {
  const f = await deploy('exports.handler = () => new Promise(() => {});');
  const result = await f.invoke();
  t.deepEqual(result.json, {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${result.requestId} Error: Runtime exited without providing a reason`,
  });
});

test.serial('A4.7 beforeExit and exit are emitted as Node does', async (t) => {
  const f = await deploy(`let settle;
    process.on('beforeExit', (code) => { console.log('beforeExit', code); settle?.('saved'); });
    process.on('exit', (code) => console.log('exit', code));
    exports.handler = (event) => new Promise((resolve) => { settle = event.save ? resolve : undefined; });`);
  t.is((await f.invoke({ save: true })).json, 'saved');
  const ended = await f.invoke();
  t.regex(ended.tail, /\tbeforeExit 0\n.*\texit 0\n/s);
  t.regex(String(errorOf(ended).errorMessage), /without providing a reason$/);
});

test.serial(
  'A4.7 a timer of beforeExit that keeps nothing alive does not run, even if it is due before the listener ends',
  async (t) => {
    const f = await deploy(`process.on('beforeExit', () => {
      setTimeout(() => console.log('ran'), 1).unref();
      for (const until = Date.now() + 20; Date.now() < until;);
    });
    exports.handler = () => new Promise(() => {});`);
    const ended = await f.invoke();
    t.regex(String(errorOf(ended).errorMessage), /without providing a reason$/);
    t.notRegex(ended.tail, /\tran\n/);
  },
);

test.serial('A4.7 a top-level await that never settles exits with status 13', async (t) => {
  const f = await deploy('await new Promise(() => {}); export const handler = () => 1;', { fileName: 'index.mjs' });
  const result = await f.invoke();
  t.is(errorOf(result).errorMessage, `RequestId: ${result.requestId} Error: Runtime exited with error: exit status 13`);
});

test.serial('A4.8 awslambda.InvokeStore has the values of the invocation', async (t) => {
  const f = await deploy(`exports.handler = async (event, context) => {
    const store = awslambda.InvokeStore;
    store.set('mine', 1);
    return [store.getRequestId() === context.awsRequestId, store.getXRayTraceId(), store.getTenantId() === undefined, store.get('mine')];
  };`);
  t.deepEqual((await f.invoke({}, { traceId: 'Root=1-c-d' })).json, [true, 'Root=1-c-d', true, 1]);
});
