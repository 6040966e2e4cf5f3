import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { sandboxUsers } from '../../src/supervisor/sandbox-users.ts';

const everybody = { isRoot: true, map: '         0          0 4294967295\n', random: () => 10 };

test('each sandbox of root is another user, from a range that is nobody else’s', (t) => {
  const next = sandboxUsers('own', everybody);
  const { sandboxUserIdFirst: first, sandboxUserIds } = limits;
  t.deepEqual([next(), next(), next()], [first + 11, first + 12, first + 13]);
  const atEnd = sandboxUsers('own', { ...everybody, random: () => sandboxUserIds - 2 });
  t.deepEqual([atEnd(), atEnd()], [first + sandboxUserIds - 1, first]);
});

test('in a container with few users it is nobody, and in one without him the host’s', (t) => {
  t.is(sandboxUsers('own', { ...everybody, map: '0 100000 65536' })(), 65_534);
  t.is(sandboxUsers('own', { ...everybody, map: '0 1000 1' })(), undefined);
  t.is(sandboxUsers('own', { ...everybody, map: '' })(), undefined);
});

test('one that is named is taken, and without privileges none can be', (t) => {
  t.is(sandboxUsers(1234, everybody)(), 1234);
  t.is(sandboxUsers('host', everybody)(), undefined);
  t.is(sandboxUsers('own', { ...everybody, isRoot: false })(), undefined);
  t.is(sandboxUsers(1234, { ...everybody, isRoot: false })(), undefined);
});
