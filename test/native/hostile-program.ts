/**
 * A program for tests: calls every function of the native module with all that a guest could come up with, in an isolate of its
 * own. It ends with 0 unless one of them ends the process.
 *
 *     node <flags> hostile-program.ts <module>
 */
import { Isolate, NativeModule } from '../../src/sandbox/ivm.ts';

const values = `[
  undefined, null, true, false, 0, -1, 1, 0.5, NaN, Infinity, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -0, 1n, 10n ** 30n,
  '', 'text', '\\ud800', 'h\\u00e9'.repeat(1000), 'x'.repeat(5_000), Symbol('s'), Symbol.iterator,
  {}, Object.create(null), Object.freeze({}), [], [1, 2], new Array(1e4), function () {}, () => {}, class {}, async () => {},
  function* () {}, (function* () {})(), (async function* () {})(), new Date(NaN), /x/g, new Error('e'), new Map([[{}, 1]]), new Set([1]),
  new Map([[1, 2]]).entries(), new Map().keys(), new Set([1]).values(), new WeakMap([[{}, 1]]), new WeakSet([{}]), new WeakRef({}),
  (() => { const it = new Map([[1, 2]]).entries(); it.next(); it.next(); return it; })(), [1].values(), 'ab'[Symbol.iterator](),
  Promise.resolve(1), ((p) => (p.catch(() => {}), p))(Promise.reject(2)), new Promise(() => {}), Object.assign(Promise.resolve(), { then: 1 }),
  new Proxy({}, {}), new Proxy(function () {}, { apply() { throw 1; } }), new Proxy(new Uint8Array(4), { get() { throw 2; } }), Proxy.revocable({}, {}).proxy,
  (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })(), new Proxy(Promise.resolve(), {}), new Proxy(new Map(), {}),
  new Uint8Array(0), new Uint8Array(4), new Uint8Array(65), new Uint8Array(5_000).fill(0xe2), new Uint8Array(new ArrayBuffer(10), 3, 4),
  new Uint16Array(4), new Float64Array(2), new BigInt64Array(2), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), new SharedArrayBuffer(8),
  new Uint8Array(new SharedArrayBuffer(64), 8), new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer),
  (() => { const u = new Uint8Array(8); u.buffer.transfer(); return u; })(),
  (() => { const u = new Uint8Array(8); structuredDetach(u.buffer); return u; })(),
  (() => { const b = new ArrayBuffer(16, { maxByteLength: 64 }); const u = new Uint8Array(b, 8); b.resize(4); return u; })(),
  (() => { const b = new ArrayBuffer(16, { maxByteLength: 64 }); const u = new Uint8Array(b); b.resize(64); return u; })(),
  (() => { const b = new ArrayBuffer(16, { maxByteLength: 64 }); const u = new Uint8Array(b, 8, 8); b.resize(10); return u; })(),
  new (class extends Uint8Array {})(8), Object.setPrototypeOf(new Uint8Array(8), null), Object.setPrototypeOf(new Map([[1, 2]]), null),
  new (class extends Promise {})(() => {}), globalThis, (function () { return arguments; })(1, 2), new Intl.NumberFormat(), native,
]`;

const program = `
  const structuredDetach = (buffer) => buffer.transferToFixedLength(0);
  const values = ${values};
  let calls = 0;
  const call = (name, ...args) => { calls++; try { Reflect.apply(native[name], args[0], args); } catch {} };
  for (const name of Object.keys(native)) {
    call(name);
    for (const a of values) {
      call(name, a);
      // It collects the whole heap each time, whatever it is given.
      if (name !== 'collectGarbage') for (const b of values) call(name, a, b);
    }
    const firsts = /utf8|latin1/i.test(name) ? values.filter((value) => ArrayBuffer.isView(value) || typeof value === 'string') : [];
    for (const a of firsts) {
      for (const b of values) for (const c of [0, 1, 3, 64, 65, 2 ** 31, 2 ** 32 - 1, -1, 0.5, NaN, undefined, 'x', {}]) call(name, a, b, c);
    }
    try { Reflect.construct(native[name], []); } catch {}
    for (const a of values) call(name, a, a, a, a, a, a, a, a);
    native.setPromiseHooks();
  }
  // Whatever hooks, importers and contexts were left by this must do no harm either.
  for (const value of values) {
    native.setImporter(value);
    native.setContext(value);
    // A hook that makes promises would call itself without end; Node's library has none such.
    if (native.isProxy(value) || Object.prototype.toString.call(value) !== '[object AsyncFunction]') native.setPromiseHooks(value, value, value, value);
    try {
      Promise.resolve(1).then(() => { throw 3; }).catch(() => {});
      import('x').catch(() => {});
      import(value).catch(() => {});
      new Function('return import("y")')().catch(() => {});
    } catch {}
  }
  native.setPromiseHooks();
  // At the end of the stack, too.
  let left = 0;
  const deep = (name) => { try { deep(name); } catch { left = name === 'collectGarbage' ? 3 : 300; } if (left-- > 0) for (const value of values.slice(0, 3)) call(name, value, value, value); };
  for (const name of Object.keys(native)) deep(name);
  globalThis.callsDone = calls;
`;

const [path] = process.argv.slice(2);
const isolate = new Isolate({ memoryLimit: 256 });
const context = isolate.createContextSync();
context.global.setSync('native', new NativeModule(path ?? '').createSync(context).derefInto({ release: true }));
// Rejections that the values brought along are none of this test's business.
await context.eval(program).catch(() => {});
process.stdout.write(`${context.evalSync('callsDone')}\n`);
