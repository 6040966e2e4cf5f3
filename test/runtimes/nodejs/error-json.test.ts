import test from 'ava';
import { captureErrorBrand, describeError, type ErrorDialect, errorJson } from '../../../runtimes/nodejs/error-json.ts';
import { limits } from '../../../src/model/limits.ts';

captureErrorBrand();

const dialects: readonly ErrorDialect[] = ['2014', 'callback', 'promise'];

function json(value: unknown, dialect: ErrorDialect): string {
  return errorJson(describeError(value, dialect), dialect);
}

function errorWithStack(stack: string): Error {
  const error = new RangeError('too far');
  error.stack = stack;
  return error;
}

test('A7.1 an error is errorType, errorMessage and trace, in this order', (t) => {
  const expected =
    '{"errorType":"RangeError","errorMessage":"too far","trace":["RangeError: too far","    at f (/var/task/index.js:1:2)"]}';
  const error = errorWithStack('RangeError: too far\n    at f (/var/task/index.js:1:2)');
  t.is(json(error, 'callback'), expected);
  t.is(json(error, 'promise'), expected);
});

test('A1.10 the first runtimes have stackTrace, without the first line and without at', (t) => {
  const error = errorWithStack(
    'RangeError: too far\n    at f (/var/task/index.js:1:2)\n    at g (/var/task/index.js:3:4)',
  );
  t.is(
    json(error, '2014'),
    '{"errorMessage":"too far","errorType":"RangeError","stackTrace":["f (/var/task/index.js:1:2)","g (/var/task/index.js:3:4)"]}',
  );
  t.is(
    json(errorWithStack('no frames'), '2014'),
    '{"errorMessage":"too far","errorType":"RangeError","stackTrace":[]}',
  );
  t.is(json('boom', '2014'), '{"errorMessage":"boom"}');
});

test('A7.2 RIC3 takes a look-alike for an error, RIC4 does not', (t) => {
  const lookAlike = { name: 'Custom', message: 'said', stack: 'Custom: said\n    at x' };
  t.is(json(lookAlike, 'callback'), '{"errorType":"Custom","errorMessage":"said","trace":["Custom: said","    at x"]}');
  t.is(json(lookAlike, 'promise'), '{"errorType":"object","errorMessage":"[object Object]","trace":[]}');
  for (const empty of ['name', 'message', 'stack']) {
    t.is(
      json({ ...lookAlike, [empty]: '' }, 'callback'),
      '{"errorType":"object","errorMessage":"[object Object]","trace":[]}',
    );
  }
});

test('A7.2 DEL is escaped in all three texts', (t) => {
  const error = new Error('a\x7fb\x7f');
  error.name = '\x7fType';
  error.stack = 'x\x7fy\nz';
  const expected = '{"errorType":"%7FType","errorMessage":"a%7Fb%7F","trace":["x%7Fy","z"]}';
  t.is(json(error, 'callback'), expected);
  t.is(json(error, 'promise'), expected);
});

test('A7.3 other values are typeof and their text', (t) => {
  for (const dialect of ['callback', 'promise'] as const) {
    t.is(json('boom', dialect), '{"errorType":"string","errorMessage":"boom","trace":[]}');
    t.is(json({ a: 1 }, dialect), '{"errorType":"object","errorMessage":"[object Object]","trace":[]}');
    t.is(json(0, dialect), '{"errorType":"number","errorMessage":"0","trace":[]}');
    t.is(json(false, dialect), '{"errorType":"boolean","errorMessage":"false","trace":[]}');
    t.is(json(Symbol('s'), dialect), '{"errorType":"symbol","errorMessage":"Symbol(s)","trace":[]}');
    t.is(json(undefined, dialect), '{"errorType":"undefined","errorMessage":"undefined","trace":[]}');
  }
});

test('A7.4 what cannot be read is "handled"', (t) => {
  const throwing = new Error('x');
  Object.defineProperty(throwing, 'message', {
    get() {
      throw new Error('from the getter');
    },
  });
  const notText = Object.assign(new Error('x'), { message: { deep: 1 } });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const values = [throwing, notText, Object.create(null), revoked.proxy, Object.assign(new Error('x'), { stack: 5 })];
  const text =
    'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack';
  for (const value of values) {
    t.is(json(value, 'callback'), `{"errorType":"handled","errorMessage":"${text}"}`);
    t.is(json(value, 'promise'), `{"errorType":"handled","errorMessage":"${text}","trace":[]}`);
  }
});

test('A7.5 errorType is the name property', (t) => {
  class Unnamed extends Error {}
  class Named extends Error {
    override readonly name = 'Mine';
  }
  class Computed extends Error {
    override get name(): string {
      return this.constructor.name;
    }
  }
  for (const dialect of dialects) {
    t.is(JSON.parse(json(new Unnamed('x'), dialect)).errorType, 'Error');
    t.is(JSON.parse(json(new Named('x'), dialect)).errorType, 'Mine');
    t.is(JSON.parse(json(new Computed('x'), dialect)).errorType, 'Computed');
  }
});

test('a huge message, stack or name is cut', (t) => {
  const error = new Error('m'.repeat(limits.errorMessageCharsMax + 10));
  error.name = 'n'.repeat(limits.errorMessageCharsMax + 10);
  error.stack = 's'.repeat(limits.errorStackCharsMax + 10);
  const parsed = JSON.parse(json(error, 'promise'));
  t.is(parsed.errorMessage.length, limits.errorMessageCharsMax);
  t.is(parsed.errorType.length, limits.errorMessageCharsMax);
  t.is(parsed.trace[0].length, limits.errorStackCharsMax);
});

test.serial('toJSON and split on prototypes of the user change nothing', (t) => {
  const spoiled = [Object.prototype, Array.prototype, String.prototype] as unknown as Record<string, unknown>[];
  for (const prototype of spoiled) {
    Object.defineProperty(prototype, 'toJSON', { configurable: true, value: () => 'spoiled' });
  }
  let text: string;
  try {
    text = json(errorWithStack('one\ntwo'), 'promise');
  } finally {
    for (const prototype of spoiled) delete prototype.toJSON;
  }
  t.is(text, '{"errorType":"RangeError","errorMessage":"too far","trace":["one","two"]}');
});

test('an error without a stack has an empty trace', (t) => {
  const error = new Error('x');
  delete error.stack;
  t.is(json(error, 'promise'), '{"errorType":"Error","errorMessage":"x","trace":[]}');
});
