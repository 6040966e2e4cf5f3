/** Responses out of what functions answered: AWS's rules, and nothing that a stranger's bytes could do beside them. */
import test from 'ava';
import fc from 'fast-check';
import { urlAnswer } from '../../../src/http/urls/answer.ts';
import { limits } from '../../../src/model/limits.ts';

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const made = (payload: Uint8Array) => {
  const answer = urlAnswer(payload);
  return answer && { ...answer, headers: [...answer.headers], body: Buffer.from(answer.body).toString() };
};
const json = [['content-type', 'application/json']];

test('what is no structured response is the body, as it was recorded', (t) => {
  const cases: [payload: unknown, body: string][] = [
    [{ hello: 'world' }, '{"hello":"world"}'],
    [['hello', 3, true], '["hello",3,true]'],
    ['hello', 'hello'],
    ['with "quotes" and \n', 'with "quotes" and \n'],
    [3, '3'],
    [3.1, '3.1'],
    [true, 'true'],
    [null, 'null'],
    [{}, '{}'],
    [{ body: 'x', headers: { a: 'b' } }, '{"body":"x","headers":{"a":"b"}}'],
    [{ inner: { statusCode: 201 } }, '{"inner":{"statusCode":201}}'],
  ];
  for (const [payload, body] of cases) t.deepEqual(made(bytes(payload)), { status: 200, headers: json as never, body });
});

test('a structured response has its status, headers, cookies and body', (t) => {
  const answer = made(
    bytes({
      statusCode: 201,
      headers: { 'My-Header': 'value', 'Content-Type': 'text/html', count: 3, flag: false, none: null },
      cookies: ['a=1; HttpOnly', 'b=2'],
      body: 'é"\n',
    }),
  );
  t.deepEqual(answer, {
    status: 201,
    headers: [
      ['my-header', 'value'],
      ['content-type', 'text/html'],
      ['count', '3'],
      ['flag', 'false'],
      ['set-cookie', 'a=1; HttpOnly'],
      ['set-cookie', 'b=2'],
    ],
    body: 'é"\n',
  });
});

test('status as text, bodies that are no text or are absent, and Base64', (t) => {
  t.like(made(bytes({ statusCode: '418', body: "i'm a teapot" })), { status: 418, body: "i'm a teapot" });
  t.like(made(bytes({ statusCode: 200, body: { a: [1] } })), { body: '{"a":[1]}' });
  t.like(made(bytes({ statusCode: 200, body: null })), { body: '' });
  t.like(made(bytes({ statusCode: 200 })), { body: '', headers: json as never });
  t.like(made(bytes({ statusCode: 200, isBase64Encoded: null, body: 'aGk=' })), { body: 'aGk=' });
  t.like(made(bytes({ statusCode: 200, isBase64Encoded: true, body: 'aGk=' })), { body: 'hi' });
  const binary = Buffer.from([0, 255, 128, 10]);
  const answer = urlAnswer(bytes({ statusCode: 200, isBase64Encoded: true, body: binary.toString('base64') }));
  t.deepEqual(Buffer.from(answer?.body ?? []), binary);
});

test('no header ends another, and none is about the connection or the length', (t) => {
  for (const value of ['b\r\nset-cookie: c=d', 'b\nc', 'b\rc', 'b\0c', '\u{1f600}', '\u010a']) {
    t.is(made(bytes({ statusCode: 200, headers: { a: value } })), undefined, JSON.stringify(value));
    t.is(made(bytes({ statusCode: 200, cookies: [value] })), undefined, JSON.stringify(value));
  }
  for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'a\0', 'é', 'x'.repeat(257)]) {
    t.is(made(bytes({ statusCode: 200, headers: { [name]: 'v' } })), undefined, JSON.stringify(name));
  }
  const headers = {
    'Transfer-Encoding': 'chunked',
    'Content-Length': '1',
    CONNECTION: 'close',
    'keep-alive': '1',
    upgrade: 'h2c',
    trailer: 'x',
    te: 'trailers',
    'proxy-connection': 'keep-alive',
    'x-amzn-RequestId': 'another',
  };
  t.deepEqual(made(bytes({ statusCode: 200, headers, body: 'whole' })), {
    status: 200,
    headers: json as never,
    body: 'whole',
  });
});

test('one header has one value, however its name is written', (t) => {
  t.deepEqual(made(bytes({ statusCode: 200, headers: { 'Content-Type': 'a/b', 'content-type': 'c/d' } }))?.headers, [
    ['content-type', 'c/d'],
  ]);
});

