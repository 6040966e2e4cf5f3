/** What becomes of asynchronous invocations: Put, Update, Get, Delete and List FunctionEventInvokeConfig (LAMBDA.md C8.1, C8.2). */

import { withoutUndefined } from '../../base/without-undefined.ts';
import { parseFunctionName, parseFunctionReference } from '../../functions/function-reference.ts';
import type { EventInvokeConfigInput, QualifiedEventInvokeConfig } from '../../functions/registry.ts';
import { functionArn } from '../../model/function-configuration.ts';
import { Constraints } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';
import { nextMarkerOf, pageOf } from '../page-request.ts';

const path = '/2019-09-25/functions/{FunctionName}/event-invoke-config';

const putFunctionEventInvokeConfig: Operation = {
  name: 'PutFunctionEventInvokeConfig',
  method: 'PUT',
  path,
  async run(request) {
    return { status: 200, body: shown(await request.engine.functions.eventInvokeConfigs.put(inputOf(request))) };
  },
};

const updateFunctionEventInvokeConfig: Operation = {
  name: 'UpdateFunctionEventInvokeConfig',
  method: 'POST',
  path,
  async run(request) {
    return { status: 200, body: shown(await request.engine.functions.eventInvokeConfigs.update(inputOf(request))) };
  },
};

const getFunctionEventInvokeConfig: Operation = {
  name: 'GetFunctionEventInvokeConfig',
  method: 'GET',
  path,
  async run(request) {
    return { status: 200, body: shown(request.engine.functions.eventInvokeConfigs.get(referenceOf(request))) };
  },
};

const deleteFunctionEventInvokeConfig: Operation = {
  name: 'DeleteFunctionEventInvokeConfig',
  method: 'DELETE',
  path,
  async run(request) {
    await request.engine.functions.eventInvokeConfigs.delete(referenceOf(request));
    return { status: 204 };
  },
};

const listFunctionEventInvokeConfigs: Operation = {
  name: 'ListFunctionEventInvokeConfigs',
  method: 'GET',
  path: `${path}/list`,
  async run(request) {
    const constraints = new Constraints();
    const page = pageOf(request, constraints);
    constraints.throwIfViolated();
    const functionName = parseFunctionName(label(request, 'FunctionName'));
    const { configs, nextMarker } = request.engine.functions.eventInvokeConfigs.list({ ...page, functionName });
    return { status: 200, body: { FunctionEventInvokeConfigs: configs.map(shown), ...nextMarkerOf(nextMarker) } };
  },
};

export const eventInvokeConfigOperations: readonly Operation[] = [
  putFunctionEventInvokeConfig,
  updateFunctionEventInvokeConfig,
  getFunctionEventInvokeConfig,
  deleteFunctionEventInvokeConfig,
  listFunctionEventInvokeConfigs,
];

function referenceOf(request: OperationRequest) {
  return parseFunctionReference(label(request, 'FunctionName'), request.query.Qualifier);
}

function inputOf(request: OperationRequest): EventInvokeConfigInput {
  const body = JsonReader.parse(request.body);
  const destinations = body.structure('DestinationConfig');
  const onSuccess = destinations?.structure('OnSuccess')?.string('Destination');
  const onFailure = destinations?.structure('OnFailure')?.string('Destination');
  return withoutUndefined({
    maximumRetryAttempts: body.number('MaximumRetryAttempts'),
    maximumEventAgeInSeconds: body.number('MaximumEventAgeInSeconds'),
    reference: referenceOf(request),
    destinations: destinations && withoutUndefined({ onSuccess, onFailure }),
  });
}

function shown({ functionName, qualifier, config }: QualifiedEventInvokeConfig): Readonly<Record<string, unknown>> {
  const { onSuccess, onFailure } = config;
  return {
    DestinationConfig: {
      OnFailure: onFailure === undefined ? {} : { Destination: onFailure },
      OnSuccess: onSuccess === undefined ? {} : { Destination: onSuccess },
    },
    FunctionArn: functionArn(functionName, qualifier),
    LastModified: config.lastModifiedMs / 1_000,
    MaximumEventAgeInSeconds: config.maximumEventAgeInSeconds,
    MaximumRetryAttempts: config.maximumRetryAttempts,
  };
}
