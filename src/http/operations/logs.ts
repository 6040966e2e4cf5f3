/** The operations of CloudWatch Logs (`Logs_20140328`) on what functions printed (docs/logs.md). Metric filters, queries and the like are not. */

import { withoutUndefined } from '../../base/without-undefined.ts';
import type { LogEvent, LogGroupSummary, LogStreamSummary } from '../../logs/log-event.ts';
import { EngineError } from '../../model/errors.ts';
import { accountId, region } from '../../model/function-configuration.ts';
import { limits } from '../../model/limits.ts';
import { Constraints, notGiven } from '../../model/validation.ts';
import type { JsonReader } from '../json-reader.ts';
import type { TargetOperation, TargetService } from '../target-protocol.ts';

const arnHead = `arn:aws:logs:${region}:${accountId}:log-group:`;

/** What AWS takes (PutRetentionPolicy). */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const describeLogGroups: TargetOperation = async ({ engine, body }) => {
  const part = body.string('logGroupNamePattern');
  if (part !== undefined) throw unsupported('logGroupNamePattern; use logGroupNamePrefix');
  const { groups, nextToken } = await engine.logs.groups(namePage(body, 'logGroupNamePrefix'));
  return { logGroups: groups.map(groupAnswer), ...(nextToken !== undefined && { nextToken }) };
};

const describeLogStreams: TargetOperation = async ({ engine, body }) => {
  const by = body.string('orderBy') ?? 'LogStreamName';
  const constraints = new Constraints();
  constraints.oneOf(by, 'orderBy', ['LogStreamName', 'LastEventTime']);
  constraints.throwIfViolated();
  const isFalling = body.boolean('descending') ?? false;
  const prefix = body.string('logStreamNamePrefix');
  if (by === 'LastEventTime' && prefix !== undefined) {
    throw new EngineError(
      'InvalidParameterValueException',
      'Cannot order by LastEventTime with a logStreamNamePrefix.',
    );
  }
  const { streams, nextToken } = await engine.logs.streams({
    logGroup: groupOf(body),
    ...namePage(body, 'logStreamNamePrefix'),
    order: by === 'LogStreamName' ? (isFalling ? 'name-descending' : 'name') : isFalling ? 'latest' : 'earliest',
  });
  const logGroup = groupOf(body);
  return {
    logStreams: streams.map((stream) => streamAnswer(logGroup, stream)),
    ...(nextToken !== undefined && { nextToken }),
  };
};

const getLogEvents: TargetOperation = async ({ engine, body }) => {
  const logStream = required(body, 'logStreamName');
  const { events, forwardToken, backwardToken } = await engine.logs.events({
    logGroup: groupOf(body),
    logStream,
    from: body.boolean('startFromHead') === true ? 'head' : 'tail',
    ...pageOf(body),
  });
  return {
    events: events.map(({ timestamp, message }) => ({ timestamp, message, ingestionTime: timestamp })),
    nextForwardToken: forwardToken,
    nextBackwardToken: backwardToken,
  };
};

const filterLogEvents: TargetOperation = async ({ engine, body }) => {
  const narrowed = withoutUndefined({
    logStreams: body.strings('logStreamNames'),
    logStreamPrefix: body.string('logStreamNamePrefix'),
    pattern: body.string('filterPattern'),
  });
  const { events, nextToken } = await engine.logs.filter({ logGroup: groupOf(body), ...pageOf(body), ...narrowed });
  return { events: events.map(eventAnswer), searchedLogStreams: [], ...(nextToken !== undefined && { nextToken }) };
};

const createLogGroup: TargetOperation = async ({ engine, body }) => {
  const tags = body.stringMap('tags');
  await engine.logs.createGroup(required(body, 'logGroupName'), tags);
  return {};
};

const deleteLogGroup: TargetOperation = async ({ engine, body }) => {
  await engine.logs.deleteGroup(required(body, 'logGroupName'));
  return {};
};

const deleteLogStream: TargetOperation = async ({ engine, body }) => {
  await engine.logs.deleteStream(required(body, 'logGroupName'), required(body, 'logStreamName'));
  return {};
};

const putRetentionPolicy: TargetOperation = async ({ engine, body }) => {
  const logGroup = required(body, 'logGroupName');
  const days = body.number('retentionInDays');
  if (days === undefined) throw notGiven({ retentionInDays: undefined });
  if (!retentionDays.includes(days)) {
    const constraints = new Constraints();
    constraints.violate(days, 'retentionInDays', `Member must satisfy enum value set: [${retentionDays.join(', ')}]`);
    throw constraints.error();
  }
  await engine.logs.putRetention(logGroup, days);
  return {};
};

const deleteRetentionPolicy: TargetOperation = async ({ engine, body }) => {
  await engine.logs.putRetention(required(body, 'logGroupName'), undefined);
  return {};
};

const listTags: TargetOperation = async ({ engine, body }) => ({ tags: await engine.logs.tags(taggedGroup(body)) });

