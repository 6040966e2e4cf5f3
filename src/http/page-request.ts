/** `?Marker=&MaxItems=` of the operations that list, and `NextMarker` of their answers (LAMBDA.md C1.13). */
import type { PageInput } from '../functions/registry.ts';
import { limits } from '../model/limits.ts';
import type { Constraints } from '../model/validation.ts';
import type { OperationRequest } from './operation.ts';

/** What is wrong goes to `constraints`. */
export function pageOf({ query }: OperationRequest, constraints: Constraints): PageInput {
  const { Marker: marker } = query;
  const maxItems = query.MaxItems === undefined ? undefined : Number(query.MaxItems);
  if (maxItems !== undefined) constraints.integer(maxItems, 'maxItems', { min: 1, max: limits.maxItemsMax });
  return { ...(marker !== undefined && { marker }), ...(maxItems !== undefined && { maxItems }) };
}

export function nextMarkerOf(nextMarker: string | undefined): { readonly NextMarker?: string } {
  return nextMarker === undefined ? {} : { NextMarker: nextMarker };
}