test('`__proto__` is a name like any other', (t) => {
  const payload = Buffer.from(
    '{"__proto__":{"statusCode":500},"statusCode":200,"headers":{"__proto__":"x"},"body":"b"}',
  );
  t.deepEqual(made(payload), {
    status: 200,
    headers: [['__proto__', 'x'], ...json] as never,
    body: 'b',
  });
  t.is(made(Buffer.from('{"statusCode":200,"headers":{"__proto__":{"a":"b"}}}')), undefined);
  t.is(({} as { a?: string }).a, undefined);
});

test('a response that cannot be is none', (t) => {
  const impossible: object[] = [
    ...[100, 101, 199, 600, 0, -1, 200.5, 1e300, '20', '2000', 'abc', true, {}, [200]].map((statusCode) => ({
      statusCode,
    })),
    { statusCode: 200, headers: [] },
    { statusCode: 200, headers: 'a: b' },
    { statusCode: 200, headers: { a: ['b'] } },
    { statusCode: 200, headers: { a: {} } },
    { statusCode: 200, cookies: 'a=b' },
    { statusCode: 200, cookies: [1] },
    { statusCode: 200, isBase64Encoded: 'yes', body: '' },
    { statusCode: 200, isBase64Encoded: true, body: '###' },
    { statusCode: 200, isBase64Encoded: true, body: {} },
    { statusCode: 200, headers: { a: 'x'.repeat(limits.httpHeaderBytesMax) } },
    { statusCode: 200, cookies: ['x'.repeat(limits.httpHeaderBytesMax)] },
  ];
  for (const payload of impossible) t.is(made(bytes(payload)), undefined, JSON.stringify(payload).slice(0, 80));
});

test('statuses without a body have none', (t) => {
  for (const statusCode of [204, 205, 304])
    t.like(made(bytes({ statusCode, body: 'some' })), { status: statusCode, body: '' });
});

test('what a streaming handler wrote in one piece: the prelude is the head, the rest is the body', (t) => {
  const prelude = JSON.stringify({ statusCode: 202, headers: { 'x-a': 'b' }, cookies: ['c=d'] });
  const body = Buffer.from([1, 0, 2]);
  const answer = urlAnswer(Buffer.concat([Buffer.from(prelude), Buffer.alloc(8), body]));
  t.is(answer?.status, 202);
  t.deepEqual(answer?.headers, [
    ['x-a', 'b'],
    ['content-type', 'application/octet-stream'],
    ['set-cookie', 'c=d'],
  ]);
  t.deepEqual(Buffer.from(answer?.body ?? []), body);
  t.like(made(Buffer.concat([Buffer.from('{}'), Buffer.alloc(8)])), { status: 200, body: '' });
});

test('whatever the bytes are, they are answered as they are or not at all', (t) => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record(
        {
          statusCode: fc.anything(),
          headers: fc.object(),
          cookies: fc.anything(),
          body: fc.anything(),
          isBase64Encoded: fc.boolean(),
        },
        { requiredKeys: ['statusCode'] },
      )
      .map((value) =>
        Buffer.from(JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? 1 : member)) ?? ''),
      ),
    fc.json().map((text) => Buffer.from(text.slice(0, -1))),
  );
  fc.assert(
    fc.property(hostile, (payload) => {
      const answer = urlAnswer(payload);
      if (answer === undefined) return;
      t.true(answer.status >= 200 && answer.status <= 599);
      for (const header of answer.headers.flat()) t.notRegex(header, /[\r\n\0]/);
    }),
  );
  t.pass();
});

test('six megabytes of whatever takes as long as reading them', (t) => {
  const size = limits.responsePayloadBytesMax;
  const payloads = [
    Buffer.alloc(size, '['),
    Buffer.alloc(size, '{"a":'),
    Buffer.alloc(size, '"'),
    Buffer.alloc(size, '\\'),
    Buffer.concat([Buffer.from('{"statusCode":200,"body":'), Buffer.alloc(size, '[')]),
    Buffer.concat([Buffer.from('{"statusCode":200,"x":['), Buffer.alloc(size, '"",'), Buffer.from('""],"body":"b"}')]),
    Buffer.concat([
      Buffer.from('{"statusCode":200,"isBase64Encoded":true,"body":"'),
      Buffer.alloc(size, '='),
      Buffer.from('x"}'),
    ]),
    Buffer.concat([Buffer.from('{"statusCode":200,"headers":'), Buffer.alloc(60_000, '['), Buffer.from('}')]),
  ];
  for (const payload of payloads) {
    const before = process.cpuUsage();
    urlAnswer(payload);
    const { user, system } = process.cpuUsage(before);
    // A parser needs seconds, and one that goes back and forth minutes; one pass takes some 15 ms.
    t.true(user + system < 500_000, `${payload.toString('latin1', 0, 30)}: ${user + system} us`);
  }
});