const tag: TargetOperation = async ({ engine, body }) => {
  const logGroup = taggedGroup(body);
  const tags = { ...(await engine.logs.tags(logGroup)), ...body.stringMap('tags') };
  if (Object.keys(tags).length > limits.tagsMax) {
    throw new EngineError('InvalidParameterValueException', `A log group may have ${limits.tagsMax} tags at most`);
  }
  await engine.logs.putTags(logGroup, tags);
  return {};
};

const untag: TargetOperation = async ({ engine, body }) => {
  const logGroup = taggedGroup(body);
  const gone = new Set(body.strings('tagKeys') ?? body.strings('tags') ?? []);
  const tags = Object.entries(await engine.logs.tags(logGroup)).filter(([key]) => !gone.has(key));
  await engine.logs.putTags(logGroup, Object.fromEntries(tags));
  return {};
};

export const logs: TargetService = {
  prefix: 'Logs_20140328',
  signingName: 'logs',
  operations: new Map([
    ['DescribeLogGroups', describeLogGroups],
    ['DescribeLogStreams', describeLogStreams],
    ['GetLogEvents', getLogEvents],
    ['FilterLogEvents', filterLogEvents],
    ['CreateLogGroup', createLogGroup],
    ['DeleteLogGroup', deleteLogGroup],
    ['DeleteLogStream', deleteLogStream],
    ['PutRetentionPolicy', putRetentionPolicy],
    ['DeleteRetentionPolicy', deleteRetentionPolicy],
    ['ListTagsForResource', listTags],
    ['ListTagsLogGroup', listTags],
    ['TagResource', tag],
    ['TagLogGroup', tag],
    ['UntagResource', untag],
    ['UntagLogGroup', untag],
  ]),
  notOffered: [
    'CreateLogStream',
    'PutLogEvents',
    'StartLiveTail',
    'StartQuery',
    'StopQuery',
    'GetQueryResults',
    'DescribeQueries',
    'PutMetricFilter',
    'DescribeMetricFilters',
    'DeleteMetricFilter',
    'PutSubscriptionFilter',
    'DescribeSubscriptionFilters',
    'DeleteSubscriptionFilter',
    'PutResourcePolicy',
    'DescribeResourcePolicies',
    'AssociateKmsKey',
    'DisassociateKmsKey',
    'CreateExportTask',
    'TestMetricFilter',
    'GetLogGroupFields',
    'GetLogRecord',
    'ListLogGroups',
  ],
  errorTypes: {
    InvalidParameterValueException: 'InvalidParameterException',
    ValidationException: 'InvalidParameterException',
    ResourceConflictException: 'ResourceAlreadyExistsException',
    NotImplementedException: 'UnsupportedOperationException',
  },
};

/** By name, or by name or ARN. */
function groupOf(body: JsonReader): string {
  const name = body.string('logGroupName') ?? body.string('logGroupIdentifier');
  if (name === undefined) throw notGiven({ logGroupName: undefined });
  return nameOf(name);
}

function taggedGroup(body: JsonReader): string {
  const name = body.string('logGroupName') ?? body.string('resourceArn');
  if (name === undefined) throw notGiven({ resourceArn: undefined });
  return nameOf(name);
}

function nameOf(nameOrArn: string): string {
  return nameOrArn.startsWith(arnHead) ? nameOrArn.slice(arnHead.length).replace(/:\*$/, '') : nameOrArn;
}

function required(body: JsonReader, name: string): string {
  const value = body.string(name);
  if (value === undefined) throw notGiven({ [name]: undefined });
  return value;
}

function pageOf(body: JsonReader) {
  return withoutUndefined({
    startMs: body.number('startTime'),
    endMs: body.number('endTime'),
    limit: body.number('limit'),
    nextToken: body.string('nextToken'),
  });
}

function namePage(body: JsonReader, prefixName: string) {
  return withoutUndefined({
    prefix: body.string(prefixName),
    limit: body.number('limit'),
    nextToken: body.string('nextToken'),
  });
}

function groupAnswer({ logGroup, createdMs, retentionDays: days, storedBytes }: LogGroupSummary) {
  return {
    logGroupName: logGroup,
    creationTime: createdMs,
    ...(days !== undefined && { retentionInDays: days }),
    metricFilterCount: 0,
    arn: `${arnHead}${logGroup}:*`,
    storedBytes,
    logGroupClass: 'STANDARD',
    logGroupArn: `${arnHead}${logGroup}`,
  };
}

function streamAnswer(logGroup: string, { logStream, createdMs, firstEventMs, lastEventMs }: LogStreamSummary) {
  return {
    logStreamName: logStream,
    creationTime: createdMs,
    ...(firstEventMs !== undefined && { firstEventTimestamp: firstEventMs }),
    ...(lastEventMs !== undefined && { lastEventTimestamp: lastEventMs, lastIngestionTime: lastEventMs }),
    arn: `${arnHead}${logGroup}:log-stream:${logStream}`,
    // AWS stopped to tell of streams in 2019.
    storedBytes: 0,
  };
}

function eventAnswer({ logStream, timestamp, message, eventId }: LogEvent) {
  return { logStreamName: logStream, timestamp, message, ingestionTime: timestamp, eventId };
}

function unsupported(what: string): EngineError {
  return new EngineError('NotImplementedException', `isotherm does not offer ${what}`);
}
