/** EventBridge's operations on scheduled rules, as the AWS CLI sends them, over a real registry and a clock of the test's. */
import test, { type ExecutionContext } from 'ava';
import { createServer } from '../../src/http/server.ts';
import { controlEngine } from './control-engine.ts';

const ruleArn = (name: string) => `arn:aws:events:us-east-1:000000000000:rule/${name}`;
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

async function client(t: ExecutionContext) {
  const engine = await controlEngine();
  const server = createServer({ engine });
  t.teardown(() => server.close());
  return async (operation: string, body: unknown, service = 'AWSEvents') => {
    const answer = await server.inject({
      method: 'POST',
      url: '/',
      payload: typeof body === 'string' ? body : JSON.stringify(body),
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${service}.${operation}`,
        host: '127.0.0.1:9001',
      },
    });
    t.is(answer.headers['content-type'], 'application/x-amz-json-1.1');
    t.regex(String(answer.headers['x-amzn-requestid']), /^[0-9a-f-]{36}$/);
    // biome-ignore lint/suspicious/noExplicitAny: what is wrong shows as a failed comparison.
    const json: any = JSON.parse(answer.body);
    return { status: answer.statusCode, json };
  };
}

test('a rule is put, described, listed, switched off and on, and deleted', async (t) => {
  const send = await client(t);
  const rule = { Name: 'nightly', ScheduleExpression: 'cron(0 3 * * ? *)', Description: 'clean up' };
  t.deepEqual(await send('PutRule', rule), { status: 200, json: { RuleArn: ruleArn('nightly') } });
  const shown = { ...rule, Arn: ruleArn('nightly'), State: 'ENABLED', EventBusName: 'default' };
  t.deepEqual((await send('DescribeRule', { Name: 'nightly' })).json, { ...shown, CreatedBy: '000000000000' });
  t.deepEqual((await send('ListRules', {})).json, { Rules: [shown] });
  t.deepEqual((await send('DisableRule', { Name: 'nightly', EventBusName: 'default' })).json, {});
  t.is((await send('DescribeRule', { Name: 'nightly' })).json.State, 'DISABLED');
  t.deepEqual((await send('EnableRule', { Name: 'nightly' })).json, {});
  t.is((await send('DescribeRule', { Name: 'nightly' })).json.State, 'ENABLED');
  t.deepEqual((await send('DeleteRule', { Name: 'nightly' })).json, {});
  t.deepEqual((await send('DeleteRule', { Name: 'nightly' })).json, {}, 'deleting twice is harmless');
  t.deepEqual(await send('DescribeRule', { Name: 'nightly' }), {
    status: 400,
    json: { __type: 'ResourceNotFoundException', message: 'Rule nightly does not exist on EventBus default.' },
  });
});

test('targets are put, replaced by id, listed, found and removed; a rule that has some is not deleted', async (t) => {
  const send = await client(t);
  await send('PutRule', { Name: 'r', ScheduleExpression: 'rate(5 minutes)' });
  const none = { FailedEntryCount: 0, FailedEntries: [] };
  const RetryPolicy = { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 };
  const first = { Id: '1', Arn: functionArn };
  const second = { Id: '2', Arn: `${functionArn}:prod`, Input: '{"a":1}', RetryPolicy };
  t.deepEqual((await send('PutTargets', { Rule: 'r', Targets: [first] })).json, none);
  t.deepEqual((await send('PutTargets', { Rule: 'r', Targets: [second, { ...first, Input: '[]' }] })).json, none);
  t.deepEqual((await send('ListTargetsByRule', { Rule: 'r' })).json, { Targets: [{ ...first, Input: '[]' }, second] });
  t.deepEqual((await send('ListRuleNamesByTarget', { TargetArn: functionArn })).json, { RuleNames: ['r'] });
  t.deepEqual((await send('ListRuleNamesByTarget', { TargetArn: `${functionArn}:1` })).json, { RuleNames: [] });
  const kept = await send('DeleteRule', { Name: 'r' });
  t.deepEqual(kept.json, { __type: 'ValidationException', message: "Rule can't be deleted since it has targets." });
  t.deepEqual((await send('RemoveTargets', { Rule: 'r', Ids: ['1', '2', '3'] })).json, none);
  t.is((await send('DeleteRule', { Name: 'r' })).status, 200);
});

test('rules are listed in pages and by prefix', async (t) => {
  const send = await client(t);
  for (const name of ['b-1', 'a-2', 'a-1', 'a-3'])
    await send('PutRule', { Name: name, ScheduleExpression: 'rate(1 day)' });
  const names = (answer: { readonly json: { readonly Rules: readonly { readonly Name: string }[] } }) =>
    answer.json.Rules.map(({ Name }) => Name);
  const first = await send('ListRules', { NamePrefix: 'a-', Limit: 2 });
  t.deepEqual(names(first), ['a-1', 'a-2']);
  const rest = await send('ListRules', { NamePrefix: 'a-', Limit: 2, NextToken: first.json.NextToken });
  t.deepEqual(names(rest), ['a-3']);
  t.false('NextToken' in rest.json);
});

test('tags of a rule, and the one that says its time zone', async (t) => {
  const send = await client(t);
  const Tags = [{ Key: 'isotherm:timeZone', Value: 'Europe/Paris' }];
  await send('PutRule', { Name: 'r', ScheduleExpression: 'cron(0 3 * * ? *)', Tags });
  await send('TagResource', { ResourceARN: ruleArn('r'), Tags: [{ Key: 'team', Value: 'a' }] });
  t.deepEqual((await send('ListTagsForResource', { ResourceARN: ruleArn('r') })).json, {
    Tags: [...Tags, { Key: 'team', Value: 'a' }],
  });
  await send('UntagResource', { ResourceARN: ruleArn('r'), TagKeys: ['team'] });
  t.deepEqual((await send('ListTagsForResource', { ResourceARN: ruleArn('r') })).json, { Tags });
  const wrong = await send('PutRule', {
    Name: 's',
    ScheduleExpression: 'rate(1 day)',
    Tags: [{ Key: 'isotherm:timeZone', Value: 'Nowhere' }],
  });
  t.regex(wrong.json.message, /^timeZone must be a name of the IANA time zone database/);
});

const rate = { Name: 'r', ScheduleExpression: 'rate(1 day)' };
const target = { Id: '1', Arn: functionArn };

const refused: readonly (readonly [operation: string, body: unknown, type: string, message: RegExp])[] = [
  [
    'PutRule',
    { Name: 'r' },
    'ValidationException',
    /^Parameter\(s\) EventPattern or ScheduleExpression must be specified\.$/,
  ],
  [
    'PutRule',
    { ...rate, ScheduleExpression: 'rate(1 days)' },
    'ValidationException',
    /^Parameter ScheduleExpression is not valid\./,
  ],
  ['PutRule', { Name: 'r', EventPattern: '{}' }, 'NotImplementedException', /EventPattern/],
  ['PutRule', { ...rate, EventBusName: 'mine' }, 'ResourceNotFoundException', /^Event bus mine does not exist\.$/],
  [
    'PutRule',
    { ...rate, State: 'ON' },
    'ValidationException',
    /'ON' at 'state' .* enum value set: \[ENABLED, DISABLED\]/,
  ],
  ['PutRule', { ...rate, Name: 'a b' }, 'ValidationException', /'a b' at 'name' .* regular expression pattern/],
  ['PutRule', { ...rate, Name: undefined }, 'ValidationException', /Value null at 'name' .* Member must not be null/],
  ['PutRule', { ...rate, Name: 5 }, 'SerializationException', /Name: NUMBER_VALUE can not be converted to a String/],
  ['PutRule', '{', 'SerializationException', /^Could not parse request body into json/],
  ['PutTargets', { Rule: 'no', Targets: [target] }, 'ResourceNotFoundException', /^Rule no does not exist/],
  ['PutTargets', { Rule: 'known' }, 'ValidationException', /Value null at 'targets'/],
  ['PutTargets', { Rule: 'known', Targets: [{ Id: '1' }] }, 'ValidationException', /Value null at 'targets.arn'/],
  [
    'PutTargets',
    { Rule: 'known', Targets: [{ ...target, Arn: 'f' }] },
    'ValidationException',
    /Provided Arn is not in correct format/,
  ],
  [
    'PutTargets',
    { Rule: 'known', Targets: [{ ...target, Arn: 'arn:aws:sqs:us-east-1:000000000000:q' }] },
    'ValidationException',
    /targets are functions here/,
  ],
  [
    'PutTargets',
    { Rule: 'known', Targets: [{ ...target, Input: 'no' }] },
    'ValidationException',
    /^Parameter Input of target 1 is not valid\. Reason: it is not JSON$/,
  ],
  [
    'PutTargets',
    { Rule: 'known', Targets: [{ ...target, Input: `"${'x'.repeat(8_192)}"` }] },
    'ValidationException',
    /at most 8192/,
  ],
  ['PutTargets', { Rule: 'known', Targets: [{ ...target, InputPath: '$.a' }] }, 'NotImplementedException', /InputPath/],
  [
    'PutTargets',
    { Rule: 'known', Targets: [{ ...target, RetryPolicy: { MaximumEventAgeInSeconds: 59 } }] },
    'ValidationException',
    /greater than or equal to 60/,
  ],
  [
    'PutTargets',
    { Rule: 'known', Targets: '123456'.split('').map((Id) => ({ Id, Arn: functionArn })) },
    'LimitExceededException',
    /exceeds the maximum number allowed: 5 \(scheduleTargetsMax\)/,
  ],
  ['ListRules', { Limit: 101 }, 'ValidationException', /less than or equal to 100/],
  ['PutEvents', { Entries: [] }, 'UnsupportedOperationException', /^isotherm does not offer PutEvents$/],
  ['Nonsense', {}, 'UnknownOperationException', /^There is no operation AWSEvents\.Nonsense$/],
];

for (const [operation, body, type, message] of refused) {
  test(`${operation} ${JSON.stringify(body).replace(target.Arn, 'f').slice(0, 120)} is ${type}`, async (t) => {
    const send = await client(t);
    await send('PutRule', { ...rate, Name: 'known' });
    const answer = await send(operation, body);
    t.is(answer.json.__type, type);
    t.regex(answer.json.message, message);
    t.is(answer.status, type === 'NotImplementedException' ? 501 : 400);
  });
}

test('members that every object inherits are no members', async (t) => {
  const send = await client(t);
  await send('PutRule', '{"Name":"__proto__","ScheduleExpression":"rate(1 day)","__proto__":{"State":"DISABLED"}}');
  t.is((await send('DescribeRule', { Name: '__proto__' })).json.State, 'ENABLED');
});

test('a service that isotherm does not have has no operations', async (t) => {
  const send = await client(t);
  t.is((await send('ListTables', {}, 'DynamoDB_20120810')).json.__type, 'UnknownOperationException');
});
