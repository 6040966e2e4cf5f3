import test from 'ava';
import fc from 'fast-check';
import { z } from 'zod';
import { keyedRecord } from '../../src/base/keyed-record.ts';

const numbers = keyedRecord(z.number());

test('whatever a key is called, it is read back as it was written', (t) => {
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString', ''));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.integer())), (entries) => {
      const written = JSON.stringify(Object.fromEntries(entries));
      t.is(JSON.stringify(numbers.parse(JSON.parse(written))), written);
    }),
  );
});

test('a key that names the prototype changes none', (t) => {
  const read = keyedRecord(z.object({ polluted: z.boolean() })).parse(JSON.parse('{"__proto__":{"polluted":true}}'));
  t.deepEqual(Object.keys(read), ['__proto__']);
  t.is(Object.getPrototypeOf(read), Object.prototype);
  t.false('polluted' in {});
});

test('a member that is none is named with its way, and what is no record too', (t) => {
  const schema = z.object({ weights: keyedRecord(z.object({ weight: z.number() })) });
  const complaint = (value: unknown): string => z.prettifyError(schema.safeParse(value).error ?? t.fail('refused'));
  t.regex(complaint({ weights: { a: { weight: 'x' } } }), /expected number.*\n.*weights\.a\.weight/);
  for (const value of [[], null, 'text', 1]) t.regex(complaint({ weights: value }), /expected record.*\n.*weights/);
});

test('one that may be absent may be absent, and is none otherwise', (t) => {
  const schema = z.object({ tags: numbers.exactOptional() });
  t.deepEqual(schema.parse({}), {});
  t.false(schema.safeParse({ tags: undefined }).success);
});
