/** Reserved concurrency of functions (LAMBDA.md C7.1, C7.2). */
import { notGiven } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation } from '../operation.ts';

/** AWS puts and deletes under one API date and gets under another. */
const changing = '/2017-10-31/functions/{FunctionName}/concurrency';

const putFunctionConcurrency: Operation = {
  name: 'PutFunctionConcurrency',
  method: 'PUT',
  path: changing,
  async run(request) {
    const reserved = JsonReader.parse(request.body).number('ReservedConcurrentExecutions');
    if (reserved === undefined) throw notGiven({ reservedConcurrentExecutions: reserved });
    await request.engine.functions.concurrency.put(label(request, 'FunctionName'), reserved);
    return { status: 200, body: { ReservedConcurrentExecutions: reserved } };
  },
};

const getFunctionConcurrency: Operation = {
  name: 'GetFunctionConcurrency',
  method: 'GET',
  path: '/2019-09-30/functions/{FunctionName}/concurrency',
  async run(request) {
    const reserved = request.engine.functions.concurrency.get(label(request, 'FunctionName'));
    return { status: 200, body: reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved } };
  },
};

const deleteFunctionConcurrency: Operation = {
  name: 'DeleteFunctionConcurrency',
  method: 'DELETE',
  path: changing,
  async run(request) {
    await request.engine.functions.concurrency.delete(label(request, 'FunctionName'));
    return { status: 204 };
  },
};

export const concurrencyOperations: readonly Operation[] = [
  putFunctionConcurrency,
  getFunctionConcurrency,
  deleteFunctionConcurrency,
];
