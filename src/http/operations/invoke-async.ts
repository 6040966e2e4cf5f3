/** Lambda's first way to hand over an event and not wait, which its models still have: `Invoke` with the type `Event`, no more. */
import { limits } from '../../model/limits.ts';
import { label, type Operation } from '../operation.ts';

const invokeAsync: Operation = {
  name: 'InvokeAsync',
  method: 'POST',
  path: '/2014-11-13/functions/{FunctionName}/invoke-async',
  requestBytesMax: limits.asyncPayloadBytesMax,
  async run(request) {
    const functionName = label(request, 'FunctionName');
    await request.engine.invoke({ functionName, payload: request.body, invocationType: 'Event' });
    return { status: 202, body: { Status: 202 } };
  },
};

export const invokeAsyncOperations: readonly Operation[] = [invokeAsync];
