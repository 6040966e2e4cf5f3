/** CloudWatch Logs' operations as the AWS CLI sends them, over the logs of an engine without processes. */
import test, { type ExecutionContext } from 'ava';
import type { Engine } from '../../src/engine/engine.ts';
import { createServer } from '../../src/http/server.ts';
import { epochMs, group, testLogs } from '../logs/harness.ts';
import { scriptedEngine } from './scripted-engine.ts';

function client(t: ExecutionContext) {
  const logs = testLogs();
  const engine: Engine = Object.assign(scriptedEngine(), { logs: logs.logs });
  const server = createServer({ engine });
  t.teardown(() => server.close());
  const send = async (operation: string, body: object) => {
    const answer = await server.inject({
      method: 'POST',
      url: '/',
      payload: JSON.stringify(body),
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Logs_20140328.${operation}`,
        host: '127.0.0.1:9001',
      },
    });
    // biome-ignore lint/suspicious/noExplicitAny: what is wrong shows as a failed comparison.
    const json: any = JSON.parse(answer.body);
    return { status: answer.statusCode, json };
  };
  return { ...logs, send };
}

const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${group}`;

test('groups and streams are described', async (t) => {
  const { send, print } = client(t);
  print('one\n', '2026/01/02/[$LATEST]aa');
  t.deepEqual((await send('DescribeLogGroups', { logGroupNamePrefix: '/aws/' })).json, {
    logGroups: [
      {
        logGroupName: group,
        creationTime: epochMs,
        metricFilterCount: 0,
        arn: `${arn}:*`,
        storedBytes: 18,
        logGroupClass: 'STANDARD',
        logGroupArn: arn,
      },
    ],
  });
  t.deepEqual(
    (await send('DescribeLogStreams', { logGroupName: group, orderBy: 'LastEventTime', descending: true })).json,
    {
      logStreams: [
        {
          logStreamName: '2026/01/02/[$LATEST]aa',
          creationTime: epochMs,
          firstEventTimestamp: epochMs,
          lastEventTimestamp: epochMs,
          lastIngestionTime: epochMs,
          arn: `${arn}:log-stream:2026/01/02/[$LATEST]aa`,
          storedBytes: 0,
        },
      ],
    },
  );
});

test('events are filtered over all streams, in pages', async (t) => {
  const { send, print } = client(t);
  for (let line = 0; line < 4; line += 1) print(`ERROR ${line}\nfine\n`, `s${line % 2}`);
  const first = await send('FilterLogEvents', {
    logGroupName: group,
    filterPattern: 'ERROR',
    limit: 3,
    interleaved: true,
  });
  const { nextToken } = first.json;
  const rest = await send('FilterLogEvents', { logGroupIdentifier: `${arn}:*`, filterPattern: 'ERROR', nextToken });
  const events = [...first.json.events, ...rest.json.events];
  t.deepEqual(events.map(({ message }) => message).toSorted(), ['ERROR 0\n', 'ERROR 1\n', 'ERROR 2\n', 'ERROR 3\n']);
  t.deepEqual(Object.keys(events[0]).toSorted(), ['eventId', 'ingestionTime', 'logStreamName', 'message', 'timestamp']);
  t.false('nextToken' in rest.json);
});

test('one stream is read from either end', async (t) => {
  const { send, print } = client(t);
  print('one\ntwo\nthree\n', 's');
  const read = async (more: object) =>
    (await send('GetLogEvents', { logGroupName: group, logStreamName: 's', limit: 2, ...more })).json;
  const tail = await read({});
  t.deepEqual(tail.events[0], { timestamp: epochMs, message: 'two\n', ingestionTime: epochMs });
  const head = await read({ startFromHead: true });
  t.deepEqual(
    head.events.map(({ message }: { message: string }) => message),
    ['one\n', 'two\n'],
  );
  const rest = await read({ nextToken: head.nextForwardToken });
  t.deepEqual(
    rest.events.map(({ message }: { message: string }) => message),
    ['three\n'],
  );
  const end = await read({ nextToken: rest.nextForwardToken });
  t.deepEqual([end.events, end.nextForwardToken], [[], rest.nextForwardToken]);
});

test('groups are made, kept for so long, tagged and deleted, as Terraform does it', async (t) => {
  const { send } = client(t);
  const logGroupName = '/made/here';
  const resourceArn = `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}`;
  t.deepEqual(await send('CreateLogGroup', { logGroupName, tags: { a: '1' } }), { status: 200, json: {} });
  await send('PutRetentionPolicy', { logGroupName, retentionInDays: 7 });
  await send('TagResource', { resourceArn, tags: { b: '2' } });
  await send('UntagResource', { resourceArn, tagKeys: ['a'] });
  t.deepEqual((await send('ListTagsForResource', { resourceArn })).json, { tags: { b: '2' } });
  const shown = async () => (await send('DescribeLogGroups', {})).json.logGroups[0];
  t.is((await shown()).retentionInDays, 7);
  await send('DeleteRetentionPolicy', { logGroupName });
  t.false('retentionInDays' in (await shown()));
  await send('DeleteLogGroup', { logGroupName });
  t.is(await shown(), undefined);
});

const refused: readonly (readonly [operation: string, body: object, type: string, message: string | RegExp])[] = [
  ['FilterLogEvents', { logGroupName: '/no' }, 'ResourceNotFoundException', 'The specified log group does not exist.'],
  [
    'GetLogEvents',
    { logGroupName: group, logStreamName: 'no' },
    'ResourceNotFoundException',
    'The specified log stream does not exist.',
  ],
  [
    'FilterLogEvents',
    {},
    'InvalidParameterException',
    "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null",
  ],
  [
    'FilterLogEvents',
    { logGroupName: group, limit: 10_001 },
    'InvalidParameterException',
    /at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000/,
  ],
  ['FilterLogEvents', { logGroupName: group, startTime: -1 }, 'InvalidParameterException', /'startTime'/],
  [
    'FilterLogEvents',
    { logGroupName: group, nextToken: 'x' },
    'InvalidParameterException',
    'The specified nextToken is invalid.',
  ],
  [
    'FilterLogEvents',
    { logGroupName: group, filterPattern: '"open' },
    'InvalidParameterException',
    /^Invalid filter pattern/,
  ],
  [
    'FilterLogEvents',
    { logGroupName: group, logStreamNames: ['a'], logStreamNamePrefix: 'a' },
    'InvalidParameterException',
    /mutually exclusive/,
  ],
  ['FilterLogEvents', { logGroupName: 7 }, 'SerializationException', /logGroupName/],
  [
    'CreateLogGroup',
    { logGroupName: group },
    'ResourceAlreadyExistsException',
    'The specified log group already exists',
  ],
  ['CreateLogGroup', { logGroupName: '../../etc' }, 'ok', ''],
  ['CreateLogGroup', { logGroupName: 'a b' }, 'InvalidParameterException', /regular expression pattern/],
  [
    'PutRetentionPolicy',
    { logGroupName: group, retentionInDays: 2 },
    'InvalidParameterException',
    /enum value set: \[1, 3, 5,/,
  ],
  ['PutLogEvents', {}, 'UnsupportedOperationException', 'isotherm does not offer PutLogEvents'],
  ['NoSuchThing', {}, 'UnknownOperationException', /NoSuchThing/],
];

for (const [operation, body, type, message] of refused) {
  test(`${operation} ${JSON.stringify(body).slice(0, 60)}: ${type}`, async (t) => {
    const { send, print } = client(t);
    print('x\n');
    const { status, json } = await send(operation, body);
    if (type === 'ok') t.is(status, 200);
    else {
      t.is(status, 400);
      t.is(json.__type, type);
      if (typeof message === 'string') t.is(json.message, message);
      else t.regex(json.message, message);
    }
  });
}
