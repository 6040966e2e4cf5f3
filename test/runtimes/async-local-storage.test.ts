/**
 * AsyncLocalStorage where the native module carries it, and where a patched `then` does: there the bundle has no native async
 * functions. Both must do what Node does.
 */
import test from 'ava';
import { transform } from '../../src/functions/esbuild.ts';
import { GuestRunner, nodeAnswer } from './harness.ts';

const native = GuestRunner.start('snapshot', 'needed');
const fallback = GuestRunner.start('snapshot', 'off');
test.after.always(async () => {
  for (const runner of [native, fallback]) await (await runner)[Symbol.asyncDispose]();
});

const lowered = { 'async-await': false, 'async-generator': false, 'for-await': false };

const programs: Readonly<Record<string, string>> = {
  'across await': `await 1; await null; out.push(als.getStore()); await wait(1); out.push(als.getStore());`,
  'through nested functions and returns': `const inner = async () => { await wait(1); return als.getStore(); }; out.push(await inner(), await inner());`,
  'when an await throws': `try { await Promise.reject(new Error('x')); } catch { out.push(als.getStore()); } finally { await null; out.push(als.getStore()); }`,
  'through then, catch and finally': `await Promise.resolve().then(() => out.push(als.getStore())); await Promise.reject(1).catch(() => out.push(als.getStore())); await Promise.resolve().finally(() => out.push(als.getStore()));`,
  'into timers, immediates, ticks and microtasks': `
    await new Promise((resolve) => setTimeout(() => { out.push(als.getStore()); resolve(); }, 1));
    await new Promise((resolve) => setImmediate(() => { out.push(als.getStore()); resolve(); }));
    await new Promise((resolve) => process.nextTick(() => { out.push(als.getStore()); resolve(); }));
    await new Promise((resolve) => queueMicrotask(() => { out.push(als.getStore()); resolve(); }));
    let times = 0; await new Promise((resolve) => { const id = setInterval(() => { out.push(als.getStore()); if (++times === 2) { clearInterval(id); resolve(); } }, 1); });`,
  'in many at once, each its own': `const seen = await Promise.all([1, 2, 3, 4, 5].map((n) => als.run(n, async () => { await wait(6 - n); await null; await new Promise(setImmediate); return [n, als.getStore()]; }))); out.push(seen, als.getStore());`,
  'through async generators and for await': `async function* count() { for (let n = 0; n < 3; n++) { await wait(1); yield [n, als.getStore()]; } } for await (const item of count()) out.push(item, als.getStore());`,
  'through Promise.all, race, any and allSettled': `await Promise.all([wait(1)]); out.push(als.getStore()); await Promise.race([wait(1), wait(2)]); out.push(als.getStore()); await Promise.any([wait(1)]); out.push(als.getStore()); await Promise.allSettled([Promise.reject(1)]); out.push(als.getStore());`,
  'with exit and enterWith': `als.exit(() => out.push(als.getStore() ?? 'none')); als.enterWith('entered'); await null; out.push(als.getStore());`,
  'with snapshot and bind': `const snapshot = AsyncLocalStorage.snapshot(); const bound = AsyncResource.bind(() => als.getStore()); const other = als.run('other', () => [snapshot(() => als.getStore()), bound(), als.getStore()]); out.push(other);`,
  'with an AsyncResource': `class Op extends AsyncResource { constructor() { super('OP'); } go(f) { this.runInAsyncScope(f); } } const op = als.run('op', () => new Op()); await wait(1); op.go(() => out.push(als.getStore())); out.push(als.getStore());`,
  'with two storages': `const two = new AsyncLocalStorage(); await two.run('b', async () => { await wait(1); out.push([als.getStore(), two.getStore()]); als.run('c', () => out.push([als.getStore(), two.getStore()])); }); out.push(two.getStore() ?? 'none');`,
  'through emitters and once': `const emitter = new EventEmitter(); emitter.on('x', () => out.push(als.getStore())); als.run('emitting', () => emitter.emit('x')); setTimeout(() => emitter.emit('y'), 1); await once(emitter, 'y'); out.push(als.getStore());`,
  'through streams': `const { Readable, Transform } = require('stream'); const { pipeline } = require('stream/promises'); const chunks = []; await pipeline(Readable.from(['a', 'b']), new Transform({ transform(chunk, encoding, done) { setTimeout(() => done(null, chunk), 1); } }), async (source) => { for await (const chunk of source) chunks.push(String(chunk)); }); out.push(chunks, als.getStore());`,
  'with a default value and a name': `const named = new AsyncLocalStorage({ defaultValue: 'default', name: 'mine' }); out.push(named.getStore(), named.name, named.run('set', () => named.getStore()));`,
  'not into what was there before': `const before = Promise.resolve(); let inner; als.run('later', () => { inner = before.then(() => als.getStore()); }); out.push(await inner, als.getStore());`,
};

for (const [title, program] of Object.entries(programs)) {
  const source = `const { AsyncLocalStorage, AsyncResource } = require('async_hooks'); const { EventEmitter, once } = require('events');
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    exports.handler = async () => { const als = new AsyncLocalStorage(); const out = []; await als.run('kept', async () => { ${program} }); out.push(als.getStore() ?? 'none after'); return out; };`;

  test(`a store is kept ${title}, natively`, async (t) => {
    t.deepEqual(await (await native).answer(source), await nodeAnswer(source));
  });

  test(`a store is kept ${title}, without the native module`, async (t) => {
    const { code } = await transform(source, { loader: 'js', supported: lowered });
    t.deepEqual(await (await fallback).answer(code), await nodeAnswer(source));
  });
}

