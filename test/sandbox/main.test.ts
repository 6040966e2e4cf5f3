import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import ava, { type ExecutionContext } from 'ava';
import { limits } from '../../src/model/limits.ts';
import { frameTypes } from '../../src/protocol/messages.ts';
import { sandboxMainPath } from '../../src/supervisor/launch.ts';
import { sandboxNodeFlags } from '../../src/supervisor/node-flags.ts';
import { startSandbox, type TestSandbox } from './harness.ts';

// One after the other: many of them measure time, and all share one process.
const test = ava.serial;

/** Generous: the machine may be busy with other tests. That nothing runs on for ever is what counts. */
const lateMsMax = 10_000;

let sandbox: TestSandbox;
ava.before(async () => {
  sandbox = await startSandbox();
});
ava.after.always(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

/** Short clean invocations, until both phases of an invocation run on the main thread. */
async function earnMainThread(version: string): Promise<void> {
  for (let count = 0; count < limits.shortInvocationsBeforeMain; count++) {
    const environment = sandbox.create(version);
    for (let calls = 0; calls <= limits.shortInvocationsBeforeMain; calls++) await environment.invoke({});
    await environment.destroy();
  }
}

test('a function answers, cold and warm, and keeps its module state', async (t) => {
  const environment = await sandbox.run('let calls = 0; exports.handler = async (event) => [event.name, ++calls]');
  // Pipelined: the environment does not exist yet.
  const cold = environment.invoke({ name: 'Ada' });
  t.is((await environment.created).init.status, 'success');
  t.is((await cold).payload, '["Ada",1]');
  for (let calls = 2; calls < 8; calls++) {
    const warm = await environment.invoke({ name: 'Ada' });
    t.deepEqual(warm.outcome, { kind: 'success' });
    t.is(warm.payload, `["Ada",${calls}]`);
    t.is(warm.init, undefined);
    t.true(warm.memoryPeakBytes > 500_000);
  }
});

test('environments of one version share nothing', async (t) => {
  const version = await sandbox.define({ source: 'let calls = 0; exports.handler = async () => ++calls' });
  const answers = await Promise.all(
    Array.from({ length: 5 }, async () => (await sandbox.create(version).invoke()).payload),
  );
  t.deepEqual(answers, ['1', '1', '1', '1', '1']);
});

test('output arrives in order, under the invocation that it belongs to', async (t) => {
  const environment = await sandbox.run(
    `console.log('at init');
     exports.handler = async () => { console.log('one'); process.stdout.write('two\\n'); console.error('three'); }`,
  );
  await environment.created;
  await environment.invoke({}, { requestId: 'first' });
  const kinds = environment.printed.map(({ requestId, kind, text }) => [requestId, kind, text.includes('\t')]);
  t.deepEqual(kinds, [
    [undefined, 'line', true],
    ['first', 'line', true],
    ['first', 'raw', false],
    ['first', 'line', true],
  ]);
  t.regex(environment.text, /at init\n.*one\ntwo\n.*three\n$/s);
});

test('a handler that throws fails, and its environment stays usable', async (t) => {
  const environment = await sandbox.run(
    'let calls = 0; exports.handler = async () => { if (++calls === 1) throw new TypeError("no"); return calls; }',
  );
  const failed = await environment.invoke();
  t.deepEqual(failed.outcome, { kind: 'error', errorType: 'TypeError' });
  t.like(JSON.parse(failed.payload), { errorType: 'TypeError', errorMessage: 'no' });
  t.is((await environment.invoke()).payload, '2');
});

test('a timer that is left behind is frozen, and fires first in the next invocation', async (t) => {
  const environment = await sandbox.run(
    `let fired = [];
     exports.handler = async ({ plant }) => {
       if (plant) { setTimeout(() => fired.push('timer'), 1); return fired; }
       fired.push('handler');
       return fired;
     }`,
  );
  t.is((await environment.invoke({ plant: true })).payload, '[]');
  await environment.invoke({ plant: true });
  // Time passes outside: another environment waits longer than the timer.
  const other = await sandbox.run('exports.handler = () => new Promise((resolve) => setTimeout(resolve, 20, 1))');
  await other.invoke();
  const next = JSON.parse((await environment.invoke()).payload);
  t.deepEqual(next.slice(-1), ['handler']);
  t.true(next.includes('timer'));
  t.true(next.indexOf('timer') < next.indexOf('handler'));
});

test('awaited timers keep their order and their delay', async (t) => {
  const environment = await sandbox.run(
    `const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     exports.handler = async () => {
       const from = Date.now(); const seen = [];
       await Promise.all([wait(30).then(() => seen.push(30)), wait(10).then(() => seen.push(10))]);
       return { seen, waited: Date.now() - from };
     }`,
  );
  const { seen, waited } = JSON.parse((await environment.invoke()).payload);
  t.deepEqual(seen, [10, 30]);
  t.true(waited >= 29 && waited < 30 + lateMsMax, `${waited} ms`);
});

test('an interval that is left behind does not run between invocations', async (t) => {
  const environment = await sandbox.run(
    'let ticks = 0; setInterval(() => ticks++, 1); exports.handler = async () => ticks',
  );
  await environment.created;
  const other = await sandbox.run('exports.handler = () => new Promise((resolve) => setTimeout(resolve, 50, 1))');
  await other.invoke();
  const ticks = Number((await environment.invoke()).payload);
  t.true(ticks <= 3, `${ticks} ticks`);
});

for (const lane of ['pool', 'main', 'watched'] as const) {
  test(`an endless loop on the ${lane} lane ends at its deadline, and a new isolate takes over with the same /tmp`, async (t) => {
    const version = await sandbox.define({
      source: `const fs = require('fs'); let calls = 0;
        exports.handler = async ({ loop, write }) => {
          calls++;
          if (write) fs.writeFileSync('/tmp/kept', 'text');
          if (loop) for (;;);
          return [calls, fs.existsSync('/tmp/kept')];
        }`,
    });
    if (lane !== 'pool') await earnMainThread(version);
    const environment = sandbox.create(version);
    await environment.invoke({ write: true });
    t.is((await environment.invoke()).payload, '[2,true]');
    // So many that the watchdog holds the deadline.
    for (let calls = 0; lane === 'watched' && calls < limits.timedSlicesMax; calls++) await environment.invoke();
    const from = performance.now();
    const stopped = await environment.invoke({ loop: true }, { timeoutMs: 200 });
    const tookMs = performance.now() - from;
    t.deepEqual(stopped.outcome, { kind: 'timeout' });
    t.true(tookMs >= 199 && tookMs < 200 + lateMsMax, `${tookMs} ms`);
    const next = await environment.invoke();
    t.is(next.payload, '[1,true]');
    t.is(next.init?.status, 'success');
  });
}

test('the watchdog wakes up for a loop after a long rest', async (t) => {
  const environment = await sandbox.run('exports.handler = async ({ loop }) => { while (loop); }');
  for (let calls = 0; calls < 2 * limits.timedSlicesMax; calls++) await environment.invoke();
  const resting = await sandbox.run('exports.handler = () => new Promise((done) => setTimeout(done, 1_500))');
  await resting.invoke();
  const from = performance.now();
  t.deepEqual((await environment.invoke({ loop: true }, { timeoutMs: 100 })).outcome, { kind: 'timeout' });
  const tookMs = performance.now() - from;
  t.true(tookMs >= 99 && tookMs < 100 + lateMsMax, `${tookMs} ms`);
});

/** Longer than anything that a loop must not hold up may take, on any machine. */
const longMs = 60_000;

/** A loop that is ended by destroying its environment, so that its deadline need not be awaited. */
function endsWithItsEnvironment(t: ExecutionContext, invoked: Promise<unknown>) {
  let isOver = false;
  const end = t.throwsAsync(invoked, { message: /destroyed/ }).finally(() => {
    isOver = true;
  });
  return { end, isOver: () => isOver };
}

test('neighbours answer while an endless loop runs on the pool', async (t) => {
  const neighbour = await sandbox.run('exports.handler = async () => 1');
  for (let calls = 0; calls < 5; calls++) await neighbour.invoke();
  const looping = await sandbox.run('exports.handler = async () => { for (;;); }');
  await looping.created;
  const looped = endsWithItsEnvironment(t, looping.invoke({ loop: true }, { timeoutMs: longMs }));
  for (let calls = 0; calls < 10; calls++) t.is((await neighbour.invoke()).payload, '1');
  t.false(looped.isOver());
  await looping.destroy();
  await looped.end;
});

test('a function that was quick and then loops does not hold up a stranger that is under way', async (t) => {
  const version = await sandbox.define({ source: 'exports.handler = async ({ loop }) => { while (loop); return 1; }' });
  await earnMainThread(version);
  const turncoat = sandbox.create(version);
  for (let calls = 0; calls < 3; calls++) await turncoat.invoke();
  const stranger = await sandbox.run(
    `exports.handler = async () => {
       for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 20));
       return 1;
     }`,
  );
  await stranger.created;
  const waiting = stranger.invoke();
  const looped = endsWithItsEnvironment(t, turncoat.invoke({ loop: true }, { timeoutMs: longMs }));
  t.is((await waiting).payload, '1');
  t.false(looped.isOver());
  await turncoat.destroy();
  await looped.end;
});

const endless: Record<string, string> = {
  'microtasks that queue microtasks':
    'const again = () => Promise.resolve().then(again); again(); await new Promise(() => {})',
  'a promise that never settles beside an interval': 'setInterval(() => {}, 5); await new Promise(() => {})',
  'immediates without an end': 'const again = () => setImmediate(again); again(); await new Promise(() => {})',
  'ticks without an end': 'const again = () => process.nextTick(again); again(); await new Promise(() => {})',
  'host calls without an end': 'const fs = require("fs"); for (;;) fs.existsSync("/tmp/x")',
  'output without an end': 'for (;;) console.log("x".repeat(100))',
  'catastrophic backtracking': '/^(a+)+$/.test("a".repeat(40) + "!")',
};
for (const [name, body] of Object.entries(endless)) {
  test(`${name}: stopped at the deadline`, async (t) => {
    const environment = await sandbox.run(`exports.handler = async () => { ${body} }`);
    await environment.created;
    const from = performance.now();
    const { outcome } = await environment.invoke({}, { timeoutMs: 150 });
    t.deepEqual(outcome, { kind: 'timeout' });
    t.true(performance.now() - from < 150 + lateMsMax);
    t.is((await sandbox.ping()).environments > 0, true);
  });
}

test('a promise that never settles, with an empty loop: Node 24 exits, the older runtimes report it', async (t) => {
  const source = 'exports.handler = async () => { await new Promise(() => {}) }';
  const exited = await sandbox.run(source);
  t.deepEqual((await exited.invoke()).outcome, { kind: 'exit', code: 0 });
  const reported = await sandbox.run({ source, settings: { programmingModel: 'callback' } });
  const { outcome, payload } = await reported.invoke();
  t.deepEqual(outcome, { kind: 'error', errorType: 'Runtime.NodeJsExit' });
  t.regex(payload, /Promise that was never settled/);
  t.is((await reported.invoke()).init, undefined);
});

test('deep recursion is the function’s RangeError', async (t) => {
  const environment = await sandbox.run('const f = () => f() + 1; exports.handler = async () => f()');
  const { outcome } = await environment.invoke();
  t.deepEqual(outcome, { kind: 'error', errorType: 'RangeError' });
});

test('a heap without an end is out of memory, and the next invocation works', async (t) => {
  const environment = await sandbox.run({
    source: `exports.handler = async ({ bomb }) => {
      const all = []; while (bomb) all.push({ list: [1, 2, 3] }); return 'alive'; }`,
    memorySize: 64,
  });
  const { outcome, memoryPeakBytes } = await environment.invoke({ bomb: true }, { timeoutMs: 20_000 });
  t.deepEqual(outcome, { kind: 'out-of-memory' });
  t.true(memoryPeakBytes >= 64 * 1024 * 1024);
  t.is((await environment.invoke()).payload, '"alive"');
});

test('too large an array buffer is an error that the function may handle', async (t) => {
  const environment = await sandbox.run(
    `exports.handler = async () => {
       const all = [];
       try { for (;;) all.push(new ArrayBuffer(16e6)); } catch (error) { all.length = 0; return error.name; }
     }`,
  );
  const { outcome, payload } = await environment.invoke();
  t.deepEqual(outcome, { kind: 'success' });
  t.is(payload, '"RangeError"');
});

test('process.exit ends the runtime, not the environment', async (t) => {
  const environment = await sandbox.run(
    'let calls = 0; exports.handler = async ({ code }) => { calls++; if (code) process.exit(code); return calls; }',
  );
  t.is((await environment.invoke()).payload, '1');
  t.deepEqual((await environment.invoke({ code: 7 })).outcome, { kind: 'exit', code: 7 });
  const next = await environment.invoke();
  t.is(next.payload, '1');
  t.is(next.init?.status, 'success');
});

test('process.exit in a timer after the answer leaves the answer as it is', async (t) => {
  const environment = await sandbox.run(
    'exports.handler = async () => { setImmediate(() => process.exit(3)); return "answer"; }',
  );
  t.is((await environment.invoke()).payload, '"answer"');
  t.is((await environment.invoke()).init?.status, 'success');
});

const uncaught: Record<string, string> = {
  'an unhandled rejection': "Promise.reject(new TypeError('nobody caught this'))",
  'an uncaught exception of a timer': "setTimeout(() => { throw new TypeError('nobody caught this') }, 1)",
};
for (const [name, body] of Object.entries(uncaught)) {
  // Timers are loaded at init: isolated-vm forgets a rejected promise that is collected before its slice ends.
  const source = `setTimeout(() => {}, 1);
    exports.handler = async () => { ${body}; await new Promise((done) => setTimeout(done, 50)); }`;

  test(`${name} ends Node 24`, async (t) => {
    const environment = await sandbox.run(source);
    t.deepEqual((await environment.invoke()).outcome, { kind: 'exit', code: 1 });
    t.regex(environment.text, /nobody caught this/);
    t.false(environment.text.includes('isolated-vm'));
    t.is((await environment.invoke()).init?.status, 'success');
  });

  test(`${name} is fatal in the older runtimes`, async (t) => {
    const environment = await sandbox.run({ source, settings: { programmingModel: 'callback' } });
    const { outcome, payload } = await environment.invoke();
    t.is(outcome.kind, 'fatal');
    t.regex(payload, /nobody caught this/);
    t.is((await environment.invoke()).init?.status, 'success');
  });
}

test('an answer over the limit is counted, not delivered, and the environment stays usable', async (t) => {
  const environment = await sandbox.run(
    'let calls = 0; exports.handler = async ({ length }) => { calls++; return length ? "€".repeat(length) : calls; }',
  );
  const fits = Math.floor((limits.responsePayloadBytesMax - 2) / 3);
  t.is((await environment.invoke({ length: fits })).payload.length, fits + 2);
  t.deepEqual((await environment.invoke({ length: fits + 1 })).outcome, {
    kind: 'response-too-large',
    payloadBytes: 3 * (fits + 1) + 2,
  });
  t.is((await environment.invoke()).payload, '3');
});

test('init that fails runs again with each invocation', async (t) => {
  const environment = await sandbox.run(
    `const fs = require('fs');
     const count = fs.existsSync('/tmp/count') ? Number(fs.readFileSync('/tmp/count', 'utf8')) : 0;
     fs.writeFileSync('/tmp/count', String(count + 1));
     if (count < 2) throw new Error('init ' + count);
     exports.handler = async () => count;`,
  );
  const { init, payload } = await environment.created;
  t.like(init, { status: 'error', errorType: 'Error' });
  t.regex(payload, /init 0/);
  const second = await environment.invoke();
  t.is(second.outcome.kind, 'init-error');
  t.is(second.init?.status, 'error');
  t.regex(second.payload, /init 1/);
  const third = await environment.invoke();
  t.is(third.payload, '2');
  t.is(third.init?.status, 'success');
});

test('init has its own time limit outside invocations, and the function’s inside', async (t) => {
  const environment = await sandbox.run('for (;;);', { initTimeoutMs: 100 });
  t.is((await environment.created).init.status, 'timeout');
  const { outcome, init } = await environment.invoke({}, { timeoutMs: 120 });
  t.deepEqual(outcome, { kind: 'timeout' });
  t.is(init?.status, 'timeout');
});

test('deferred init runs inside the first invocation', async (t) => {
  const environment = await sandbox.run('exports.handler = async () => 1', { init: 'deferred' });
  t.deepEqual((await environment.created).init, { status: 'deferred' });
  const { init, payload } = await environment.invoke();
  t.is(init?.status, 'success');
  t.is(payload, '1');
});

test('process.exit during init', async (t) => {
  const environment = await sandbox.run('process.exit(9)');
  t.like((await environment.created).init, { status: 'exit', code: 9 });
  t.deepEqual((await environment.invoke()).outcome, { kind: 'exit', code: 9 });
});

test('a bundle that does not parse is an init error', async (t) => {
  const environment = await sandbox.run('let let = 1;');
  t.like((await environment.created).init, { status: 'error', errorType: 'Runtime.UserCodeSyntaxError' });
});

test('an entry point that was not found is reported by init', async (t) => {
  const environment = await sandbox.run({
    settings: {
      entry: { kind: 'error', errorType: 'Runtime.ImportModuleError', errorMessage: 'Error: no such file', stack: [] },
    },
  });
  const { init, payload } = await environment.created;
  t.like(init, { status: 'error', errorType: 'Runtime.ImportModuleError' });
  t.like(JSON.parse(payload), { errorMessage: 'Error: no such file' });
});

test('/tmp passes on to an heir', async (t) => {
  const version = await sandbox.define({
    source: `const fs = require('fs');
      exports.handler = async ({ text }) => text ? fs.writeFileSync('/tmp/file', text) : fs.readFileSync('/tmp/file', 'utf8')`,
  });
  const first = sandbox.create(version);
  await first.invoke({ text: 'inherited' });
  await first.destroy('keep-volume');
  t.is((await sandbox.create(version, { inheritsFrom: first }).invoke()).payload, '"inherited"');
});

test('the package is read from the store', async (t) => {
  const environment = await sandbox.run({
    source: `exports.handler = async () => require('fs').readFileSync('/var/task/data/word.txt', 'utf8')`,
    files: { 'data/word.txt': 'stored' },
  });
  t.is((await environment.invoke()).payload, '"stored"');
});

test('a stack names the user’s own files', async (t) => {
  const environment = await sandbox.run({
    source: 'exports.handler = async () => { throw new Error("where") }',
    // Line 2, column 0 of the bundle (below the wrapper's line) is line 10, column 4 of src/index.ts.
    sourceMap: JSON.stringify({ version: 3, sources: ['src/index.ts'], names: [], mappings: ';AASI' }),
  });
  const { trace } = JSON.parse((await environment.invoke()).payload);
  t.true(
    trace.some((line: string) => line.includes('/var/task/src/index.ts:10:5')),
    trace.join('\n'),
  );
});

test('destroying an environment that is busy fails its invocation and nothing else', async (t) => {
  const environment = await sandbox.run('exports.handler = async () => { for (;;); }');
  await environment.created;
  const invoked = environment.invoke({}, { timeoutMs: 5_000 });
  const refused = t.throwsAsync(invoked, { message: /destroyed/ });
  await environment.destroy();
  await refused;
  await t.throwsAsync(environment.invoke(), { message: /does not exist/ });
});

test('a second invocation of a busy environment is refused', async (t) => {
  const environment = await sandbox.run(
    'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 50, "first"))',
  );
  await environment.created;
  const first = environment.invoke({}, { requestId: 'first' });
  await t.throwsAsync(environment.invoke({}, { requestId: 'second' }), { message: /busy/ });
  t.is((await first).payload, '"first"');
});

test('output past the limit is dropped and counted', async (t) => {
  const environment = await sandbox.run(
    `exports.handler = async () => { for (let i = 0; i < 40; i++) process.stdout.write('x'.repeat(262144)); }`,
  );
  const { logBytesDropped } = await environment.invoke({}, { timeoutMs: 10_000 });
  t.is(logBytesDropped, 40 * 262_144 - limits.logBytesPerInvocationMax);
  t.is(environment.text.length, limits.logBytesPerInvocationMax);
});

for (const [name, body] of Object.entries({
  'a printed line': "console.log('x'.repeat(400e6))",
  'an answer': "return 'x'.repeat(400e6)",
  'a path': "require('fs').existsSync('x'.repeat(400e6))",
  'an error message': "throw new Error('x'.repeat(400e6))",
})) {
  test(`${name} of hundreds of megabytes stays in its guest`, async (t) => {
    const environment = await sandbox.run({ source: `exports.handler = async () => { ${body} }`, memorySize: 3_000 });
    const { outcome } = await environment.invoke({}, { timeoutMs: 30_000 });
    t.not(outcome.kind, 'timeout');
    t.true((await sandbox.ping()).environments > 0);
    await environment.destroy();
  });
}

test('an answer that is a large body arrives whole', async (t) => {
  const environment = await sandbox.run('exports.handler = async (event) => event');
  const event = { text: 'ä€😀'.repeat(200_000) };
  t.deepEqual(JSON.parse((await environment.invoke(event)).payload), event);
});

test('calls about what is not there fail by themselves', async (t) => {
  const unknown = sandbox.create('no such version');
  await t.throwsAsync(unknown.created, { message: /no such version is not defined/ });
  await t.throwsAsync(unknown.invoke(), { message: /does not exist/ });
  await unknown.destroy();
});

test('a sandbox ends with its socket', async (t) => {
  const other = await startSandbox();
  other.channel.close(new Error('the host is gone'));
  t.deepEqual(await other.exited, [null, 'SIGABRT']);
  await other[Symbol.asyncDispose]();
});

test('a sandbox ends at the first frame that it does not understand', async (t) => {
  await using other = await startSandbox();
  other.channel.notify(frameTypes.ping, { sentMs: 1 });
  t.deepEqual(await other.exited, [null, 'SIGABRT']);
  t.regex(other.stderr, /protocol error: frame\.type must be a guest event/);
});

test('a sandbox without its runtime says why', async (t) => {
  const program = spawn(process.execPath, [...sandboxNodeFlags, sandboxMainPath, '/nowhere', 'sandbox'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [, signal]] = await Promise.all([text(program.stderr), once(program, 'exit')]);
  t.is(signal, 'SIGABRT');
  t.regex(said, /manifest\.json cannot be read/);
});
