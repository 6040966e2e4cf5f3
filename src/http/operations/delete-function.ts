import { parseFunctionReference } from '../../functions/function-reference.ts';
import { label, type Operation } from '../operation.ts';

/** Running invocations finish; the name is free at once (LAMBDA.md C3.17, C3.18). */
export const deleteFunction: Operation = {
  name: 'DeleteFunction',
  method: 'DELETE',
  path: '/2015-03-31/functions/{FunctionName}',
  async run(request) {
    await request.engine.functions.delete(
      parseFunctionReference(label(request, 'FunctionName'), request.query.Qualifier),
    );
    return { status: 204 };
  },
};
