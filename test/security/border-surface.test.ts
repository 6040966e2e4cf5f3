/** What a guest may create: memory that nobody shares and nobody fails to count, and nothing that runs outside of a deadline. */
import test from 'ava';
import { GuestRunner } from '../runtimes/harness.ts';
import { startSandbox } from '../sandbox/harness.ts';

const runner = GuestRunner.start();
const sandbox = startSandbox();
test.after.always(async () => {
  await (await runner)[Symbol.asyncDispose]();
  await (await sandbox)[Symbol.asyncDispose]();
});

/** The message of what each expression throws, or its value. */
async function tried(expressions: readonly string[], before = ''): Promise<unknown> {
  return (await runner).answer(`${before}
const tried = async (work) => { try { return await work(); } catch (error) { return error.message; } };
exports.handler = async () => { const out = []; for (const work of [${expressions.map((one) => `() => ${one}`).join()}]) out.push(await tried(work)); return out; };`);
}

/** Modules as bytes: one that exports its memory of a page and a function that grows it; the same with a maximum; a shared one. */
const modules = `
const binary = (...bytes) => new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, ...bytes]);
const grow = [7, 9, 2, 1, 109, 2, 0, 1, 102, 0, 0, 10, 8, 1, 6, 0, 32, 0, 64, 0, 11], type = [1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0];
const growing = binary(...type, 5, 3, 1, 0, 1, ...grow), bounded = binary(...type, 5, 4, 1, 1, 1, 20, ...grow), shared = binary(5, 4, 1, 3, 1, 2);
const two = binary(...type, 5, 5, 2, 0, 1, 0, 1, 7, 9, 2, 1, 109, 2, 1, 1, 102, 0, 0, 10, 8, 1, 6, 0, 32, 0, 64, 0, 11);
const importing = binary(1, 6, 1, 96, 1, 127, 1, 127, 2, 8, 1, 1, 97, 1, 98, 2, 0, 1, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 9, 2, 1, 109, 2, 0, 1, 102, 0, 0, 10, 8, 1, 6, 0, 32, 0, 64, 1, 11);
const large = binary(5, 5, 1, 0, 0x80, 0xa0, 0x01);`;

test('memory is never shared, however it is asked for, and what could be counts', async (t) => {
  const refused = 'a SharedArrayBuffer that grows is not available in isotherm';
  t.deepEqual(
    await tried(
      [
        'new SharedArrayBuffer(8, { maxByteLength: 16 })',
        'new SharedArrayBuffer.prototype.constructor(8, { maxByteLength: 16 })',
        'new (class extends SharedArrayBuffer {})(8, { maxByteLength: undefined })',
        'Reflect.construct(SharedArrayBuffer, [8, { get maxByteLength() { return 16; } }], Object)',
        'new SharedArrayBuffer(8).byteLength',
        '(() => { const kept = []; for (;;) kept.push(new SharedArrayBuffer(2 ** 20)); })()',
        'new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true })',
        'new WebAssembly.Module(shared)',
        'WebAssembly.instantiate(shared)',
        'Atomics.wait(new Int32Array(1), 0, 0, 1)',
        'typeof Atomics.waitAsync',
      ],
      modules,
    ),
    [
      ...Array(4).fill(refused),
      8,
      'Array buffer allocation failed',
      'WebAssembly.Memory(): shared memory is not available in isotherm',
      ...Array(2).fill('WebAssembly.Module(): shared memory is not available in isotherm'),
      'Atomics.wait cannot be called in this context',
      'undefined',
    ],
  );
});

test("WebAssembly grows up to the function's memory size, whoever makes its memory", async (t) => {
  const noRoom = 'WebAssembly: the memory does not fit into the memory size of the function';
  t.deepEqual(
    await tried(
      [
        'new WebAssembly.Memory({ initial: 1 }).grow(10)',
        'new WebAssembly.Memory({ initial: 1, maximum: 65536 }).grow(3000)',
        'new WebAssembly.Memory({ initial: 3000 })',
        '{ const { f, m } = new WebAssembly.Instance(new WebAssembly.Module(growing)).exports; return [f(10), f(5000), f(100), m.buffer.byteLength]; }',
        'WebAssembly.instantiate(growing).then(({ instance }) => [instance.exports.f(10), instance.exports.f(5000)])',
        '{ const { f } = new WebAssembly.Instance(new WebAssembly.Module(bounded)).exports; return [f(10), f(100)]; }',
        'new WebAssembly.Instance(new WebAssembly.Module(large))',
        '{ const kept = []; for (let at = 0; at < 100; at++) kept.push(new WebAssembly.Memory({ initial: 100 })); }',
      ].map((one) => one.replace(/^\{/, '(() => {').replace(/\}$/, (end) => (one.startsWith('{') ? '})()' : end))),
      modules,
    ),
    [
      1,
      'WebAssembly.Memory.grow(): Maximum memory size exceeded',
      noRoom,
      [1, -1, 11, 111 * 65_536],
      [1, -1],
      [1, -1],
      noRoom,
      noRoom,
    ],
  );
});

test('a number of pages that changes between two looks is looked at once', async (t) => {
  const lie = 'const lie = (...values) => ({ valueOf: () => (values.length > 1 ? values.shift() : values[0]) });';
  t.deepEqual(
    await tried(
      [
        '(() => { try { return new WebAssembly.Memory({ initial: 1, maximum: lie(1, 65536) }).grow(50_000); } catch (error) { return error.name; } })()',
        'new WebAssembly.Memory({ initial: lie(1, 1, 50_000), maximum: lie(1, 65536) }).buffer.byteLength',
      ],
      lie,
    ),
    ['RangeError', 65_536],
  );
});

