import test from 'ava';
import { limits } from '../../../src/model/limits.ts';
import { FakeGuest } from '../../fixtures/fake-guest.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test('E2.1 each method has its level, and a record has four fields', (t) => {
  const guest = new FakeGuest();
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'fatal'] as const)
    guest.console[method](method);
  t.deepEqual(guest.records(), [
    '-\tINFO\tlog',
    '-\tINFO\tinfo',
    '-\tWARN\twarn',
    '-\tERROR\terror',
    '-\tDEBUG\tdebug',
    '-\tTRACE\ttrace',
    '-\tFATAL\tfatal',
  ]);
  t.regex(guest.logged[0]?.text.split('\t')[0] ?? '', isoTime);
  t.is(guest.console.log, guest.console.info);
});

test('E2.1 arguments are formatted as util.format does', (t) => {
  const guest = new FakeGuest();
  const cases: unknown[][] = [
    [],
    ['plain'],
    ['%'],
    ['%s is %d', 'a', 5],
    ['100%', 'b'],
    ['a', 1, true, null, undefined],
    [1, 'a'],
    [-0],
    [0],
    [10n],
    [Symbol('s')],
    [{ a: [1, { b: 2 }] }],
    ['x', { a: 1 }],
    [Number.NaN, Number.POSITIVE_INFINITY],
    [undefined],
  ];
  for (const args of cases) guest.console.log(...args);
  t.deepEqual(guest.records(), [
    '-\tINFO\tundefined',
    '-\tINFO\tplain',
    '-\tINFO\t%',
    '-\tINFO\ta is 5',
    '-\tINFO\t100% b',
    '-\tINFO\ta 1 true null undefined',
    '-\tINFO\t1 a',
    '-\tINFO\t-0',
    '-\tINFO\t0',
    '-\tINFO\t10n',
    '-\tINFO\tSymbol(s)',
    '-\tINFO\t{ a: [ 1, { b: 2 } ] }',
    '-\tINFO\tx { a: 1 }',
    '-\tINFO\tNaN Infinity',
    '-\tINFO\tundefined',
  ]);
});

test('E2.2 outside an invocation the id is undefined up to Node 22 and - from 24 on', async (t) => {
  for (const [programmingModel, id] of [
    ['callback', 'undefined'],
    ['2014', 'undefined'],
    ['promise', '-'],
  ] as const) {
    const guest = new FakeGuest({ programmingModel });
    await guest.init((exports) => {
      guest.console.log('init');
      exports.handler = (_event: unknown, context: { succeed?(): void }) => {
        guest.console.log('handler');
        context.succeed?.();
      };
    });
    await guest.answer({}, { requestId: 'the-id' });
    guest.console.log('frozen work');
    t.deepEqual(guest.records(), [`${id}\tINFO\tinit`, 'the-id\tINFO\thandler', 'the-id\tINFO\tfrozen work']);
  }
});

test('E2.3 a message of many lines is one record', (t) => {
  const guest = new FakeGuest();
  guest.console.log('one\ntwo');
  t.deepEqual(guest.records(), ['-\tINFO\tone\ntwo']);
});

test('E2.6 the logged error has code and other enumerable properties, stack last', async (t) => {
  const guest = await new FakeGuest().initWith(() => {
    const cause = Object.assign(new Error('inner'), { stack: 'Error: inner' });
    throw Object.assign(new TypeError('outer'), {
      stack: 'TypeError: outer\n    at x',
      code: 'E1',
      extra: { a: 1 },
      why: cause,
    });
  });
  await guest.answer();
  t.is(
    guest.records()[0],
    'request-1\tERROR\tInvoke Error \t{"errorType":"TypeError","errorMessage":"outer","code":"E1","extra":{"a":1},"why":{"errorType":"Error","errorMessage":"inner","stack":["Error: inner"]},"stack":["TypeError: outer","    at x"]}',
  );
});

test('E2.6 an error that cannot be formatted is logged in a minimal form', async (t) => {
  const guest = await new FakeGuest().initWith(() => {
    const error = Object.assign(new Error('cyclic'), { stack: 'Error: cyclic', self: {} });
    error.self = error;
    throw error;
  });
  await guest.answer();
  t.is(
    guest.records()[0],
    'request-1\tERROR\tInvoke Error \t{"errorType":"Error","errorMessage":"cyclic","trace":["Error: cyclic"]}',
  );
});

for (const logFormat of ['Text', 'JSON'] as const) {
  test(`an error that leads back to itself is read a bounded number of times and logged (${logFormat})`, async (t) => {
    let reads = 0;
    class Circular extends Error {
      readonly self = this;
      get code(): string {
        reads += 1;
        return 'E_SELF';
      }
      override get message(): string {
        reads += 1;
        return 'again';
      }
    }
    const guest = await new FakeGuest({ logFormat }).initWith(() => Promise.reject(new Circular()));
    await guest.answer();
    t.true(guest.records().some((record) => record.includes('again')));
    t.true(reads < 3 * limits.errorsPerRecordMax, `${reads}`);
  });
}

