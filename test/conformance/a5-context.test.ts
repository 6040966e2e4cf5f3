/** LAMBDA.md A5: the context object. */
import test from 'ava';
import { errorOf, Lambda, ric3, ric4 } from './lambda.ts';

const lambda = new Lambda(test);
const both = [ric3, ric4] as const;

test.serial('A5.1 the fields, memoryLimitInMB as a string', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy('exports.handler = async (event, context) => context;', runtime, { memorySize: 256 });
    const result = await f.invoke();
    t.like(result.json, {
      functionName: f.functionName,
      functionVersion: '$LATEST',
      memoryLimitInMB: '256',
      logGroupName: `/aws/lambda/${f.functionName}`,
      invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${f.functionName}`,
      awsRequestId: result.requestId,
    });
    t.regex((result.json as { logStreamName: string }).logStreamName, /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
  }
});

test.serial('A5.2 the JSON of a callback context has exactly these keys, in order', async (t) => {
  const f = await lambda.deploy('exports.handler = async (event, context) => context;', ric3);
  const clientContext = Buffer.from('{"custom":{"a":1}}').toString('base64');
  const { json } = await f.invoke({}, { clientContext });
  t.deepEqual(Object.keys(json as object), [
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
  t.like(json, { callbackWaitsForEmptyEventLoop: true });
});

test.serial('A5.3 getRemainingTimeInMillis counts down to the deadline', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      `exports.handler = async (event, context) => {
         const before = context.getRemainingTimeInMillis();
         await new Promise((resolve) => setTimeout(resolve, 20));
         return [before, context.getRemainingTimeInMillis()];
       };`,
      runtime,
      { timeout: 5 },
    );
    const [before = 0, after = 0] = (await f.invoke()).json as number[];
    t.true(before <= 5000 && before > 3000, `${before}`);
    t.true(after <= before - 15, `${after}`);
  }
});

test.serial('A5.4 the ARN carries the qualifier that the caller used', async (t) => {
  const f = await lambda.deploy(
    'exports.handler = async (event, context) => [context.invokedFunctionArn, context.functionVersion];',
    ric4,
  );
  const arn = `arn:aws:lambda:us-east-1:000000000000:function:${f.functionName}`;
  t.deepEqual((await f.invoke()).json, [arn, '$LATEST']);
  t.deepEqual((await f.invoke({}, { qualifier: '$LATEST' })).json, [`${arn}:$LATEST`, '$LATEST']);
});

test.serial('A5.5 client context and identity are passed through as they are', async (t) => {
  const context = { client: { installation_id: 'i' }, custom: { a: [1] }, env: { locale: 'de' } };
  const identity = { cognitoIdentityId: 'id', cognitoIdentityPoolId: 'pool' };
  for (const runtime of both) {
    const f = await lambda.deploy(
      'exports.handler = async (event, c) => [c.clientContext ?? "none", c.identity ?? "none"];',
      runtime,
    );
    t.deepEqual((await f.invoke()).json, ['none', 'none']);
    const result = await f.invoke(
      {},
      {
        clientContext: Buffer.from(JSON.stringify(context)).toString('base64'),
        cognitoIdentity: JSON.stringify(identity),
      },
    );
    t.deepEqual(result.json, [context, identity]);
    const bad = await f.invoke({}, { clientContext: Buffer.from('{').toString('base64') });
    t.is(bad.functionError, 'Unhandled');
    t.regex(String(errorOf(bad).errorMessage), /^Cannot parse ClientContext as json: /);
    const badIdentity = await f.invoke({}, { cognitoIdentity: '{' });
    t.regex(String(errorOf(badIdentity).errorMessage), /^Cannot parse CognitoIdentity as json: /);
  }
});

test.serial('A5.6 _X_AMZN_TRACE_ID is set for an invocation that has a trace id, and deleted for others', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy('exports.handler = async () => process.env._X_AMZN_TRACE_ID ?? "none";', runtime);
    t.is((await f.invoke({}, { traceId: 'Root=1-2-3' })).json, 'Root=1-2-3');
    t.is((await f.invoke()).json, 'none');
  }
});

test.serial('A5.7 the request id is under its symbol, and is not cleared between invocations', async (t) => {
  const f = await lambda.deploy(
    `const read = () => globalThis[Symbol.for('aws.lambda.runtime.requestId')];
     let left;
     exports.handler = async (event, context) => {
       if (left) return left.then((seen) => [seen === context.awsRequestId, read() === context.awsRequestId]);
       left = new Promise((resolve) => setTimeout(() => resolve(read()), 1));
     };`,
    ric3,
  );
  await f.invoke();
  t.deepEqual((await f.invoke()).json, [true, true], 'frozen work sees the new id');
});
