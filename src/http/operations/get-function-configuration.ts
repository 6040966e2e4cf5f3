import { parseFunctionReference } from '../../functions/function-reference.ts';
import { arnQualifier, functionConfiguration } from '../function-answer.ts';
import { label, type Operation } from '../operation.ts';

export const getFunctionConfiguration: Operation = {
  name: 'GetFunctionConfiguration',
  method: 'GET',
  path: '/2015-03-31/functions/{FunctionName}/configuration',
  async run(request) {
    const reference = parseFunctionReference(label(request, 'FunctionName'), request.query.Qualifier);
    return {
      status: 200,
      body: functionConfiguration(request.engine.functions.get(reference), arnQualifier(reference)),
    };
  },
};