test('a memory that a module shows to nobody counts, whatever other memory it shows', async (t) => {
  for (const make of [
    'new WebAssembly.Instance(new WebAssembly.Module(two))',
    'new WebAssembly.Instance(new WebAssembly.Module(importing), { a: { b: new WebAssembly.Memory({ initial: 1 }) } })',
  ]) {
    const made = `(() => { const kept = globalThis.kept = []; for (let at = 0; at < 5; at++) { kept.push(${make}); if (kept[at].exports.f(1500) === -1) return 'not grown'; } return kept.length; })()`;
    t.deepEqual(await tried([made], modules), [
      'WebAssembly: the memory does not fit into the memory size of the function',
    ]);
  }
});

test('resizable buffers count with all that they may grow to', async (t) => {
  t.deepEqual(
    await tried([
      '(() => { const buffer = new ArrayBuffer(8, { maxByteLength: 16 }); buffer.resize(12); return [buffer.byteLength, buffer.resizable, buffer.maxByteLength]; })()',
      'new ArrayBuffer(8, { maxByteLength: 1e9 })',
      '(() => { let asked = 0; return new ArrayBuffer(8, { get maxByteLength() { return asked++ === 0 ? 16 : 1e9; } }).maxByteLength; })()',
      '(() => { let last = new ArrayBuffer(8, { maxByteLength: 1e7 }); for (let at = 0; at < 100; at++) last = last.transfer(); return last.maxByteLength; })()',
      '(() => { const kept = []; for (let at = 0; at < 20; at++) { const one = new ArrayBuffer(8, { maxByteLength: 1e7 }); kept.push(one.transfer()); } })()',
    ]),
    [[12, true, 16], 'Array buffer allocation failed', 16, 1e7, 'Array buffer allocation failed'],
  );
});

test('constructors in front of those of V8 look and work like them', async (t) => {
  t.deepEqual(
    await tried([
      '[ArrayBuffer.name, ArrayBuffer.length, String(ArrayBuffer), new ArrayBuffer(4).constructor === ArrayBuffer, new (class extends ArrayBuffer {})(4) instanceof ArrayBuffer]',
      'ArrayBuffer(1)',
      '[new ArrayBuffer(8).transfer(4).byteLength, new ArrayBuffer(8).transfer().byteLength, ArrayBuffer.prototype.transfer.name]',
      'new FinalizationRegistry(1)',
      '(() => { const registry = new FinalizationRegistry(() => {}); const token = {}; registry.register({}, 1, token); return [registry.unregister(token), registry.unregister(token), registry.constructor === FinalizationRegistry, String(registry)]; })()',
      'new WebAssembly.Memory({ initial: 2, maximum: 1 })',
      'new WebAssembly.Memory({})',
      'new WebAssembly.Memory()',
      'Object.keys(WebAssembly).concat(Object.getOwnPropertyNames(WebAssembly)).filter((name) => /suspend|promising|streaming/i.test(name)).length',
    ]),
    [
      ['ArrayBuffer', 1, 'function () { [native code] }', true, true],
      "Constructor ArrayBuffer requires 'new'",
      [4, 8, 'transfer'],
      'FinalizationRegistry: cleanup must be callable',
      [true, false, true, '[object FinalizationRegistry]'],
      "WebAssembly.Memory(): Property 'maximum': value 1 is below the lower bound 2",
      "WebAssembly.Memory(): Property 'initial' is required",
      'WebAssembly.Memory(): Argument 0 must be a memory descriptor',
      0,
    ],
  );
});

test('what a FinalizationRegistry calls runs within a slice, under its deadline', async (t) => {
  const environment = await (await sandbox).run(`
    let called = 0; const registry = new FinalizationRegistry((held) => { called++; if (held === 'loop') for (;;); });
    const fill = () => { const kept = []; for (let at = 0; at < 60; at++) kept.push(new Array(20_000).fill(at)); return kept.length; };
    exports.handler = async ({ held }) => {
      (() => registry.register({}, held))();
      for (let at = 0; at < 20 && called === 0; at++) { fill(); await new Promise((resolve) => setTimeout(resolve, 5)); }
      const found = called; called = 0; return found; };`);
  t.deepEqual(JSON.parse((await environment.invoke({ held: 'once' })).payload), 1);
  const { outcome, durationMs } = await environment.invoke({ held: 'loop' }, { timeoutMs: 1_500 });
  t.deepEqual(outcome, { kind: 'timeout' });
  t.true(durationMs < 11_500, `ended after ${durationMs} ms`);
});

test('memory that WebAssembly grew past the limit by itself ends the function when its slice ends', async (t) => {
  const environment = await (await sandbox).run(`${modules}
    const instances = [];
    exports.handler = async () => { for (let at = 0; at < 4; at++) instances.push(new WebAssembly.Instance(new WebAssembly.Module(growing)));
      for (const { exports } of instances) exports.f(1000); await null; return instances.length; };`);
  const { outcome, memoryPeakBytes } = await environment.invoke();
  t.deepEqual(outcome, { kind: 'out-of-memory' });
  t.is(memoryPeakBytes, 128 * 1024 * 1024);
});
