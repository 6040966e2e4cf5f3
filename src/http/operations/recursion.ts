/** The recursion config of functions (LAMBDA.md C4.14). */
import { notGiven } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation } from '../operation.ts';

const path = '/2024-08-31/functions/{FunctionName}/recursion-config';

const getFunctionRecursionConfig: Operation = {
  name: 'GetFunctionRecursionConfig',
  method: 'GET',
  path,
  async run(request) {
    const RecursiveLoop = request.engine.functions.recursion.get(label(request, 'FunctionName'));
    return { status: 200, body: { RecursiveLoop } };
  },
};

const putFunctionRecursionConfig: Operation = {
  name: 'PutFunctionRecursionConfig',
  method: 'PUT',
  path,
  async run(request) {
    const recursiveLoop = JsonReader.parse(request.body).string('RecursiveLoop');
    if (recursiveLoop === undefined) throw notGiven({ recursiveLoop });
    const RecursiveLoop = await request.engine.functions.recursion.put(label(request, 'FunctionName'), recursiveLoop);
    return { status: 200, body: { RecursiveLoop } };
  },
};

export const recursionOperations: readonly Operation[] = [getFunctionRecursionConfig, putFunctionRecursionConfig];
