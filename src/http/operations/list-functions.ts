import { limits } from '../../model/limits.ts';
import { Constraints } from '../../model/validation.ts';
import { functionSummary } from '../function-answer.ts';
import type { Operation } from '../operation.ts';

/** One page, sorted by name (LAMBDA.md C1.13). There are no published versions yet, so ALL shows the same functions. */
export const listFunctions: Operation = {
  name: 'ListFunctions',
  method: 'GET',
  path: '/2015-03-31/functions',
  async run({ engine, query }) {
    const { FunctionVersion: functionVersion, Marker: marker } = query;
    const maxItems = query.MaxItems === undefined ? undefined : Number(query.MaxItems);
    const constraints = new Constraints();
    if (functionVersion !== undefined) constraints.oneOf(functionVersion, 'functionVersion', ['ALL']);
    if (maxItems !== undefined) constraints.integer(maxItems, 'maxItems', { min: 1, max: limits.maxItemsMax });
    constraints.throwIfViolated();

    const { functions, nextMarker } = engine.functions.list({
      ...(marker !== undefined && { marker }),
      ...(maxItems !== undefined && { maxItems }),
    });
    return {
      status: 200,
      body: {
        Functions: functions.map((record) =>
          functionSummary(record, functionVersion === undefined ? undefined : record.version),
        ),
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
      },
    };
  },
};
