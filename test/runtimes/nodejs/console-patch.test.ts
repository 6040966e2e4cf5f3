import test from 'ava';
import { FakeGuest } from '../../fixtures/fake-guest.ts';

test('logging loads nothing of Node’s console', (t) => {
  const guest = new FakeGuest();
  guest.console.log('text', 1);
  guest.console.error('text');
  t.deepEqual(guest.loaded, []);
  guest.console.count();
  t.deepEqual(guest.loaded, ['internal/console/global']);
});

test('E2.1 the other methods print through the same records', (t) => {
  const guest = new FakeGuest();
  guest.console.count('hits');
  guest.console.count('hits');
  guest.console.assert(false, 'broken %s', 'promise');
  guest.console.assert(true, 'unseen');
  guest.console.table([{ a: 1 }]);
  guest.console.time('t');
  guest.console.timeEnd('t');
  guest.console.group('section');
  guest.console.log('inside');
  guest.console.groupEnd();
  const records = guest.records();
  t.deepEqual(records.slice(0, 3), [
    '-\tINFO\thits: 1',
    '-\tINFO\thits: 2',
    '-\tWARN\tAssertion failed: broken promise',
  ]);
  t.regex(records[3] ?? '', /^-\tINFO\t┌/);
  t.regex(records[4] ?? '', /^-\tINFO\tt: /);
  t.deepEqual(records.slice(5), ['-\tINFO\tsection', '-\tINFO\tinside']);
});

test('a method that the user replaced is used by the others', (t) => {
  const guest = new FakeGuest();
  const seen: unknown[] = [];
  guest.console.log = (...args: unknown[]) => seen.push(args);
  guest.console.count('hits');
  t.deepEqual(seen, [['hits: 1']]);
  t.deepEqual(guest.records(), []);
});

test('E2.5 dir writes to stdout without a record around it, as in Node', (t) => {
  const guest = new FakeGuest();
  guest.console.dir({ a: 1 });
  t.deepEqual(guest.records(), []);
  t.is(guest.text('stdout'), '{ a: 1 }\n');
});
