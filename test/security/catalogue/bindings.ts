/** Class O: functions that the embedder offers (`bindings`), called by somebody who wants to harm the embedder. */
import { answered, anyOf, failed, outOfMemory, type Program, timedOut } from './program.ts';

const never = () => new Promise(() => {});

const bindings = {
  kv: {
    get: async (key: unknown) => String(key).slice(0, 10),
    echo: async (value: unknown) => value,
    never,
    fail: async () => {
      throw Object.assign(new Error('no such key'), { code: 'E_NO', secretStack: { path: import.meta.url } });
    },
    throwsOdd: () => {
      throw null;
    },
    large: async () => 'x'.repeat(8_000_000),
    async *endless() {
      for (;;) yield new Uint8Array(64 * 1024);
    },
    count: async (source: AsyncIterable<Uint8Array>) => {
      let bytes = 0;
      for await (const chunk of source) bytes += chunk.byteLength;
      return bytes;
    },
    ignore: async (_source: unknown) => never(),
    hold: async (_signal: AbortSignal) => 1,
    version: 7,
  },
};

const cjs = (body: string): string => `const { kv } = require('isotherm:bindings');
const codeOf = (promise) => Promise.resolve().then(() => promise).then(() => 'done', (error) => error?.code ?? error?.name ?? typeof error);
exports.handler = async (event, context) => { ${body} };`;

