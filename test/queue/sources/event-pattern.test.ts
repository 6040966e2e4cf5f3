import test from 'ava';
import { parseEventPattern } from '../../../src/queue/sources/event-pattern.ts';

const order = {
  data: { type: 'paid', city: 'Oslo', amount: 120, tags: ['new', 'eu'], customer: { id: 7, name: null }, done: false },
  partitionKey: 'k-1',
};

const matching: readonly [title: string, pattern: unknown][] = [
  ['an exact text', { data: { type: ['paid'] } }],
  ['one of several values', { data: { type: ['open', 'paid'] } }],
  ['a number', { data: { amount: [120] } }],
  ['a boolean', { data: { done: [false] } }],
  ['null', { data: { customer: { name: [null] } } }],
  ['a member of an array', { data: { tags: ['eu'] } }],
  ['a prefix', { data: { city: [{ prefix: 'Os' }] } }],
  ['a suffix', { partitionKey: [{ suffix: '-1' }] }],
  ['a text in another case', { data: { city: [{ 'equals-ignore-case': 'oSLO' }] } }],
  ['anything but a value', { data: { city: [{ 'anything-but': 'Rome' }] } }],
  ['anything but a list', { data: { amount: [{ 'anything-but': [1, 2] }] } }],
  ['anything but a prefix', { data: { city: [{ 'anything-but': { prefix: 'R' } }] } }],
  ['a number in a range', { data: { amount: [{ numeric: ['>', 100, '<=', 120] }] } }],
  ['a number that equals', { data: { amount: [{ numeric: ['=', 120] }] } }],
  ['what exists', { data: { city: [{ exists: true }] } }],
  ['what does not exist', { data: { country: [{ exists: false }] } }],
  ['what does not exist below something that does not', { gone: { country: [{ exists: false }] } }],
  ['one of two patterns', { $or: [{ data: { type: ['open'] } }, { data: { amount: [120] } }] }],
  ['one of two patterns deeper down', { data: { $or: [{ type: ['open'] }, { city: ['Oslo'] }], done: [false] } }],
];

for (const [title, pattern] of matching) {
  test(`a pattern matches ${title}`, (t) => {
    t.true(parseEventPattern(JSON.stringify(pattern))(order));
  });
}

const differing: readonly [title: string, pattern: unknown][] = [
  ['another text', { data: { type: ['open'] } }],
  ['a number written as a text', { data: { amount: ['120'] } }],
  ['what only every object inherits', { data: { constructor: [{ exists: true }] } }],
  ['a member of a text', { data: { city: { length: [4] } } }],
  ['one of two members', { data: { type: ['paid'], city: ['Rome'] } }],
  ['anything but, of what is not there', { data: { country: [{ 'anything-but': 'Norway' }] } }],
  ['a number outside a range', { data: { amount: [{ numeric: ['>', 120] }] } }],
  ['an object that should be absent', { data: { customer: [{ exists: true }] } }],
  ['no choice', { $or: [{ data: { type: ['open'] } }, { data: { amount: [1] } }] }],
];

for (const [title, pattern] of differing) {
  test(`a pattern does not match ${title}`, (t) => {
    t.false(parseEventPattern(JSON.stringify(pattern))(order));
  });
}

const invalid = [
  '',
  'paid',
  '[]',
  '{}',
  '{"data":"paid"}',
  '{"data":[]}',
  '{"data":[{"prefix":1}]}',
  '{"data":[{"prefix":"a","suffix":"b"}]}',
  '{"data":[{"like":"a"}]}',
  '{"data":[{"exists":1}]}',
  '{"data":[{"numeric":[">"]}]}',
  '{"data":[{"numeric":["~",1]}]}',
  '{"data":[{"numeric":["toString",1]}]}',
  '{"data":[{"anything-but":[]}]}',
  '{"data":[["nested"]]}',
  '{"$or":[{"data":["a"]}]}',
];

for (const pattern of invalid) {
  test(`${pattern || 'an empty text'} is no pattern`, (t) => {
    const error = t.throws(() => parseEventPattern(pattern));
    t.is(error?.message, 'Invalid filter pattern definition.');
  });
}

test('a pattern does not match what is no object', (t) => {
  const matches = parseEventPattern('{"data":{"a":["b"]}}');
  for (const subject of [undefined, null, 1, 'a', [], { data: 'a' }, { data: null }]) t.false(matches(subject));
});
