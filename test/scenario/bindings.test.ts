/** Host functions from a guest's first line to the embedder's: real sandboxes, real guests, ordinary code on both sides. */
import { Readable } from 'node:stream';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import fc from 'fast-check';
import { bindingContext, type CallableFunction, createEngine, defineBinding, type Engine } from '../../src/index.ts';
import { limits } from '../../src/model/limits.ts';

const test = anyTest as TestFn<{ engine: Engine }>;

test.before(async (t) => {
  t.context.engine = await createEngine();
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

type Test = ExecutionContext<{ engine: Engine }>;

let deployed = 0;

/** A function whose handler has the given body, with `bindings`, `event` and `context` in scope. */
function deploy(t: Test, bindings: object, body: string, settings: object = {}): Promise<CallableFunction> {
  deployed += 1;
  return t.context.engine.createFunction({
    functionName: `bindings-${deployed}`,
    timeout: 20,
    memorySize: 256,
    code: {
      source: `import * as bindings from 'isotherm:bindings';
        const caught = (promise) => promise.then(() => 'no error', (error) => [error.name, error.code, error.message]);
        export const handler = async (event, context) => { ${body} };`,
    },
    bindings,
    ...settings,
  });
}

async function run(t: Test, bindings: object, body: string, event: unknown = {}): Promise<unknown> {
  return (await deploy(t, bindings, body))(event);
}

test('functions are found by import, by require and in the context, and are what they look like', async (t) => {
  const found = await t.context.engine.createFunction({
    functionName: 'found',
    timeout: 20,
    code: {
      source: `
        import { kv, region } from 'isotherm:bindings';
        import whole from 'isotherm:bindings';
        export const handler = async (event, context) => [
          await kv.get('a'), region, whole.kv === kv, context.bindings.kv === kv, require('isotherm:bindings').kv === kv,
          typeof kv.get, kv.get.name, kv.nothing === undefined, kv.toString === undefined, Object.isFrozen(kv), Object.isFrozen(kv.get),
          kv.deep.er.get.name, await kv.deep.er.get(), Object.keys(kv),
        ];`,
    },
    bindings: { region: 'eu-1', kv: { get: (key: string) => `${key}!`, deep: { er: { get: () => 7 } } } },
  });
  t.deepEqual(await found(), [
    ...['a!', 'eu-1', true, true, true, 'function', 'get', true, true, true, true, 'get', 7],
    ['get', 'deep'],
  ]);
});

test('a CommonJS function of the callback model finds them too', async (t) => {
  const { engine } = t.context;
  const old = await engine.createFunction({
    functionName: 'old',
    timeout: 20,
    runtime: 'nodejs20.x',
    code: {
      source: `const { kv } = require('isotherm:bindings');
        exports.handler = (event, context, callback) => kv.get('b').then((value) => callback(null, [value, context.bindings.kv === kv]), callback);`,
    },
    bindings: { kv: { get: (key: string) => `${key}?` } },
  });
  t.deepEqual(await old(), ['b?', true]);
});

test('a function that has none is told so where it asks for them, and has no context.bindings', async (t) => {
  const { engine } = t.context;
  const none = await engine.createFunction({
    functionName: 'none',
    timeout: 20,
    code: { source: `import { kv } from 'isotherm:bindings'; export const handler = async () => kv.get();` },
  });
  await t.throwsAsync(none(), {
    message: /No bindings were given to the function none: .*engine\.bind\('none', bindings\)/,
  });
  const without = await engine.createFunction({
    functionName: 'without',
    timeout: 20,
    code: {
      source: `export const handler = async (event, context) => ['bindings' in context, 'bindings' in globalThis];`,
    },
  });
  t.deepEqual(await without(), [false, false]);
});

test('bind gives bindings to a function that exists, or others than before', async (t) => {
  const { engine } = t.context;
  const bound = await engine.createFunction({
    functionName: 'bound',
    timeout: 20,
    code: { source: `export const handler = async (event, { bindings }) => bindings && bindings.who();` },
  });
  t.is(await bound(), null);
  engine.bind('bound', { who: () => 'first' });
  t.is(await bound(), 'first');
  engine.bind('bound', { who: () => 'second' });
  t.is(await bound(), 'second');
  await engine.deleteFunction('bound');
  await engine.createFunction({
    functionName: 'bound',
    timeout: 20,
    code: { source: `export const handler = async (event, { bindings }) => bindings && bindings.who();` },
  });
  t.is(await bound(), null);
  t.throws(() => engine.bind('nobody', {}), { code: 'ResourceNotFoundException' });
});

test('values of every kind go both ways', async (t) => {
  const seen: unknown[] = [];
  const echo = await deploy(
    t,
    { echo: (...values: unknown[]) => seen.push(values) && values, made: () => samples },
    `const value = await bindings.made();
     return bindings.echo(value, await bindings.echo()).then((again) => again.length);`,
  );
  t.is(await echo(), 2);
  t.deepEqual(seen, [[], [structuredClone(samples), []]]);
});

const samples = {
  text: 'äöü \ud83d\ude00 \ud800 \u2028',
  numbers: [0, -0, 1.5, 1e300, Number.NaN, Number.NEGATIVE_INFINITY],
  none: [null, undefined],
  big: [0n, -(2n ** 200n)],
  date: new Date(1_700_000_000_000),
  invalid: new Date(Number.NaN),
  map: new Map<unknown, unknown>([
    ['a', new Set([1, new Date(5)])],
    [{ key: 1 }, new Map()],
  ]),
  bytes: new Uint8Array([1, 2, 3]),
  views: [new Float64Array([1.5, -0]), new BigInt64Array([-1n]), new DataView(new ArrayBuffer(3)), new ArrayBuffer(5)],
  odd: { constructor: 1, toJSON: 2, '': 3 },
  nested: [[[[]]], {}],
};

test('whatever a guest passes on arrives as it was made', async (t) => {
  const values = new Map<number, unknown>();
  const seen: unknown[] = [];
  const echo = await deploy(
    t,
    { get: (id: number) => values.get(id), put: (value: unknown) => void seen.push(value) },
    `for (let id = 0; id < event; id++) await bindings.put(await bindings.get(id)); return null;`,
  );
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.bigInt(),
    fc.date(),
    fc.uint8Array(),
    fc.float32Array(),
    fc.constantFrom(null, undefined, true),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
      fc.array(fc.tuple(leaf, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
      fc.array(tie('value'), { maxLength: 3 }).map((members) => new Set(members)),
    ),
  }));
  const samplesOf = fc.sample(value, { numRuns: 200, seed: 42 });
  for (const [id, sample] of samplesOf.entries()) values.set(id, sample);
  await echo(samplesOf.length);
  t.deepEqual(
    seen,
    samplesOf.map((sample) => structuredClone(sample)),
  );
});