export const boundFunctions: readonly Program[] = [
  {
    id: 'O01',
    title: 'calls without end, never awaited',
    bindings,
    source: cjs(`const text = 'x'.repeat(1e5); for (;;) kv.get(text);`),
    expect: anyOf(timedOut, outOfMemory, failed(/./)),
  },
  {
    id: 'O02',
    title: 'calls without end, in turns of the event loop',
    bindings,
    source: cjs(
      `const text = 'x'.repeat(1e5); for (;;) { for (let i = 0; i < 200; i++) kv.never(text).catch(() => {}); await new Promise(setImmediate); }`,
    ),
    expect: anyOf(timedOut, outOfMemory, failed(/./)),
  },
  {
    id: 'O03',
    title: 'arguments that loop, lie and never end',
    bindings,
    source: cjs(`
      const loop = () => { for (;;); };
      const deep = []; let at = deep; for (let i = 0; i < 1e5; i++) { const next = []; at.push(next); at = next; }
      const cycle = {}; cycle.self = cycle;
      const values = [cycle, deep, Symbol('s'), () => 1, Object.create({ inherited: 1 }), new Proxy({}, {}), Promise.resolve(1), new WeakMap(), /x/, new URL('http://x'), { get a() { return 1; } }, 'x'.repeat(5e6), new Uint8Array(5e6), Array(1e6).fill(1)];
      const codes = [];
      for (const value of values) codes.push(await codeOf(kv.echo(value)));
      return codes.filter((code) => code !== 'done' && !/^(ERR_BINDING_[A-Z_]+|TypeError|RangeError|DataCloneError)$/.test(String(code)));`),
    settings: { timeout: 5 },
    expect: answered([]),
  },
  {
    id: 'O04',
    title: 'a getter in an argument loops',
    bindings,
    source: cjs(`const evil = new Proxy({ a: 1 }, { ownKeys() { for (;;); } }); return kv.echo(evil);`),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'O05',
    title: 'names of prototypes in arguments reach no prototype of the host',
    bindings,
    source: cjs(`
      const evil = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1,"then":1}');
      const back = await kv.echo([evil, new Map([['__proto__', evil]]), Object.assign(new Error('e'), evil)]).catch((error) => error.code);
      return [typeof back, ({}).polluted === undefined];`),
    expect: answered(['object', true]),
  },
  {
    id: 'O06',
    title: 'a stream of the host that is never read, sixteen times and more',
    bindings,
    source: cjs(`
      const kept = globalThis.kept = [];
      const codes = [];
      for (let i = 0; i < 40; i++) codes.push(await codeOf(kv.endless().then((stream) => { kept.push(stream); })));
      return [kept.length <= 16, codes.includes('ERR_BINDING_LIMIT')];`),
    settings: { timeout: 5 },
    expect: answered([true, true]),
  },
  {
    id: 'O07',
    title: 'a stream of the guest without end, to a function that does not read',
    bindings,
    source: cjs(`
      let sent = 0;
      const endless = () => new ReadableStream({ pull(controller) { sent += 65536; controller.enqueue(new Uint8Array(65536)); } });
      for (let i = 0; i < 10; i++) kv.ignore(endless()).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 300));
      return sent < 10 * 2 * 1024 * 1024;`),
    settings: { timeout: 5 },
    expect: answered(true),
  },
  {
    id: 'O08',
    title: 'a stream of the guest without end, to a function that reads',
    bindings,
    source: cjs(
      `return kv.count(new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(65536)); } }));`,
    ),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'O09',
    title: 'streams that fail, end twice, give what is no chunk, and throw from cancel',
    bindings,
    source: cjs(`
      const sources = [
        { start(controller) { controller.error({ toString() { throw 1; } }); } }, { pull() { throw null; } }, { pull(controller) { controller.enqueue(Symbol('x')); } },
        { pull(controller) { controller.enqueue({ get a() { throw 1; } }); } }, { pull(controller) { controller.enqueue(new Uint8Array(1e7)); controller.close(); } },
        { async *[Symbol.asyncIterator]() { yield () => 1; } }, { [Symbol.asyncIterator]() { return { next: 1 }; } }, { [Symbol.asyncIterator]() { throw 1; } },
      ];
      const codes = [];
      for (const source of sources) codes.push(await codeOf(kv.count(Symbol.asyncIterator in source ? source : new ReadableStream({ ...source, cancel() { throw new Error('cancel'); } }))));
      return codes.length;`),
    settings: { timeout: 5 },
    expect: anyOf(answered(8), failed(/./)),
  },
  {
    id: 'O10',
    title: 'signals that abort 10,000 times, before and after',
    bindings,
    source: cjs(`
      let ends = 0;
      for (let round = 0; round < 100; round++) {
        await Promise.all(Array.from({ length: 100 }, async () => { const controller = new AbortController(); const call = codeOf(kv.hold(controller.signal)); controller.abort({ odd: 'x'.repeat(1000) }); controller.abort(); await call; ends++; }));
      }
      return ends;`),
    settings: { timeout: 20 },
    expect: anyOf(answered(10_000), timedOut),
  },
  {
    id: 'O11',
    title: 'errors of the embedder carry no stack and no path of it',
    bindings,
    source: cjs(`
      const error = await kv.fail().catch((error) => error);
      const odd = await kv.throwsOdd().catch((error) => error);
      return [error.message, error.code, error.secretStack === undefined, /o-bindings|file:|src\\//.test(error.stack), error instanceof Error, String(odd).length < 200];`),
    expect: answered(['no such key', 'E_NO', true, false, true, true]),
  },
  {
    id: 'O12',
    title: 'a result larger than allowed, a hundred times at once',
    bindings,
    source: cjs(
      `const codes = await Promise.all(Array.from({ length: 100 }, () => codeOf(kv.large()))); return [...new Set(codes)];`,
    ),
    settings: { timeout: 10 },
    expect: answered(['ERR_BINDING_RESULT_TOO_LARGE']),
  },
  {
    id: 'O13',
    title: 'the object of functions is changed, unfrozen and inherited from',
    bindings,
    source: cjs(`
      const tried = [];
      'use strict';
      for (const change of [() => { kv.get = 1; }, () => { kv.__proto__ = {}; }, () => { delete kv.version; }, () => Object.defineProperty(kv, 'get', { value: 1 }), () => { kv.get.constructor.prototype.x = 1; }]) try { change(); } catch {}
      return [typeof kv.get, kv.version, Object.isFrozen(kv), kv.get.constructor('return this')() === globalThis, await codeOf(kv.get.call({ index: 999 }, 'k')), await codeOf(Reflect.apply(kv.get, null, ['k'])), kv.nothing === undefined, kv.toString === Object.prototype.toString];`),
    expect: anyOf(
      answered(['function', 7, true, true, 'done', 'done', true, true]),
      answered(['function', 7, true, true, 'done', 'done', true, false]),
    ),
  },
  {
    id: 'O14',
    title: 'ten thousand calls that are left behind with the answer',
    bindings,
    source: cjs(`for (let i = 0; i < 10_000; i++) kv.never(i).catch(() => {}); return 1;`),
    settings: { timeout: 5 },
    expect: answered(1),
  },
  {
    id: 'O15',
    title: 'sets of bigints that all have one hash, written for the host to make',
    bindings,
    source: cjs(`
      const members = Array.from({ length: 600 }, (_, at) => (BigInt(at) << 64n) | 1n);
      return [await codeOf(kv.echo(new Set(members))), await codeOf(kv.echo(new Map(members.map((key) => [key, 1]))))];`),
    expect: answered(['ERR_BINDING_ARGUMENTS_TOO_LARGE', 'ERR_BINDING_ARGUMENTS_TOO_LARGE']),
  },
];
