/** LAMBDA.md B3 to B6: failed inits, timeouts, crashes and exits, shutdown. */
import test from 'ava';
import { errorOf, Lambda, linesOf, ric3, ric4 } from './lambda.ts';

const lambda = new Lambda(test);

test.serial(
  'B3.1 B3.3 B3.4 an init over 10 s is cut, then runs again inside the invocation and times out there',
  async (t) => {
    const f = await lambda.deploy('for (;;);', ric4, { timeout: 1 });
    const result = await f.invoke();
    t.is(errorOf(result).errorType, 'Sandbox.Timedout');
    t.regex(String(errorOf(result).errorMessage), /Task timed out after 1\.00 seconds$/);
    const [ahead, inside] = f.eventsOf('platform.initReport');
    t.like(ahead, { phase: 'init', status: 'timeout' });
    t.true((ahead?.durationMs ?? 0) >= 9_990 && (ahead?.durationMs ?? 0) < 11_000, `${ahead?.durationMs}`);
    t.like(inside, { phase: 'invoke', status: 'timeout' });
  },
);

test.serial('B3.3 a failed init runs again inside the invocation', async (t) => {
  const f = await lambda.deploy(
    `const fs = require('node:fs');
     const before = fs.existsSync('/tmp/tried');
     fs.writeFileSync('/tmp/tried', '');
     if (!before) throw new Error('the first time');
     exports.handler = async () => 'the second init was fine';`,
    ric4,
  );
  const result = await f.invoke();
  t.is(result.json, 'the second init was fine');
  t.deepEqual(
    f.eventsOf('platform.initReport').map(({ phase, status }) => [phase, status]),
    [
      ['init', 'error'],
      ['invoke', 'success'],
    ],
  );
  t.is(result.report.initDurationMs, undefined);
});

test.serial('B3.5 the payload of a failed init is its error JSON; module code ran twice', async (t) => {
  for (const runtime of [ric3, ric4]) {
    const f = await lambda.deploy("console.log('module code'); throw new RangeError('at load');", runtime);
    const result = await f.invoke();
    t.is(result.statusCode, 200);
    t.is(result.functionError, 'Unhandled');
    t.like(errorOf(result), { errorType: 'RangeError', errorMessage: 'at load' });
    t.true(Array.isArray(errorOf(result).trace));
    t.is(linesOf(f.log).filter((line) => line.endsWith('\tINFO\tmodule code')).length, 2);
  }
});

test.serial('B3.6 the order of the log when init fails', async (t) => {
  const f = await lambda.deploy('exports.handler = () => { const = 1; };', ric3);
  const result = await f.invoke();
  const order = f.events.flatMap((event) => {
    switch (event.type) {
      case 'function':
        return /^\S+\tundefined\tERROR\tUncaught Exception /.test(event.text) ? ['error line'] : [event.text];
      case 'platform.initReport':
        return [`initReport ${event.phase} ${event.status} ${event.errorType}`];
      case 'platform.start':
      case 'platform.runtimeDone':
        return [event.type];
      case 'platform.report':
        return [`report ${event.report.status} ${event.report.errorType}`];
      default:
        return [];
    }
  });
  t.deepEqual(order, [
    'error line',
    'initReport init error Runtime.UserCodeSyntaxError',
    'error line',
    'initReport invoke error Runtime.UserCodeSyntaxError',
    'platform.start',
    'platform.runtimeDone',
    'report error Runtime.UserCodeSyntaxError',
  ]);
  t.regex(result.tail, /\tStatus: error\tError Type: Runtime\.UserCodeSyntaxError\n$/);
});

test.serial('B3.7 after a failed init the next invocation initialises again', async (t) => {
  const f = await lambda.deploy(
    `const fs = require('node:fs');
     const tries = fs.existsSync('/tmp/tries') ? Number(fs.readFileSync('/tmp/tries', 'utf8')) + 1 : 1;
     fs.writeFileSync('/tmp/tries', String(tries));
     if (tries < 4) throw new Error('try ' + tries);
     exports.handler = async () => tries;`,
    ric4,
  );
  t.is(errorOf(await f.invoke()).errorMessage, 'try 2');
  t.is(errorOf(await f.invoke()).errorMessage, 'try 3');
  t.is((await f.invoke()).payload, '4');
});

