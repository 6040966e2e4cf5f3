import test from 'ava';
import { callbackContext, promiseContext } from '../../../runtimes/nodejs/context.ts';
import { defaultSettings } from '../../fixtures/fake-guest.ts';

const request = {
  requestId: 'id-1',
  deadlineEpochMs: 1000,
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:tested:live',
  clientContextJson: '{"custom":{"a":1},"env":{"locale":"de"}}',
  cognitoIdentityJson: '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
  traceId: 'Root=1',
};
const completion = {
  get callbackWaitsForEmptyEventLoop() {
    return true;
  },
  succeed() {},
  fail() {},
  done() {},
};

test('A5.1 the fields', (t) => {
  const expected = {
    functionName: 'tested',
    functionVersion: '$LATEST',
    memoryLimitInMB: '128',
    logGroupName: '/aws/lambda/tested',
    logStreamName: defaultSettings.logStreamName,
    invokedFunctionArn: request.invokedFunctionArn,
    awsRequestId: 'id-1',
    identity: { cognitoIdentityId: 'i', cognitoIdentityPoolId: 'p' },
    clientContext: { custom: { a: 1 }, env: { locale: 'de' } },
  };
  t.like(callbackContext(defaultSettings, request, {}), expected);
  t.like(promiseContext(defaultSettings, request), { ...expected, xRayTraceId: 'Root=1', tenantId: undefined });
});

test('A5.2 the JSON of a callback context has exactly these keys, in order', (t) => {
  const { cognitoIdentityJson, ...withoutIdentity } = request;
  t.deepEqual(Object.keys(JSON.parse(JSON.stringify(callbackContext(defaultSettings, withoutIdentity, completion)))), [
    'callbackWaitsForEmptyEventLoop',
    'functionVersion',
    'functionName',
    'memoryLimitInMB',
    'logGroupName',
    'logStreamName',
    'clientContext',
    'invokedFunctionArn',
    'awsRequestId',
  ]);
});

test('A5.3 the remaining time is not clamped', (t) => {
  for (const context of [callbackContext(defaultSettings, request, {}), promiseContext(defaultSettings, request)]) {
    const { getRemainingTimeInMillis } = context as { getRemainingTimeInMillis(): number };
    t.true(getRemainingTimeInMillis() < 0);
  }
});

test('A5.5 what was not sent is undefined; what is no JSON throws', (t) => {
  const { clientContextJson, cognitoIdentityJson, ...bare } = request;
  t.like(promiseContext(defaultSettings, bare), { clientContext: undefined, identity: undefined });
  t.throws(() => promiseContext(defaultSettings, { ...bare, clientContextJson: 'x' }), {
    message: /^Cannot parse ClientContext as json: SyntaxError: /,
  });
  t.throws(() => callbackContext(defaultSettings, { ...bare, cognitoIdentityJson: '' }, {}), {
    message: /^Cannot parse CognitoIdentity as json: SyntaxError: /,
  });
});
