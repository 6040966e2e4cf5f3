/**
 * The HTTP parser of guests against the one of the Node that runs these tests: same callbacks, same errors, same positions. The
 * guest's llhttp is the one that Node's fetch carries, which is a little older than Node's own. Left out is what was changed
 * between the two: tabs around `Content-Length` and after `Connection: close`, and a second CR at the end of a line.
 */
import test from 'ava';
import { GuestRunner, nodeAnswer } from './harness.ts';

interface ParserCase {
  readonly type: 'request' | 'response';
  readonly parts: readonly string[];
  readonly flags?: number;
  readonly headerBytesMax?: number;
  /** What `kOnHeadersComplete` returns. */
  readonly answer?: number;
}

const program = `
const { HTTPParser } = require('_http_common');
const shown = (result) => result instanceof Error
  ? { message: result.message, code: result.code, reason: result.reason, bytesParsed: result.bytesParsed }
  : result ?? null;
exports.handler = async (cases) => cases.map(({ type, parts, flags, headerBytesMax, answer }) => {
  const log = [];
  const parser = new HTTPParser();
  parser.initialize(type === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, headerBytesMax ?? 0, flags ?? 0);
  parser[HTTPParser.kOnMessageBegin] = () => { log.push('begin'); };
  parser[HTTPParser.kOnHeaders] = (headers, url) => { log.push({ headers, url }); };
  let upgraded = false;
  parser[HTTPParser.kOnHeadersComplete] = (...head) => { upgraded = head[7] || answer === 2; log.push({ head: head.map((value) => value ?? null) }); return answer ?? 0; };
  parser[HTTPParser.kOnBody] = (bytes) => { log.push({ body: bytes.latin1Slice(), isBuffer: Buffer.isBuffer(bytes) }); };
  parser[HTTPParser.kOnMessageComplete] = () => { log.push('complete'); };
  for (const part of parts) {
    const result = parser.execute(Buffer.from(part, 'latin1'));
    log.push(shown(result));
    // What comes after an upgrade is for others.
    if (result instanceof Error || upgraded) break;
  }
  log.push({ finish: shown(parser.finish())?.code ?? null });
  parser.close();
  return log;
});`;

let runner: GuestRunner;
test.before(async () => {
  runner = await GuestRunner.start();
});
test.after.always(() => runner[Symbol.asyncDispose]());

async function guestAndNode(cases: readonly ParserCase[]): Promise<readonly [unknown[], unknown[]]> {
  const [guest, node] = await Promise.all([runner.answer(program, { event: cases }), nodeAnswer(program, cases)]);
  return [guest as unknown[], node as unknown[]];
}

const requests = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /x?y=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\nZ: w \r\n\r\n',
  'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c="d e"\r\nhello\r\n0;x\r\n\r\nGET / HTTP/1.0\r\n\r\n',
  'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw bytes',
  'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\nraw',
  'M-SEARCH * HTTP/1.1\r\nHOST: 239\r\n\r\n',
  '\r\n\r\nGET / HTTP/1.1\r\n\r\n',
  'GET http://a:80/b HTTP/1.1\r\nEmpty:\r\nConnection: keep-alive, close\r\n\r\n',
  'GET /\u00e9 HTTP/1.1\r\nA: \u00e9\r\nSpaces:   b  \r\n\r\n',
  `GET / HTTP/1.1\r\n${Array.from({ length: 70 }, (_, at) => `H${at}: v${at}\r\n`).join('')}\r\n`,
  `GET /${'long'.repeat(600)} HTTP/1.1\r\nLong: ${'x'.repeat(3000)}\r\n\r\n`,
];

const responses = [
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: u\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
  'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw',
  'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\na',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
  'RTSP/1.0 200 OK\r\n\r\n',
];

const refused = [
  'FOO / HTTP/1.1\r\n\r\n',
  'GET / HTTP/9.1\r\n\r\n',
  'GET / HTTP/1.1\nA: b\n\n',
  'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n',
  'GET / HTTP/1.1\r\nA : b\r\n\r\n',
  'GET / HTTP/1.1\r\nA: b\x01c\r\n\r\n',
  'GET / HTTP/1.1\r\nContent-Length:\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n0',
  'POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n',
  'POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n',
  'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
  'GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: cut off',
];