test('errors arrive with name, message, code and cause, and without a stack of the host', async (t) => {
  const fail = {
    plain: () => {
      throw Object.assign(new RangeError('too far', { cause: new Error('the map ended') }), {
        code: 'E_FAR',
        secret: {},
      });
    },
    own: async () => {
      class QuotaError extends Error {
        override name = 'QuotaError';
      }
      throw Object.assign(new QuotaError('no more'), { retryAfter: 5 });
    },
    text: () => Promise.reject('only text'),
    odd: () => {
      throw { f() {} };
    },
    abort: () => AbortSignal.abort().throwIfAborted(),
  };
  const answer = await run(
    t,
    { fail },
    `const errors = await Promise.all(Object.values(bindings.fail).map((fail) => fail().catch((error) => error)));
     const [plain, own, text, odd, abort] = errors;
     return [
       plain instanceof RangeError, plain.code, plain.cause.message, plain.cause instanceof Error, 'secret' in plain, plain.stack, plain.cause.stack,
       own.name, own instanceof Error, own.retryAfter, text, odd.message, abort.name, abort instanceof DOMException,
     ];`,
  );
  t.deepEqual(answer, [
    ...[true, 'E_FAR', 'the map ended', true, false],
    'RangeError: too far\n    at fail.plain (isotherm:bindings)',
    'Error: the map ended',
    ...['QuotaError', true, 5, 'only text', 'fail.odd failed with a value that cannot be sent', 'AbortError', true],
  ]);
});

