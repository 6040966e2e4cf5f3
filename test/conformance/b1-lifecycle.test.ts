/** LAMBDA.md B1 and B2: phases, reuse, freeze and thaw. */
import test from 'ava';
import { errorOf, Lambda, linesOf, ric3, ric4 } from './lambda.ts';

const lambda = new Lambda(test);

test.serial('B1.1 INIT once, then one INVOKE after the other', async (t) => {
  const f = await lambda.deploy("console.log('init'); exports.handler = async () => { console.log('invoke'); };", ric4);
  await f.invoke();
  await f.invoke();
  t.deepEqual(
    linesOf(f.log).map((line) => line.split('\t').at(-1)),
    ['init', 'invoke', 'invoke'],
  );
  t.is(f.eventsOf('platform.initStart').length, 1);
  t.is(f.eventsOf('platform.start').length, 2);
});

test.serial('B1.2 INIT ends when module code and its top-level awaits are done', async (t) => {
  const f = await lambda.deploy(
    `await new Promise((resolve) => setTimeout(resolve, 60));
     export const handler = async () => 1;`,
    ric4,
    { fileName: 'index.mjs' },
  );
  const { report } = await f.invoke();
  t.true((report.initDurationMs ?? 0) >= 59, `${report.initDurationMs}`);
  t.is(f.eventsOf('platform.initReport')[0]?.durationMs, report.initDurationMs);
});

test.serial('B1.3 B1.7 concurrent calls get environments of their own, sequential calls share one', async (t) => {
  const f = await lambda.deploy(
    `let n = 0;
     exports.handler = async () => { n += 1; await new Promise((resolve) => setTimeout(resolve, 600)); return n; };`,
    ric4,
  );
  const concurrent = await Promise.all([f.invoke(), f.invoke(), f.invoke()]);
  t.deepEqual(
    concurrent.map((result) => result.payload),
    ['1', '1', '1'],
  );
  t.is(new Set(concurrent.map((result) => result.report.environmentId)).size, 3);
  const sequential = await lambda.deploy('let n = 0; exports.handler = async () => (n += 1);', ric4);
  const answers = [];
  for (let count = 0; count < 3; count += 1) answers.push((await sequential.invoke()).payload);
  t.deepEqual(answers, ['1', '2', '3']);
});

test.serial(
  'B1.4 a change of code or configuration means new environments; what runs finishes on the old code',
  async (t) => {
    const source = (version: string) => `let n = 0;
    exports.handler = async (event) => {
      if (event.slow) await new Promise((resolve) => setTimeout(resolve, 300));
      return [${JSON.stringify(version)}, process.env.LABEL, (n += 1)];
    };`;
    const f = await lambda.deploy(source('old'), ric4, { environment: { LABEL: 'a' } });
    t.deepEqual((await f.invoke()).json, ['old', 'a', 1]);
    const running = f.invoke({ slow: true });
    await lambda.engine.updateFunctionCode({ functionName: f.functionName, code: { source: source('new') } });
    t.deepEqual((await f.invoke()).json, ['new', 'a', 1]);
    t.deepEqual((await running).json, ['old', 'a', 2]);
    await lambda.engine.updateFunctionConfiguration({ functionName: f.functionName, environment: { LABEL: 'b' } });
    t.deepEqual((await f.invoke()).json, ['new', 'b', 1]);
  },
);

test.serial('B1.6 module scope, globals, timers and /tmp survive reuse', async (t) => {
  const f = await lambda.deploy(
    `const fs = require('node:fs');
     let scope = 0, fired = 0;
     exports.handler = async (event) => {
       if (event.start) {
         scope = 1; globalThis.kept = 2; fs.writeFileSync('/tmp/kept', '3');
         setTimeout(() => { fired += 1; }, 1);
         return;
       }
       await new Promise((resolve) => setTimeout(resolve, 20));
       return [scope, globalThis.kept, fs.readFileSync('/tmp/kept', 'utf8'), fired];
     };`,
    ric4,
  );
  await f.invoke({ start: true });
  t.deepEqual((await f.invoke()).json, [1, 2, '3', 1]);
});

