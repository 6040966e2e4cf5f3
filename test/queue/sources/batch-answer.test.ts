import test from 'ava';
import { limits } from '../../../src/model/limits.ts';
import { batchAnswer } from '../../../src/queue/sources/batch-answer.ts';

const sequences = ['a', 'b', 'c'];
const answerTo = (text: string) => batchAnswer(Buffer.from(text), sequences);

// As recorded from AWS Lambda for Kinesis and DynamoDB streams (LAMBDA.md D3.6).
for (const text of ['', '""', '[]', 'null', '{}', '{"batchItemFailures":[]}', '{"batchItemFailures":null}']) {
  test(`${text || 'no answer'} says that all records were handled`, (t) => {
    t.deepEqual(answerTo(text), { type: 'all-handled' });
  });
}

for (const text of [
  '{"batchItemFailures":[{"itemIdentifier":123}]}',
  '{"batchItemFailures":[{"itemIdentifier":"z"}]}',
  '{"batchItemFailures":[{"itemIdentifier":""}]}',
  '{"batchItemFailures":[{"itemIdentifier":null}]}',
  '{"batchItemFailures":[{"foo":"a"}]}',
  '{"batchItemFailures":[{"foo":null}]}',
  '{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"z"}]}',
  '{"batchItemFailures":["a"]}',
  '{"batchItemFailures":[null]}',
  '{"batchItemFailures":"a"}',
  '[1]',
  '"ok"',
  '7',
  'no json',
]) {
  test(`${text} says that all records failed`, (t) => {
    t.deepEqual(answerTo(text), { type: 'all-failed' });
  });
}

test('the first record that failed counts, in whatever order they are told', (t) => {
  const text = '{"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"b"}]}';
  t.deepEqual(answerTo(text), { type: 'failed-from', index: 1 });
});

test('what a prototype is said to have is not an answer', (t) => {
  const text = '{"__proto__":{"batchItemFailures":[{"itemIdentifier":"a"}]}}';
  t.deepEqual(answerTo(text), { type: 'all-handled' });
  t.is(Reflect.get({}, 'batchItemFailures'), undefined);
});

test('an answer over batchAnswerBytesMax is not parsed: all records failed', (t) => {
  const answer = new Uint8Array(limits.batchAnswerBytesMax + 1).fill(0x20);
  t.deepEqual(batchAnswer(answer, sequences), { type: 'all-failed' });
});