test('what cannot be sent is refused with an error that names it', async (t) => {
  const answer = await run(
    t,
    {
      kv: {
        put: () => 1,
        bad: () => ({ list: [() => 1] }),
        self: () => {
          const a: { a?: object } = {};
          a.a = a;
          return a;
        },
      },
      bounded: defineBinding((text: string) => text.repeat(2), { argumentBytesMax: 1_000, resultBytesMax: 1_000 }),
    },
    `const { kv, bounded } = bindings;
     const loop = {}; loop.loop = loop;
     return Promise.all([
       kv.put('key', { on: () => {} }), kv.put(Symbol('s')), kv.put(loop), kv.put({ get a() { return 1; } }), kv.put(Promise.resolve(1)),
       kv.put('x'.repeat(5e6)), kv.put(new Uint8Array(5e6)), kv.put(new Array(1e9)), kv.put('x'.repeat(2e6)),
       kv.bad(), kv.self(), bounded('x'.repeat(1_100)), bounded('x'.repeat(600)), bounded('x'.repeat(400)),
     ].map(caught));`,
  );
  t.deepEqual(answer, [
    ['TypeError', 'ERR_BINDING_ARGUMENT', 'kv.put: arguments[1].on is a function, which cannot be sent'],
    ['TypeError', 'ERR_BINDING_ARGUMENT', 'kv.put: arguments[0] is a symbol, which cannot be sent'],
    ['TypeError', 'ERR_BINDING_ARGUMENT', 'kv.put: arguments[0].loop refers back to a value that contains it'],
    ['TypeError', 'ERR_BINDING_ARGUMENT', 'kv.put: arguments[0].a is a getter, which cannot be sent'],
    ['TypeError', 'ERR_BINDING_ARGUMENT', 'kv.put: arguments[0] is an instance of Promise, which cannot be sent'],
    ['RangeError', 'ERR_BINDING_ARGUMENTS_TOO_LARGE', 'kv.put: arguments takes more than 4194304 bytes'],
    ['RangeError', 'ERR_BINDING_ARGUMENTS_TOO_LARGE', 'kv.put: arguments takes more than 4194304 bytes'],
    ['RangeError', 'ERR_BINDING_ARGUMENTS_TOO_LARGE', 'kv.put: arguments has more than 50000 values'],
    [
      'RangeError',
      'ERR_BINDING_ARGUMENTS_TOO_LARGE',
      'kv.put: arguments take 2000006 bytes; at most 1048576 are allowed (argumentBytesMax)',
    ],
    ['TypeError', 'ERR_BINDING_RESULT', 'kv.bad: the result.list[0] is a function, which cannot be sent'],
    ['TypeError', 'ERR_BINDING_RESULT', 'kv.self: the result.a refers back to a value that contains it'],
    [
      'RangeError',
      'ERR_BINDING_ARGUMENTS_TOO_LARGE',
      'bounded: arguments take 1106 bytes; at most 1000 are allowed (argumentBytesMax)',
    ],
    [
      'RangeError',
      'ERR_BINDING_RESULT_TOO_LARGE',
      'bounded: the result takes 1202 bytes; at most 1000 are allowed (resultBytesMax)',
    ],
    'no error',
  ]);
});

test('a function that does not settle is abandoned at its deadline, and hears of it', async (t) => {
  const { promise: heard, resolve } = Promise.withResolvers<unknown>();
  const answer = await run(
    t,
    {
      slow: defineBinding(
        () =>
          new Promise(() =>
            bindingContext().signal.addEventListener('abort', (event) => resolve((event.target as AbortSignal).reason)),
          ),
        { timeoutMs: 30 },
      ),
    },
    `return caught(bindings.slow());`,
  );
  t.deepEqual(answer, [
    'TimeoutError',
    'ERR_BINDING_TIMEOUT',
    'slow did not answer within 30 ms (timeoutMs of the binding)',
  ]);
  t.like(await heard, { name: 'TimeoutError' });
});

