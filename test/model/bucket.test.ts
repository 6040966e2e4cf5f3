import test from 'ava';
import { validBuckets } from '../../src/model/bucket.ts';

test('a bucket has an absolute directory, and its notifications have what they leave out', (t) => {
  t.deepEqual(
    validBuckets({ 'my-files.1': { directory: '/srv/../srv/a', notifications: [{ functionName: 'f:prod' }] } }),
    [
      {
        name: 'my-files.1',
        directory: '/srv/a',
        notifications: [
          { id: 'f:prod', functionName: 'f:prod', events: ['s3:ObjectCreated:*'], prefix: '', suffix: '' },
        ],
      },
    ],
  );
});

const good = { directory: '/srv', notifications: [] };
const wrong: readonly (readonly [given: unknown, message: RegExp])[] = [
  [[], /^buckets must be an object, received an object$/],
  [
    { 'A b': good },
    /^the name of a bucket must be 3 to 63 lower-case letters, digits, dots and hyphens, received "A b"$/,
  ],
  [{ abc: null }, /^buckets\.abc must be an object, received null$/],
  [{ abc: { ...good, directory: '' } }, /^buckets\.abc\.directory must be a path, received ""$/],
  [{ abc: { directory: '/srv' } }, /^buckets\.abc\.notifications must be a list of at most 100, received undefined$/],
  [
    { abc: { ...good, notifications: [{}] } },
    /^buckets\.abc\.notifications\[0\]\.functionName must be a text of at most 1024/,
  ],
  [
    { abc: { ...good, notifications: [{ functionName: 'f', prefix: 5 }] } },
    /notifications\[0\]\.prefix must be a text/,
  ],
  [
    { abc: { ...good, notifications: [{ functionName: 'f', events: ['s3:TestEvent'] }] } },
    /events must be some of s3:ObjectCreated:\*, .*, received "s3:TestEvent"$/,
  ],
  [
    Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`b-${index}`, good])),
    /^buckets must be at most 100, received 101$/,
  ],
];

for (const [given, message] of wrong) {
  test(`${JSON.stringify(given)?.slice(0, 90)} is refused`, (t) => {
    const error = t.throws(() => validBuckets(given as Parameters<typeof validBuckets>[0]), {
      code: 'InvalidParameterValueException',
    });
    t.regex(error?.message ?? '', message);
  });
}
