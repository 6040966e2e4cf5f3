/** Class W: bytes that reach the HTTP API, and are no request of any client that means well. Data; `http-requests.test.ts` sends it. */
import { limits } from '../../../src/model/limits.ts';

export interface HostileRequest {
  readonly id: string;
  readonly title: string;
  /** Written one after another on one connection. */
  readonly bytes: string | Buffer;
  /** All that the server answers before it closes the connection, or before the client does. */
  readonly answer: RegExp;
  /** Whether a function may have been called by it. Absent: never. */
  readonly calls?: number;
}

const host = 'Host: 127.0.0.1\r\n';
const invoke = '/2015-03-31/functions/f/invocations';
const close = 'Connection: close\r\n';
const post = (head: string, body = '', path = invoke): string => `POST ${path} HTTP/1.1\r\n${host}${head}\r\n${body}`;
const ended = (body: string, path: string): string =>
  post(`Content-Length: ${Buffer.byteLength(body)}\r\n${close}`, body, path);
const functions = '/2015-03-31/functions';
const refused = /^HTTP\/1\.1 4\d\d /;
/** Who closes while more is coming in resets the connection, and the answer may be lost on its way. */
const cut = /^(?:HTTP\/1\.1 4\d\d |$)/;
/** Exactly one answer, and not a good one. */
const refusedOnce = /^HTTP\/1\.1 4\d\d (?![\s\S]*HTTP\/1\.1 \d)/;