test('E3.1 a JSON record has its fields in order', async (t) => {
  const guest = new FakeGuest({ logFormat: 'JSON', logLevel: 'INFO' });
  await guest.initWith(() => guest.console.log('hello'));
  await guest.answer({}, { requestId: 'id-7' });
  const [text = ''] = guest.logged.map((entry) => entry.text);
  t.regex(text, /^\{"timestamp":"\d{4}-[^"]+Z","level":"INFO","requestId":"id-7","message":"hello"\}$/);
  t.is(guest.process.env.AWS_LAMBDA_LOG_FORMAT, 'JSON');
  t.is(guest.process.env.AWS_LAMBDA_LOG_LEVEL, 'INFO');
});

function jsonOf(args: readonly unknown[]): Record<string, unknown> {
  const guest = new FakeGuest({ logFormat: 'JSON', logLevel: 'TRACE', programmingModel: 'callback' });
  guest.console.log(...args);
  const { timestamp, ...rest } = JSON.parse(guest.logged[0]?.text ?? '');
  return rest;
}

test('E3.2 one argument keeps its type', (t) => {
  t.deepEqual(jsonOf([{ a: [1] }]), { level: 'INFO', message: { a: [1] } });
  t.deepEqual(jsonOf([5]), { level: 'INFO', message: 5 });
  t.deepEqual(jsonOf([]), { level: 'INFO' });
  t.deepEqual(jsonOf([10n]), { level: 'INFO', message: '10n' });
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  t.deepEqual(jsonOf([cyclic]), { level: 'INFO', message: '<ref *1> { self: [Circular *1] }' });
});

test('E3.2 an error becomes an object, with the constructor’s name as its type', (t) => {
  class Special extends Error {}
  const error = Object.assign(new Special('m'), { stack: 'Error: m\n    at x', name: 'Renamed', extra: 1 });
  t.deepEqual(jsonOf([error]), {
    level: 'INFO',
    message: {
      errorType: 'Special',
      errorMessage: 'm',
      stackTrace: ['Error: m', '    at x'],
      name: 'Renamed',
      extra: 1,
    },
  });
});

test('E3.2 several arguments are text, plus the fields of the first error', (t) => {
  t.deepEqual(jsonOf(['%s!', 'a', { b: 1 }]), { level: 'INFO', message: 'a! { b: 1 }' });
  const first = Object.assign(new RangeError('r'), { stack: 'RangeError: r' });
  t.deepEqual(jsonOf(['failed:', first, new Error('second')].slice(0, 2)), {
    level: 'INFO',
    message: 'failed: [RangeError: r]',
    errorType: 'RangeError',
    errorMessage: 'r',
    stackTrace: ['RangeError: r'],
  });
});

test('E3.3 levels below the configured one do nothing; FATAL always passes', (t) => {
  const guest = new FakeGuest({ logFormat: 'JSON', logLevel: 'FATAL' });
  const untouchable = new Proxy(
    {},
    {
      get() {
        throw new Error('read');
      },
    },
  );
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) guest.console[method](untouchable);
  t.deepEqual(guest.logged, []);
  guest.console.fatal('seen');
  t.is(guest.logged.length, 1);

  const warn = new FakeGuest({ logFormat: 'JSON', logLevel: 'WARN' });
  warn.console.info('hidden');
  warn.console.warn('seen');
  warn.console.error('seen');
  t.is(warn.logged.length, 2);
});

test('E3.4 a handler error in JSON format is an ERROR record with the error as its message', async (t) => {
  const guest = await new FakeGuest({ logFormat: 'JSON', logLevel: 'INFO' }).initWith(() => {
    throw Object.assign(new TypeError('bad'), { stack: 'TypeError: bad' });
  });
  await guest.answer();
  t.like(JSON.parse(guest.logged[0]?.text ?? ''), {
    level: 'ERROR',
    requestId: 'request-1',
    message: { errorType: 'TypeError', errorMessage: 'bad', stackTrace: ['TypeError: bad'] },
  });
  const value = await new FakeGuest({ logFormat: 'JSON', logLevel: 'INFO' }).initWith(() => {
    throw 'text';
  });
  await value.answer();
  t.like(JSON.parse(value.logged[0]?.text ?? ''), { message: { errorType: 'Error', errorMessage: 'text' } });
});

test('E3.4 an error that cannot be formatted is logged in a minimal form', async (t) => {
  const guest = await new FakeGuest({ logFormat: 'JSON', logLevel: 'INFO' }).initWith(() => {
    const trap = {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    };
    const inspector = () => {
      throw new Error('no');
    };
    const error = Object.assign(new Error('m'), {
      stack: 'Error: m',
      [Symbol.for('nodejs.util.inspect.custom')]: inspector,
    });
    throw Object.defineProperty(error, 'trap', trap);
  });
  t.like(await guest.answer(), { kind: 'error', errorType: 'Error' });
  t.like(JSON.parse(guest.logged[0]?.text ?? ''), { message: { errorType: 'Error', errorMessage: 'm' } });
});

test('an unknown level filters nothing', (t) => {
  const guest = new FakeGuest({ logLevel: 'LOUD' });
  guest.console.trace('seen');
  t.is(guest.logged.length, 1);
});