test('a callback that throws takes nothing of its store along', async (t) => {
  const source = `const { AsyncLocalStorage } = require('async_hooks'); const als = new AsyncLocalStorage(); const caught = [];
    process.on('uncaughtException', (error) => caught.push(error.message, als.getStore() ?? 'none'));
    exports.handler = () => als.run('kept', async () => { const wait = () => new Promise((resolve) => setTimeout(resolve, 3));
      als.run('lost', () => setTimeout(() => { throw new Error('thrown'); }, 1)); await wait(); return [caught, als.getStore()]; });`;
  const { code } = await transform(source, { loader: 'js', supported: lowered });
  t.deepEqual(await (await native).answer(source), [['thrown', 'none'], 'kept']);
  t.deepEqual(await (await fallback).answer(code), [['thrown', 'none'], 'kept']);
});

test('a function that uses no storage loads no native module', async (t) => {
  const run = await (await native).run({
    source: `exports.handler = async () => { await new Promise((resolve) => setTimeout(resolve, 1)); return 1; };`,
  });
  t.false(run.loaded.includes('isotherm/bindings/native'));
});

test('promises are seen by hooks, in order', async (t) => {
  const source = `const { createHook, executionAsyncId, triggerAsyncId } = require('async_hooks');
    exports.handler = async () => { const seen = []; const ids = new Map(); const name = (id) => { if (!ids.has(id)) ids.set(id, ids.size); return ids.get(id); };
      const hook = createHook({ init: (id, type, trigger) => seen.push(['init', type, name(id)]), before: (id) => seen.push(['before', name(id)]), after: (id) => seen.push(['after', name(id)]), promiseResolve: (id) => seen.push(['resolve', name(id)]) }).enable();
      await Promise.resolve(1).then(() => seen.push(['inside', ids.has(executionAsyncId())])); hook.disable(); return seen.filter(([what, type]) => type !== 'TickObject'); };`;
  // What Node says in a process where nothing else runs.
  const line = [
    'init PROMISE 0',
    'resolve 0',
    'init PROMISE 1',
    'init PROMISE 2',
    'init PROMISE 3',
    'before 1',
    'inside true',
    'resolve 1',
    'after 1',
    'before 2',
  ];
  t.deepEqual(
    ((await (await native).answer(source)) as unknown[][]).map((event) => event.join(' ')),
    line,
  );
});

test('what is in promises, proxies and iterators is shown', async (t) => {
  const source = `const { inspect, types } = require('util'); exports.handler = () => [
      inspect(Promise.resolve({ a: 1 })), inspect(new Promise(() => {})), inspect((() => { const p = Promise.reject(new RangeError('no').message); p.catch(() => {}); return p; })()),
      inspect(new Proxy({ a: 1 }, {})), inspect(new Proxy({ a: 1 }, { get() { throw new Error('asked'); } }), { showProxy: true }), inspect(new Proxy(function f() {}, {})),
      (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return inspect(proxy); })(), types.isProxy(new Proxy({}, {})), types.isProxy({}),
      inspect(new Map([[1, 2]]).entries()), inspect(new Map([[1, 2]]).keys()), inspect(new Set([3]).values()), inspect(new Set([3]).entries()), inspect([4][Symbol.iterator]()),
      inspect(new WeakSet([{ a: 1 }]), { showHidden: true }), inspect(new WeakMap([[{ a: 1 }, 2]]), { showHidden: true }),
      (() => { const it = new Map([[1, 2], [3, 4]]).entries(); it.next(); return [inspect(it), it.next().value]; })() ];`;
  t.deepEqual(await (await native).answer(source), await nodeAnswer(source));
});

test('long text is the same natively as without', async (t) => {
  const source = `const long = 'a\\u00e9\\u20ac\\ud83d\\ude00'.repeat(3000); const odd = long + '\\ud800' + long;
    exports.handler = () => { const bytes = Buffer.from(odd); const broken = Buffer.concat([bytes.subarray(0, 7001), bytes.subarray(7003)]);
      const target = Buffer.alloc(20001); const { read, written } = new TextEncoder().encodeInto(odd, target);
      const fatal = (input) => { try { return new TextDecoder('utf-8', { fatal: true }).decode(input).length; } catch (error) { return error.code; } };
      const { createHash } = { createHash: (text) => { let hash = 0; for (let at = 0; at < text.length; at++) hash = (hash * 31 + text.charCodeAt(at)) | 0; return hash; } };
      return [bytes.length, Buffer.byteLength(odd), createHash(bytes.toString()), createHash(broken.toString()), broken.toString().length, read, written, createHash(target.toString('latin1')), target.write(odd, 1), fatal(bytes), fatal(broken), fatal(Buffer.from('x'.repeat(5000))), fatal(Buffer.from('\\ufffd'.repeat(5000))), createHash(bytes.toString('latin1')), createHash(new TextDecoder().decode(bytes)), Buffer.from(new TextEncoder().encode(odd)).equals(bytes)]; };`;
  const expected = await nodeAnswer(source);
  t.deepEqual(await (await native).answer(source), expected);
  t.deepEqual(await (await fallback).answer(source), expected);
});
