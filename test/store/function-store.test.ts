import { mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { Database } from '../../src/store/database.ts';
import { migrations } from '../../src/store/migrations.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { storedFunction } from './stored-function.ts';

ownTemporaryDirectory();

const scratch = (): string => join(mkdtempSync(join(tmpdir(), 'isotherm-store-')), 'data');

test('a saved function comes back whole, in the order of names, after closing and reopening', (t) => {
  const directory = scratch();
  const first = openDataDirectory(directory);
  const saved = ['zebra', 'apple', 'mango'].map((name) => storedFunction(name, first.codeDirectory));
  for (const stored of saved) first.functions.save(stored);
  first.functions.close();

  const second = openDataDirectory(directory);
  t.deepEqual(second.functions.load(), [saved[1], saved[2], saved[0]]);
  second.functions.close();
});

test('saving again replaces the record and the pack', (t) => {
  const { functions, codeDirectory } = openDataDirectory(scratch());
  functions.save(storedFunction('f', codeDirectory, 1));
  functions.save(storedFunction('f', codeDirectory, 2));
  t.deepEqual(functions.load(), [storedFunction('f', codeDirectory, 2)]);
  functions.close();
});

test('an absent environment stays absent and an empty one stays empty', (t) => {
  const { functions, codeDirectory } = openDataDirectory(scratch());
  const stored = storedFunction('none', codeDirectory);
  const { environment: _, ...configuration } = stored.record.configuration;
  const without = { ...stored, record: { ...stored.record, configuration } };
  const empty = storedFunction('zero', codeDirectory);
  const withEmpty = {
    ...empty,
    record: { ...empty.record, configuration: { ...empty.record.configuration, environment: {} } },
  };
  functions.save(without);
  functions.save(withEmpty);
  t.deepEqual(functions.load(), [without, withEmpty]);
  t.false('environment' in (functions.load()[0]?.record.configuration ?? {}));
  functions.close();
});

test('two functions share one pack, and it is forgotten with the last of them', (t) => {
  const directory = scratch();
  const { functions, codeDirectory } = openDataDirectory(directory);
  const a = storedFunction('a', codeDirectory);
  const b = { ...storedFunction('b', codeDirectory), pack: a.pack };
  functions.save(a);
  functions.save(b);
  functions.remove('a');
  t.deepEqual(functions.load(), [b]);
  functions.remove('b');
  functions.remove('b');
  t.deepEqual(functions.load(), []);
  functions.close();

  const database = new Database(join(directory, 'isotherm.db'), migrations);
  t.deepEqual(database.all('SELECT * FROM packs'), []);
  database.close();
});

test('limits of a function’s own stay with it, and a name that nobody knows is told', (t) => {
  const directory = scratch();
  const before = openDataDirectory(directory);
  const { record, ...rest } = storedFunction('f', before.codeDirectory);
  const own = { ...record, configuration: { ...record.configuration, limits: { logBytes: 10_000, timers: 5 } } };
  before.functions.save({ record: own, ...rest });
  before.functions.close();
  const after = openDataDirectory(directory);
  t.deepEqual(after.functions.load(), [{ record: own, ...rest }]);
  const wrong = { ...own, configuration: { ...own.configuration, limits: { logByte: 1 } as object } };
  after.functions.save({ record: wrong, ...rest });
  t.throws(() => after.functions.load(), { message: /logByte/ });
  after.functions.close();
});

test('a data directory may be moved: packs inside it are found at the new place', (t) => {
  const directory = scratch();
  const before = openDataDirectory(directory);
  before.functions.save(storedFunction('f', before.codeDirectory));
  before.functions.save(storedFunction('elsewhere', '/opt/packs'));
  before.functions.close();
  const moved = `${directory}-moved`;
  renameSync(directory, moved);

  const after = openDataDirectory(moved);
  t.deepEqual(
    after.functions.load().map((stored) => stored.pack.packPath),
    ['/opt/packs/elsewhere-1.pack', join(moved, 'code', 'f-1.pack')],
  );
  after.functions.close();
});

for (const { title, column, value, says } of [
  { title: 'is no JSON', column: 'record', value: '{"configuration":', says: /JSON/ },
  { title: 'lacks a field', column: 'record', value: '{"configuration":{}}', says: /functionName/ },
]) {
  test(`a row whose ${column} ${title} is named at start`, (t) => {
    const directory = scratch();
    const { functions, codeDirectory } = openDataDirectory(directory);
    functions.save(storedFunction('broken', codeDirectory));
    functions.close();
    const database = new Database(join(directory, 'isotherm.db'), migrations);
    database.run(`UPDATE functions SET ${column} = ?`, value);
    database.close();

    const reopened = openDataDirectory(directory);
    const error = t.throws(() => reopened.functions.load(), { instanceOf: EngineError });
    t.is(error.code, 'DataDirectoryUnusable');
    t.regex(error.message, /function broken/);
    t.regex(error.message, says);
    t.true(error.message.includes(directory));
    reopened.functions.close();
  });
}

test('a function of a version without network rules is taken over with none', (t) => {
  const directory = scratch();
  const { functions, codeDirectory } = openDataDirectory(directory);
  const stored = storedFunction('old', codeDirectory);
  functions.save(stored);
  functions.close();
  const database = new Database(join(directory, 'isotherm.db'), migrations);
  const toOld = `json_set(json_remove(record, '$.configuration.network'), '$.configuration.networkAllow', json('[]'))`;
  database.run(`UPDATE functions SET record = ${toOld}`);
  database.run(migrations[1] ?? '');
  database.close();
  const reopened = openDataDirectory(directory);
  t.deepEqual(reopened.functions.load(), [stored]);
  reopened.functions.close();
});
