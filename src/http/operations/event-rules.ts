/**
 * The operations of EventBridge (`AWSEvents`) on rules of the default bus that have a schedule expression. Rules with a pattern, other
 * buses and what a target may have beside its input are refused by name.
 */

import { withoutUndefined } from '../../base/without-undefined.ts';
import { EngineError } from '../../model/errors.ts';
import { accountId, region } from '../../model/function-configuration.ts';
import { limits } from '../../model/limits.ts';
import { Constraints, notGiven } from '../../model/validation.ts';
import { type Schedule, type ScheduleTarget, scheduleArn } from '../../queue/schedules/schedule.ts';
import type { ScheduleTargetInput } from '../../queue/schedules/schedules.ts';
import type { JsonReader } from '../json-reader.ts';
import type { TargetOperation, TargetService } from '../target-protocol.ts';

/** EventBridge's rules have UTC only; as with functions, what AWS has no field for travels as a tag. */
const timeZoneTag = 'isotherm:timeZone';
const busName = 'default';

const putRule: TargetOperation = async ({ engine, body }) => {
  requireDefaultBus(body);
  if (body.has('EventPattern')) {
    throw new EngineError(
      'NotImplementedException',
      'isotherm does not offer EventPattern: its rules have a ScheduleExpression',
    );
  }
  const name = required(body, 'Name', 'name');
  const expression = body.string('ScheduleExpression');
  if (expression === undefined) {
    const message = 'Parameter(s) EventPattern or ScheduleExpression must be specified.';
    throw new EngineError('ValidationException', message);
  }
  const tags = tagsOf(body);
  const told = withoutUndefined({
    timeZone: tags?.[timeZoneTag],
    description: body.string('Description'),
    roleArn: body.string('RoleArn'),
    tags,
  });
  engine.schedules.put({ name, expression, state: stateOf(body.string('State') ?? 'ENABLED'), ...told });
  return { RuleArn: scheduleArn(name) };
};

const describeRule: TargetOperation = async ({ engine, body }) => {
  requireDefaultBus(body);
  return { ...ruleAnswer(engine.schedules.get(required(body, 'Name', 'name'))), CreatedBy: accountId };
};

const listRules: TargetOperation = async ({ engine, body }) => {
  requireDefaultBus(body);
  const namePrefix = body.string('NamePrefix');
  const { schedules, nextMarker } = engine.schedules.list({
    ...pageOf(body),
    ...(namePrefix !== undefined && { namePrefix }),
  });
  return { Rules: schedules.map(ruleAnswer), ...nextTokenOf(nextMarker) };
};

const listRuleNamesByTarget: TargetOperation = async ({ engine, body }) => {
  requireDefaultBus(body);
  const functionName = required(body, 'TargetArn', 'targetArn');
  const { schedules, nextMarker } = engine.schedules.list({ ...pageOf(body), functionName });
  return { RuleNames: schedules.map(({ name }) => name), ...nextTokenOf(nextMarker) };
};

function setState(state: Schedule['state']): TargetOperation {
  return async ({ engine, body }) => {
    requireDefaultBus(body);
    engine.schedules.setState(required(body, 'Name', 'name'), state);
    return {};
  };
}

const deleteRule: TargetOperation = async ({ engine, body }) => {
  requireDefaultBus(body);
  const name = required(body, 'Name', 'name');
  const [found] = engine.schedules.list({ namePrefix: name, maxItems: 1 }).schedules;
  if (found?.name === name && found.targets.length > 0) {
    throw new EngineError('ValidationException', "Rule can't be deleted since it has targets.");
  }
  engine.schedules.delete(name);
  return {};
};

const putTargets: TargetOperation = async ({ engine, body }) => {
  requireDefaultBus(body);
  const rule = required(body, 'Rule', 'rule');
  const targets = body.structures('Targets');
  if (targets === undefined) throw notGiven({ targets });
  engine.schedules.putTargets(rule, targets.map(targetInput));
  return noneFailed;
};

const listTargetsByRule: TargetOperation = async ({ engine, body }) => {
  requireDefaultBus(body);
  return { Targets: engine.schedules.get(required(body, 'Rule', 'rule')).targets.map(targetAnswer) };
};

const removeTargets: TargetOperation = async ({ engine, body }) => {
  requireDefaultBus(body);
  const rule = required(body, 'Rule', 'rule');
  const ids = body.strings('Ids');
  if (ids === undefined) throw notGiven({ ids });
  engine.schedules.removeTargets(rule, ids);
  return noneFailed;
};

const tagResource: TargetOperation = async ({ engine, body }) => {
  const tags = tagsOf(body);
  if (tags === undefined) throw notGiven({ tags });
  engine.schedules.tag(ruleNameOf(body), tags);
  return {};
};

const untagResource: TargetOperation = async ({ engine, body }) => {
  const tagKeys = body.strings('TagKeys');
  if (tagKeys === undefined) throw notGiven({ tagKeys });
  engine.schedules.tag(ruleNameOf(body), Object.fromEntries(tagKeys.map((key) => [key, undefined])));
  return {};
};

const listTagsForResource: TargetOperation = async ({ engine, body }) => {
  const { tags } = engine.schedules.get(ruleNameOf(body));
  return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
};

