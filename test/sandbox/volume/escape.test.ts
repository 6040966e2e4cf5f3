/** No path, link or descriptor leads out of the virtual tree, and nothing but `/tmp` can be changed. */
import test from 'ava';
import { bytes, createFixture, text } from './fixture.ts';

const create = 0o101;
const files = { 'index.js': 'exports.handler', 'lib/deep/file.txt': 'deep' };

test('only the virtual tree exists', (t) => {
  const { run } = createFixture({ files });
  t.deepEqual(run('readdir', '/'), ['opt', 2, 'tmp', 2, 'var', 2]);
  t.deepEqual(run('readdir', '/var/task'), ['index.js', 1, 'lib', 2]);
  const outside = [
    ...[
      '/etc/passwd',
      '/proc/self/exe',
      '/proc',
      '/dev/null',
      '/sys',
      '/root',
      '/home',
      '/usr',
      '/var/runtime',
      '/var/run',
    ],
    ...['/tmp/../etc/passwd', '/tmp/../../../../etc/passwd', '/../etc/passwd', '//etc/passwd', '/./etc/./passwd'],
    ...['/var/task/../../etc/passwd', '/tmp/./../proc/self', '../../etc/passwd', '/tmp//..//etc//passwd'],
  ];
  for (const path of outside) {
    for (const call of ['stat', 'lstat', 'readdir', 'readlink', 'realpath'] as const)
      t.is(run(call, path), 'ENOENT', path);
    t.is(run('access', path, 0), 'ENOENT', path);
    t.is(run('open', path, 0, 0), 'ENOENT', path);
    t.is(run('readFile', path, 0), 'ENOENT', path);
    t.is(run('copyFile', path, '/tmp/copy', 0, 0), 'ENOENT', path);
  }
});

test('links are followed inside the tree only', (t) => {
  const { run } = createFixture({ files });
  const links = {
    '/tmp/root': '/',
    '/tmp/up': '../../../../..',
    '/tmp/passwd': '/etc/passwd',
    '/tmp/proc': '/proc/self/root',
    '/tmp/via-root': 'root/etc/passwd',
    '/tmp/chain': 'up/tmp/root/../tmp/passwd',
    '/tmp/code': 'up/var/task/index.js',
  };
  for (const [path, target] of Object.entries(links)) t.is(run('symlink', target, path), 0);
  t.deepEqual(run('readdir', '/tmp/root'), ['opt', 2, 'tmp', 2, 'var', 2]);
  t.deepEqual(run('readdir', '/tmp/up/'), ['opt', 2, 'tmp', 2, 'var', 2]);
  for (const path of ['/tmp/passwd', '/tmp/proc', '/tmp/via-root', '/tmp/chain', '/tmp/root/etc', '/tmp/root/proc/1']) {
    t.is(run('stat', path), 'ENOENT', path);
    t.is(run('readFile', path, 0), 'ENOENT', path);
    t.is(run('realpath', path), 'ENOENT', path);
  }
  t.is(text(run('readFile', '/tmp/code', 0)), 'exports.handler');
  t.is(run('realpath', '/tmp/root/tmp/up/tmp/code'), '/var/task/index.js');
  // A dangling link is a name that could be made; where it points, nothing can be.
  t.is(run('open', '/tmp/passwd', create, 0o644), 'ENOENT');
  t.is(run('open', '/tmp/root/new', create, 0o644), 'EROFS');
});

test('the package cannot be changed in any way', (t) => {
  const { run } = createFixture({ files });
  const file = '/var/task/index.js';
  const refused: [string, unknown][] = [
    ['write', run('open', file, 0o1, 0)],
    ['read and write', run('open', file, 0o2, 0)],
    ['append', run('open', file, 0o2001, 0)],
    ['truncating open', run('open', file, 0o1000, 0)],
    ['create', run('open', '/var/task/new', create, 0o644)],
    ['create above', run('open', '/new', create, 0o644)],
    ['writeFile', run('writeFile', file, create, 0o644, bytes('x'))],
    ['truncate', run('truncate', file, 0)],
    ['unlink', run('unlink', file)],
    ['rm', run('rm', '/var/task', 1)],
    ['rmdir', run('rmdir', '/var/task/lib')],
    ['mkdir', run('mkdir', '/var/task/new', 0o777, 0)],
    ['mkdir at the root', run('mkdir', '/new', 0o777, 0)],
    ['rename inside', run('rename', file, '/var/task/other.js')],
    ['symlink', run('symlink', 'x', '/var/task/link')],
    ['link inside', run('link', file, '/var/task/other.js')],
    ['chmod', run('chmod', file, 0o777)],
    ['chown', run('chown', file, -1, -1)],
    ['utimes', run('utimes', file, 1, 1)],
    ['mkdtemp', run('mkdtemp', '/var/task/t-')],
    ['copyFile', run('copyFile', file, '/var/task/copy', 0, 0)],
    ['access for writing', run('access', file, 2)],
    ['rmdir of the mount', run('rmdir', '/tmp')],
    ['rename of the mount', run('rename', '/tmp', '/temporary')],
  ];
  for (const [what, outcome] of refused) t.is(outcome, 'EROFS', what);
  t.is(run('rename', file, '/tmp/stolen.js'), 'EXDEV');
  t.is(run('rename', '/tmp/missing', '/var/task/new'), 'EXDEV');
  t.is(run('link', file, '/tmp/linked.js'), 'EXDEV');
  const fd = run('open', file, 0, 0);
  t.is(run('write', fd, bytes('x'), -1), 'EBADF');
  t.is(run('ftruncate', fd, 0), 'EINVAL');
  t.is(run('fchmod', fd, 0o777), 'EROFS');
  t.is(run('futimes', fd, 1, 1), 'EROFS');
  t.is(text(run('readFile', file, 0)), 'exports.handler');
});

