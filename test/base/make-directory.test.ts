import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { makeDirectory } from '../../src/base/make-directory.ts';

const root = mkdtempSync(join(tmpdir(), 'isotherm-make-'));
test.after.always(() => rmSync(root, { recursive: true, force: true }));

test('a directory is made with those above it, and again without harm', (t) => {
  const path = join(root, 'a', 'b', 'c');
  makeDirectory(path, 0o700);
  makeDirectory(path, 0o700);
  t.is(statSync(path).mode & 0o777, 0o700);
});

test('what cannot be made is said at once', (t) => {
  writeFileSync(join(root, 'file'), '');
  t.throws(() => makeDirectory(join(root, 'file', 'below')), { code: 'ENOTDIR' });
  // Nothing can be made in a file system that is the kernel's.
  if (process.platform === 'linux') t.throws(() => makeDirectory('/proc/self/nowhere/below'), { code: 'ENOENT' });
});