test.serial('B4.1 B4.2 B4.3 B4.4 a timeout: payload, log line and REPORT', async (t) => {
  for (const body of ['for (;;);', 'await new Promise(() => { setInterval(() => {}, 10); });']) {
    const f = await lambda.deploy(`exports.handler = async () => { ${body} };`, ric4, { timeout: 1 });
    const result = await f.invoke();
    t.is(result.statusCode, 200);
    t.is(result.functionError, 'Unhandled');
    t.is(
      result.payload,
      `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ${result.requestId} Error: Task timed out after 1.00 seconds"}`,
    );
    t.regex(
      result.tail,
      new RegExp(`\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z ${result.requestId} Task timed out after 1\\.00 seconds\\n\\n`),
    );
    t.is(result.report.durationMs, 1000);
    t.regex(result.tail, /\tDuration: 1000\.00 ms\t.*Status: timeout\n$/);
  }
});

test.serial('B4.6 after a timeout module state is lost and /tmp is kept', async (t) => {
  const f = await lambda.deploy(
    `const fs = require('node:fs');
     let number = 0;
     exports.handler = async (event) => {
       if (event.read) return [number, fs.readFileSync('/tmp/kept', 'utf8')];
       number = 42; fs.writeFileSync('/tmp/kept', 'kept');
       for (;;);
     };`,
    ric4,
    { timeout: 1 },
  );
  t.is(errorOf(await f.invoke()).errorType, 'Sandbox.Timedout');
  t.deepEqual((await f.invoke({ read: true })).json, [0, 'kept']);
});

test.serial('B5.1 process.exit(0) in the handler or at the top level', async (t) => {
  for (const runtime of [ric3, ric4]) {
    for (const source of ['exports.handler = () => process.exit(0);', 'process.exit(0);']) {
      const f = await lambda.deploy(source, runtime);
      const result = await f.invoke();
      t.is(result.functionError, 'Unhandled');
      t.deepEqual(result.json, {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${result.requestId} Error: Runtime exited without providing a reason`,
      });
    }
  }
});

test.serial('B5.2 B5.3 another status, and its log lines', async (t) => {
  const f = await lambda.deploy('exports.handler = () => process.exit(7);', ric4);
  const result = await f.invoke();
  const text = `RequestId: ${result.requestId} Error: Runtime exited with error: exit status 7`;
  t.is(errorOf(result).errorMessage, text);
  t.true(result.tail.includes(`${text}\nRuntime.ExitError\n`), result.tail);
});

test.serial('B5.4 out of memory', async (t) => {
  const f = await lambda.deploy(
    'exports.handler = async () => { const all = []; for (;;) all.push(new Array(100000).fill(Math.random())); };',
    ric4,
    { timeout: 30 },
  );
  const result = await f.invoke();
  t.is(result.functionError, 'Unhandled');
  t.is(errorOf(result).errorType, 'Runtime.OutOfMemory');
  t.is(result.report.maxMemoryUsedMB, result.report.memorySizeMB);
});

test.serial('B5.5 the error that the runtime reported before it died wins', async (t) => {
  const f = await lambda.deploy(
    "exports.handler = () => { setTimeout(() => { throw new RangeError('reported'); }, 1); };",
    ric3,
  );
  const result = await f.invoke();
  t.is(errorOf(result).errorType, 'RangeError');
  t.notRegex(result.payload, /exit status/);
});

test.serial('B5.6 after a crash the environment starts over, with its /tmp', async (t) => {
  const f = await lambda.deploy(
    `const fs = require('node:fs');
     let number = 0;
     exports.handler = (event) => {
       if (event.read) return [number, fs.readFileSync('/tmp/kept', 'utf8')];
       number = 42; fs.writeFileSync('/tmp/kept', 'kept'); process.exit(1);
     };`,
    ric4,
  );
  await f.invoke();
  const result = await f.invoke({ read: true });
  t.deepEqual(result.json, [0, 'kept']);
  t.is(result.report.initDurationMs, undefined, 'init ran inside the invocation');
});

test.serial('B5.7 a reported error does not reset the environment', async (t) => {
  for (const runtime of [ric3, ric4]) {
    const f = await lambda.deploy(
      "let n = 0; exports.handler = async (event) => { n += 1; if (event.fail) throw new Error('reported'); return n; };",
      runtime,
    );
    await f.invoke({ fail: true });
    t.is((await f.invoke()).payload, '2');
  }
});

test.serial('B5.9 the type that the runtime reported goes into the platform report', async (t) => {
  const f = await lambda.deploy('exports.other = 1;', ric3);
  const { report } = await f.invoke();
  t.is(report.status, 'error');
  t.is(report.errorType, 'Runtime.HandlerNotFound');
});

test.serial(
  'B6.2 without extensions there is no SIGTERM: listeners do not run when the environment is removed',
  async (t) => {
    const f = await lambda.deploy(
      "process.on('SIGTERM', () => console.log('terminated')); exports.handler = async () => 1;",
      ric4,
    );
    await f.invoke();
    await lambda.engine.deleteFunction(f.functionName);
    t.is(f.log, '');
  },
);