test('a host function knows who calls, also after an await, and has its object as this', async (t) => {
  const store = {
    prefix: 'p:',
    async get(key: string) {
      await null;
      const { signal, ...context } = bindingContext();
      return { key: this.prefix + key, aborted: signal.aborted, context };
    },
  };
  const get = await deploy(t, { store }, `return bindings.store.get('k');`, { trustDomain: 'customer-7' });
  const { key, aborted, context } = await get<{ key: string; aborted: boolean; context: Record<string, string> }>();
  t.is(key, 'p:k');
  t.false(aborted);
  t.like(context, { binding: 'store.get', functionName: get.functionName, trustDomain: 'customer-7' });
  t.regex(context.requestId ?? '', /^[0-9a-f-]{36}$/);
  t.regex(context.environmentId ?? '', /^[0-9a-f]{32}$/);
  t.throws(bindingContext, { message: /outside of a call/ });
});

test('a thousand parallel calls are all answered, in their own order', async (t) => {
  let running = 0;
  let most = 0;
  const double = async (number: number) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, number % 3));
    running -= 1;
    return number * 2;
  };
  const answer = await run(
    t,
    { double },
    `return Promise.all(Array.from({ length: 1000 }, (_, at) => bindings.double(at)));`,
  );
  t.deepEqual(
    answer,
    Array.from({ length: 1_000 }, (_, at) => at * 2),
  );
  t.true(most <= limits.bindingCallsMax, `${most} at once`);
});

test('large results arrive, one after the other', async (t) => {
  const answer = await run(
    t,
    { bytes: (size: number) => new Uint8Array(size).fill(7), text: (size: number) => 'ä'.repeat(size) },
    `const all = await Promise.all([...Array.from({ length: 12 }, () => bindings.bytes(3e6)), bindings.text(2e6)]);
     return all.map((value) => value.length).concat(all[3][2_999_999]);`,
  );
  t.deepEqual(answer, [...Array(12).fill(3e6), 2e6, 7]);
});

const megabytes = 100;
/** What may lie between the two ends: the window, and the chunk that its source has at hand. */
const leadMax = limits.bindingStreamWindowBytes + 1e6;

test('100 MB stream from the host to a guest, as fast as it is read and no faster', async (t) => {
  let sent = 0;
  let lead = 0;
  async function* download() {
    for (; sent < megabytes * 1e6; sent += 1e6) yield Buffer.alloc(1e6, 1);
  }
  const took = (bytes: number) => {
    lead = Math.max(lead, sent - bytes);
  };
  const answer = await run(
    t,
    { download, took },
    `let bytes = 0;
     for await (const chunk of await bindings.download()) {
       bytes += chunk.length;
       await bindings.took(bytes);
     }
     return bytes;`,
  );
  t.is(answer, megabytes * 1e6);
  t.true(lead <= leadMax, `${lead} bytes ahead`);
});

test('100 MB stream from a guest to the host, as fast as it is read and no faster', async (t) => {
  let bytes = 0;
  let lead = 0;
  const upload = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) bytes += chunk.length;
    return bytes;
  };
  const made = (total: number) => {
    lead = Math.max(lead, total - bytes);
  };
  const answer = await run(
    t,
    { upload, made },
    `async function* source() {
       for (let at = 1; at <= ${megabytes}; at++) {
         const chunk = Buffer.alloc(1e6, at);
         await bindings.made(at * 1e6);
         yield chunk;
       }
     }
     return bindings.upload(source());`,
  );
  t.is(answer, megabytes * 1e6);
  t.true(lead <= leadMax, `${lead} bytes ahead`);
});

