/** End to end through createEngine: real sandboxes, real guests. What Lambda users see of an environment's life. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import anyTest, { type TestFn } from 'ava';
import { createEngine, type Engine, type InvokeResult } from '../../src/index.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

const test = anyTest as TestFn<{ engine: Engine }>;

test.before(async (t) => {
  t.context.engine = await createEngine({ clock: slowClock });
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

const text = (result: InvokeResult) => Buffer.from(result.payload).toString();
const tailOf = (result: InvokeResult) => Buffer.from(result.logResult ?? '', 'base64').toString();

test('sequential calls count up in one environment; the first one is cold', async (t) => {
  const { engine } = t.context;
  const counter = await engine.createFunction({
    functionName: 'counter',
    timeout: 20,
    code: { source: 'let calls = 0; export const handler = async () => { calls += 1; return calls; };' },
  });
  t.deepEqual([await counter(), await counter(), await counter()], [1, 2, 3]);
  const result = await engine.invoke({ functionName: 'counter' });
  t.like(result.report, { coldStart: false });
});

test('parallel calls get environments of their own: each counts from one', async (t) => {
  const { engine } = t.context;
  const parallel = await engine.createFunction({
    functionName: 'parallel',
    timeout: 20,
    code: {
      source: `let calls = 0;
        export const handler = async () => {
          calls += 1;
          await new Promise((resolve) => setTimeout(resolve, 600));
          return calls;
        };`,
    },
  });
  t.deepEqual(await Promise.all([parallel(), parallel(), parallel(), parallel()]), [1, 1, 1, 1]);
  t.is(await parallel(), 2);
});

test('a call that runs during an update ends on the old code; the next one runs the new', async (t) => {
  const { engine } = t.context;
  const source = (version: string) =>
    `export const handler = async () => { await new Promise((resolve) => setTimeout(resolve, 300)); return '${version}'; };`;
  const updated = await engine.createFunction({
    functionName: 'updated',
    timeout: 20,
    code: { source: source('old') },
  });
  const running = updated();
  await delay(100);
  await engine.updateFunctionCode({ functionName: 'updated', code: { source: source('new') } });
  t.is(await running, 'old');
  t.is(await updated(), 'new');
});

test('after a timeout module state is new and /tmp is kept', async (t) => {
  const { engine } = t.context;
  await engine.createFunction({
    functionName: 'timing-out',
    timeout: 1,
    code: {
      source: `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
        let number = 0;
        export const handler = async (event) => {
          if (event.sleep) {
            number = 42;
            writeFileSync('/tmp/kept', 'kept');
            await new Promise((resolve) => setTimeout(resolve, 10_000));
          }
          return { number, file: existsSync('/tmp/kept') ? readFileSync('/tmp/kept', 'utf8') : null };
        };`,
    },
  });
  const invoke = (payload: string) => engine.invoke({ functionName: 'timing-out', payload, logType: 'Tail' });
  t.is(text(await invoke('{}')), '{"number":0,"file":null}');
  const timedOut = await invoke('{"sleep":true}');
  t.is(timedOut.functionError, 'Unhandled');
  t.is(
    text(timedOut),
    `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ${timedOut.requestId} Error: Task timed out after 1.00 seconds"}`,
  );
  t.regex(tailOf(timedOut), new RegExp(`Z ${timedOut.requestId} Task timed out after 1\\.00 seconds\\n\\nEND `));
  t.regex(tailOf(timedOut), /\tDuration: 1000\.00 ms\tBilled Duration: 1000 ms\t.*Status: timeout\n$/);

  const after = await invoke('{}');
  t.is(text(after), '{"number":0,"file":"kept"}');
  t.false('initDurationMs' in (after.report ?? {}));
  t.false((await invoke('{}')).report?.coldStart);
});

test('an endless loop ends at its timeout, and a neighbour in the same sandbox keeps answering', async (t) => {
  const { engine } = t.context;
  await engine.createFunction({
    functionName: 'loop',
    timeout: 2,
    trustDomain: 'neighbours',
    code: { source: 'export const handler = async (event) => { while (event.loop); return "fine"; };' },
  });
  const neighbour = await engine.createFunction({
    functionName: 'neighbour',
    timeout: 20,
    trustDomain: 'neighbours',
    code: { source: 'let calls = 0; export const handler = async () => (calls += 1);' },
  });
  await neighbour();
  let isOver = false;
  const looping = engine.invoke({ functionName: 'loop', payload: '{"loop":true}' }).finally(() => {
    isOver = true;
  });
  let answers = 1;
  while (!isOver) {
    answers += 1;
    t.is(await neighbour(), answers);
  }
  t.regex(text(await looping), /Sandbox\.Timedout/);
  t.is(await neighbour(), answers + 1);
  // Whoever waited for the loop would have one answer meanwhile.
  t.true(answers > 3, `${answers} answers`);
  const domain = engine.stats().sandboxes.filter(({ trustDomain }) => trustDomain === 'neighbours');
  t.is(domain.length, 1);
});

test('a function that fills its heap is out of memory, and its next call starts anew', async (t) => {
  const { engine } = t.context;
  await engine.createFunction({
    functionName: 'greedy',
    timeout: 20,
    trustDomain: 'memory',
    code: {
      source: `const kept = [];
        export const handler = async (event) => {
          if (event.heap) for (;;) kept.push(new Array(10_000).fill(kept.length));
          return kept.length;
        };`,
    },
  });
  const result = await engine.invoke({ functionName: 'greedy', payload: '{"heap":true}', logType: 'Tail' });
  t.is(
    text(result),
    `{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: ${result.requestId} Error: Runtime exited with error: signal: killed"}`,
  );
  t.like(result.report, { maxMemoryUsedMB: 128, status: 'error', errorType: 'Runtime.OutOfMemory' });
  t.regex(tailOf(result), /\tMax Memory Used: 128 MB\t.*Status: error\tError Type: Runtime\.OutOfMemory\n$/);
  t.is(text(await engine.invoke({ functionName: 'greedy' })), '0');
});

test('two gibibytes of buffers are not to be had', async (t) => {
  const { engine } = t.context;
  await engine.createFunction({
    functionName: 'buffers',
    timeout: 20,
    trustDomain: 'memory',
    code: {
      source: `export const handler = async (event) => {
          const kept = [];
          for (let mebibytes = 0; mebibytes < event.mebibytes; mebibytes += 64) kept.push(Buffer.alloc(64 * 1024 * 1024, 1));
          return kept.length;
        };`,
    },
  });
  const result = await engine.invoke({ functionName: 'buffers', payload: '{"mebibytes":2048}' });
  t.is(result.functionError, 'Unhandled');
  t.regex(text(result), /Array buffer allocation failed|Runtime\.OutOfMemory/);
  const rssMB = engine.stats().sandboxes.map((sandbox) => sandbox.rssMB);
  t.true(Math.max(...rssMB) < 600, `the largest sandbox has ${Math.max(...rssMB)} MB`);
  t.is(text(await engine.invoke({ functionName: 'buffers', payload: '{"mebibytes":64}' })), '1');
});

test('process.exit ends the runtime: 0 without a reason, others with their status', async (t) => {
  const { engine } = t.context;
  await engine.createFunction({
    functionName: 'exiting',
    timeout: 20,
    code: {
      source:
        'let calls = 0; export const handler = async (event) => { if ("code" in event) process.exit(event.code); return (calls += 1); };',
    },
  });
  const invoke = (payload: string) => engine.invoke({ functionName: 'exiting', payload, logType: 'Tail' });
  const zero = await invoke('{"code":0}');
  t.is(
    text(zero),
    `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ${zero.requestId} Error: Runtime exited without providing a reason"}`,
  );
  const seven = await invoke('{"code":7}');
  t.is(
    text(seven),
    `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ${seven.requestId} Error: Runtime exited with error: exit status 7"}`,
  );
  t.true(
    tailOf(seven).includes(
      `RequestId: ${seven.requestId} Error: Runtime exited with error: exit status 7\nRuntime.ExitError\n`,
    ),
  );
  t.regex(tailOf(seven), /\tStatus: error\tError Type: Runtime\.ExitError\n$/);
  t.is(text(await invoke('{}')), '1');
  t.is(text(await invoke('{}')), '2');
});

test('a handler that throws keeps its environment', async (t) => {
  const { engine } = t.context;
  await engine.createFunction({
    functionName: 'throwing',
    timeout: 20,
    code: {
      source:
        'let calls = 0; export const handler = async (event) => { calls += 1; if (event.bad) throw new TypeError("no"); return calls; };',
    },
  });
  t.is(text(await engine.invoke({ functionName: 'throwing' })), '1');
  const failed = await engine.invoke({ functionName: 'throwing', payload: '{"bad":true}' });
  t.like(JSON.parse(text(failed)), { errorType: 'TypeError', errorMessage: 'no' });
  t.is(text(await engine.invoke({ functionName: 'throwing' })), '3');
});

test('module code that throws is the answer of every call, and runs twice in the first one', async (t) => {
  const { engine } = t.context;
  await engine.createFunction({
    functionName: 'broken-init',
    timeout: 20,
    code: {
      source: 'console.log("module code"); throw new Error("cannot begin"); export const handler = async () => 1;',
    },
  });
  const result = await engine.invoke({ functionName: 'broken-init', logType: 'Tail' });
  t.is(result.functionError, 'Unhandled');
  t.like(JSON.parse(text(result)), { errorType: 'Error', errorMessage: 'cannot begin' });
  t.regex(tailOf(result), /Status: error\tError Type: Runtime\.Unknown\n$/);
  const again = await engine.invoke({ functionName: 'broken-init' });
  t.like(JSON.parse(text(again)), { errorMessage: 'cannot begin' });
});

test('a sandbox killed from outside in the middle of a call is told to the client; the next call is served', async (t) => {
  const began = Promise.withResolvers<void>();
  const { engine } = t.context;
  const victim = await engine.createFunction({
    functionName: 'victim',
    timeout: 20,
    trustDomain: 'victims',
    code: {
      source: `import { began } from 'isotherm:bindings';
        export const handler = async (event) => { if (event.wait) await began(); return 1; };`,
    },
    bindings: {
      async began() {
        began.resolve();
        await new Promise(() => {});
      },
    },
  });
  await victim();
  const running = t.throwsAsync(victim({ wait: true }), { code: 'SandboxLost' });
  await began.promise;
  const { pid } = engine.stats().sandboxes.find(({ trustDomain }) => trustDomain === 'victims') ?? { pid: 0 };
  t.true(pid > 1);
  process.kill(pid, 'SIGKILL');
  await running;
  const started = performance.now();
  t.is(await victim(), 1);
  t.log(`served ${(performance.now() - started).toFixed(0)} ms after the loss was known`);
});

test('closing an engine leaves no process behind', async (t) => {
  const engine = await createEngine();
  const idle = await engine.createFunction({
    functionName: 'idle',
    code: {
      source:
        'export const handler = async (event) => { if (event.wait) await new Promise(() => setTimeout(() => {}, 60_000)); };',
    },
    timeout: 60,
  });
  await idle();
  const running = t.throwsAsync(idle({ wait: true }), { code: 'EngineClosed' });
  await delay(50);
  const pids = engine.stats().sandboxes.map(({ pid }) => pid);
  t.true(pids.length > 0);
  await engine.close();
  await running;
  for (const pid of pids) t.throws(() => readFileSync(`/proc/${pid}/stat`), { code: 'ENOENT' });
  t.like(engine.stats(), { environments: { total: 0 }, sandboxes: [], memoryReservedMiB: 0 });
});