export const httpRequests: readonly HostileRequest[] = [
  {
    id: 'W01',
    title: 'two lengths that disagree',
    bytes: post('Content-Length: 2\r\nContent-Length: 40\r\n', '{}'),
    answer: refusedOnce,
  },
  {
    id: 'W02',
    title: 'a length and chunks',
    bytes: post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n'),
    answer: refusedOnce,
  },
  {
    id: 'W03',
    title: 'chunks that are not the last encoding',
    bytes: post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'),
    answer: refusedOnce,
  },
  {
    id: 'W04',
    title: 'an encoding with odd spelling',
    bytes: post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'),
    answer: refusedOnce,
  },
  { id: 'W05', title: 'a length that is no number', bytes: post('Content-Length: 0x2\r\n', '{}'), answer: refusedOnce },
  { id: 'W06', title: 'a length below zero', bytes: post('Content-Length: -1\r\n', '{}'), answer: refusedOnce },
  {
    id: 'W07',
    title: 'a length beyond all numbers',
    bytes: post('Content-Length: 99999999999999999999\r\n', '{}'),
    answer: refusedOnce,
  },
  {
    id: 'W08',
    title: 'a chunk size beyond all numbers',
    bytes: post('Transfer-Encoding: chunked\r\n', 'fffffffffffffffff\r\n'),
    answer: /^(HTTP\/1\.1 4\d\d )?/,
  },
  {
    id: 'W09',
    title: 'a header that is folded over lines',
    bytes: post('X-A: b\r\n Content-Length: 40\r\nContent-Length: 2\r\n', '{}'),
    answer: refused,
  },
  {
    id: 'W10',
    title: 'a header name with a space before its colon',
    bytes: post('Content-Length : 2\r\n', '{}'),
    answer: refusedOnce,
  },
  {
    id: 'W11',
    title: 'lines that end with LF alone',
    bytes: `POST ${invoke} HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 2\n\n{}`,
    answer: refusedOnce,
  },
  { id: 'W12', title: 'NUL in a header', bytes: post('X-A: a\0b\r\n'), answer: refusedOnce },
  { id: 'W13', title: 'no Host', bytes: `POST ${invoke} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}`, answer: refusedOnce },
  {
    id: 'W14',
    title: 'the Host of another site, as a page of it would send after rebinding its name',
    bytes: `POST ${invoke} HTTP/1.1\r\nHost: attacker.example\r\nContent-Length: 2\r\n${close}\r\n{}`,
    answer: /^HTTP\/1\.1 403 /,
  },
  {
    id: 'W15',
    title: 'a request of a web page',
    bytes: post(`Origin: https://attacker.example\r\nContent-Length: 2\r\n${close}`, '{}'),
    answer: /^HTTP\/1\.1 403 /,
  },
  {
    id: 'W16',
    title: 'a form of a web page, without Origin',
    bytes: post(`Sec-Fetch-Site: cross-site\r\nContent-Length: 2\r\n${close}`, '{}'),
    answer: /^HTTP\/1\.1 403 /,
  },
  {
    id: 'W17',
    title: 'headers of a megabyte',
    bytes: post(`X-A: ${'a'.repeat(1_000_000)}\r\n`),
    answer: cut,
  },
  { id: 'W18', title: 'ten thousand headers', bytes: post('X-A: a\r\n'.repeat(10_000)), answer: cut },
  {
    id: 'W19',
    title: 'a path of a megabyte',
    bytes: `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\n${host}\r\n`,
    answer: cut,
  },
  {
    id: 'W20',
    title: 'an event that is announced too large',
    bytes: post(`Content-Length: ${limits.requestPayloadBytesMax + 1}\r\n${close}`),
    answer: /^HTTP\/1\.1 413 /,
  },
  {
    id: 'W21',
    title: 'a configuration that is announced too large',
    bytes: post(`Content-Length: ${limits.controlRequestBytesMax * 200}\r\n${close}`, '', functions),
    answer: /^HTTP\/1\.1 413 /,
  },
  {
    id: 'W22',
    title: 'paths that go up, are encoded twice, and hold NUL',
    bytes: [
      '/2015-03-31/functions/../../etc/passwd',
      '/2015-03-31/functions/%2e%2e%2f%2e%2e/configuration',
      '/2015-03-31/functions/f%00/configuration',
      '/%%%',
    ]
      .map((path, at) => `GET ${path} HTTP/1.1\r\n${host}${at === 3 ? close : ''}\r\n`)
      .join(''),
    answer: /^(HTTP\/1\.1 4\d\d (?:(?!HTTP\/1\.1 \d)[\s\S])*){4}$/,
  },
  {
    id: 'W23',
    title: 'a body of a hundred thousand brackets',
    bytes: ended('['.repeat(100_000), functions),
    answer: /^HTTP\/1\.1 400 /,
  },
  {
    id: 'W24',
    title: 'names of prototypes in a body',
    bytes: ended(
      '{"__proto__":{"FunctionName":"f","polluted":1},"constructor":{"prototype":{"polluted":1}}}',
      functions,
    ),
    answer: /^HTTP\/1\.1 400 /,
  },
  {
    id: 'W25',
    title: 'a body that is not UTF-8, with a BOM, with half surrogates',
    bytes: Buffer.concat([
      Buffer.from(`POST ${functions} HTTP/1.1\r\n${host}Content-Length: 6\r\n${close}\r\n`),
      Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0xfe, 0x80]),
    ]),
    answer: /^HTTP\/1\.1 400 /,
  },
  {
    id: 'W26',
    title: 'another protocol',
    bytes: Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x0d, 0x0a, 0x0d, 0x0a]),
    answer: refusedOnce,
  },
  { id: 'W27', title: 'HTTP/2 with prior knowledge', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', answer: refusedOnce },
  {
    id: 'W28',
    title: 'an upgrade to another protocol',
    bytes: post(`Upgrade: h2c\r\nConnection: Upgrade, close\r\nContent-Length: 2\r\n`, '{}'),
    answer: /^(?!HTTP\/1\.1 101)/,
    calls: 1,
  },
  {
    id: 'W29',
    title: 'a tunnel',
    bytes: `CONNECT 169.254.169.254:80 HTTP/1.1\r\n${host}\r\n`,
    answer: /^(?!HTTP\/1\.1 2)/,
  },
  {
    id: 'W30',
    title: 'an absolute target of another host',
    bytes: `GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\n${host}${close}\r\n`,
    answer: refused,
  },
  {
    id: 'W31',
    title: 'a method that nobody knows',
    bytes: `SPLICE ${invoke} HTTP/1.1\r\n${host}\r\n`,
    answer: refused,
  },
  {
    id: 'W32',
    title: 'TRACE, which would show headers again',
    bytes: `TRACE ${invoke} HTTP/1.1\r\n${host}X-Secret: s3cr3t\r\n${close}\r\n`,
    answer: /^HTTP\/1\.1 4\d\d (?![\s\S]*s3cr3t)/,
  },
  {
    id: 'W33',
    title: 'Base64 that is none, and a zip that is none',
    bytes: ended(
      '{"FunctionName":"g","Role":"arn:aws:iam::000000000000:role/r","Runtime":"nodejs24.x","Handler":"index.handler","Code":{"ZipFile":"%%%"}}',
      functions,
    ),
    answer: /^HTTP\/1\.1 400 /,
  },
  {
    id: 'W34',
    title: 'headers of an answer inside a function name',
    bytes: `GET ${functions}/f%0d%0aSet-Cookie:%20a=b/configuration HTTP/1.1\r\n${host}${close}\r\n`,
    answer: /^HTTP\/1\.1 4\d\d (?![\s\S]*\r\nSet-Cookie)/i,
  },
  {
    id: 'W35',
    title: 'more headers than are taken, each of them short',
    bytes: post(`${'X-A: a\r\n'.repeat(limits.httpHeadersMax)}Content-Length: 2\r\n`, '{}'),
    answer: /^HTTP\/1\.1 431 [\s\S]*at most 100 \(httpHeadersMax\)/,
  },
  {
    id: 'W36',
    title: 'compressed bodies, which might be bombs',
    bytes:
      post('Content-Encoding: gzip\r\nContent-Length: 2\r\n', '{}') +
      post(`Content-Encoding: br\r\nContent-Length: 2\r\n${close}`, '{}', functions),
    answer: /^(HTTP\/1\.1 415 (?:(?!HTTP\/1\.1 \d)[\s\S])*){2}$/,
  },
  {
    id: 'W37',
    title: 'brackets inside a member that is ignored otherwise',
    bytes: ended(`{"VpcConfig":${'['.repeat(300_000)}${']'.repeat(300_000)}}`, functions),
    answer: /^HTTP\/1\.1 400 [\s\S]*requestNestingMax, which is 64/,
  },
  {
    id: 'W38',
    title: 'two million empty arrays',
    bytes: ended(`{"Layers":[${'[],'.repeat(2_000_000)}1]}`, functions),
    answer: /^HTTP\/1\.1 400 [\s\S]*requestSyntaxBytesMax, which is 1048576/,
  },
  {
    id: 'W39',
    title: 'the same member twice',
    bytes: ended('{"Role":"a","Role":5}', functions),
    answer: /^HTTP\/1\.1 400 [\s\S]*Role: NUMBER_VALUE can not be converted to a String/,
  },
  {
    id: 'W40',
    title: 'HTTP/1.0, which has no Host, and would keep its connection',
    bytes: `POST ${invoke} HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}`,
    answer: /^HTTP\/1\.1 200 [\s\S]*Connection: close/i,
    calls: 1,
  },
  {
    id: 'W41',
    title: 'HEAD, whose answers have no bodies',
    bytes: `HEAD ${functions} HTTP/1.1\r\n${host}${close}\r\n`,
    answer: /^HTTP\/1\.1 405 (?:[^\r\n]*\r\n)+\r\n$/,
  },
  {
    id: 'W42',
    title: 'labels that are too long, and one that is nothing',
    bytes:
      `GET ${functions}/${'a'.repeat(limits.httpPathLabelLengthMax + 1)}/configuration HTTP/1.1\r\n${host}\r\n` +
      `GET ${functions}/${'%41'.repeat(5_000)} HTTP/1.1\r\n${host}\r\n` +
      `GET ${functions}//configuration HTTP/1.1\r\n${host}${close}\r\n`,
    answer: /^(HTTP\/1\.1 4\d\d (?:(?!HTTP\/1\.1 \d)[\s\S])*){3}$/,
  },
  {
    id: 'W43',
    title: 'an expectation that nobody knows',
    bytes: post(`Expect: 200-maybe\r\nContent-Length: 2\r\n${close}`, '{}'),
    answer: /^HTTP\/1\.1 417 /,
  },
  {
    id: 'W44',
    title: 'trailers that look like headers',
    bytes: post(
      `Transfer-Encoding: chunked\r\nTrailer: X-Amz-Invocation-Type\r\n${close}`,
      '2\r\n{}\r\n0\r\nX-Amz-Invocation-Type: Nonsense\r\n\r\n',
    ),
    answer: /^HTTP\/1\.1 200 /,
    calls: 1,
  },
  {
    id: 'W45',
    title: 'chunks with extensions of a megabyte',
    bytes: post('Transfer-Encoding: chunked\r\n', `2;${'a'.repeat(1_000_000)}\r\n{}\r\n0\r\n\r\n`),
    answer: cut,
    calls: 1,
  },
];