test('streams of all kinds go both ways, in one call', async (t) => {
  const answer = await run(
    t,
    {
      upper: (stream: ReadableStream<string>) =>
        stream.pipeThrough(new TransformStream({ transform: (text: string, to) => to.enqueue(text.toUpperCase()) })),
      node: () => Readable.from(['a', { b: 1 }, new Map([[1, 2]])]),
      join: async (streams: { list: AsyncIterable<string>[] }) => {
        const parts: string[] = [];
        for (const stream of streams.list) for await (const part of stream) parts.push(part);
        return parts.join('');
      },
      empty: async () => ({ stream: new ReadableStream({ start: (controller) => controller.close() }) }),
    },
    `const { Readable } = require('stream');
     const all = async (stream) => { const list = []; for await (const value of stream) list.push(value); return list; };
     const web = new ReadableStream({ start(controller) { controller.enqueue('x'); controller.enqueue('yz'); controller.close(); } });
     const node = await all(await bindings.node());
     return [
       await all(await bindings.upper(web)), node[1], node[2].get(1),
       await bindings.join({ list: [Readable.from(['1', '2']), (async function* () { yield '3'; })()] }),
       await all((await bindings.empty()).stream),
     ];`,
  );
  t.deepEqual(answer, [['X', 'YZ'], { b: 1 }, 2, '123', []]);
});

test('whoever stops reading ends the source at the other side', async (t) => {
  const ended = Promise.withResolvers<string>();
  const answer = await run(
    t,
    {
      async *endless() {
        try {
          for (let number = 0; ; number++) yield number;
        } finally {
          ended.resolve('host source ended');
        }
      },
      first: async (stream: ReadableStream<number>) => {
        for await (const value of stream) return value;
        return undefined;
      },
      ignored: async (_: ReadableStream<number>) => 'not read',
    },
    `const seen = [];
     for await (const number of await bindings.endless()) { seen.push(number); if (number === 2) break; }
     const source = async function* (name) { try { for (let at = 10; ; at++) yield at; } finally { seen.push(name); } };
     seen.push(await bindings.first(source('read in part')), await bindings.ignored(source('never read')));
     // Ended by messages that follow the answers.
     while (!seen.includes('read in part')) await new Promise((resolve) => setTimeout(resolve, 1));
     return seen;`,
  );
  t.deepEqual(new Set(answer as unknown[]), new Set([0, 1, 2, 'read in part', 10, 'not read']));
  t.is(await ended.promise, 'host source ended');
});

test('a source that fails fails at the other side, with its error', async (t) => {
  const heard = Promise.withResolvers<unknown>();
  const answer = await run(
    t,
    {
      async *broken() {
        yield 1;
        throw Object.assign(new Error('disk'), { code: 'EIO' });
      },
      async *odd() {
        yield () => {};
      },
      read: async (stream: AsyncIterable<unknown>) => {
        try {
          for await (const _ of stream);
        } catch (error) {
          heard.resolve(error);
          throw error;
        }
      },
    },
    `const all = async (stream) => { for await (const value of stream); };
     return [
       await caught(bindings.broken().then(all)), await caught(bindings.odd().then(all)),
       await caught(bindings.read((async function* () { yield 1; throw new TypeError('guest disk'); })())),
       await caught(bindings.read((async function* () { yield Symbol('s'); })())),
     ];`,
  );
  t.deepEqual(answer, [
    ['Error', 'EIO', 'disk'],
    ['ValueError', null, 'a value of the stream is a function, which cannot be sent'],
    ['TypeError', null, 'guest disk'],
    ['TypeError', 'ERR_BINDING_ARGUMENT', 'a value of the stream is a symbol, which cannot be sent'],
  ]);
  t.like(await heard.promise, { name: 'TypeError', message: 'guest disk' });
});

test('signals abort across the border, in both directions', async (t) => {
  const stop = new AbortController();
  const answer = await run(
    t,
    {
      wait: ({ signal }: { signal: AbortSignal }) =>
        new Promise((_, reject) => {
          if (signal.aborted) reject(signal.reason);
          else signal.addEventListener('abort', () => reject(signal.reason));
        }),
      shutdown: () => ({ signal: stop.signal, past: AbortSignal.abort(new RangeError('long ago')) }),
      stop: () => stop.abort(Object.assign(new Error('maintenance'), { code: 'E_STOP' })),
    },
    `const controller = new AbortController();
     const waiting = caught(bindings.wait({ signal: controller.signal }));
     setTimeout(() => controller.abort(), 1);
     const { signal, past } = await bindings.shutdown();
     const heard = new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));
     const before = signal.aborted;
     await bindings.stop();
     const reason = await heard;
     return [
       await waiting, await caught(bindings.wait({ signal: AbortSignal.abort(new Error('early')) })),
       await caught(bindings.wait({ signal: AbortSignal.timeout(2) })),
       signal instanceof AbortSignal, before, signal.aborted, reason.code, past.aborted, past.reason instanceof RangeError,
     ];`,
  );
  t.deepEqual(answer, [
    ['AbortError', 20, 'This operation was aborted'],
    ['Error', null, 'early'],
    ['TimeoutError', 23, 'The operation was aborted due to timeout'],
    ...[true, false, true, 'E_STOP', true, true],
  ]);
});

