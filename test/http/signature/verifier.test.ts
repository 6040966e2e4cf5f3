/** Requests as AWS's clients sign them pass; everything that is not exactly that is refused with AWS's answer. */
import { inspect } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { AccessKeys } from '../../../src/http/signature/access-keys.ts';
import type { RequestHead } from '../../../src/http/signature/request-head.ts';
import { SignatureError } from '../../../src/http/signature/signature-error.ts';
import { SignatureVerifier } from '../../../src/http/signature/verifier.ts';
import { limits } from '../../../src/model/limits.ts';
import { accessKey, signed } from './signing.ts';

const noBody = new Uint8Array();
const now = new Date('2026-03-01T12:00:00Z');

function verifier(at: Date = now, region?: string): SignatureVerifier {
  return new SignatureVerifier({
    keys: new AccessKeys([accessKey, { accessKeyId: 'OTHER', secretAccessKey: 'another-secret-of-somebody' }]),
    clock: { epochMs: () => at.getTime() },
    ...(region !== undefined && { region }),
  });
}

function refusal(t: ExecutionContext, act: () => unknown): { code: string; message: string } {
  const { code, message, statusCode } = t.throws(act, { instanceOf: SignatureError });
  t.is(statusCode, 403);
  t.false(message.includes(accessKey.secretAccessKey));
  return { code, message };
}

const mismatch = {
  code: 'InvalidSignatureException',
  message:
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
    'signing method. Consult the service documentation for details.',
};

/** AWS, "Create a signed AWS API request": the example that every implementation starts with. */
test('the example of AWS’s documentation has the signature that is printed there', (t) => {
  const head = {
    method: 'GET',
    url: '/?Action=ListUsers&Version=2010-05-08',
    rawHeaders: [
      'Host',
      'iam.amazonaws.com',
      'Content-Type',
      'application/x-www-form-urlencoded; charset=utf-8',
      'X-Amz-Date',
      '20150830T123600Z',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, ' +
        'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    ],
  };
  const then = verifier(new Date('2015-08-30T12:36:00Z'));
  t.deepEqual(then.verify(head, ['iam'], noBody), { accessKeyId: 'AKIDEXAMPLE' });
});

test('what the SDK signs passes, by header and as a presigned link, for each of several keys', async (t) => {
  const request = { method: 'POST', path: '/2015-03-31/functions/f/invocations', query: { Qualifier: '$LATEST' } };
  const body = '{"name":"Ada"}';
  for (const key of [accessKey, { accessKeyId: 'OTHER', secretAccessKey: 'another-secret-of-somebody' }]) {
    const head = await signed({ ...request, body }, { at: now, key });
    const expected = { accessKeyId: key.accessKeyId };
    t.deepEqual(verifier().verify(head, ['lambda'], Buffer.from(body)), expected);
    const link = await signed({ method: 'GET' }, { at: now, key, expiresIn: 60 });
    t.deepEqual(verifier().verify(link, ['lambda'], noBody), expected);
  }
});

test('any path, query, header and body is signed the way that the SDK signs it', async (t) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const name = fc
    .stringMatching(/^[a-zA-Z0-9~._-]{1,8}$/)
    .filter((each) => each !== '__proto__' && each !== '.' && each !== '..');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(name, text.filter((each) => each !== '').map(encodeURIComponent)), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(
          name,
          text.filter((each) => each !== '' && each !== '__proto__'),
        ),
        fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
        {
          maxKeys: 4,
        },
      ),
      fc.dictionary(
        name.map((each) => `h-${each.toLowerCase()}`),
        fc.stringMatching(/^[!-~ ]{0,20}$/),
        { maxKeys: 3 },
      ),
      text,
      async (segments, query, headers, body) => {
        const head = await signed(
          { method: 'PUT', path: `/${segments.join('/')}`, query: query as Record<string, string>, headers, body },
          { at: now },
        );
        verifier().verify(head, ['lambda'], Buffer.from(body));
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});

test('an UNSIGNED-PAYLOAD goes with any body, a hash with its own only', async (t) => {
  const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const unsigned = await signed({ method: 'POST', headers }, { at: now });
  t.notThrows(() => verifier().verify(unsigned, ['lambda'], Buffer.from('any')));
  const head = await signed({ method: 'POST', body: 'one' }, { at: now });
  t.deepEqual(
    refusal(t, () => verifier().verify(head, ['lambda'], Buffer.from('two'))),
    mismatch,
  );
});

