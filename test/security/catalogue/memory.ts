/**
 * Class B: functions that use more memory than they have, in and beside the heap that V8 counts. Each must end by itself or be ended; the
 * process may not grow past its allowance; and the environment that ran out is never used again.
 */
import {
  answered,
  answeredAtAll,
  anyOf,
  failed,
  outOfMemory,
  type Program,
  refused,
  timedOut,
  tooLarge,
} from './program.ts';

const handler = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;

/** So that it is memory that runs out, and not time, also where the machine is slow. */
const patient = { timeout: 60 };

/** A row that must run out of memory. */
const bomb = (id: string, title: string, body: string): Program => ({
  id,
  title,
  source: handler(body),
  expect: outOfMemory,
  settings: patient,
});

const wasm = `const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);`;

export const memory: readonly Program[] = [
  bomb('B01', 'an array of objects that grows', 'const a = []; for (;;) a.push({ x: 1 });'),
  bomb(
    'B02',
    'many strings, kept',
    'const kept = []; for (let i = 0; ; i += 1) kept.push(("k" + i).repeat(5000) + i);',
  ),
  {
    id: 'B03',
    title: 'a string that doubles until it may not',
    source: handler('let s = "ab"; for (;;) s += s;'),
    expect: anyOf(failed('RangeError'), outOfMemory),
    settings: patient,
  },
  {
    id: 'B04',
    title: 'a long string of many parts that is made one piece',
    source: handler('let s = "ab"; while (s.length < 2 ** 28) s += s; return s.charCodeAt(5);'),
    // One allocation: it is over before anybody looks, and may be within what the process may have for a moment.
    expect: anyOf(outOfMemory, failed(/./), answered(98)),
    settings: patient,
  },
  {
    id: 'B05',
    title: 'the same with characters of two bytes',
    source: handler('let s = "aж"; while (s.length < 2 ** 28) s += s; return s.charCodeAt(5);'),
    expect: anyOf(outOfMemory, failed(/./)),
    settings: patient,
  },
  {
    id: 'B06',
    title: 'fill of an array with a thousand million elements',
    source: handler('return new Array(1e9).fill(1).length;'),
    expect: anyOf(outOfMemory, timedOut, failed('RangeError')),
    settings: { timeout: 3 },
  },
  {
    id: 'B07',
    title: 'array buffers, written and kept',
    source: handler('const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));'),
    expect: anyOf(outOfMemory, failed('RangeError')),
    settings: patient,
  },
  {
    id: 'B08',
    title: 'a buffer that grows in place',
    source: handler(
      'const b = new ArrayBuffer(1 << 20, { maxByteLength: 2 ** 31 }); for (let n = 2 << 20; n <= 2 ** 31; n += 1 << 20) { b.resize(n); new Uint8Array(b, n - (1 << 20)).fill(1); } return b.byteLength;',
    ),
    expect: anyOf(outOfMemory, failed(/RangeError|TypeError/)),
    settings: patient,
  },
  {
    id: 'B09',
    title: 'shared memory that grows in place',
    source: handler(
      'const b = new SharedArrayBuffer(1 << 20, { maxByteLength: 2 ** 30 }); for (let n = 2 << 20; n <= 2 ** 30; n += 1 << 20) { b.grow(n); new Uint8Array(b, n - (1 << 20)).fill(1); } return b.byteLength;',
    ),
    expect: anyOf(outOfMemory, failed(/RangeError|TypeError|ReferenceError/)),
    settings: patient,
  },
  {
    id: 'B10',
    title: 'many memories of WebAssembly',
    source: handler(
      'const kept = []; for (let i = 0; i < 200; i += 1) { const m = new WebAssembly.Memory({ initial: 256 }); new Uint8Array(m.buffer).fill(1); kept.push(m); } return kept.length;',
    ),
    expect: anyOf(outOfMemory, failed(/RangeError|TypeError|ReferenceError/)),
    settings: patient,
  },
  {
    id: 'B11',
    title: 'one memory of WebAssembly that grows',
    source: handler(
      'const m = new WebAssembly.Memory({ initial: 1 }); for (let i = 0; i < 40000; i += 16) { m.grow(16); new Uint8Array(m.buffer, m.buffer.byteLength - 1048576).fill(1); } return m.buffer.byteLength;',
    ),
    expect: anyOf(outOfMemory, failed(/RangeError|TypeError|ReferenceError/)),
    settings: patient,
  },
  {
    id: 'B12',
    title: 'tables of WebAssembly',
    source: handler(
      'const kept = []; for (;;) kept.push(new WebAssembly.Table({ element: "externref", initial: 1e6 }, "filled"));',
    ),
    expect: anyOf(outOfMemory, failed(/RangeError|TypeError|ReferenceError/)),
    settings: patient,
  },
  bomb('B13', 'a Map that grows', 'const m = new Map(); for (let i = 0; ; i += 1) m.set(i, i);'),
  bomb('B14', 'an object with ever more properties', 'const o = {}; for (let i = 0; ; i += 1) o["k" + i] = i;'),
  bomb('B15', 'the registry of symbols', 'for (let i = 0; ; i += 1) Symbol.for("s".repeat(1000) + i);'),
  bomb(
    'B16',
    'objects of Intl, whose memory V8 does not see',
    'const kept = []; for (;;) kept.push(new Intl.DateTimeFormat("en", { timeZone: "UTC" }));',
  ),
  bomb(
    'B17',
    'promises that nobody settles',
    'const kept = []; for (;;) kept.push(new Promise(() => {}).then(() => kept));',
  ),
  {
    id: 'B18',
    title: 'a small answer that is huge as JSON',
    source: handler('return Array(5000).fill("x".repeat(1e6));'),
    expect: anyOf(outOfMemory, tooLarge, failed(/./)),
    settings: patient,
  },
  {
    id: 'B19',
    title: 'JSON a million levels deep',
    source: handler('JSON.parse("[".repeat(1e6) + "]".repeat(1e6)); return "ok";'),
    expect: anyOf(answered('ok'), outOfMemory, failed(/./)),
    settings: patient,
  },
  {
    id: 'B20',
    title: 'JSON with millions of objects',
    source: handler('const kept = []; for (;;) kept.push(JSON.parse("[" + "{},".repeat(1e6) + "0]"));'),
    expect: anyOf(outOfMemory, timedOut),
    settings: { timeout: 3 },
  },
  {
    id: 'B21',
    title: 'a replacement longer than V8 survives',
    source: handler('return "a".repeat(2 ** 26).replace(/a/g, "$&$&$&$&").length;'),
    expect: anyOf(outOfMemory, failed(/./), refused('SandboxLost')),
    settings: patient,
  },
  {
    id: 'B22',
    title: 'source text of three million objects, evaluated',
    source: handler('return eval("var a=[" + "{},".repeat(3e6) + "];a.length");'),
    expect: anyOf(outOfMemory, timedOut, failed(/./)),
    settings: { timeout: 3 },
  },
  {
    id: 'B23',
    title: 'functions made of ever new text',
    source: handler(
      'const kept = []; for (let i = 0; ; i += 1) kept.push(new Function("return " + "1+".repeat(5000) + i));',
    ),
    expect: anyOf(outOfMemory, timedOut, failed(/./)),
    settings: { timeout: 3 },
  },
  {
    id: 'B24',
    title: 'regular expressions that compile to much code',
    source: handler(
      'const kept = []; for (let i = 0; ; i += 1) { const r = new RegExp("(?:a|b|" + i + "){200}".repeat(20)); r.test("ab".repeat(50)); kept.push(r); }',
    ),
    expect: anyOf(outOfMemory, timedOut, failed(/./)),
    settings: { timeout: 3 },
  },
  {
    id: 'B25',
    title: 'rejections that nobody handles',
    source: handler('for (let i = 0; ; i += 1) Promise.reject(new Error("u" + i));'),
    expect: anyOf(timedOut, outOfMemory),
    settings: { timeout: 3 },
  },
  {
    id: 'B26',
    title: 'output faster than anybody reads it',
    source: handler('const line = "x".repeat(100000); for (;;) console.log(line);'),
    expect: anyOf(timedOut, outOfMemory),
    settings: { timeout: 2 },
  },
  {
    id: 'B27',
    title: 'timers without number',
    source: handler('for (;;) setTimeout(() => {}, 1e6);'),
    expect: anyOf(outOfMemory, timedOut, failed(/./)),
    settings: patient,
  },
  bomb('B28', 'big integers, kept', 'const kept = []; for (;;) kept.push(2n ** 8000000n + BigInt(kept.length));'),
  {
    id: 'B29',
    title: 'Buffers of Node, kept',
    source: handler('const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1));'),
    expect: anyOf(outOfMemory, failed('RangeError')),
    settings: patient,
  },
  {
    id: 'B30',
    title: 'structuredClone of the same string ten thousand times',
    source: handler(
      'const a = Array(10000).fill("x".repeat(1e5)); const kept = []; for (;;) kept.push(structuredClone(a));',
    ),
    expect: anyOf(outOfMemory, failed(/./), timedOut),
    settings: patient,
  },
  {
    id: 'B31',
    title: 'an allocation that is refused is an ordinary error',
    source: handler('try { return new Uint8Array(2 ** 30).length; } catch (error) { return "caught " + error.name; }'),
    expect: answered('caught RangeError'),
  },
  {
    id: 'B32',
    title: 'little compressed that becomes much',
    source: `const zlib = require('zlib');
exports.handler = async () => {
  const layer = zlib.gzipSync(Buffer.alloc(50e6));
  const kept = [];
  for (;;) kept.push(zlib.gunzipSync(layer));
};`,
    expect: anyOf(outOfMemory, failed(/./)),
    settings: patient,
  },
  {
    id: 'B33',
    title: 'after running out of memory the next call has a new environment',
    source: `let isSpoilt = false;
exports.handler = async (event) => { if (event.go) { isSpoilt = true; const a = []; for (;;) a.push({ x: 1 }); } return isSpoilt; };`,
    calls: [
      { event: { go: true }, expect: outOfMemory },
      { event: {}, expect: answered(false) },
    ],
    settings: patient,
  },
  {
    id: 'B34',
    title: 'running out of memory again and again, and catching it',
    source: handler(
      'for (;;) { try { const a = []; for (;;) a.push(new Array(1000).fill(1.5)); } catch {} finally { await null; } }',
    ),
    expect: outOfMemory,
    settings: patient,
  },
  {
    id: 'B35',
    title: 'recursion without an end',
    source: handler('const f = (n) => f(n + 1) + 1; return f(0);'),
    expect: failed('RangeError'),
  },
  {
    id: 'B36',
    title: 'a stream that is written and never read',
    source: `const { PassThrough } = require('stream');
exports.handler = async () => { const s = new PassThrough(); const piece = 'x'.repeat(65536); for (let i = 0; ; i += 1) s.write(piece + i); };`,
    expect: anyOf(outOfMemory, failed(/./)),
    settings: patient,
  },
  {
    id: 'B37',
    title: 'what each call leaves behind adds up',
    source: `const kept = [];
exports.handler = async () => { for (let i = 0; i < 20; i += 1) kept.push(new Array(131072).fill(kept.length)); return 'kept'; };`,
    calls: [
      ...Array.from({ length: 4 }, () => ({ expect: answered('kept') })),
      ...Array.from({ length: 8 }, () => ({ expect: anyOf(answered('kept'), outOfMemory) })),
    ],
    settings: patient,
  },
  {
    id: 'B38',
    title: 'modules of WebAssembly, compiled and kept',
    source: handler(
      `${wasm} const kept = []; for (let i = 0; i < 20000; i += 1) kept.push(new WebAssembly.Module(bytes)); return kept.length;`,
    ),
    expect: anyOf(answeredAtAll, outOfMemory, timedOut, failed(/./)),
    settings: { timeout: 3 },
  },
  {
    id: 'B39',
    title: 'hashes that are begun and not ended',
    source: `const crypto = require('crypto');
exports.handler = async () => { const kept = []; for (;;) kept.push(crypto.createHash('sha512')); };`,
    expect: anyOf(outOfMemory, failed(/./)),
    settings: patient,
  },
  {
    id: 'B40',
    title: 'strings in other encodings, kept outside the heap',
    source: handler(
      'const b = Buffer.alloc(4 << 20, "ж"); const kept = []; for (;;) kept.push(b.toString("utf16le"), b.toString("latin1"), new TextDecoder().decode(b));',
    ),
    expect: anyOf(outOfMemory, failed(/./)),
    settings: patient,
  },
];
