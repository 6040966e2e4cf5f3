import test from 'ava';
import { UsageError } from '../../src/cli/exit-status.ts';
import { redisStreamsOption } from '../../src/cli/redis-stream-options.ts';

test('streams of Redis as the engine takes them, also with the URL in a variable', (t) => {
  const variables = { REDIS_URL: 'redis://:p@h' };
  t.deepEqual(redisStreamsOption(['a=redis://h:1/2#x,y:1', 'b=env:REDIS_URL#z'], variables), {
    redisStreams: { a: { url: 'redis://h:1/2', keys: ['x', 'y:1'] }, b: { url: 'redis://:p@h', keys: ['z'] } },
  });
  t.deepEqual(redisStreamsOption([], {}), {});
});

for (const text of ['a', 'a=redis://:secret@h', '=redis://h#k', 'a=env:secretless#k']) {
  test(`--redis-stream ${text} is refused`, (t) => {
    const error = t.throws(() => redisStreamsOption([text], {}), { instanceOf: UsageError });
    t.notRegex(error?.message ?? '', /secret@/);
  });
}