/** Host functions that write down how they end, and `begun`, which resolves when all of them run. */
function lingering() {
  const reasons: unknown[] = [];
  const begun = Promise.withResolvers<void>();
  const streamEnded = Promise.withResolvers<unknown>();
  const sourceEnded = Promise.withResolvers<void>();
  let running = 0;
  const begin = (): void => {
    running += 1;
    if (running === 4) begun.resolve();
  };
  const bindings = {
    hang: () => {
      begin();
      const { signal } = bindingContext();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(reasons.push(signal.reason))));
    },
    read: async (stream: AsyncIterable<unknown>) => {
      try {
        for await (const _ of stream) begin();
      } catch (error) {
        streamEnded.resolve(error);
      }
    },
    async *endless() {
      try {
        for (;;) yield new Uint8Array(1_000);
      } finally {
        sourceEnded.resolve();
      }
    },
    ready: () => begun.promise,
  };
  const body = `const stream = await bindings.endless();
    bindings.read((async function* () { yield 1; await new Promise(() => {}); })());
    bindings.hang(); bindings.hang(); bindings.hang();
    await bindings.ready();`;
  const allEnded = async (t: Test) => {
    t.like(await streamEnded.promise, { name: 'AbortError' });
    await sourceEnded.promise;
    t.is(reasons.length, 3);
    for (const reason of reasons) t.like(reason, { name: 'AbortError', message: 'the execution environment ended' });
  };
  return { bindings, body, begun: begun.promise, allEnded };
}

test('an environment that ends in the middle of calls tells the host functions, and leaves nothing', async (t) => {
  const { bindings, body, allEnded } = lingering();
  const exiting = await deploy(t, bindings, `${body} process.exit(1);`);
  await t.throwsAsync(exiting(), { message: /exited/i });
  await allEnded(t);
});

test('so does a sandbox that is killed', async (t) => {
  const { bindings, body, begun, allEnded } = lingering();
  const killed = await deploy(t, bindings, `${body} await bindings.hang();`, { isolation: 'function' });
  const running = killed();
  await begun;
  const sandbox = t.context.engine
    .stats()
    .sandboxes.find(({ trustDomain }) => trustDomain.endsWith(killed.functionName));
  t.truthy(sandbox);
  process.kill(sandbox?.pid ?? 0, 'SIGKILL');
  await t.throwsAsync(running);
  await allEnded(t);
});

test('a result that came while the guest was frozen is there after the thaw', async (t) => {
  const { promise: go, resolve: let_ } = Promise.withResolvers<string>();
  const frozen = await deploy(
    t,
    { later: () => go },
    `globalThis.early ??= bindings.later();
     return event === 'begin' ? 'frozen' : globalThis.early;`,
  );
  t.is(await frozen('begin'), 'frozen');
  let_('thawed');
  t.is(await frozen('end'), 'thawed');
});

