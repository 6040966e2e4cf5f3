import test from 'ava';
import fc from 'fast-check';
import { RefusedError } from '../../src/egress/refused-error.ts';
import { RequestHeads } from '../../src/egress/request-heads.ts';

const added = new Map([['x-api-key', 'KEY']]);
const open = () => new RequestHeads((host) => (host === 'a.test' ? added : undefined));

const body = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 40 }),
  fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 })),
);
/** A body of bytes that could be taken for a head, too. */
const request = fc
  .record({
    body: fc.oneof(body, fc.constant(Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'))),
    own: fc.boolean(),
  })
  .map(({ body: content, own }) => {
    const head = (framing: string, key: string) =>
      Buffer.from(`POST /p HTTP/1.1\r\nHost: a.test\r\n${framing}${key}\r\n`);
    const parts = (key: string): Uint8Array[] => {
      if (content === undefined) return [head('', key)];
      if (!Array.isArray(content)) return [head(`Content-Length: ${content.byteLength}\r\n`, key), content];
      const chunks = content.flatMap((chunk) => [
        Buffer.from(`${chunk.byteLength.toString(16)}\r\n`),
        chunk,
        Buffer.from('\r\n'),
      ]);
      return [head('Transfer-Encoding: chunked\r\n', key), ...chunks, Buffer.from('0\r\n\r\n')];
    };
    return {
      given: Buffer.concat(parts(own ? 'X_Api_Key: mine\r\n' : '')),
      expected: Buffer.concat(parts('x-api-key: KEY\r\n')),
    };
  });

test('each request gets the headers in its head and nothing else changes, however the bytes are cut', (t) => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(60)), (requests, cuts) => {
      const given = Buffer.concat(requests.map((each) => each.given));
      const heads = open();
      const out: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts, given.byteLength]) {
        const part = given.subarray(at, at + cut);
        if (part.byteLength > 0) out.push(Uint8Array.from(heads.push(part)));
        at += part.byteLength;
      }
      t.is(
        Buffer.concat(out).toString('latin1'),
        Buffer.concat(requests.map((each) => each.expected)).toString('latin1'),
      );
    }),
  );
});

test('whatever is pushed passes or is refused', (t) => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc
      .constantFrom(
        'GET / HTTP/1.1\r\n',
        'Host: a.test\r\n',
        '\r\n',
        'Content-Length: 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        '3\r\n',
        'abc',
        ' ',
        ':',
        '\n',
      )
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const heads = open();
      try {
        for (const bytes of pieces) heads.push(bytes);
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
      }
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

test('a head that does not end is refused before it is long', (t) => {
  const heads = open();
  t.throws(
    () => {
      for (let count = 0; count < 100; count += 1)
        heads.push(Buffer.from(count === 0 ? 'GET / HTTP/1.1\r\nA: ' : 'a'.repeat(1_024)));
    },
    { instanceOf: RefusedError, message: /requestHeadBytesMax/ },
  );
});
