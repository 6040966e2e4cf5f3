import { invariant } from '../../base/invariant.ts';
import { EngineError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { Constraints } from '../../model/validation.ts';
import { functionConfiguration } from '../function-answer.ts';
import { codeOf, refuseNotOffered, settingsOf, tagsOf } from '../function-request.ts';
import { JsonReader } from '../json-reader.ts';
import type { Operation } from '../operation.ts';

/** Answers as soon as the function is Pending; its code is prepared behind the answer (LAMBDA.md C3.1 to C3.5). */
export const createFunction: Operation = {
  name: 'CreateFunction',
  method: 'POST',
  path: '/2015-03-31/functions',
  requestBytesMax: limits.requestBytesMax,
  async run({ engine, body }) {
    const request = JsonReader.parse(body);
    const functionName = request.string('FunctionName');
    const code = request.structure('Code');
    const constraints = new Constraints();
    constraints.given({ functionName, role: request.string('Role'), code });
    const packageType = request.string('PackageType');
    if (packageType !== undefined) constraints.oneOf(packageType, 'packageType', ['Zip', 'Image']);
    constraints.throwIfViolated();
    invariant(functionName !== undefined && code !== undefined, 'the constraints above let neither pass');

    refuseNotOffered(request);
    if (packageType === 'Image') {
      throw new EngineError('NotImplementedException', 'isotherm does not offer PackageType Image yet');
    }
    const settings = settingsOf(request);
    if (settings.runtime === undefined || settings.handler === undefined) {
      throw new EngineError(
        'InvalidParameterValueException',
        'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
      );
    }
    const architectures = request.strings('Architectures');
    const publish = request.boolean('Publish');
    const record = await engine.functions.create({
      ...settings,
      ...tagsOf(request),
      ...(architectures !== undefined && { architectures }),
      ...(publish !== undefined && { publish }),
      functionName,
      code: codeOf(code),
    });
    return { status: 201, body: functionConfiguration(record) };
  },
};
