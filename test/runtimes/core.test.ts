/**
 * What only a guest has: modules that are loaded at first use, a core that user code cannot break, and no power.
 */
import test from 'ava';
import { schemeOnlyModules } from '../../src/bridge/node-modules.ts';
import { GuestRunner } from './harness.ts';

const kinds = ['snapshot', 'code-cache'] as const;
const runners = new Map(kinds.map((kind) => [kind, GuestRunner.start(kind)] as const));
const runnerOf = (kind: (typeof kinds)[number]): Promise<GuestRunner> => runners.get(kind) ?? GuestRunner.start(kind);
test.after.always(async () => {
  for (const runner of runners.values()) await (await runner)[Symbol.asyncDispose]();
});

for (const kind of kinds) {
  test(`${kind}: hello world loads no module`, async (t) => {
    const { loaded, settled } = await (await runnerOf(kind)).run({
      source: `exports.handler = async (event) => { console.log('hello'); return { hello: event.name, in: process.env.PLACE }; };`,
      event: { name: 'Ada' },
      environment: { PLACE: 'here' },
    });
    t.deepEqual(loaded, []);
    t.is(settled[1]?.text, '{"hello":"Ada","in":"here"}');
  });

  test(`${kind}: a module and what it needs are loaded once`, async (t) => {
    const { loaded } = await (await runnerOf(kind)).run({
      source: `exports.handler = async () => { require('events'); require('node:events'); new (require('events'))(); };`,
    });
    t.true(loaded.includes('events'));
    t.is(new Set(loaded).size, loaded.length);
    t.false(loaded.includes('fs'));
  });

  test(`${kind}: a user who replaces built-ins does not break the runtime`, async (t) => {
    const source = `
      const broken = () => { throw new Error('user code was called'); };
      const targets = [
        [Array.prototype, ['push', 'shift', 'slice', 'includes', 'indexOf', 'map', 'forEach', 'filter', 'join', Symbol.iterator]],
        [Function.prototype, ['call', 'apply', 'bind']],
        [String.prototype, ['slice', 'startsWith', 'split', 'replace', 'indexOf', 'charCodeAt', 'trim', 'padEnd']],
        [Map.prototype, ['get', 'set', 'has', 'delete']], [WeakMap.prototype, ['get', 'set', 'has']], [Set.prototype, ['add', 'has']],
        [RegExp.prototype, ['exec', 'test', Symbol.replace, Symbol.split]], [Promise.prototype, ['finally', 'catch']],
        [Object, ['defineProperty', 'keys', 'assign', 'entries', 'getOwnPropertyNames', 'freeze', 'create']], [Reflect, ['apply', 'ownKeys', 'get', 'set']],
        [JSON, ['stringify', 'parse']], [Math, ['max', 'min', 'floor', 'ceil', 'trunc']], [Date, ['now']], [Date.prototype, ['toISOString', 'getTime']],
      ];
      const define = Reflect.defineProperty;
      for (let i = 0; i < targets.length; i++) for (let k = 0; k < targets[i][1].length; k++) targets[i][0][targets[i][1][k]] = broken;
      const setters = ['settle', 'exports', 'kind', 'text', 'callback', 'args', 'name', 'item', 'errorType'];
      for (let i = 0; i < setters.length; i++) define(Object.prototype, setters[i], { set: broken, configurable: true });
      exports.handler = async (event) => {
        console.log('text', 1, { a: [1, 'two', { three: 3 }] }); console.error('problem');
        await new Promise((resolve) => setTimeout(resolve, 1)); await new Promise((resolve) => setImmediate(resolve)); await new Promise((resolve) => process.nextTick(resolve));
        return { ok: true, name: event.name };
      };`;
    const { settled, logs } = await (await runnerOf(kind)).run({ source, event: { name: 'Eve' } });
    t.is(settled[1]?.text, '{"ok":true,"name":"Eve"}', JSON.stringify({ settled, logs }));
    t.true(logs.some(({ text }) => text.includes('text 1 { a: [ 1, ') && text.includes('three: 3')));
    t.true(logs.some(({ text }) => text.includes('problem')));
  });
}

const runner = runnerOf('snapshot');

test('some modules are known by their scheme only, and what Node does not know is named', async (t) => {
  for (const id of schemeOnlyModules) {
    const answer = await (await runner).answer(
      `exports.handler = () => { require('node:${id}'); try { require('${id}'); } catch (error) { return error.code; } };`,
    );
    t.is(answer, 'MODULE_NOT_FOUND');
  }
  t.deepEqual(
    await (await runner).answer(
      `exports.handler = () => { try { require('node:nonsense'); } catch (error) { return [error.code, error.message]; } };`,
    ),
    ['ERR_UNKNOWN_BUILTIN_MODULE', 'No such built-in module: node:nonsense'],
  );
});

