import test from 'ava';
import fc from 'fast-check';
import { dataCodec, hostCodec, noChannels, ValueError } from '../../src/bindings/values.ts';
import { limits } from '../../src/model/limits.ts';

function roundTrip(value: unknown): unknown {
  const { text, bytes } = dataCodec.encode(value, 'value');
  // As it travels: nothing but text and bytes.
  return dataCodec.decode(Buffer.from(text).toString(), new Uint8Array(bytes));
}

const view = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.uint16Array(),
  fc.int16Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
);

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, undefined, -0, Number.NaN, Number.POSITIVE_INFINITY),
      fc.bigInt(),
      fc.date({ noInvalidDate: false }),
      view,
      fc.uint8Array().map((bytes) => bytes.slice().buffer),
      fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
    ),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toJSON', 'then', '0')),
      tie('value'),
      {
        maxKeys: 6,
        noNullPrototype: true,
      },
    ),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 4 }).map((members) => new Set(members)),
  ),
}));

test('every value arrives as structuredClone would copy it', (t) => {
  fc.assert(
    fc.property(anyValue, (value) => void t.deepEqual(roundTrip(value), structuredClone(value))),
    {
      numRuns: 1_000,
    },
  );
  t.pass();
});

test('errors keep name, message, cause and their own primitive properties, and lose everything else', (t) => {
  const cause = Object.assign(new TypeError('why'), { errno: -2 });
  const error = Object.assign(new RangeError('what', { cause }), { code: 'E_WHAT', request: { headers: 'secret' } });
  const copy = roundTrip(error) as RangeError & Record<string, unknown>;
  t.true(copy instanceof RangeError);
  t.is(copy.message, 'what');
  t.is(copy.stack, 'RangeError: what');
  t.deepEqual({ ...copy }, { code: 'E_WHAT' });
  const why = copy.cause as Error & Record<string, unknown>;
  t.true(why instanceof TypeError);
  t.is(why.errno, -2);
  t.deepEqual(Object.keys(copy), ['code']);
});

test('an error of a class of its own is an Error of that name', (t) => {
  class NotFoundError extends Error {
    override readonly name = 'NotFoundError';
  }
  const copy = roundTrip(new NotFoundError('gone')) as Error;
  t.is(Object.getPrototypeOf(copy), Error.prototype);
  t.is(copy.name, 'NotFoundError');
  t.false(Object.keys(copy).includes('name'));
});

test('a DOMException stays one', (t) => {
  const copy = roundTrip(new DOMException('stop', 'AbortError')) as DOMException;
  t.true(copy instanceof DOMException);
  t.is(copy.name, 'AbortError');
  t.is(copy.message, 'stop');
});

test('an instance of a class becomes a plain object of what is its own', (t) => {
  class Point {
    x = 1;
    #hidden = 2;
    get sum(): number {
      return this.x + this.#hidden;
    }
  }
  t.deepEqual(roundTrip(new Point()), { x: 1 });
});

test('holes of an array arrive as undefined', (t) => {
  // biome-ignore lint/suspicious/noSparseArray: that is what is tested
  t.deepEqual(roundTrip([1, , 3]), [1, undefined, 3]);
});

test('a Buffer arrives as a plain array of bytes that shares nothing', (t) => {
  const source = Buffer.from('abc');
  const copy = roundTrip({ source }) as { source: Uint8Array };
  t.is(Object.getPrototypeOf(copy.source), Uint8Array.prototype);
  t.is(copy.source.buffer.byteLength, 3);
});

test('a polluted prototype changes nothing, and nothing can be polluted', (t) => {
  const copy = roundTrip(JSON.parse('{"__proto__":{"polluted":[1]},"constructor":{"prototype":[2]}}')) as object;
  t.is(Object.getPrototypeOf(copy), Object.prototype);
  t.deepEqual(Object.keys(copy), ['__proto__', 'constructor']);
  t.is(Reflect.get({}, 'polluted'), undefined);
});

const circular: Record<string, unknown> = { list: [] };
circular.list = [{ circular }];

const refused: readonly (readonly [what: string, value: unknown, message: RegExp])[] = [
  ['a function', { a: [() => {}] }, /^value\.a\[0\] is a function, which cannot be sent$/],
  ['a symbol', { a: Symbol('s') }, /^value\.a is a symbol, which cannot be sent$/],
  ['a cycle', circular, /^value\.list\[0\]\.circular refers back to a value that contains it$/],
  [
    'an accessor',
    {
      a: {
        get b() {
          return 1;
        },
      },
    },
    /^value\.a\.b is a getter, which cannot be sent$/,
  ],
  [
    'a promise',
    { 'odd key': Promise.resolve() },
    /^value\["odd key"\] is an instance of Promise, which cannot be sent$/,
  ],
  ['a WeakMap', [new WeakMap()], /^value\[0\] is an instance of WeakMap, which cannot be sent$/],
  ['a regular expression', /x/, /^value is an instance of RegExp, which cannot be sent$/],
  ['a URL', { url: new URL('http://a/') }, /^value\.url is an instance of URL, which cannot be sent$/],
  ['a boxed string', Object('x'), /^value is an instance of String, which cannot be sent$/],
  ['a stream', { a: new ReadableStream() }, /a stream or a signal can be sent only in arguments and results/],
  ['a signal', AbortSignal.timeout(1), /a stream or a signal can be sent only in arguments and results/],
];

for (const [what, value, message] of refused) {
  test(`refuses ${what}, and says where it is`, (t) => {
    const error = t.throws(() => dataCodec.encode(value, 'value'), { instanceOf: ValueError, message });
    t.is(error?.refusal, 'value');
  });
}

