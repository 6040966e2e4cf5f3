/** Runtime management: every function follows the runtime of its isotherm, which is what Lambda calls `Auto`. */
import { parseFunctionReference } from '../../functions/function-reference.ts';
import { EngineError } from '../../model/errors.ts';
import { functionArn } from '../../model/function-configuration.ts';
import { Constraints } from '../../model/validation.ts';
import { arnQualifier } from '../function-answer.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';

const path = '/2021-07-20/functions/{FunctionName}/runtime-management-config';

const getRuntimeManagementConfig: Operation = {
  name: 'GetRuntimeManagementConfig',
  method: 'GET',
  path,
  async run(request) {
    return { status: 200, body: { UpdateRuntimeOn: 'Auto', FunctionArn: arnOf(request) } };
  },
};

const putRuntimeManagementConfig: Operation = {
  name: 'PutRuntimeManagementConfig',
  method: 'PUT',
  path,
  async run(request) {
    const on = JsonReader.parse(request.body).string('UpdateRuntimeOn');
    const constraints = new Constraints();
    constraints.oneOf(on, 'updateRuntimeOn', ['Auto', 'Manual', 'FunctionUpdate']);
    constraints.throwIfViolated();
    const FunctionArn = arnOf(request);
    if (on === 'Auto') return { status: 200, body: { UpdateRuntimeOn: on, FunctionArn, RuntimeVersionArn: null } };
    throw new EngineError(
      'NotImplementedException',
      `isotherm does not offer UpdateRuntimeOn ${on}: a function follows the runtime of its isotherm`,
    );
  },
};

export const runtimeManagementOperations: readonly Operation[] = [
  getRuntimeManagementConfig,
  putRuntimeManagementConfig,
];

function arnOf(request: OperationRequest): string {
  const reference = parseFunctionReference(label(request, 'FunctionName'), request.query.Qualifier);
  const { configuration } = request.engine.functions.get(reference);
  return functionArn(configuration.functionName, arnQualifier(reference));
}