export const eventRules: TargetService = {
  prefix: 'AWSEvents',
  signingName: 'events',
  operations: new Map([
    ['PutRule', putRule],
    ['DescribeRule', describeRule],
    ['ListRules', listRules],
    ['ListRuleNamesByTarget', listRuleNamesByTarget],
    ['EnableRule', setState('ENABLED')],
    ['DisableRule', setState('DISABLED')],
    ['DeleteRule', deleteRule],
    ['PutTargets', putTargets],
    ['ListTargetsByRule', listTargetsByRule],
    ['RemoveTargets', removeTargets],
    ['TagResource', tagResource],
    ['UntagResource', untagResource],
    ['ListTagsForResource', listTagsForResource],
  ]),
  notOffered: [
    'PutEvents',
    'TestEventPattern',
    'CreateEventBus',
    'DeleteEventBus',
    'DescribeEventBus',
    'ListEventBuses',
  ],
};

const noneFailed = { FailedEntryCount: 0, FailedEntries: [] };

/** What a target of EventBridge may have and one of ours does not. */
const targetMembersNotOffered = [
  'InputPath',
  'InputTransformer',
  'DeadLetterConfig',
  'KinesisParameters',
  'RunCommandParameters',
  'EcsParameters',
  'BatchParameters',
  'SqsParameters',
  'HttpParameters',
  'RedshiftDataParameters',
  'SageMakerPipelineParameters',
  'AppSyncParameters',
] as const;

function targetInput(target: JsonReader): ScheduleTargetInput {
  for (const member of targetMembersNotOffered) {
    if (target.has(member))
      throw new EngineError('NotImplementedException', `isotherm does not offer ${member} of a target`);
  }
  const id = target.string('Id');
  const arn = target.string('Arn');
  if (id === undefined || arn === undefined) {
    const constraints = new Constraints();
    constraints.given({ 'targets.id': id, 'targets.arn': arn });
    throw constraints.error();
  }
  if (!arn.startsWith('arn:')) {
    const shown = arn.slice(0, limits.functionReferenceReadLengthMax);
    const message = `Parameter ${shown} is not valid. Reason: Provided Arn is not in correct format.`;
    throw new EngineError('ValidationException', message);
  }
  const input = target.string('Input');
  const roleArn = target.string('RoleArn');
  const retry = target.structure('RetryPolicy');
  return withoutUndefined({
    id,
    functionName: arn,
    input,
    roleArn,
    maximumEventAge: retry?.number('MaximumEventAgeInSeconds'),
    maximumRetryAttempts: retry?.number('MaximumRetryAttempts'),
  });
}

function targetAnswer({
  id,
  functionArn,
  input,
  roleArn,
  maximumEventAge,
  maximumRetryAttempts,
}: ScheduleTarget): object {
  const hasRetry = maximumEventAge !== undefined || maximumRetryAttempts !== undefined;
  return {
    Id: id,
    Arn: functionArn,
    Input: input,
    RoleArn: roleArn,
    ...(hasRetry && {
      RetryPolicy: { MaximumRetryAttempts: maximumRetryAttempts, MaximumEventAgeInSeconds: maximumEventAge },
    }),
  };
}

function ruleAnswer({ name, expression, state, description, roleArn }: Schedule): object {
  return {
    Name: name,
    Arn: scheduleArn(name),
    ScheduleExpression: expression,
    State: state,
    Description: description,
    RoleArn: roleArn,
    EventBusName: busName,
  };
}

function requireDefaultBus(body: JsonReader): void {
  const bus = body.string('EventBusName');
  if (bus === undefined || bus === busName || bus === `arn:aws:events:${region}:${accountId}:event-bus/${busName}`)
    return;
  throw new EngineError('ResourceNotFoundException', `Event bus ${bus.slice(0, 256)} does not exist.`);
}

function required(body: JsonReader, member: string, path: string): string {
  const value = body.string(member);
  if (value === undefined) throw notGiven({ [path]: value });
  return value;
}

function stateOf(state: string): Schedule['state'] {
  const constraints = new Constraints();
  if (constraints.oneOf(state, 'state', ['ENABLED', 'DISABLED'])) return state;
  throw constraints.error();
}

function tagsOf(body: JsonReader): Readonly<Record<string, string>> | undefined {
  const tags = body.structures('Tags')?.map((tag): [string, string] => {
    return [tag.string('Key') ?? '', tag.string('Value') ?? ''];
  });
  return tags && Object.fromEntries(tags);
}

function ruleNameOf(body: JsonReader): string {
  const arn = required(body, 'ResourceARN', 'resourceARN');
  const prefix = scheduleArn('');
  if (arn.startsWith(prefix)) return arn.slice(prefix.length);
  throw new EngineError('ResourceNotFoundException', `Resource ${arn.slice(0, 256)} does not exist.`);
}

function pageOf(body: JsonReader): { readonly maxItems?: number; readonly marker?: string } {
  const maxItems = body.number('Limit');
  const token = body.string('NextToken');
  return {
    ...(maxItems !== undefined && { maxItems }),
    ...(token !== undefined && { marker: Buffer.from(token, 'base64url').toString('utf8') }),
  };
}

function nextTokenOf(marker: string | undefined): { readonly NextToken?: string } {
  return marker === undefined ? {} : { NextToken: Buffer.from(marker, 'utf8').toString('base64url') };
}
