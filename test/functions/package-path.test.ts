import test from 'ava';
import fc from 'fast-check';
import { PackageNames, packagePath } from '../../src/functions/package-path.ts';

const reason = (name: string) => {
  const result = packagePath(name);
  return result.kind === 'refused' ? result.reason : undefined;
};

test('a plain name stays as it is', (t) => {
  t.deepEqual(packagePath('lib/a b/ü.js'), { kind: 'path', path: 'lib/a b/ü.js' });
  t.deepEqual(packagePath('./a/./b.js'), { kind: 'path', path: 'a/b.js' });
  t.deepEqual(packagePath('..a/b..'), { kind: 'path', path: '..a/b..' });
});

test('a name that leads anywhere else is refused', (t) => {
  t.is(reason('../a'), "contains '..'");
  t.is(reason('a/../../b'), "contains '..'");
  t.is(reason('/etc/passwd'), 'is absolute');
  t.is(reason('C:/a'), 'is absolute');
  t.is(reason('a\\..\\b'), 'contains a backslash');
  t.is(reason('a\0b'), 'contains a NUL character');
  t.is(reason('a//b'), 'has an empty part');
  t.is(reason('a/'), 'has an empty part');
  t.is(reason(''), 'is empty');
  t.is(reason('.'), 'is empty');
});

test('a name is not too long and not too deep', (t) => {
  t.is(reason('a'.repeat(512)), undefined);
  t.is(reason('a'.repeat(513)), 'is longer than 512 bytes');
  t.is(reason('ü'.repeat(257)), 'is longer than 512 bytes');
  t.is(reason(Array(40).fill('a').join('/')), undefined);
  t.is(reason(Array(41).fill('a').join('/')), 'is deeper than 40 folders');
});

test('whatever passes stays inside', (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('.', '..', '/', 'a', '\\', '\0', ':', 'node_modules')), (parts) => {
      const result = packagePath(parts.join(''));
      if (result.kind === 'refused') return;
      const segments = result.path.split('/');
      t.false(segments.some((segment) => segment === '' || segment === '.' || segment === '..'));
    }),
  );
  t.pass();
});

test('names clash when they are the same, or one is a folder of the other', (t) => {
  const names = new PackageNames();
  t.is(names.add('a/b/c'), undefined);
  t.is(names.add('a/b/d'), undefined);
  t.is(names.add('a/b/c'), 'occurs twice');
  t.is(names.add('a/b'), 'is a file and a folder');
  t.is(names.add('a'), 'is a file and a folder');
  t.is(names.add('a/b/c/e'), 'lies below a file');
  t.is(names.add('a/bc'), undefined);
});
