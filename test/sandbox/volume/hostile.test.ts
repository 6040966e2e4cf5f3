/** A guest can pass anything for anything: the answer is always a value of the contract, and never more than a file holds. */
import test from 'ava';
import fc from 'fast-check';
import { fsOperations } from '../../../src/bridge/fs.ts';
import { limits } from '../../../src/model/limits.ts';
import { bytes, createFixture } from './fixture.ts';

const anything = fc.oneof(
  fc.anything(),
  fc.constantFrom(
    NaN,
    Infinity,
    -Infinity,
    -0,
    -1,
    1.5,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    -(2 ** 53),
    1e300,
    '',
    '/',
    '/tmp',
    '.',
  ),
  fc.constantFrom<unknown>(
    null,
    undefined,
    {},
    [],
    new Date(0),
    Symbol('x'),
    5n,
    () => 0,
    new Uint8Array(3),
    new ArrayBuffer(8),
  ),
  fc.constantFrom<unknown>(
    new SharedArrayBuffer(8),
    detached(),
    Object.create(null),
    { length: 2 ** 40 },
    '/tmp/\uD800',
    '\0',
  ),
  fc.integer({ min: -5, max: 40 }),
  fc.string(),
  fc.constantFrom('/tmp/a', '/tmp/b/c', '/var/task/index.js', '/tmp/a/../b'),
);

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function isReply(value: unknown): boolean {
  if (value instanceof ArrayBuffer) return value.byteLength <= limits.fsBytesPerCallMax;
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string' || typeof item === 'number');
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

test('anything as operation and arguments gets an answer of the contract', (t) => {
  const operation = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...Object.values(fsOperations)) },
    { weight: 1, arbitrary: anything },
  );
  const call = fc.tuple(operation, anything, anything, anything, anything);
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
      const { fs, volume } = createFixture({ files: { 'index.js': 'x' } });
      for (const [number, a, b, c, d] of calls) {
        const reply = fs.call(number, a, b, c, d);
        if (!isReply(reply)) throw new Error(`answered ${String(reply)}`);
      }
      fs.close();
      volume[Symbol.dispose]();
    }),
    { numRuns: 200 },
  );
  t.pass();
});

test('wrong types and ranges are EINVAL, descriptors of others EBADF', (t) => {
  const { run } = createFixture();
  run('writeFile', '/tmp/file', 0o101, 0o644, bytes('content'));
  const fd = run('open', '/tmp/file', 2, 0);
  for (const wrong of [undefined, null, 5, {}, [], new Uint8Array(2)]) t.is(run('stat', wrong), 'EINVAL');
  for (const wrong of [undefined, null, '3', {}, -1, 1.5, NaN, 99, 2 ** 40, 0, 1, 2]) {
    t.is(run('fstat', wrong), 'EBADF', String(wrong));
    t.is(run('close', wrong), 'EBADF', String(wrong));
    t.is(run('read', wrong, 1, -1), 'EBADF', String(wrong));
    t.is(run('write', wrong, bytes('x'), -1), 'EBADF', String(wrong));
  }
  for (const wrong of [-1, NaN, Infinity, 1.5, '1', 2 ** 60]) {
    t.is(run('read', fd, wrong, 0), 'EINVAL', String(wrong));
    t.is(run('ftruncate', fd, wrong), 'EINVAL', String(wrong));
  }
  for (const wrong of [-2, NaN, Infinity, 1.5, '1', 2 ** 60]) t.is(run('read', fd, 1, wrong), 'EINVAL', String(wrong));
  for (const wrong of [undefined, 'text', new Uint8Array(2), new SharedArrayBuffer(2), detached(), 5]) {
    t.is(run('write', fd, wrong, -1), 'EINVAL');
  }
  t.is(run('write', fd, new ArrayBuffer(limits.fsBytesPerCallMax + 1), -1), 'EINVAL');
  t.is(run('write', fd, bytes('x'), Number.MAX_SAFE_INTEGER), 'EFBIG');
  t.is(run('ftruncate', fd, Number.MAX_SAFE_INTEGER), 'EFBIG');
  for (const wrong of [NaN, Infinity, 1e300, '1', undefined]) t.is(run('utimes', '/tmp/file', wrong, 1), 'EINVAL');
  t.is(run('open', '/tmp/file', -1, 0), 'EINVAL');
  t.is(run('open', '/tmp/file', 3, 0), 'EINVAL');
  t.is(run('access', '/tmp/file', 8), 'EINVAL');
});

test('a read answers with what the file holds, however much is asked for', (t) => {
  const { run } = createFixture();
  run('writeFile', '/tmp/file', 0o101, 0o644, bytes('content'));
  const fd = run('open', '/tmp/file', 0, 0);
  t.deepEqual(run('read', fd, Number.MAX_SAFE_INTEGER, 0), bytes('content'));
  t.deepEqual(run('read', fd, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), new ArrayBuffer(0));
  run('truncate', '/tmp/file', limits.fsBytesPerCallMax * 1000);
  const read = run('read', fd, Number.MAX_SAFE_INTEGER, 0);
  t.true(read instanceof ArrayBuffer && read.byteLength === limits.fsBytesPerCallMax);
  t.is(run('readFile', '/tmp/file', 0), limits.fsBytesPerCallMax * 1000, 'too much for one call: the length');
});

test('a file named like the failure marker is a file', (t) => {
  const { run } = createFixture();
  run('writeFile', '/tmp/!', 0o101, 0o644, bytes(''));
  t.deepEqual(run('readdir', '/tmp'), ['!', 1]);
});
