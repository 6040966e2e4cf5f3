/** Provisioned concurrency of aliases and published versions (LAMBDA.md C7.4, C7.5). */
import { parseFunctionReference } from '../../functions/function-reference.ts';
import type { FunctionReference, ProvisionedConfig } from '../../functions/registry.ts';
import { functionArn } from '../../model/function-configuration.ts';
import { Constraints, notGiven } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';
import { nextMarkerOf, pageOf } from '../page-request.ts';

const path = '/2019-09-30/functions/{FunctionName}/provisioned-concurrency';

const putProvisionedConcurrencyConfig: Operation = {
  name: 'PutProvisionedConcurrencyConfig',
  method: 'PUT',
  path,
  async run(request) {
    const requested = JsonReader.parse(request.body).number('ProvisionedConcurrentExecutions');
    if (requested === undefined) throw notGiven({ provisionedConcurrentExecutions: requested });
    const config = await request.engine.functions.provisioned.put(referenceOf(request), requested);
    return { status: 202, body: configAnswer(config) };
  },
};

/** ListProvisionedConcurrencyConfigs is the same path with `?List=ALL`. */
const getProvisionedConcurrencyConfig: Operation = {
  name: 'GetProvisionedConcurrencyConfig',
  method: 'GET',
  path,
  async run(request) {
    const { provisioned } = request.engine.functions;
    if (request.query.List !== 'ALL') return { status: 200, body: configAnswer(provisioned.get(referenceOf(request))) };
    const constraints = new Constraints();
    const page = pageOf(request, constraints);
    constraints.throwIfViolated();
    const { configs, nextMarker } = provisioned.list({ ...page, functionName: label(request, 'FunctionName') });
    const ProvisionedConcurrencyConfigs = configs.map((config) => ({
      FunctionArn: functionArn(config.functionName, config.qualifier),
      ...configAnswer(config),
    }));
    return { status: 200, body: { ...nextMarkerOf(nextMarker), ProvisionedConcurrencyConfigs } };
  },
};

const deleteProvisionedConcurrencyConfig: Operation = {
  name: 'DeleteProvisionedConcurrencyConfig',
  method: 'DELETE',
  path,
  async run(request) {
    await request.engine.functions.provisioned.delete(referenceOf(request));
    return { status: 204 };
  },
};

export const provisionedConcurrencyOperations: readonly Operation[] = [
  putProvisionedConcurrencyConfig,
  getProvisionedConcurrencyConfig,
  deleteProvisionedConcurrencyConfig,
];

function referenceOf(request: OperationRequest): FunctionReference {
  return parseFunctionReference(label(request, 'FunctionName'), request.query.Qualifier);
}

function configAnswer(config: ProvisionedConfig): Readonly<Record<string, unknown>> {
  const { requested, allocated, available, status, statusReason, lastModified } = config;
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AllocatedProvisionedConcurrentExecutions: allocated,
    AvailableProvisionedConcurrentExecutions: available,
    Status: status,
    ...(statusReason !== undefined && { StatusReason: statusReason }),
    LastModified: lastModified,
  };
}
