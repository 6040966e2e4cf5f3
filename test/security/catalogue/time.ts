/**
 * Class A: functions that never end. Every form that neither isolated-vm's timeout nor its `dispose()` stops is here: built-ins that do
 * not look up, big integers, ICU, what runs after a throw. Each must be answered in time, and no processor may go on being burnt.
 */
import { answered, anyOf, exited, failed, outOfMemory, type Program, timedOut } from './program.ts';

const handler = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;

export const time: readonly Program[] = [
  { id: 'A01', title: 'an endless loop', source: handler('for (;;);'), expect: timedOut },
  {
    id: 'A02',
    title: 'an endless loop that loops on in finally and catch',
    source: handler('for (;;) { try { for (;;); } catch { for (;;); } finally { for (;;); } }'),
    expect: timedOut,
  },
  {
    id: 'A03',
    title: 'recursion that goes on after each overflow of the stack',
    source: handler('const f = () => { try { f(); } finally { f(); } }; f();'),
    expect: timedOut,
  },
  {
    id: 'A04',
    title: 'microtasks that never run out',
    source: handler('const f = () => Promise.resolve().then(f); await f();'),
    expect: timedOut,
  },
  {
    id: 'A05',
    title: 'queueMicrotask that never runs out',
    source: handler('const f = () => queueMicrotask(f); f(); await new Promise(() => {});'),
    expect: timedOut,
  },
  {
    id: 'A06',
    title: 'process.nextTick that never runs out',
    source: handler('const f = () => process.nextTick(f); f(); await new Promise(() => {});'),
    expect: timedOut,
  },
  {
    id: 'A07',
    title: 'a regular expression that backtracks for ever',
    source: handler('return /^(a+)+$/.test("a".repeat(40) + "b");'),
    expect: timedOut,
  },
  {
    id: 'A08',
    title: 'a generator without an end, driven by a built-in',
    source: handler('Object.fromEntries((function* () { for (;;) yield ["a", 1]; })());'),
    expect: timedOut,
  },
  {
    id: 'A09',
    title: 'an async generator without an end',
    source: handler('for await (const _ of (async function* () { for (;;) yield 1; })());'),
    expect: timedOut,
  },
  {
    id: 'A10',
    title: 'Atomics.wait without an end',
    source: handler('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'),
    expect: anyOf(timedOut, failed(/ReferenceError|TypeError/)),
  },
  {
    id: 'A11',
    title: 'Array fill over 300 million elements',
    source: handler('return new Array(3e8).fill(1).length;'),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'A12',
    title: 'indexOf in a sparse array',
    source: handler('const a = []; a.length = 4294967295; a[5] = 1; return a.indexOf(2);'),
    expect: timedOut,
  },
  {
    id: 'A13',
    title: 'lastIndexOf in what is as long as an array may be',
    source: handler('return Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);'),
    expect: timedOut,
  },
  {
    id: 'A14',
    title: 'reverse of what is as long as an array may be',
    source: handler('return Array.prototype.reverse.call({ length: 2 ** 53 - 1 }).length;'),
    expect: timedOut,
  },
  {
    id: 'A15',
    title: 'copyWithin in what is as long as an array may be',
    source: handler('return Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1).length;'),
    expect: timedOut,
  },
  {
    id: 'A16',
    title: 'slice of a sparse array',
    source: handler('const a = []; a.length = 4294967295; a[5] = 1; return a.slice().length;'),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'A17',
    title: 'String.raw over two thousand million parts',
    source: handler('return String.raw({ raw: { length: 2 ** 31 - 1 } }).length;'),
    expect: timedOut,
  },
  {
    id: 'A18',
    title: 'replace with sixteen million matches, again and again',
    source: handler('const s = "x".repeat(2 ** 24); for (;;) s.replace(/x/g, "yy");'),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'A19',
    title: 'a power of a big integer',
    source: handler('return 3n ** 100000000n > 0n;'),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'A20',
    title: 'fill of a typed array, again and again',
    source: handler('const t = new Uint8Array(5e7); for (;;) t.fill(1);'),
    expect: timedOut,
  },
  {
    id: 'A21',
    title: 'squares of a big integer',
    source: handler('let b = 3n; for (;;) b = b * b;'),
    expect: anyOf(timedOut, outOfMemory, failed('RangeError')),
  },
  {
    id: 'A22',
    title: 'localeCompare of four million characters, fifty times',
    source: handler(
      'const s = "ä".repeat(2 ** 22); for (let i = 0; i < 50; i += 1) s.localeCompare(s + "x"); for (;;);',
    ),
    expect: timedOut,
  },
  {
    id: 'A23',
    title: 'a thrown object whose message loops',
    source: handler('const e = new Error(); Object.defineProperty(e, "message", { get() { for (;;); } }); throw e;'),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'A24',
    title: 'calls of the sandbox without an end',
    source: `const fs = require('fs'); const crypto = require('crypto');
exports.handler = async () => { for (;;) { fs.existsSync('/tmp/none'); crypto.randomBytes(1); } };`,
    expect: timedOut,
  },
  {
    id: 'A25',
    title: 'a promise that nobody settles, with a timer that keeps the loop alive',
    source: handler('setInterval(() => {}, 100); await new Promise(() => {});'),
    expect: timedOut,
  },
  {
    id: 'A26',
    title: 'a promise that nobody settles, and nothing to wait for',
    source: handler('await new Promise(() => {});'),
    expect: anyOf(timedOut, exited),
  },
  {
    id: 'A27',
    title: 'setImmediate that never runs out',
    source: handler('const f = () => setImmediate(f); f(); await new Promise(() => {});'),
    expect: timedOut,
  },
  {
    id: 'A28',
    settings: { timeout: 5 },
    title: 'a thousand short timers',
    source: handler(
      'await Promise.all(Array.from({ length: 1000 }, (_, i) => new Promise((done) => setTimeout(done, i % 50)))); return 1;',
    ),
    expect: answered(1),
  },
  {
    id: 'A29',
    title: 'JSON.parse of wide text, again and again, in a small heap',
    source: handler(
      'const text = "[" + "{},".repeat(4e5) + "0]"; const kept = []; for (;;) { kept[0] = JSON.parse(text); }',
    ),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'A30',
    title: 'a comparison of sort that loops',
    source: handler('[3, 1, 2].sort(() => { for (;;); });'),
    expect: timedOut,
  },
  {
    id: 'A31',
    title: 'includes in what is as long as an array may be',
    source: handler('return Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);'),
    expect: timedOut,
  },
  {
    id: 'A32',
    title: 'unshift on what is as long as an array may be',
    source: handler('return Array.prototype.unshift.call({ length: 2 ** 53 - 2 }, 1);'),
    expect: timedOut,
  },
  {
    id: 'A33',
    title: 'decimal digits of a huge integer',
    source: handler('const b = 1n << 200000000n; for (;;) String(b);'),
    expect: anyOf(timedOut, outOfMemory, failed('RangeError')),
  },
  {
    id: 'A34',
    title: 'key derivation with more rounds than any function needs',
    source: `const crypto = require('crypto');
exports.handler = async () => crypto.pbkdf2Sync('p', 's', 2147483647, 64, 'sha512').length;`,
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'A35',
    title: 'key derivation as long as is allowed, in all threads at once',
    source: `const crypto = require('crypto');
const derive = () => new Promise((done, fail) =>
  crypto.pbkdf2('p', 's', 1000000, 64, 'sha512', (error) => (error ? fail(error) : done())));
exports.handler = async () => { await Promise.all(Array.from({ length: 8 }, derive)); return 1; };`,
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'A36',
    title: 'normalisation of a long text, again and again',
    source: handler('const s = "e\\u0301".repeat(2 ** 22); for (;;) s.normalize("NFC");'),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'A37',
    title: 'a Proxy whose keys never end',
    source: handler(
      'const keys = Array.from({ length: 1e5 }, (_, i) => "k" + i); for (;;) Object.keys(new Proxy({}, { ownKeys: () => keys, getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) }));',
    ),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'A38',
    title: 'a loop that starts again in each timer, so that no slice is long',
    source: handler(
      'const f = () => { const end = Date.now() + 5; while (Date.now() < end); setTimeout(f, 0); }; f(); await new Promise(() => {});',
    ),
    expect: timedOut,
  },
];
