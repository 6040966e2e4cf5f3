import test from 'ava';
import fc from 'fast-check';
import { answerStart } from '../../../src/http/urls/answer-start.ts';
import { limits } from '../../../src/model/limits.ts';

const preludeType = 'application/vnd.awslambda.http-integration-response';

/** The bytes in pieces that end at the given places, and what is read of them. */
async function started(type: string | undefined, bytes: Uint8Array, cuts: readonly number[] = []) {
  const ends = [...cuts.filter((cut) => cut > 0 && cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
  const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  const reader = ReadableStream.from<Uint8Array>(pieces.filter(({ length }) => length > 0)).getReader();
  const start = await answerStart(type, reader);
  if (start === undefined) return undefined;
  const body = [start.body];
  for (let read = await reader.read(); !read.done; read = await reader.read()) body.push(read.value);
  const { status, headers, cookies } = start.head;
  return { status, headers: [...headers], cookies, body: Buffer.concat(body).toString('latin1') };
}

const withPrelude = (prelude: string, body: string) =>
  Buffer.concat([Buffer.from(prelude), Buffer.alloc(8), Buffer.from(body, 'latin1')]);
const prelude = JSON.stringify({ statusCode: 201, headers: { 'X-A': 'é' }, cookies: ['c=d'] });
const expected = {
  status: 201,
  headers: [
    ['x-a', 'é'],
    ['content-type', 'application/octet-stream'],
  ],
  cookies: ['c=d'],
};

test('a prelude is the head however it comes in pieces; behind eight NUL bytes all is body', async (t) => {
  const bytes = withPrelude(prelude, 'a\0\0\0\0\0\0\0\0b');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
      t.deepEqual(await started(preludeType, bytes, cuts), { ...expected, body: 'a\0\0\0\0\0\0\0\0b' } as never);
    }),
  );
  t.like(await started(preludeType, withPrelude('{}', '')), { status: 200, body: '' });
  const every = Array.from(bytes, (_, at) => at);
  t.like(await started(preludeType, bytes, every), { status: 201, cookies: ['c=d'] });
});

test('a prelude that is none is no response', async (t) => {
  const wrong = [
    withPrelude('', 'body'),
    withPrelude('[]', ''),
    withPrelude('{"statusCode":101}', ''),
    withPrelude('{"statusCode":"abc"}', ''),
    withPrelude('{"headers":{"a":"b\\r\\nc"}}', ''),
    withPrelude('{} x', ''),
    withPrelude('{', ''),
    Buffer.from(prelude),
    Buffer.from(`${prelude}\0\0\0\0\0\0\0`),
    Buffer.from(`${prelude}\0\0\0\0\0\0\0x`),
    Buffer.alloc(0),
    Buffer.alloc(7),
  ];
  for (const bytes of wrong) {
    t.is(await started(preludeType, bytes), undefined, bytes.toString());
    t.is(await started(preludeType, bytes, [1, 5, bytes.length - 1]), undefined, bytes.toString());
  }
});

test('a prelude is not waited for without end', async (t) => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled += 1;
      controller.enqueue(Buffer.alloc(1_024, ' '));
    },
  });
  t.is(await answerStart(preludeType, endless.getReader()), undefined);
  t.true(pulled * 1_024 <= limits.httpHeaderBytesMax + 4_096);
});

test('any other answer is a 200 of its type, as it was written', async (t) => {
  const body = '{"statusCode":404,"body":"inside"}';
  t.deepEqual(await started('application/json', Buffer.from(body)), {
    status: 200,
    headers: [['content-type', 'application/json']],
    cookies: [],
    body,
  } as never);
  t.like(await started(undefined, Buffer.from('x')), {
    headers: [['content-type', 'application/octet-stream']] as never,
  });
  t.like(await started('text/plain', Buffer.alloc(0)), { status: 200, body: '' });
  t.is(await started('text/plain\r\nset-cookie: a=b', Buffer.from('x')), undefined);
});