test('nothing of the host is in reach', async (t) => {
  const names = await (await runner).answer(
    `exports.handler = () => Reflect.ownKeys(globalThis).map(String).filter((name) => /isotherm|host|ivm|boot|primordial/i.test(name));`,
  );
  t.deepEqual(names, []);
  const refused = await (await runner).answer(`exports.handler = () => {
    const out = []; for (const f of [() => process.binding('fs'), () => process.kill(1), () => process.dlopen({}, 'x'), () => process.chdir('/etc')]) try { f(); out.push('allowed'); } catch (error) { out.push(error.code); }
    process.chdir('/tmp'); out.push(process.cwd()); return out; };`);
  t.deepEqual(refused, [...Array(4).fill('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM'), '/tmp']);
});

test('asynchronous WebAssembly works, and waiting asynchronously on memory is gone', async (t) => {
  const answer = await (await runner).answer(`exports.handler = async () => {
    const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11]);
    const { instance } = await WebAssembly.instantiate(bytes); const module = await WebAssembly.compile(bytes);
    const failed = await WebAssembly.compile(new Uint8Array([1])).catch((error) => error.name);
    return [instance.exports.f(), (await WebAssembly.instantiate(module)).exports.f(), failed, typeof Atomics.waitAsync];
  };`);
  t.deepEqual(answer, [42, 42, 'CompileError', 'undefined']);
});

test('stacks name the file of the user and no script of the runtime', async (t) => {
  const { settled } = await (await runner).run({
    source: `
function inner() { throw new TypeError('bad'); }
exports.handler = async () => { inner(); };`,
  });
  const { trace } = JSON.parse(settled[1]?.text ?? '{}') as { trace: string[] };
  t.is(trace[0], 'TypeError: bad');
  t.regex(trace[1] ?? '', /^ {4}at inner \(\/var\/task\/index\.js:2:\d+\)$/);
  t.regex(trace[2] ?? '', /^ {4}at exports\.handler \(\/var\/task\/index\.js:3:\d+\)$/);
  t.false(trace.some((line) => /isotherm|guest-runner|boundary/.test(line)));
});

test('two guests draw different random numbers', async (t) => {
  const draw = 'exports.handler = () => [Math.random(), Math.random()];';
  t.notDeepEqual(await (await runner).answer(draw), await (await runner).answer(draw));
});

test('process.exit runs exit listeners and ends the guest at once', async (t) => {
  const run = await (await runner).run({
    source: `exports.handler = () => { process.on('exit', (code) => console.log('exiting', code)); process.exitCode = 3; process.exit(7); console.log('never'); };`,
  });
  t.is(run.exitCode, 7);
  t.is(run.settled.length, 1);
  const text = run.logs.map((log) => log.text).join('');
  t.true(text.includes('exiting 7'));
  t.false(text.includes('never'));
});

test('what is written to the standard streams is logged, with callbacks', async (t) => {
  const run = await (await runner).run({
    source: `exports.handler = async () => { await new Promise((resolve) => process.stdout.write('to out', resolve)); process.stderr.write(Buffer.from('to err é')); process.stdout.end(); return process.stdin.readableEnded; };`,
  });
  t.deepEqual(
    run.logs.map(({ stream, text }) => [stream, text]),
    [
      [1, 'to out'],
      [2, 'to err é'],
    ],
  );
});

test('an unhandled rejection reaches process.on', async (t) => {
  const answer = await (
    await runner
  ).answer(`const seen = []; process.on('unhandledRejection', (reason) => seen.push(reason.message));
    exports.handler = async () => { await new Promise((resolve) => setTimeout(resolve, 1)); Promise.reject(new Error('nobody')); await new Promise((resolve) => setTimeout(resolve, 5)); return seen; };`);
  t.deepEqual(answer, ['nobody']);
});

test('AsyncLocalStorage follows lowered async functions', async (t) => {
  const answer = await (
    await runner
  ).answer(`const { AsyncLocalStorage } = require('async_hooks'); const storage = new AsyncLocalStorage();
    exports.handler = () => new Promise((resolve) => { storage.run('kept', () => { Promise.resolve().then(() => new Promise((next) => setTimeout(next, 1))).then(() => resolve(storage.getStore())); }); });`);
  t.is(answer, 'kept');
});