test('removing /tmp empties it and leaves it in place', (t) => {
  const { run } = createFixture();
  run('mkdir', '/tmp/a/b/c', 0o777, 1);
  run('writeFile', '/tmp/a/b/file', create, 0o644, bytes('x'));
  t.is(run('rm', '/tmp', 1), 'EBUSY');
  t.deepEqual(run('readdir', '/tmp'), []);
  t.is(run('writeFile', '/tmp/again', create, 0o644, bytes('x')), 0);
});

test('loops end', (t) => {
  const { run } = createFixture();
  run('symlink', 'b', '/tmp/a');
  run('symlink', 'a', '/tmp/b');
  run('symlink', 'self/self/self', '/tmp/self');
  run('symlink', '.', '/tmp/here');
  for (const path of ['/tmp/a', '/tmp/b/x', '/tmp/self', '/tmp/self/']) t.is(run('stat', path), 'ELOOP', path);
  t.is(run('open', '/tmp/a', create, 0o644), 'ELOOP');
  t.is(run('realpath', `/tmp/${'here/'.repeat(40)}here`), 'ELOOP');
  t.is(run('realpath', `/tmp/${'here/'.repeat(39)}here`), '/tmp');
  // Forty links that each name forty links: a walk that doubled would not return.
  const wide = 'w/'.repeat(1000);
  run('symlink', wide, '/tmp/w');
  t.is(run('stat', '/tmp/w'), 'ELOOP');
});

test('a directory cannot be moved into itself', (t) => {
  const { run } = createFixture();
  run('mkdir', '/tmp/a/b/c', 0o777, 1);
  run('symlink', 'a/b', '/tmp/link');
  for (const to of ['/tmp/a/x', '/tmp/a/b/c/x', '/tmp/a/b/../b/x', '/tmp/link/x', '/tmp/link/c/x']) {
    t.is(run('rename', '/tmp/a', to), 'EINVAL', to);
  }
  t.is(run('rename', '/tmp/a/b/c', '/tmp/a'), 'ENOTEMPTY');
  t.is(run('rename', '/tmp/a', '/tmp/a'), 0);
  t.deepEqual(run('readdir', '/tmp'), ['a', 2, 'link', 3]);
});

test('trees deeper than any path are removed', (t) => {
  const { run } = createFixture();
  const deep = '/d'.repeat(2000);
  for (let level = 0; level < 5; level++) {
    t.is(run('mkdir', `/tmp/new${deep}`, 0o777, 1), '/tmp/new');
    if (level > 0) t.is(run('rename', '/tmp/tree', `/tmp/new${deep}/t`), 0);
    t.is(run('rename', '/tmp/new', '/tmp/tree'), 0);
  }
  t.is(run('rm', '/tmp/tree', 1), 0);
  t.deepEqual(run('readdir', '/tmp'), []);
});

test('paths and names have a longest', (t) => {
  const { run } = createFixture();
  t.is(run('writeFile', `/tmp/${'n'.repeat(255)}`, create, 0o644, bytes('')), 0);
  t.is(run('writeFile', `/tmp/${'n'.repeat(256)}`, create, 0o644, bytes('')), 'ENAMETOOLONG');
  t.is(run('writeFile', `/tmp/${'é'.repeat(128)}`, create, 0o644, bytes('')), 'ENAMETOOLONG');
  t.deepEqual(run('stat', `/tmp${'/.'.repeat(2045)}`), run('stat', '/tmp'));
  t.is(run('stat', `/tmp/${'./'.repeat(2046)}`), 'ENAMETOOLONG');
  t.is(run('stat', `/tmp/${'é'.repeat(2046)}`), 'ENAMETOOLONG');
  t.is(run('stat', `/tmp/${'x'.repeat(10_000_000)}`), 'ENAMETOOLONG');
  t.is(run('symlink', 'x'.repeat(4096), '/tmp/l'), 'ENAMETOOLONG');
  t.is(run('symlink', '', '/tmp/l'), 'ENOENT');
  t.is(run('stat', ''), 'ENOENT');
  t.is(run('stat', '/tmp\0/x'), 'EINVAL');
  t.is(run('symlink', 'a\0b', '/tmp/l'), 'EINVAL');
});

test('permissions of the owner count', (t) => {
  const { run } = createFixture();
  run('writeFile', '/tmp/file', create, 0o644, bytes('x'));
  run('chmod', '/tmp/file', 0o400);
  t.is(run('open', '/tmp/file', 0o1, 0), 'EACCES');
  t.is(run('access', '/tmp/file', 2), 'EACCES');
  t.is(run('truncate', '/tmp/file', 0), 'EACCES');
  run('chmod', '/tmp/file', 0o200);
  t.is(run('readFile', '/tmp/file', 0), 'EACCES');
  t.is(run('access', '/tmp/file', 1), 'EACCES');
  run('mkdir', '/tmp/directory/inner', 0o777, 1);
  run('chmod', '/tmp/directory', 0o500);
  t.is(run('mkdir', '/tmp/directory/new', 0o777, 0), 'EACCES');
  t.is(run('rmdir', '/tmp/directory/inner'), 'EACCES');
  run('chmod', '/tmp/directory', 0o600);
  t.is(run('stat', '/tmp/directory/inner'), 'EACCES');
  run('chmod', '/tmp/directory', 0o300);
  t.is(run('readdir', '/tmp/directory'), 'EACCES');
  t.is(run('chown', '/tmp/file', 0, 0), 'EPERM');
  t.is(run('chown', '/tmp/file', 993, 990), 0);
});