test('messages are read as Node reads them, whole and byte by byte', async (t) => {
  const split = (text: string): readonly string[][] => [[text], [...text]];
  const cases = [
    ...requests.flatMap((text) => split(text).map((parts) => ({ type: 'request' as const, parts }))),
    ...responses.flatMap((text) => split(text).map((parts) => ({ type: 'response' as const, parts }))),
    ...responses.map((text) => ({ type: 'response' as const, parts: [text], answer: 1 })),
    ...requests.map((text) => ({ type: 'request' as const, parts: [text], answer: 2 })),
  ];
  const [guest, node] = await guestAndNode(cases);
  t.deepEqual(guest, node);
});

test('what is no proper message is refused with the code, the reason and the position of Node', async (t) => {
  const cases = [
    ...refused.map((text) => ({ type: 'request' as const, parts: [text] })),
    { type: 'response' as const, parts: ['HTTX'] },
    { type: 'response' as const, parts: ['HTTP/1.1 20 OK\r\n\r\n'] },
    { type: 'response' as const, parts: ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'] },
  ];
  const [guest, node] = await guestAndNode(cases);
  t.deepEqual(guest, node);
});

test('each lenient flag allows what it allows in Node', async (t) => {
  const flags = [...Array.from({ length: 10 }, (_, bit) => 1 << bit), 1023];
  const cases = flags.flatMap((flag) =>
    refused.map((text) => ({ type: 'request' as const, parts: [text], flags: flag })),
  );
  const [guest, node] = await guestAndNode(cases);
  t.deepEqual(guest, node);
});

test('relaxed header values may have control characters, and nothing else is relaxed', async (t) => {
  const relaxed = 1024;
  const texts = ['A: b\x01\x7fc', 'A : b', 'A: b\nC: d', ' A: b'];
  const cases = texts.map((line) => ({
    type: 'request' as const,
    parts: [`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`],
    flags: relaxed,
  }));
  const codes = (results: unknown[]): unknown[] =>
    results.map((log) => (log as { code?: string }[]).map((entry) => entry?.code ?? 'read'));
  const [guest, node] = await guestAndNode(cases);
  t.deepEqual(codes(guest), codes(node));
});

test('heads and chunk extensions that are too long are refused as in Node', async (t) => {
  const chunk = `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;${'e'.repeat(17_000)}\r\na\r\n`;
  const cases: ParserCase[] = [
    { type: 'request', parts: [`GET / HTTP/1.1\r\nLong: ${'x'.repeat(20_000)}\r\n\r\n`] },
    { type: 'request', parts: ['GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'], headerBytesMax: 10 },
    { type: 'response', parts: ['HTTP/1.1 200 OK\r\nA: b\r\n', `C: ${'d'.repeat(50)}\r\n\r\n`], headerBytesMax: 40 },
    { type: 'request', parts: [chunk] },
    { type: 'response', parts: [chunk.replace('POST / HTTP/1.1', 'HTTP/1.1 200 OK')] },
  ];
  const [guest, node] = await guestAndNode(cases);
  t.deepEqual(guest, node);
});

test('damaged messages are read or refused as in Node', async (t) => {
  const seed = 20_261_121;
  const cases = damaged(seed, 1500);
  const [guest, node] = await guestAndNode(cases);
  const different = cases.flatMap((each, at) => {
    const [here, there] = [JSON.stringify(guest[at]), JSON.stringify(node[at])];
    return here === there ? [] : [{ each, here, there }];
  });
  t.deepEqual(different.slice(0, 3), [], `seed ${seed}`);
});

test('a body longer than the memory that llhttp reads from arrives complete', async (t) => {
  const answer = await runner.answer(`
    const { HTTPParser } = require('_http_common');
    exports.handler = async () => {
      const parser = new HTTPParser();
      parser.initialize(HTTPParser.REQUEST, {});
      const body = Buffer.alloc(300_000, 'abcdefghi');
      const read = [];
      parser[HTTPParser.kOnBody] = (bytes) => { read.push(bytes); };
      const head = Buffer.from('POST / HTTP/1.1\\r\\nContent-Length: 300000\\r\\n\\r\\n');
      const parsed = parser.execute(Buffer.concat([head, body]));
      return [parsed - head.length, Buffer.concat(read).equals(body)];
    };`);
  t.deepEqual(answer, [300_000, true]);
});

test('what a callback throws comes out of execute, and the parser can be used again', async (t) => {
  const source = `
    const { HTTPParser } = require('_http_common');
    exports.handler = async () => ['kOnMessageBegin', 'kOnHeadersComplete', 'kOnBody', 'kOnMessageComplete'].map((name) => {
      const parser = new HTTPParser();
      const text = Buffer.from('POST / HTTP/1.1\\r\\nContent-Length: 2\\r\\n\\r\\nok');
      parser.initialize(HTTPParser.REQUEST, {});
      parser[HTTPParser[name]] = () => { throw new Error('from ' + name); };
      let thrown;
      try { parser.execute(text); } catch (error) { thrown = error.message; }
      parser.initialize(HTTPParser.REQUEST, {});
      parser[HTTPParser[name]] = () => {};
      return [thrown, parser.execute(text)];
    });`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a callback may run another parser', async (t) => {
  const source = `
    const { HTTPParser } = require('_http_common');
    const text = (body) => Buffer.from('POST /' + body + ' HTTP/1.1\\r\\nHost: ' + body + '\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n' + body);
    exports.handler = async () => {
      const log = [];
      const parse = (name, next) => {
        const parser = new HTTPParser();
        parser.initialize(HTTPParser.REQUEST, {});
        parser[HTTPParser.kOnHeadersComplete] = (major, minor, headers, method, url) => { next?.(); log.push([name, headers, url]); };
        parser[HTTPParser.kOnBody] = (bytes) => { log.push([name, String(bytes)]); };
        log.push([name, parser.execute(text(name))]);
      };
      parse('outer', () => parse('middle-one', () => parse('in')));
      return log;
    };`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a paused parser reads nothing until it is resumed', async (t) => {
  const source = `
    const { HTTPParser } = require('_http_common');
    exports.handler = async () => {
      const parser = new HTTPParser();
      parser.initialize(HTTPParser.REQUEST, {});
      const text = Buffer.from('GET / HTTP/1.1\\r\\n\\r\\n');
      const first = parser.execute(text);
      parser.pause();
      const paused = parser.execute(text);
      parser.resume();
      return [first, paused.code, paused.reason, parser.execute(text)];
    };`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

/** Messages with a few bytes removed, added or replaced, cut at random places, under random flags. */
function damaged(seed: number, count: number): ParserCase[] {
  const random = generator(seed);
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;
  const noise = ['\r', '\n', ' ', ':', '\0', 'a', ';', '"', '0', '\x80', ',', '\r\n', '\x7f', '='];
  const cases: ParserCase[] = [];
  while (cases.length < count) {
    const type = pick(['request', 'response'] as const);
    let text = pick(type === 'request' ? [...requests, ...refused] : responses);
    for (let changes = random(4); changes > 0; changes--) {
      const at = random(text.length + 1);
      const how = pick(['insert', 'remove', 'replace'] as const);
      text = text.slice(0, at) + (how === 'remove' ? '' : pick(noise)) + text.slice(how === 'insert' ? at : at + 1);
    }
    if (text.includes('\r\r')) continue;
    const cuts = Array.from({ length: random(5) }, () => 1 + random(text.length)).sort((a, b) => a - b);
    cases.push({
      type,
      // Without empty ones: after an upgrade Node's position in nothing is wherever that lies in memory.
      parts: [...cuts, text.length]
        .map((end, at) => text.slice(at === 0 ? 0 : cuts[at - 1], end))
        .filter((part) => part !== ''),
      flags: pick([0, 0, 0, 1023, 1 << random(10)]),
      headerBytesMax: pick([0, 0, 0, 0, 50 + random(100)]),
      answer: pick([0, 0, 0, 1]),
    });
  }
  return cases;
}

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}
