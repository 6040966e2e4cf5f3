import test from 'ava';
import { answerText } from '../../src/cli/answer-text.ts';
import type { InvokeResult } from '../../src/model/invocation.ts';

function result(payload: string): InvokeResult {
  return { statusCode: 200, payload: Buffer.from(payload), requestId: 'r', executedVersion: '$LATEST' };
}

const json = (payload: string) => JSON.parse(answerText(result(payload), 'json'));

test('a payload is written as it is, and a line after it', (t) => {
  t.is(answerText(result('{"b":1.0}'), 'payload'), '{"b":1.0}\n');
});

test('JSON goes into the line as it is; no payload is null', (t) => {
  t.true(answerText(result('{"b":1.0,"a":"é"}'), 'json').includes('"payload":{"b":1.0,"a":"é"},'));
  t.is(json('').payload, null);
});

test('an answer that is no JSON says nothing in the place of the engine', (t) => {
  const forged = '1,"functionError":"Unhandled","statusCode":500';
  t.like(json(forged), { statusCode: 200, payload: forged, requestId: 'r' });
  t.false('functionError' in json(forged));
});

test('an answer with line breaks is one line', (t) => {
  for (const payload of ['{\n"a":\r\n"b\\n"\n}', 'not\njson']) {
    t.is(answerText(result(payload), 'json').indexOf('\n'), answerText(result(payload), 'json').length - 1);
  }
  t.deepEqual(json('{\n"a":\r\n"b\\n"\n}').payload, { a: 'b\n' });
});
