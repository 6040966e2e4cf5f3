import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { Database } from '../../src/store/database.ts';
import { migrations } from '../../src/store/migrations.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { storedFunction } from './stored-function.ts';

ownTemporaryDirectory();

const scratch = (): string => join(mkdtempSync(join(tmpdir(), 'isotherm-data-')), 'data');

function refusal(t: ExecutionContext, directory: string): EngineError {
  const error = t.throws(() => openDataDirectory(directory), { instanceOf: EngineError });
  t.true(error.message.includes(directory), error.message);
  return error;
}

async function startHolder(t: ExecutionContext, directory: string, mode: 'hold' | 'save'): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('holder.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [first] = await once(child.stdout, 'data');
  t.regex(String(first), /^held/);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('a new directory is created for its owner alone, with the database and the place for code', (t) => {
  const directory = scratch();
  const { functions, codeDirectory } = openDataDirectory(directory);
  t.is(codeDirectory, join(directory, 'code'));
  t.is(statSync(directory).mode & 0o777, 0o700);
  t.is(statSync(join(directory, 'isotherm.db')).mode & 0o777, 0o600);
  t.is(readFileSync(join(directory, 'isotherm.pid'), 'utf8'), `${process.pid}\n`);
  functions.close();
  functions.close();
  t.deepEqual(readdirSync(directory).toSorted(), ['code', 'isotherm.db']);
});

test('a second engine in the same process is refused until the first one closes', (t) => {
  const directory = scratch();
  const { functions } = openDataDirectory(directory);
  const error = refusal(t, directory);
  t.is(error.code, 'DataDirectoryInUse');
  t.true(error.message.includes(`process ${process.pid}`));
  functions.close();
  openDataDirectory(directory).functions.close();
});

test('a directory held by another process is refused with its pid, and is free once that is killed with SIGKILL', async (t) => {
  const directory = scratch();
  const child = await startHolder(t, directory, 'hold');
  const error = refusal(t, directory);
  t.is(error.code, 'DataDirectoryInUse');
  t.true(error.message.includes(`process ${child.pid}`), error.message);
  await kill(child);
  t.true(existsSync(join(directory, 'isotherm.pid')), 'the killed holder left its pid behind');
  openDataDirectory(directory).functions.close();
});

test('a process killed while it saves leaves whole functions only', async (t) => {
  const directory = scratch();
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const child = await startHolder(t, directory, 'save');
    const { promise: killed, resolve } = Promise.withResolvers<void>();
    setTimeout(() => kill(child).then(resolve), 1 + Math.random() * 60);
    await killed;

    const { functions, codeDirectory } = openDataDirectory(directory);
    for (const stored of functions.load()) {
      const round = Number(stored.record.configuration.environment?.ROUND);
      t.deepEqual(stored, storedFunction(stored.record.configuration.functionName, codeDirectory, round));
    }
    functions.save(storedFunction('after', codeDirectory, attempt));
    t.true(functions.load().some((stored) => stored.record.codeBytes === attempt));
    functions.remove('after');
    functions.close();
  }
});

test('a path that is a file, or below one, is refused', (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'isotherm-data-')), 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    const error = refusal(t, path);
    t.is(error.code, 'DataDirectoryUnusable');
    t.regex(error.message, /not a directory/);
  }
});

test('missing parents are created too', (t) => {
  const directory = join(scratch(), 'a', 'b');
  openDataDirectory(directory).functions.close();
  t.true(existsSync(join(directory, 'isotherm.db')));
});

test('a place where no directory can be made is refused with the reason', (t) => {
  const error = refusal(t, '/proc/isotherm');
  t.is(error.code, 'DataDirectoryUnusable');
  t.regex(error.message, /cannot be created|not writable/);
});

test('a directory of a newer isotherm is refused and left as it is', (t) => {
  const directory = scratch();
  mkdirSync(directory);
  new Database(join(directory, 'isotherm.db'), [...migrations, 'CREATE TABLE later (x) ']).close();
  const before = readFileSync(join(directory, 'isotherm.db'));
  const error = refusal(t, directory);
  t.is(error.code, 'DataDirectoryUnusable');
  t.regex(error.message, /newer isotherm/);
  t.deepEqual(readFileSync(join(directory, 'isotherm.db')), before);
});

test('a file that is no database is refused and left as it is', (t) => {
  const directory = scratch();
  mkdirSync(directory);
  writeFileSync(join(directory, 'isotherm.db'), 'not a database '.repeat(500));
  const error = refusal(t, directory);
  t.is(error.code, 'DataDirectoryUnusable');
  t.regex(error.message, /damaged/);
  t.regex(readFileSync(join(directory, 'isotherm.db'), 'utf8'), /^not a database/);
});

test('a database with a damaged page is refused', (t) => {
  const directory = scratch();
  const { functions, codeDirectory } = openDataDirectory(directory);
  for (let index = 0; index < 50; index += 1) functions.save(storedFunction(`f${index}`, codeDirectory));
  functions.close();
  const path = join(directory, 'isotherm.db');
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096);
  writeFileSync(path, bytes);
  t.regex(refusal(t, directory).message, /damaged/);
});

test("another program's database is refused and left as it is", (t) => {
  const directory = scratch();
  mkdirSync(directory);
  const path = join(directory, 'isotherm.db');
  const foreign = new Database(path, ['CREATE TABLE theirs (x)']);
  foreign.run('PRAGMA application_id = 7');
  foreign.close();
  const before = readFileSync(path);
  t.regex(refusal(t, directory).message, /another program/);
  t.deepEqual(readFileSync(path), before);
});
