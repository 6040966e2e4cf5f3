/** Class D: answers that loop, lie, grow or never were data. Nothing but bounded bytes may leave the isolate. */
import {
  answered,
  answeredAtAll,
  anyOf,
  exited,
  failed,
  outOfMemory,
  type Program,
  timedOut,
  tooLarge,
} from './program.ts';

const cjs = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;
const MiB = 1024 * 1024;
/** What Lambda takes as an answer: `responsePayloadBytesMax`. */
const answerBytesMax = 6 * MiB + 100;

export const values: readonly Program[] = [
  {
    id: 'D01',
    title: 'a getter in the answer loops',
    source: cjs('return { get a() { for (;;); } };'),
    expect: timedOut,
  },
  {
    id: 'D02',
    title: 'the answer is a Proxy whose every trap loops',
    source: cjs(`
      const loop = () => { for (;;); };
      return new Proxy({ a: 1 }, { get: (_, key) => (key === 'then' ? undefined : loop()), ownKeys: loop, getOwnPropertyDescriptor: loop });`),
    expect: timedOut,
  },
  {
    id: 'D03',
    title: 'toJSON of the answer loops',
    source: cjs('return { toJSON() { for (;;); } };'),
    expect: timedOut,
  },
  {
    id: 'D04',
    title: 'the answer is a function',
    source: cjs('return () => 1;'),
    expect: answered(null),
  },
  {
    id: 'D05',
    title: 'the answer is a symbol, or an object full of them',
    source: cjs('return event.bare ? Symbol("s") : { a: Symbol("s"), [Symbol("k")]: 1, f() {} };'),
    calls: [{ expect: answered({}) }, { event: { bare: true }, expect: answered(null) }],
  },
  {
    id: 'D06',
    title: 'the answer is a BigInt',
    source: cjs('return 1n;'),
    expect: failed('Runtime.JSONStringifyError'),
  },
  {
    id: 'D07',
    title: 'the answer contains itself',
    source: cjs('const a = {}; a.a = a; return a;'),
    expect: failed('Runtime.JSONStringifyError'),
  },
  {
    id: 'D08',
    title: 'toJSON of the answer throws what has no message',
    source: cjs('return { toJSON() { throw null; } };'),
    expect: failed(/./),
  },
  {
    id: 'D09',
    title: 'toJSON of the answer throws a Proxy that loops',
    source: cjs(`
      const loop = () => { for (;;); };
      return { toJSON() { throw new Proxy({}, { get: loop, getPrototypeOf: loop, ownKeys: loop, has: loop }); } };`),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'D10',
    title: 'an answer of exactly the maximum',
    source: cjs(`return 'x'.repeat(${answerBytesMax} - 2).length;`),
    expect: answered(answerBytesMax - 2),
  },
  {
    id: 'D11',
    title: 'an answer one byte too long',
    source: cjs(`return 'x'.repeat(${answerBytesMax} - 1);`),
    expect: tooLarge,
  },
  {
    id: 'D12',
    title: 'a string of 200 MB as the answer',
    source: cjs(`return 'x'.repeat(2e8);`),
    expect: anyOf(tooLarge, outOfMemory, timedOut),
  },
  {
    id: 'D13',
    title: 'an answer nested 100,000 deep',
    source: cjs('let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a;'),
    expect: anyOf(answeredAtAll, failed(/./)),
  },
  {
    id: 'D14',
    title: 'one megabyte, 5,000 times in one array',
    source: cjs(`return Array(5000).fill('x'.repeat(1e6));`),
    expect: anyOf(failed(/./), tooLarge, timedOut, outOfMemory),
  },
  {
    id: 'D15',
    title: 'few characters that are many bytes',
    source: cjs(`return '\\u20ac'.repeat(${4 * MiB});`),
    expect: tooLarge,
  },
  {
    id: 'D16',
    title: 'a thenable that loops',
    source: cjs('return { then() { for (;;); } };'),
    expect: timedOut,
  },
  {
    id: 'D17',
    title: 'a thenable that resolves with itself, for ever',
    source: cjs('const again = { then(resolve) { resolve(again); } }; return again;'),
    expect: timedOut,
  },
  {
    id: 'D18',
    title: 'a thenable that settles many times, with answers and failures',
    source: cjs(`return { then(resolve, reject) { resolve(1); reject(new Error('late')); resolve(2); } };`),
    expect: answered(1),
  },
  {
    id: 'D19',
    title: 'JSON itself is replaced',
    source: `JSON.stringify = () => '{"forged":1'; JSON.parse = () => ({ forged: 1 }); exports.handler = async () => ({ a: 1 });`,
    expect: anyOf(answered({ a: 1 }), failed(/./)),
  },
  {
    id: 'D20',
    title: 'Object.prototype has a toJSON and a then',
    source: `Object.prototype.toJSON = () => 'evil'; Object.prototype.then = 5; exports.handler = async () => ({ a: 1 });`,
    expect: answered('evil'),
  },
  {
    id: 'D21',
    title: 'setters lie in wait on Object.prototype and Array.prototype',
    source: cjs(`
      const caught = [];
      for (const name of ['kind', 'payload', 'requestId', 'errorType', 'value', 'get', 'set', 'host', 'id', 'text']) {
        Object.defineProperty(Object.prototype, name, { configurable: true, set(value) { caught.push(typeof value); }, get() { return undefined; } });
      }
      for (const index of [0, 1, 2]) {
        Object.defineProperty(Array.prototype, index, { configurable: true, set(value) { caught.push(typeof value); } });
      }
      return { taken: true };`),
    expect: anyOf(answered({ taken: true }), failed(/./)),
    // It harms itself: what the guest's own library does now meets those setters.
    next: anyOf(answeredAtAll, failed(/./)),
  },
  {
    id: 'D22',
    title: 'every method that a serialiser could use is poisoned',
    source: cjs(`
      const poison = () => { throw new Error('poisoned'); };
      for (const prototype of [Array.prototype, Function.prototype, Promise.prototype, String.prototype, Map.prototype, Set.prototype, RegExp.prototype]) {
        for (const name of Object.getOwnPropertyNames(prototype)) {
          const own = Object.getOwnPropertyDescriptor(prototype, name);
          if (name !== 'constructor' && typeof own.value === 'function') Object.defineProperty(prototype, name, { ...own, value: poison });
        }
      }
      Object.defineProperty = Object.keys = Reflect.apply = Reflect.ownKeys = poison;
      return { survived: true };`),
    expect: anyOf(answered({ survived: true }), failed(/./)),
    next: anyOf(answeredAtAll, failed(/./), exited),
  },
  {
    id: 'D23',
    title: 'names that mean something to objects of the host',
    source: cjs(
      `return JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"then":1,"toString":null}');`,
    ),
    expect: answered(
      JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"then":1,"toString":null}'),
    ),
  },
  {
    id: 'D24',
    title: 'half a surrogate, NUL and line separators',
    source: cjs(`return ['\\ud800', '\\0', '\\u2028\\u2029', '\\ufeff'];`),
    expect: answered(['\ud800', '\0', '\u2028\u2029', '\ufeff']),
  },
  {
    id: 'D25',
    title: 'an answer in the shape of a failure of the platform',
    source: cjs(`return { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 1.00 seconds' };`),
    expect: answered({ errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 1.00 seconds' }),
  },
  {
    id: 'D26',
    title: 'the callback, the promise and context.succeed all answer',
    files: {
      'index.js': `
        exports.handler = (event, context, callback) => {
          if (event.benign) return callback(null, 'benign');
          callback(null, 1); callback(null, 2); callback(new Error('no')); context.succeed(4);
          return Promise.resolve(3);
        };`,
    },
    settings: { runtime: 'nodejs22.x' },
    expect: anyOf(answered(1), answered(3)),
  },
  {
    id: 'D27',
    title: 'a streamed answer without end',
    files: {
      'index.js': `
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          if (event.benign) return stream.end('"benign"');
          const chunk = 'x'.repeat(65536);
          for (;;) stream.write(chunk);
        });`,
    },
    // Memory that it is refused where nobody catches that ends its process, as Node does.
    expect: anyOf(timedOut, tooLarge, outOfMemory, failed('RangeError'), exited),
  },
  {
    id: 'D28',
    title: 'a streamed answer of many small parts that waits for drain',
    files: {
      'index.js': `
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          if (event.benign) return stream.end('"benign"');
          for (;;) if (!stream.write('x')) await new Promise((resolve) => stream.once('drain', resolve));
        });`,
    },
    expect: anyOf(timedOut, tooLarge, outOfMemory, failed(/./)),
  },
  {
    id: 'D29',
    title: 'an event nested 5,000 deep',
    source: cjs('let depth = 0; for (let at = event; Array.isArray(at); at = at[0]) depth++; return depth;'),
    event: JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`),
    expect: anyOf(answered(5_000), failed(/./)),
  },
  {
    id: 'D30',
    title: 'an event with names of prototypes',
    source: cjs(
      'return [event.polluted === undefined, ({}).polluted === undefined, Object.hasOwn(event, "__proto__")];',
    ),
    event: JSON.parse('{"__proto__":{"polluted":1}}'),
    expect: answered([true, true, true]),
  },
  {
    id: 'D31',
    title: 'a typed array of 100 MB as the answer',
    source: cjs('return new Uint8Array(1e8);'),
    expect: anyOf(failed(/./), tooLarge, timedOut, outOfMemory),
  },
  {
    id: 'D32',
    title: 'Symbol.species, Symbol.toPrimitive and valueOf of the answer loop',
    source: cjs(`
      class Evil extends Array { static get [Symbol.species]() { for (;;); } }
      const evil = Evil.from([1, 2]);
      evil[Symbol.toPrimitive] = evil.valueOf = evil.toString = () => { for (;;); };
      return evil;`),
    expect: answered([1, 2]),
  },
];
