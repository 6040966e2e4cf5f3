import test from 'ava';
import { validRedisStreams } from '../../src/model/redis-stream.ts';

test('a URL says where the server is, and who asks', (t) => {
  const [plain, whole] = validRedisStreams({
    plain: { url: 'redis://127.0.0.1', keys: ['a'] },
    whole: { url: 'rediss://ada:p%40ss@[::1]:7000/3', keys: ['a:1', 'b'] },
  });
  t.deepEqual(plain, {
    name: 'plain',
    keys: ['a'],
    endpoint: { host: '127.0.0.1', port: 6_379, isTls: false, user: undefined, password: undefined, database: 0 },
  });
  t.deepEqual(whole, {
    name: 'whole',
    keys: ['a:1', 'b'],
    endpoint: { host: '::1', port: 7_000, isTls: true, user: 'ada', password: 'p@ss', database: 3 },
  });
});

const url = 'redis://h';
const wrong: readonly (readonly [given: unknown, message: RegExp])[] = [
  [[], /^redisStreams must be an object/],
  [{ 'a/b': { url, keys: ['k'] } }, /^the name of a Redis stream must be 1 to 128 letters/],
  [{ a: { url, keys: [] } }, /^redisStreams\.a\.keys must be a list of 1 to 64 keys/],
  [{ a: { url, keys: [''] } }, /^redisStreams\.a\.keys must be texts of 1 to 512 bytes, received ""$/],
  [{ a: { url, keys: ['k', 'k'] } }, /^redisStreams\.a\.keys must be different from each other, received "k, k"$/],
  [
    { a: { url: 'http://u:secret@h', keys: ['k'] } },
    /^redisStreams\.a\.url must be redis:\/\/ .* received "http:\/\/h\/?"$/,
  ],
  [{ a: { url: 'redis://:secret@h/x', keys: ['k'] } }, /received "redis:\/\/h\/x"$/],
  [{ a: { url: 'secret', keys: ['k'] } }, /received "string"$/],
];

for (const [given, message] of wrong) {
  test(`${JSON.stringify(given)} is refused`, (t) => {
    const error = t.throws(() => validRedisStreams(given as Parameters<typeof validRedisStreams>[0]), {
      code: 'InvalidParameterValueException',
    });
    t.regex(error?.message ?? '', message);
    t.notRegex(error?.message ?? '', /secret/);
  });
}