const small = hostCodec(noChannels, 1_000);

test('refuses too much before it is made', (t) => {
  const size = { instanceOf: ValueError, message: /^value takes more than 1000 bytes$/ };
  t.throws(() => small.encode('x'.repeat(1_001), 'value'), size);
  t.throws(() => small.encode([new Uint8Array(600), new Uint8Array(600)], 'value'), size);
  const values = { instanceOf: ValueError, message: new RegExp(`more than ${limits.bindingValuesMax} values`) };
  t.throws(() => dataCodec.encode(new Array(4e9), 'value'), values);
  t.throws(() => dataCodec.encode(Array(limits.bindingValuesMax + 1).fill(0), 'value'), values);
  let deep: unknown = 1;
  for (let level = 0; level <= limits.bindingDepthMax; level++) deep = [deep];
  t.throws(() => dataCodec.encode(deep, 'value'), {
    instanceOf: ValueError,
    message: /is nested deeper than 64 levels$/,
  });
});

test('reads no more numbers and bigints as keys than could all collide in a moment', (t) => {
  const refused = { instanceOf: ValueError, message: /too many numbers as keys of a map or members of a set/ };
  const members = <Member>(count: number, member: (at: number) => Member) =>
    Array.from({ length: count }, (_, at) => member(at));
  const numbersMax = Math.sqrt(2 * limits.bindingKeyStepsMax);
  // All of one hash: V8 takes the lowest 64 bits.
  const colliding = (at: number) => (BigInt(at) << 64n) | 1n;
  const entry = (at: number) => [at, 1] as const;
  t.notThrows(() => roundTrip(new Set(members(numbersMax, Number))));
  t.notThrows(() => roundTrip(new Map(members(numbersMax, entry))));
  t.notThrows(() => roundTrip(new Set(members(numbersMax / 2, colliding))));
  t.notThrows(() => roundTrip(new Set(members(10 * numbersMax, String))));
  t.throws(() => roundTrip(new Set(members(numbersMax + 1, Number))), refused);
  t.throws(() => roundTrip(new Map(members(numbersMax + 1, entry))), refused);
  t.throws(() => roundTrip(new Set(members(numbersMax / 2 + 1, colliding))), refused);
  t.throws(() => roundTrip(members(2, () => new Set(members(numbersMax, Number)))), refused);
});

test('what was allowed to be written can be read', (t) => {
  let deep: unknown = 1;
  for (let level = 0; level < limits.bindingDepthMax; level++) deep = level % 2 === 0 ? [deep] : { deep };
  t.notThrows(() => roundTrip(deep));
  t.notThrows(() => roundTrip(Array(limits.bindingValuesMax - 1).fill(undefined)));
});

const bad: readonly string[] = [
  '[]',
  '["?"]',
  '[1]',
  '[{}]',
  '["n","7"]',
  '["i",7]',
  '["i",""]',
  '["i","-"]',
  '["i","0x1"]',
  '["i","g"]',
  '["d","now"]',
  '["b","Uint8Array",1]',
  '["b","Uint8Array",-1]',
  '["b","Function",0]',
  '["b","constructor",0]',
  '["b"]',
  '["m"]',
  '["m",[1]]',
  '["s",7]',
  '["e"]',
  '["e","Error",1,{}]',
  '["e","Error","m",null]',
  '["r",0]',
  '["a",0]',
];

for (const text of bad) {
  test(`a forged message is refused: ${text}`, (t) => {
    const error = t.throws(() => dataCodec.decode(text, new Uint8Array(0)), { instanceOf: ValueError });
    t.is(error?.refusal, 'malformed');
  });
}

test('bytes that no value names are refused', (t) => {
  t.throws(() => dataCodec.decode('1', new Uint8Array(3)), { instanceOf: ValueError });
  t.throws(() => dataCodec.decode('["b","Uint16Array",3]', new Uint8Array(3)), { instanceOf: ValueError });
});

test('a message that would become many objects is refused before one is made', (t) => {
  const count = { instanceOf: ValueError, message: /more than 50000 values/ };
  t.throws(() => dataCodec.decode(`[[${'[[]],'.repeat(400_000)}0]]`, new Uint8Array(0)), count);
  t.throws(() => dataCodec.decode(`[[${'1,'.repeat(60_000)}0]]`, new Uint8Array(0)), count);
  t.throws(() => dataCodec.decode('['.repeat(3_000_000), new Uint8Array(0)), count);
  t.throws(() => dataCodec.decode(`${'[['.repeat(200)}${']]'.repeat(200)}`, new Uint8Array(0)), {
    instanceOf: ValueError,
    message: /nested deeper/,
  });
});

test('a forged error cannot set what errors of ours have of their own', (t) => {
  const text = '["e","Error","m",{"stack":"mine","message":"other","__proto__":{"a":1},"code":"E"}]';
  const error = dataCodec.decode(text, new Uint8Array(0)) as Error;
  t.is(error.stack, 'Error: m');
  t.is(error.message, 'm');
  t.is(Object.getPrototypeOf(error), Error.prototype);
});

test('whatever a guest writes, reading it gives a value or one of our errors', (t) => {
  const tokens = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"e"',
    '"b"',
    '"m"',
    '"i"',
    '"ff"',
    '"x"',
    '1',
    'null',
    '"a"',
    '[[',
  );
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 30 }), fc.uint8Array({ maxLength: 4 }), (parts, bytes) => {
      try {
        dataCodec.decode(parts.join(''), bytes);
      } catch (error) {
        if (!(error instanceof ValueError) && !(error instanceof SyntaxError)) throw error;
      }
    }),
    { numRuns: 5_000 },
  );
  t.pass();
});
