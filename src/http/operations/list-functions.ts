import { Constraints } from '../../model/validation.ts';
import { functionSummary } from '../function-answer.ts';
import type { Operation } from '../operation.ts';
import { nextMarkerOf, pageOf } from '../page-request.ts';

/** One page, sorted by name (LAMBDA.md C1.13). ALL shows the published versions too, each behind its function. */
export const listFunctions: Operation = {
  name: 'ListFunctions',
  method: 'GET',
  path: '/2015-03-31/functions',
  async run(request) {
    const { FunctionVersion: functionVersion } = request.query;
    const constraints = new Constraints();
    if (functionVersion !== undefined) constraints.oneOf(functionVersion, 'functionVersion', ['ALL']);
    const page = pageOf(request, constraints);
    constraints.throwIfViolated();

    const all = functionVersion !== undefined;
    const { functions, nextMarker } = request.engine.functions.list({ ...page, ...(all && { versions: 'all' }) });
    const Functions = functions.map((record) => functionSummary(record, all ? record.version : undefined));
    return { status: 200, body: { ...nextMarkerOf(nextMarker), Functions } };
  },
};
