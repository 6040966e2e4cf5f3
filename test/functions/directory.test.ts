import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { directoryEntries } from '../../src/functions/directory.ts';
import { EngineError } from '../../src/model/errors.ts';

function folder(t: ExecutionContext, texts: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-directory-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

async function read(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { path, mode, content } of directoryEntries(directory)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    files[path] = `${mode.toString(8)} ${Buffer.concat(chunks)}`;
  }
  return files;
}

async function refused(t: ExecutionContext, directory: string, message: string | RegExp) {
  const error = await t.throwsAsync(read(directory), { instanceOf: EngineError });
  t.is(error?.code, 'InvalidParameterValueException');
  if (typeof message === 'string') t.is(error?.message, message);
  else t.regex(error?.message ?? '', message);
}

test('files are packed in the order of their names, without .git', async (t) => {
  const directory = folder(t, {
    'b.js': 'b',
    'a/z.js': 'z',
    'a/B.js': 'B',
    '.git/config': 'x',
    'sub/.git/x': 'x',
    '.env': 'e',
    'run.sh': 'r',
    'empty.js': '',
  });
  chmodSync(join(directory, 'run.sh'), 0o700);
  const files = await read(directory);
  t.deepEqual(Object.keys(files), ['.env', 'a/B.js', 'a/z.js', 'b.js', 'empty.js', 'run.sh']);
  t.is(files['run.sh'], '755 r');
  t.is(files['b.js'], '644 b');
  t.is(files['empty.js'], '644 ');
});

test('links that stay inside are followed: node_modules may consist of them', async (t) => {
  const directory = folder(t, { 'store/p/index.js': 'p', 'a.js': 'a' });
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync('../store/p', join(directory, 'node_modules/p'));
  symlinkSync('a.js', join(directory, 'b.js'));
  t.deepEqual(await read(directory), {
    'a.js': '644 a',
    'b.js': '644 a',
    'node_modules/p/index.js': '644 p',
    'store/p/index.js': '644 p',
  });
});

test('links that lead outside, nowhere or in a circle are refused', async (t) => {
  const outside = folder(t, { 'secret.js': 's' });
  const leaves = folder(t, { 'a.js': 'a' });
  symlinkSync(join(outside, 'secret.js'), join(leaves, 'x.js'));
  await refused(t, leaves, 'Could not pack the directory. x.js is a symbolic link that leaves the directory.');
  const beside = folder(t, { 'a.js': 'a' });
  mkdirSync(`${beside}-more`);
  t.teardown(() => rmSync(`${beside}-more`, { recursive: true }));
  symlinkSync(`${beside}-more`, join(beside, 'more'));
  await refused(t, beside, 'Could not pack the directory. more is a symbolic link that leaves the directory.');
  const nowhere = folder(t, { 'a.js': 'a' });
  symlinkSync('gone', join(nowhere, 'x.js'));
  await refused(t, nowhere, 'Could not pack the directory. x.js is a symbolic link that leads nowhere.');
  const circle = folder(t, { 'lib/a.js': 'a' });
  symlinkSync('..', join(circle, 'lib/up'));
  await refused(t, circle, 'Could not pack the directory. lib/up is a symbolic link to a folder that contains it.');
});

test('what is neither file nor folder is refused, without waiting for it', async (t) => {
  const directory = folder(t, { 'a.js': 'a' });
  execFileSync('mkfifo', [join(directory, 'pipe')]);
  await refused(t, directory, 'Could not pack the directory. pipe is neither a file nor a folder.');
});

test('a directory must be there, be one, and hold something', async (t) => {
  await refused(t, '/nowhere/at/all', 'Could not pack the directory. The directory /nowhere/at/all cannot be read.');
  const empty = folder(t, {});
  await refused(t, empty, `Could not pack the directory. The directory ${empty} contains no files.`);
  const file = join(folder(t, { 'a.js': 'a' }), 'a.js');
  await refused(t, file, `Could not pack the directory. ${file} is not a directory.`);
});

test('a directory that is too large is refused before it is all read', async (t) => {
  const directory = folder(t, { a: '' });
  truncateSync(join(directory, 'a'), 300_000_000);
  await refused(t, directory, 'Unzipped size must be smaller than 262144000 bytes');
});
