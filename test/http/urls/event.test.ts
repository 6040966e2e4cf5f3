/** Requests as events: payload 2.0, with what the client wrote left as it is. */
import test from 'ava';
import fc from 'fast-check';
import { type UrlRequest, urlEvent } from '../../../src/http/urls/event.ts';

const urlId = 'abcdefghijklmnopqrstuvwxyz234567';
const usual: UrlRequest = {
  urlId,
  domainName: `${urlId}.lambda-url.localhost`,
  method: 'GET',
  protocol: 'HTTP/1.1',
  rest: '/',
  rawHeaders: [],
  body: new Uint8Array(),
  sourceIp: '127.0.0.1',
  port: 9001,
  requestId: '8f1c1f7e-3a5b-4a52-9b55-0f3d7a1c2b3d',
  traceId: 'Root=1-1',
  epochMs: Date.UTC(2025, 10, 5, 2, 26, 4, 123),
};
const event = (more: Partial<UrlRequest>) => JSON.parse(urlEvent({ ...usual, ...more }));
const added = {
  'x-amzn-trace-id': 'Root=1-1',
  'x-forwarded-for': '127.0.0.1',
  'x-forwarded-port': '9001',
  'x-forwarded-proto': 'http',
};

test('the whole of an event', (t) => {
  const rawHeaders = ['Host', 'h', 'User-Agent', 'curl', 'Content-Type', 'application/json', 'Cookie', 'a=b; c=d'];
  t.deepEqual(event({ method: 'POST', rest: '/a/b?x=1', rawHeaders, body: Buffer.from('{"é":1}') }), {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/a/b',
    rawQueryString: 'x=1',
    cookies: ['a=b', 'c=d'],
    headers: { host: 'h', 'user-agent': 'curl', 'content-type': 'application/json', 'content-length': '8', ...added },
    queryStringParameters: { x: '1' },
    requestContext: {
      accountId: 'anonymous',
      apiId: urlId,
      domainName: `${urlId}.lambda-url.localhost`,
      domainPrefix: urlId,
      http: { method: 'POST', path: '/a/b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'curl' },
      requestId: '8f1c1f7e-3a5b-4a52-9b55-0f3d7a1c2b3d',
      routeKey: '$default',
      stage: '$default',
      time: '05/Nov/2025:02:26:04 +0000',
      timeEpoch: usual.epochMs,
    },
    body: '{"é":1}',
    isBase64Encoded: false,
  });
});

test('headers, path, parameters and body are those that AWS was recorded to tell', (t) => {
  // TestLambdaURL::test_lambda_url_echo_http_fixture_default, without what TLS adds; the client sent `Connection`, too.
  const body = Buffer.from('{"foo": "bar"}');
  const rawHeaders = [
    ...['Host', 'domain', 'User-Agent', 'test/echo', 'Accept-Encoding', 'gzip, deflate', 'Accept', '*/*'],
    ...['Connection', 'keep-alive', 'content-type', 'application/json', 'ExTrA-HeadErs', 'With WeiRd CapS'],
    ...['Content-Length', '14'],
  ];
  const rest = '/pa2%Fth/1?q=query&multiQuery=foo&multiQuery=%2Fbar';
  const made = event({ method: 'POST', rest, rawHeaders, body });
  t.deepEqual(made.queryStringParameters, { multiQuery: 'foo,/bar', q: 'query' });
  t.is(made.rawPath, '/pa2%Fth/1');
  t.deepEqual(made.headers, {
    accept: '*/*',
    'accept-encoding': 'gzip, deflate',
    'content-length': '14',
    'content-type': 'application/json',
    'extra-headers': 'With WeiRd CapS',
    host: 'domain',
    'user-agent': 'test/echo',
    ...added,
  });
  t.is(made.body, '{"foo": "bar"}');
});

test('without a query, cookies or a body their members are absent', (t) => {
  const plain = event({});
  for (const name of ['queryStringParameters', 'cookies', 'body']) t.false(name in plain);
  t.is(plain.rawQueryString, '');
  t.false(plain.isBase64Encoded);
});

test('a path is as the client wrote it', (t) => {
  for (const path of ['/pa2%Fth/1', '/a/../b', '//a///', '/%2F%2e%00', '/é', '/a;b=c', '/{proxy+}']) {
    const made = event({ rest: `${path}?q=/../` });
    t.is(made.rawPath, path);
    t.is(made.requestContext.http.path, path);
    t.is(made.rawQueryString, 'q=/../');
  }
});

test('parameters are decoded, and those of one name joined', (t) => {
  const { queryStringParameters, rawQueryString } = event({ rest: '/?a=1&a=2,3&b=%20+%2F&c&=d&e=%&__proto__=x&f=g?h' });
  t.is(rawQueryString, 'a=1&a=2,3&b=%20+%2F&c&=d&e=%&__proto__=x&f=g?h');
  t.deepEqual(Object.entries(queryStringParameters), [
    ['a', '1,2,3'],
    ['b', '  /'],
    ['c', ''],
    ['', 'd'],
    ['e', '%'],
    ['__proto__', 'x'],
    ['f', 'g?h'],
  ]);
});

test('headers of one name are joined; those of the connection, and claims about it, stay here', (t) => {
  const { headers } = event({
    rawHeaders: [
      ...[
        'X-A',
        '1',
        'x-a',
        '2',
        'Connection',
        'keep-alive, X-Private',
        'X-Private',
        '1',
        'Transfer-Encoding',
        'chunked',
      ],
      ...['Upgrade', 'h2c', 'TE', 'trailers', 'Expect', '100-continue', 'X-Forwarded-For', '6.6.6.6'],
      ...['X-Forwarded-Host', 'evil', 'x-amzn-trace-id', 'Root=evil', 'X-Amzn-TLS-Version', 'x', '__proto__', 'p'],
    ],
  });
  t.deepEqual(Object.entries(headers), [['x-a', '1,2'], ['__proto__', 'p'], ...Object.entries(added)]);
});

test('a body is text when its type says so and it is some; else it is Base64', (t) => {
  const body = (contentType: string | undefined, bytes: Uint8Array) => {
    const made = event({ rawHeaders: contentType === undefined ? [] : ['content-type', contentType], body: bytes });
    return [made.isBase64Encoded, made.body];
  };
  const hi = Buffer.from('hi');
  for (const type of [
    'text/plain',
    'TEXT/HTML; charset=utf-8',
    'application/json',
    'application/xml',
    'application/javascript',
    'application/ld+json; a=b',
  ]) {
    t.deepEqual(body(type, hi), [false, 'hi'], type);
  }
  for (const type of [
    undefined,
    '',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'image/png',
    'image/svg+xml',
    'application/jsonx',
    'xtext/plain',
  ]) {
    t.deepEqual(body(type, hi), [true, 'aGk='], type ?? 'none');
  }
  t.deepEqual(body('text/plain', Buffer.from([0xff, 0x61])), [true, '/2E='], 'Latin-1 is not lost');
  t.deepEqual(body('text/plain', Buffer.from([0xef, 0xbb, 0xbf, 0x61])), [false, '\ufeffa']);
});

test('a verified caller is named', (t) => {
  const { requestContext } = event({ caller: 'AKID' });
  t.is(requestContext.accountId, '000000000000');
  t.deepEqual(requestContext.authorizer, {
    iam: {
      accessKey: 'AKID',
      accountId: '000000000000',
      callerId: '000000000000',
      cognitoIdentity: null,
      principalOrgId: null,
      userArn: 'arn:aws:iam::000000000000:root',
      userId: '000000000000',
    },
  });
});

test('whatever a client sends, the event is JSON that says it', (t) => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'Connection', 'cookie', 'content-type', 'text/plain'),
  );
  fc.assert(
    fc.property(text, fc.array(text), fc.uint8Array(), (path, headers, body) => {
      const made = event({ rest: `/${path}`, rawHeaders: headers, body });
      t.is(`${made.rawPath}${path.includes('?') ? '?' : ''}${made.rawQueryString}`, `/${path}`);
      const sent = made.body === undefined ? '' : Buffer.from(made.body, made.isBase64Encoded ? 'base64' : 'utf8');
      t.deepEqual(Buffer.from(sent), Buffer.from(body));
    }),
  );
});