test('a guest that replaced every built-in it could reach still speaks with its host', async (t) => {
  const seen: unknown[] = [];
  const answer = await run(
    t,
    {
      echo: (value: unknown) => {
        seen.push(value);
        return value;
      },
      made: () => ({ list: [1, new Map([[1, { a: [2] }]])], bytes: new Uint8Array(3) }),
    },
    `const nope = () => { throw new Error('replaced'); };
     const { defineProperty, ownKeys } = Reflect;
     const replaced = [];
     for (const type of [JSON, Object, Reflect, Array, Number, String, Map, Set, Date, Math, Function.prototype, Array.prototype, Map.prototype,
       Set.prototype, Date.prototype, String.prototype, Uint8Array.prototype, Object.getPrototypeOf(Uint8Array.prototype),
       Object.getPrototypeOf(new Map().entries()), Object.getPrototypeOf([][Symbol.iterator]())]) {
       for (const key of ownKeys(type)) if (key !== 'prototype' && key !== 'constructor') replaced.push({ type, key });
     }
     const { length } = replaced;
     for (let at = 0; at < length; at++) {
       try { replaced[at].type[replaced[at].key] = nope; } catch {}
     }
     for (let at = 0; at < 4; at++) defineProperty(Array.prototype, at, { set: nope, get: nope, configurable: true });
     Object.prototype.toJSON = nope; Array.prototype.toJSON = nope; Object.prototype.value = 'polluted'; Object.prototype.get = nope;
     globalThis.Promise = nope; globalThis.Uint8Array = nope; globalThis.Map = nope; globalThis.JSON = undefined; globalThis.Error = nope;
     const made = await bindings.made();
     const again = await bindings.echo({ a: 'text', b: [1, 2, { c: 3 }], bytes: made.bytes, list: made.list });
     return again.a;`,
  ).catch((error: unknown) => error);
  // The answer itself goes through what the guest broke; what the host saw did not.
  t.truthy(answer);
  t.deepEqual(seen, [
    { a: 'text', b: [1, 2, { c: 3 }], bytes: new Uint8Array(3), list: [1, new Map([[1, { a: [2] }]])] },
  ]);
});

test('proxies, getters and hostile iterators harm nobody but their guest', async (t) => {
  const seen: unknown[] = [];
  const answer = await run(
    t,
    {
      take: (...values: unknown[]) => void seen.push(values),
      read: async (stream: AsyncIterable<unknown>) => {
        for await (const value of stream) seen.push(value);
      },
    },
    `let reads = 0;
     const proxy = new Proxy({ a: 1 }, { getOwnPropertyDescriptor: (target, key) => { if (key === 'a') reads += 1; return Reflect.getOwnPropertyDescriptor(target, key); } });
     const growing = new Proxy([], { get: (target, key) => key === 'length' ? 2 ** 53 : 1 });
     const error = new Error('x'); Object.defineProperty(error, 'name', { get() { throw new Error('no name'); } });
     const next = { [Symbol.asyncIterator]: () => ({ next: () => 7 }) };
     const locked = new ReadableStream(); locked.getReader();
     await bindings.take(proxy);
     await bindings.take(error);
     return [
       reads, await caught(bindings.take(growing)), await caught(bindings.read(next).then(() => {}, (error) => { throw new Error('read: ' + error.name); })),
       await caught(bindings.read(locked)), await caught(bindings.read({ [Symbol.asyncIterator]() { throw new Error('no iterator'); } })),
     ];`,
  );
  t.deepEqual(seen[0], [{ a: 1 }]);
  t.like((seen[1] as Error[])[0], { name: 'Error', message: 'x' });
  const [reads, growing, next, locked, none] = answer as unknown[][];
  // Once for its being enumerable, once for its value.
  t.is(Number(reads), 2);
  t.is(growing?.[1], 'ERR_BINDING_ARGUMENTS_TOO_LARGE');
  t.truthy(next);
  t.is(locked?.[0], 'TypeError');
  t.is(none?.[2], 'no iterator');
});

test('bindings live in memory: an engine that starts again has to be given them', async (t) => {
  const { engine } = t.context;
  // Refused before anything is created.
  const bad = engine.createFunction({
    functionName: 'bad',
    timeout: 20,
    code: { source: 'exports.handler = () => 1' },
    bindings: { 'a-b': 1 },
  });
  await t.throwsAsync(bad, {
    code: 'InvalidParameterValueException',
    message: /name of each binding in bindings must be a JavaScript name/,
  });
  t.throws(() => engine.function('bad').record, { code: 'ResourceNotFoundException' });
});