test.serial('B2.1 no code runs while the environment is frozen', async (t) => {
  const f = await lambda.deploy(
    `let ticks = 0;
     exports.handler = async (event) => {
       if (event.start) { setInterval(() => { ticks += 1; }, 5).unref(); return; }
       return ticks;
     };`,
    ric4,
  );
  await f.invoke({ start: true });
  // Another function runs for as long as thirty of those ticks take: time passes, and the frozen one must not notice.
  const other = await lambda.deploy(
    'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 150, 1));',
    ric4,
  );
  await other.invoke();
  const ticks = Number((await f.invoke()).payload);
  t.true(ticks <= 5, `${ticks} ticks, not thirty: at most those around the freeze and the thaw`);
});

test.serial('B2.2 a timer that became due while frozen runs in the next invocation', async (t) => {
  const f = await lambda.deploy(
    `let fired = 0;
     exports.handler = async (event) => {
       if (event.start) { setTimeout(() => { fired += 1; }, 50); return fired; }
       await new Promise((resolve) => setImmediate(resolve));
       await new Promise((resolve) => setImmediate(resolve));
       return fired;
     };`,
    ric4,
  );
  t.is((await f.invoke({ start: true })).payload, '0');
  const other = await lambda.deploy(
    'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 100, 1));',
    ric4,
  );
  await other.invoke();
  t.is((await f.invoke()).payload, '1', 'due at once, not 50 ms after the thaw');
});

test.serial('B2.3 output of resumed work is logged under the new request id, in the new Tail', async (t) => {
  for (const runtime of [ric3, ric4]) {
    const f = await lambda.deploy(
      `exports.handler = async (event) => {
         if (event.start) { setTimeout(() => console.log('resumed'), 1); return; }
         await new Promise((resolve) => setTimeout(resolve, 20));
       };`,
      runtime,
    );
    const started = await f.invoke({ start: true });
    t.notRegex(started.tail, /resumed/);
    const second = await f.invoke();
    t.true(linesOf(second.tail).includes(`${second.requestId}\tINFO\tresumed`), second.tail);
  }
});

test.serial('B2.3 a late answer of an earlier invocation never answers the running one', async (t) => {
  const f = await lambda.deploy(
    `const earlier = [];
     exports.handler = (event, context, callback) => {
       context.callbackWaitsForEmptyEventLoop = false;
       if (event.start) { earlier.push(callback, (_, result) => context.succeed(result)); return; }
       setTimeout(() => { for (const answer of earlier) answer(null, 'of the first'); }, 1);
       setTimeout(() => callback(null, 'of the second'), 20);
     };`,
    ric3,
  );
  t.is((await f.invoke({ start: true })).payload, 'null');
  t.is((await f.invoke()).json, 'of the second');
});

test.serial('B2.4 an exception of resumed work is the new invocation’s failure', async (t) => {
  const source = `exports.handler = (event, context) => {
      if (event.start) { setTimeout(() => { throw new TypeError('resumed'); }, 1); return end(context); }
      return new Promise(() => { setTimeout(() => {}, 1000); });
    };`;
  const callback = await lambda.deploy(`const end = (context) => context.succeed(1); ${source}`, ric3);
  t.is((await callback.invoke({ start: true })).payload, '1');
  const failed = await callback.invoke();
  t.like(errorOf(failed), { errorType: 'TypeError', errorMessage: 'resumed' });
  t.regex(failed.tail, /Uncaught Exception/);

  const promise = await lambda.deploy(`const end = () => 1; ${source}`, ric4);
  t.is((await promise.invoke({ start: true })).payload, '1');
  t.regex(String(errorOf(await promise.invoke()).errorMessage), /exit status 1$/);
});

test.serial('B2.5 a leftover interval keeps the next callback invocation from finishing', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = (event, context, callback) => {
       if (event.start) { setInterval(() => {}, 10); context.callbackWaitsForEmptyEventLoop = false; }
       callback(null, 1);
     };`,
    ric3,
    { timeout: 2 },
  );
  t.is((await f.invoke({ start: true })).payload, '1');
  t.is(errorOf(await f.invoke()).errorType, 'Sandbox.Timedout');
});

test.serial('B2.7 Duration is from the event to the answer', async (t) => {
  const f = await lambda.deploy('exports.handler = () => new Promise((resolve) => setTimeout(resolve, 60));', ric4);
  const begin = performance.now();
  const { report } = await f.invoke();
  t.true(report.durationMs >= 59, `${report.durationMs}`);
  t.true(report.durationMs + (report.initDurationMs ?? 0) <= performance.now() - begin, 'init is not part of it');
});
