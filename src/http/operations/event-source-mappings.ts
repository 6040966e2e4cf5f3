/** The five operations of event source mappings (LAMBDA.md C8.4, C8.5, D2.2). */

import { withoutUndefined } from '../../base/without-undefined.ts';
import { parseFunctionReference } from '../../functions/function-reference.ts';
import type { EventSourceMapping, MappingDescription } from '../../model/event-source-mapping.ts';
import { accountId, functionArn, region } from '../../model/function-configuration.ts';
import type { MappingSettings } from '../../model/validate-event-source-mapping.ts';
import { Constraints, notGiven } from '../../model/validation.ts';
import type { MappedFunction } from '../../queue/sources/ports.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation } from '../operation.ts';
import { nextMarkerOf, pageOf } from '../page-request.ts';

const all = '/2015-03-31/event-source-mappings';
const one = `${all}/{UUID}`;

const createEventSourceMapping: Operation = {
  name: 'CreateEventSourceMapping',
  method: 'POST',
  path: all,
  async run({ engine, body: bytes }) {
    const body = JsonReader.parse(bytes);
    const functionName = body.string('FunctionName');
    if (functionName === undefined) throw notGiven({ functionName });
    const source = withoutUndefined({
      eventSourceArn: body.string('EventSourceArn'),
      startingPosition: body.string('StartingPosition'),
      startingPositionTimestamp: body.number('StartingPositionTimestamp'),
      tags: body.stringMap('Tags'),
    });
    const target = mappedFunction(functionName);
    const created = await engine.eventSources.create({ target, ...source, ...settingsOf(body) });
    return { status: 202, body: mappingAnswer(created) };
  },
};

const getEventSourceMapping: Operation = {
  name: 'GetEventSourceMapping',
  method: 'GET',
  path: one,
  async run(request) {
    return { status: 200, body: mappingAnswer(request.engine.eventSources.get(label(request, 'UUID'))) };
  },
};

const listEventSourceMappings: Operation = {
  name: 'ListEventSourceMappings',
  method: 'GET',
  path: all,
  async run(request) {
    const constraints = new Constraints();
    const page = pageOf(request, constraints);
    constraints.throwIfViolated();
    const { EventSourceArn: eventSourceArn, FunctionName: functionName } = request.query;
    const { mappings, nextMarker } = request.engine.eventSources.list({
      ...page,
      ...(eventSourceArn !== undefined && { eventSourceArn }),
      ...(functionName !== undefined && { target: mappedFunction(functionName) }),
    });
    return { status: 200, body: { ...nextMarkerOf(nextMarker), EventSourceMappings: mappings.map(mappingAnswer) } };
  },
};

const updateEventSourceMapping: Operation = {
  name: 'UpdateEventSourceMapping',
  method: 'PUT',
  path: one,
  async run(request) {
    const body = JsonReader.parse(request.body);
    const functionName = body.string('FunctionName');
    const updated = await request.engine.eventSources.update({
      uuid: label(request, 'UUID'),
      ...(functionName !== undefined && { target: mappedFunction(functionName) }),
      ...settingsOf(body),
    });
    return { status: 202, body: mappingAnswer(updated) };
  },
};

const deleteEventSourceMapping: Operation = {
  name: 'DeleteEventSourceMapping',
  method: 'DELETE',
  path: one,
  async run(request) {
    return { status: 202, body: mappingAnswer(await request.engine.eventSources.delete(label(request, 'UUID'))) };
  },
};

export const eventSourceMappingOperations: readonly Operation[] = [
  createEventSourceMapping,
  getEventSourceMapping,
  listEventSourceMappings,
  updateEventSourceMapping,
  deleteEventSourceMapping,
];

function mappedFunction(name: string): MappedFunction {
  const { functionName, qualifier, qualified } = parseFunctionReference(name);
  return { functionName, ...(qualified && qualifier !== '$LATEST' && { qualifier }) };
}

function settingsOf(body: JsonReader): MappingSettings {
  return withoutUndefined({
    enabled: body.boolean('Enabled'),
    batchSize: body.number('BatchSize'),
    maximumBatchingWindowInSeconds: body.number('MaximumBatchingWindowInSeconds'),
    parallelizationFactor: body.number('ParallelizationFactor'),
    maximumRetryAttempts: body.number('MaximumRetryAttempts'),
    maximumRecordAgeInSeconds: body.number('MaximumRecordAgeInSeconds'),
    bisectBatchOnFunctionError: body.boolean('BisectBatchOnFunctionError'),
    tumblingWindowInSeconds: body.number('TumblingWindowInSeconds'),
    functionResponseTypes: body.strings('FunctionResponseTypes'),
    onFailureDestination: onFailureOf(body),
    filters: filtersOf(body),
  });
}

/** `{"OnFailure":{}}` is none. */
function onFailureOf(body: JsonReader): string | undefined {
  const onFailure = body.structure('DestinationConfig')?.structure('OnFailure');
  return onFailure && (onFailure.string('Destination') ?? '');
}

/** `{}` and an empty list are none. */
function filtersOf(body: JsonReader): readonly string[] | undefined {
  const criteria = body.structure('FilterCriteria');
  return criteria && (criteria.structures('Filters') ?? []).map((filter) => filter.string('Pattern') ?? '');
}

export function mappingArn(uuid: string): string {
  return `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${uuid}`;
}

function mappingAnswer({
  mapping,
  state,
  lastProcessingResult,
}: MappingDescription): Readonly<Record<string, unknown>> {
  return {
    UUID: mapping.uuid,
    ...start(mapping),
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.batchingWindowSeconds,
    ParallelizationFactor: mapping.parallelizationFactor,
    EventSourceArn: mapping.eventSourceArn,
    ...(mapping.filters.length > 0 && {
      FilterCriteria: { Filters: mapping.filters.map((filter) => ({ Pattern: filter })) },
    }),
    FunctionArn: functionArn(mapping.functionName, mapping.qualifier),
    LastModified: mapping.lastModifiedMs / 1_000,
    LastProcessingResult: lastProcessingResult,
    State: state,
    StateTransitionReason: 'User action',
    DestinationConfig: { OnFailure: mapping.onFailure === undefined ? {} : { Destination: mapping.onFailure } },
    MaximumRecordAgeInSeconds: mapping.recordAgeSecondsMax,
    BisectBatchOnFunctionError: mapping.bisectsOnError,
    MaximumRetryAttempts: mapping.retryAttemptsMax,
    TumblingWindowInSeconds: 0,
    FunctionResponseTypes: mapping.reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    EventSourceMappingArn: mappingArn(mapping.uuid),
  };
}

function start({ startingPosition, startingPositionTimestamp }: EventSourceMapping) {
  return {
    StartingPosition: startingPosition,
    ...(startingPositionTimestamp !== undefined && { StartingPositionTimestamp: startingPositionTimestamp }),
  };
}
