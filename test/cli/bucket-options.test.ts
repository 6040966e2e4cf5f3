import test from 'ava';
import { bucketsOption } from '../../src/cli/bucket-options.ts';
import { UsageError } from '../../src/cli/exit-status.ts';

test('buckets and their notifications as the engine takes them', (t) => {
  const notify = ['in=resize,prefix=a=b/,suffix=.png,event=s3:ObjectCreated:*,event=s3:ObjectRemoved:*', 'in=log:prod'];
  t.deepEqual(bucketsOption(['in=/srv/in', 'out=rel'], notify), {
    buckets: {
      in: {
        directory: '/srv/in',
        notifications: [
          {
            functionName: 'resize',
            prefix: 'a=b/',
            suffix: '.png',
            events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'],
          },
          { functionName: 'log:prod' },
        ],
      },
      out: { directory: 'rel', notifications: [] },
    },
  });
  t.deepEqual(bucketsOption([], []), {});
});

for (const [buckets, notify, message] of [
  [['in'], [], /^--bucket must be NAME=DIR/],
  [['=a'], [], /^--bucket must be NAME=DIR/],
  [['in=a'], ['out=f'], /^--notify names a bucket that --bucket gives, got "out=f"$/],
  [['in=a'], ['in='], /^--notify must be NAME=FUNCTION/],
  [['in=a'], ['in=f,size=3'], /^--notify must be NAME=FUNCTION/],
] as const) {
  test(`--bucket ${buckets} --notify ${notify} is refused`, (t) => {
    t.throws(() => bucketsOption(buckets, notify), { instanceOf: UsageError, message });
  });
}