test('a wrong signature is refused before the body is read, where the head says what the body is', async (t) => {
  const head = await signed(
    { method: 'POST', body: '{}' },
    { at: now, key: { ...accessKey, secretAccessKey: 'x'.repeat(40) } },
  );
  t.deepEqual(
    refusal(t, () => verifier().open(head, ['lambda'])),
    mismatch,
  );
});

test('each change of what was signed is a mismatch', async (t) => {
  const request = { method: 'POST', path: '/2015-03-31/functions/f/invocations', query: { Qualifier: '1' } };
  const head = await signed({ ...request, headers: { 'x-amz-log-type': 'Tail' }, body: '{}' }, { at: now });
  t.notThrows(() => verifier().verify(head, ['lambda'], Buffer.from('{}')));
  const changes: Readonly<Record<string, RequestHead>> = {
    method: { ...head, method: 'PUT' },
    path: { ...head, url: head.url?.replace('/f/', '/g/') ?? '' },
    encoding: { ...head, url: head.url?.replace('/f/', '/%66/') ?? '' },
    query: { ...head, url: `${head.url}&Qualifier=2` },
    'no query': { ...head, url: head.url?.replace(/\?.*/, '') ?? '' },
    host: replaced(head, 'host', 'other.example'),
    'log type': replaced(head, 'x-amz-log-type', 'None'),
    'a second log type': { ...head, rawHeaders: [...head.rawHeaders, 'X-Amz-Log-Type', 'None'] },
    signature: replaced(head, 'authorization', (value) => value.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
    'half a signature': replaced(head, 'authorization', (value) => value.slice(0, -32)),
    'no signature': replaced(head, 'authorization', (value) => value.replace(/Signature=.*/, 'Signature=')),
    'upper case': replaced(head, 'authorization', (value) =>
      value.replace(/Signature=(.*)/, (_, hex) => `Signature=${hex.toUpperCase()}`),
    ),
  };
  for (const [name, changed] of Object.entries(changes)) {
    t.deepEqual(
      refusal(t, () => verifier().verify(changed, ['lambda'], Buffer.from('{}'))),
      mismatch,
      name,
    );
  }
});

test('headers that change what a request means must be signed, and so must the host', async (t) => {
  const head = await signed({}, { at: now });
  const added = { ...head, rawHeaders: [...head.rawHeaders, 'X-Amz-Invocation-Type', 'Event'] };
  t.deepEqual(
    refusal(t, () => verifier().verify(added, ['lambda'], noBody)),
    {
      code: 'InvalidSignatureException',
      message: "'x-amz-invocation-type' must be a 'SignedHeader' in the AWS Authorization.",
    },
  );
  const hostless = replaced(head, 'authorization', (value) => value.replace('host;', ''));
  t.deepEqual(
    refusal(t, () => verifier().verify(hostless, ['lambda'], noBody)),
    {
      code: 'InvalidSignatureException',
      message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    },
  );
  // What proxies add between client and server does not.
  const proxied = {
    ...head,
    rawHeaders: [...head.rawHeaders, 'X-Forwarded-For', '192.0.2.1', 'X-Amzn-Trace-Id', 'Root=1'],
  };
  t.notThrows(() => verifier().verify(proxied, ['lambda'], noBody));
});

test('a request without a signature has no token', (t) => {
  for (const url of ['/', '/?X-Amz-Signature=0', '/?Signature=0&AWSAccessKeyId=AKIDEXAMPLE']) {
    t.deepEqual(
      refusal(t, () => verifier().open({ method: 'GET', url, rawHeaders: ['Host', 'h'] }, ['lambda'])),
      { code: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
    );
  }
});

test('keys that nobody gave are not recognised, nor are sessions', async (t) => {
  const unknown = {
    code: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  };
  for (const key of [
    { accessKeyId: 'NOBODY', secretAccessKey: accessKey.secretAccessKey },
    { accessKeyId: '__proto__', secretAccessKey: 'undefined' },
    { ...accessKey, sessionToken: 'of-another-account' },
  ]) {
    for (const signing of [{}, { expiresIn: 60 }]) {
      const head = await signed({}, { at: now, key, ...signing });
      t.deepEqual(
        refusal(t, () => verifier().open(head, ['lambda'])),
        unknown,
      );
    }
  }
});

test('a header that is not whole says what it lacks, and never shows what was sent', (t) => {
  const open = (authorization: string, ...more: readonly string[]) =>
    refusal(t, () =>
      verifier().open({ method: 'GET', url: '/', rawHeaders: ['Host', 'h', 'Authorization', authorization, ...more] }, [
        'lambda',
      ]),
    );
  const date = ['X-Amz-Date', '20260301T120000Z'] as const;
  const bearer = open('Bearer s3cr3t', ...date);
  t.is(bearer.code, 'IncompleteSignatureException');
  t.regex(
    bearer.message,
    /^Authorization header requires 'Credential' parameter\. Authorization header requires 'Signature' parameter\. Authorization header requires 'SignedHeaders' parameter\. \(Hashed with SHA-256 and encoded with Base64\) Authorization=[A-Za-z0-9+/]{43}=$/,
  );
  t.false(bearer.message.includes('s3cr3t'));
  t.regex(
    open('AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=host,Signature=0').message,
    /^Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. \(/,
  );
  t.regex(
    open('AWS4-ECDSA-P256-SHA256 Credential=a', ...date).message,
    /^Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'\. /,
  );
  t.regex(
    open('AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=0', ...date).message,
    /^Credential must have exactly 5 /,
  );
  t.true(
    open(`AWS4-HMAC-SHA256 Credential=${'a'.repeat(10_000)},SignedHeaders=host,Signature=0`, ...date).message.length <
      400,
  );
});

test('a presigned link that is not whole says what it lacks', async (t) => {
  const head = await signed({}, { at: now, expiresIn: 60 });
  for (const name of ['X-Amz-Credential', 'X-Amz-Date', 'X-Amz-SignedHeaders', 'X-Amz-Expires', 'X-Amz-Signature']) {
    const url = head.url?.replace(new RegExp(`&?${name}=[^&]*`), '') ?? '';
    t.deepEqual(
      refusal(t, () => verifier().open({ ...head, url }, ['lambda'])),
      {
        code: 'IncompleteSignatureException',
        message: `AWS query-string parameters must include '${name}'. Re-examine the query-string parameters.`,
      },
    );
  }
  for (const expires of ['0', '-1', '604801', '1e3', '99999999999']) {
    const url = head.url?.replace(/X-Amz-Expires=\d+/, `X-Amz-Expires=${expires}`) ?? '';
    t.is(
      refusal(t, () => verifier().open({ ...head, url }, ['lambda'])).message,
      'X-Amz-Expires must be between 1 and 604800 seconds',
    );
  }
});

test('the scope must be ours: region, service, day and end', async (t) => {
  const of = async (signing: object, services = ['lambda']) => {
    const head = await signed({}, { at: now, ...signing });
    return refusal(t, () => verifier().open(head, services));
  };
  t.regex(
    (await of({ region: 'eu-west-1' })).message,
    /^Credential should be scoped to a valid region, not 'eu-west-1'\./,
  );
  t.is((await of({ service: 's3' })).message, "Credential should be scoped to correct service: 'lambda'.");
  t.is(
    (await of({}, ['logs', 'kinesis'])).message,
    "Credential should be scoped to correct service: 'logs' or 'kinesis'.",
  );
  const head = await signed({}, { at: now });
  const changed = (from: string, to: string) =>
    refusal(t, () =>
      verifier().open(
        replaced(head, 'authorization', (value) => value.replace(from, to)),
        ['lambda'],
      ),
    ).message;
  t.is(
    changed('aws4_request', 'aws_request'),
    "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws_request'.",
  );
  t.is(
    changed('/20260301/', '/20260302/'),
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260302' != '20260301', from '20260301T120000Z'.",
  );
  t.notThrows(() => verifier(now, 'eu-west-1'));
});

test('clocks may be five minutes apart, and no more', async (t) => {
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
  const open = async (seconds: number) => verifier().open(await signed({}, { at: at(seconds) }), ['lambda']);
  for (const seconds of [-300, 300, 0]) await t.notThrowsAsync(open(seconds));
  t.is(
    (await t.throwsAsync(open(-301))).message,
    'Signature expired: 20260301T115459Z is now earlier than 20260301T115500Z (20260301T120000Z - 5 min.).',
  );
  t.is(
    (await t.throwsAsync(open(301))).message,
    'Signature not yet current: 20260301T120501Z is still later than 20260301T120500Z (20260301T120000Z + 5 min.).',
  );
});

test('a presigned link is good until it expires, however old', async (t) => {
  const link = await signed({}, { at: now, expiresIn: 86_400 });
  const later = (seconds: number) => verifier(new Date(now.getTime() + seconds * 1_000));
  for (const seconds of [-300, 0, 86_400]) t.notThrows(() => later(seconds).verify(link, ['lambda'], noBody));
  t.regex(
    refusal(t, () => later(86_401).open(link, ['lambda'])).message,
    /^Signature expired: 20260301T120000Z is now earlier than /,
  );
  t.regex(refusal(t, () => later(-301).open(link, ['lambda'])).message, /^Signature not yet current: /);
});

test('the date of HTTP is taken where there is no X-Amz-Date', (t) => {
  const open = (date: string) =>
    verifier().open(
      {
        method: 'GET',
        url: '/',
        rawHeaders: [
          'Host',
          'h',
          'Date',
          date,
          'Authorization',
          'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-east-1/lambda/aws4_request, SignedHeaders=date;host, Signature=0',
        ],
      },
      ['lambda'],
    );
  t.notThrows(() => open('Sun, 01 Mar 2026 12:00:00 GMT'));
  t.regex(refusal(t, () => open('Sun, 01 Mar 2026 11:00:00 GMT')).message, /^Signature expired: 20260301T110000Z /);
});

test('no head makes the verifier fail other than by refusing it', (t) => {
  const part = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      'AWS4-HMAC-SHA256 ',
      'Credential=',
      'AKIDEXAMPLE/20260301/us-east-1/lambda/aws4_request',
      ',',
      'SignedHeaders=host',
      'Signature=',
    ),
  );
  const texts = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(texts, texts, texts, (authorization, date, query) => {
      const rawHeaders = ['Host', 'h', 'Authorization', authorization, 'X-Amz-Date', date];
      for (const headers of [rawHeaders, ['Host', 'h']]) {
        try {
          verifier().verify(
            { method: 'GET', url: `/?X-Amz-Algorithm=AWS4-HMAC-SHA256&${query}`, rawHeaders: headers },
            ['lambda'],
            noBody,
          );
          return false;
        } catch (error) {
          if (!(error instanceof SignatureError)) throw error;
        }
      }
      return true;
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

test('keys are bounded, and their secrets are not shown', (t) => {
  const { secretAccessKey } = accessKey;
  for (const [accessKeyId, secret, message] of [
    ['', secretAccessKey, /^the id of an access key must be 1 to 128 letters, digits or underscores, got ""$/],
    ['a b', secretAccessKey, /got "a b"$/],
    ['A'.repeat(129), secretAccessKey, /^the id of an access key/],
    [
      'A',
      'short',
      /^the secret of access key A must be 16 to 128 printable ASCII characters without spaces, got 5 characters$/,
    ],
    ['A', 'with a space in the middle', /got 26 characters$/],
    ['A', 's'.repeat(129), /got 129 characters$/],
  ] as const) {
    const error = t.throws(() => new AccessKeys([{ accessKeyId, secretAccessKey: secret }]));
    t.regex(error.message, message);
    t.false(error.message.includes(secret));
  }
  t.regex(t.throws(() => new AccessKeys([accessKey, accessKey])).message, /AKIDEXAMPLE is given twice$/);
  const many = Array.from({ length: limits.accessKeysMax + 1 }, (_, at) => ({
    accessKeyId: `K${at}`,
    secretAccessKey,
  }));
  t.regex(t.throws(() => new AccessKeys(many)).message, /at most accessKeysMax, which is 1000; got 1001$/);
  const keys = new AccessKeys([accessKey]);
  keys.signingKey('AKIDEXAMPLE', '20260301', 'us-east-1', 'lambda');
  t.is(inspect({ keys }, { depth: 9, showHidden: true }), '{ keys: AccessKeys(1) }');
  t.false(JSON.stringify({ keys }).includes(secretAccessKey.slice(0, 8)));
});

function replaced(head: RequestHead, name: string, value: string | ((old: string) => string)): RequestHead {
  const rawHeaders = head.rawHeaders.map((each, at) => {
    if (at % 2 === 0 || head.rawHeaders[at - 1]?.toLowerCase() !== name) return each;
    return typeof value === 'string' ? value : value(each);
  });
  return { ...head, rawHeaders };
}
