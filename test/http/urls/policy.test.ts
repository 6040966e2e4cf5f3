/** Who may use a URL, what pages of other origins may do with it, and whose cookies it may set. */
import test from 'ava';
import { isPublic } from '../../../src/http/urls/access.ts';
import { preflightHeaders, withCors } from '../../../src/http/urls/cors.ts';
import { safeCookies } from '../../../src/http/urls/safe-cookies.ts';
import type { PolicyStatement } from '../../../src/model/policy-statement.ts';

const statement: PolicyStatement = {
  Sid: 'url',
  Effect: 'Allow',
  Principal: '*',
  Action: 'lambda:InvokeFunctionUrl',
  Resource: 'arn:aws:lambda:us-east-1:000000000000:function:f',
  Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } },
};

test('a URL without credentials needs a statement that lets everybody in', (t) => {
  const open: Partial<PolicyStatement>[] = [
    {},
    { Principal: { AWS: '*' } },
    { Action: 'lambda:*' },
    { Action: '*' },
    { Condition: {} },
    { Condition: { ...statement.Condition, Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } } },
  ];
  for (const more of open) t.true(isPublic([{ ...statement, ...more }]), JSON.stringify(more));
  const closed: Partial<PolicyStatement>[] = [
    { Principal: 'arn:aws:iam::000000000000:root' },
    { Principal: { AWS: 'arn:aws:iam::000000000000:root' } },
    { Principal: { Service: '*' } },
    { Action: 'lambda:InvokeFunction' },
    { Action: 'lambda:InvokeFunctionUrls' },
    { Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } } },
    { Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE', 'AWS:SourceAccount': '000000000000' } } },
    { Condition: { ArnLike: { 'AWS:SourceArn': '*' } } },
    { Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'false' } } },
    { Condition: { StringEquals: { toString: 'NONE' } } },
  ];
  t.false(isPublic([]));
  for (const more of closed) t.false(isPublic([{ ...statement, ...more }]), JSON.stringify(more));
  t.true(isPublic([...closed.map((more) => ({ ...statement, ...more })), statement]), 'one is enough');
});

const cors = {
  allowOrigins: ['https://a.example', 'http://localhost:3000'],
  allowMethods: ['GET', 'POST'],
  allowHeaders: ['x-a', 'content-type'],
  exposeHeaders: ['x-b'],
  allowCredentials: true,
  maxAge: 60,
};
const question = { origin: 'https://a.example', 'access-control-request-method': 'POST' };

test('a browser’s question is answered from the settings', (t) => {
  t.deepEqual(preflightHeaders(cors, 'OPTIONS', question), [
    ['vary', 'Origin'],
    ['access-control-allow-origin', 'https://a.example'],
    ['access-control-allow-credentials', 'true'],
    ['access-control-allow-methods', 'GET,POST'],
    ['access-control-allow-headers', 'x-a,content-type'],
    ['access-control-max-age', '60'],
  ]);
  t.deepEqual(preflightHeaders({ allowOrigins: ['*'] }, 'OPTIONS', question), [
    ['vary', 'Origin'],
    ['access-control-allow-origin', '*'],
  ]);
});

test('an origin that is not listed is told nothing', (t) => {
  for (const origin of ['https://a.example.evil', 'http://a.example', 'https://A.example', 'null', '']) {
    t.deepEqual(preflightHeaders(cors, 'OPTIONS', { ...question, origin }), [['vary', 'Origin']], origin);
    t.deepEqual(withCors(cors, origin, []), [['vary', 'Origin']], origin);
  }
});

test('every other request is the function’s', (t) => {
  t.is(preflightHeaders(cors, 'GET', question), undefined);
  t.is(preflightHeaders(cors, 'OPTIONS', { origin: 'https://a.example' }), undefined);
  t.is(preflightHeaders(cors, 'OPTIONS', { 'access-control-request-method': 'GET' }), undefined);
});

test('the settings replace what the function says about it', (t) => {
  const headers = [
    ['access-control-allow-origin', '*'],
    ['access-control-allow-anything', 'yes'],
    ['vary', 'accept'],
    ['x-b', 'kept'],
  ] as const;
  t.deepEqual(withCors(cors, 'https://a.example', headers), [
    ['vary', 'accept'],
    ['x-b', 'kept'],
    ['vary', 'Origin'],
    ['access-control-allow-origin', 'https://a.example'],
    ['access-control-allow-credentials', 'true'],
    ['access-control-expose-headers', 'x-b'],
  ]);
  t.deepEqual(withCors(cors, undefined, headers), [
    ['vary', 'accept'],
    ['x-b', 'kept'],
  ]);
});

test('a function sets cookies of its own URL, and none that other URLs would get', (t) => {
  const kept = [
    'a=1',
    'a=1; Path=/; HttpOnly',
    'a=1; Domain=id.lambda-url.localhost',
    'a=1; Domain=example.com',
    'domain=localhost',
  ];
  const dropped = [
    'a=1; Domain=lambda-url.localhost',
    'a=1; domain=.LOCALHOST',
    'a=1;DOMAIN = lambda-url.localhost ; Path=/',
    'a=1; Domain=x; Domain=localhost',
  ];
  for (const value of kept) {
    const headers = [['set-cookie', value]] as const;
    t.deepEqual(safeCookies(headers, 'id.lambda-url.localhost'), headers, value);
  }
  for (const value of dropped) {
    t.deepEqual(
      safeCookies(
        [
          ['set-cookie', value],
          ['x', value],
        ],
        'id.lambda-url.localhost',
      ),
      [['x', value]],
      value,
    );
  }
});
