/** Lists in parts (LAMBDA.md C1.13). A marker names the last item of a part, so that nothing is missed or told twice when others go. */
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { Constraints } from '../model/validation.ts';
import type { PageInput } from './registry.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextMarker?: string;
}

/** `items` in the order of their keys, whose order is that of `isAfter`. @throws EngineError ValidationException, InvalidParameterValueException */
export function page<Item>(
  { marker, maxItems }: PageInput,
  items: Iterable<Item>,
  keyOf: (item: Item) => string,
  isAfter: (key: string, marked: string) => boolean,
): Page<Item> {
  if (maxItems !== undefined) {
    const constraints = new Constraints();
    constraints.integer(maxItems, 'maxItems', { min: 1, max: limits.maxItemsMax });
    constraints.throwIfViolated();
  }
  const marked = marker === undefined || marker === '' ? undefined : markedKey(marker);
  const most = Math.min(maxItems ?? limits.functionsPageMax, limits.functionsPageMax);
  const taken: Item[] = [];
  let last = '';
  for (const item of items) {
    const key = keyOf(item);
    if (marked !== undefined && !isAfter(key, marked)) continue;
    if (taken.length === most) return { items: taken, nextMarker: markerOf(last) };
    taken.push(item);
    last = key;
  }
  return { items: taken };
}

/** Opaque to clients. */
function markerOf(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function markedKey(marker: string): string {
  const key = Buffer.from(marker, 'base64url').toString();
  if (/^[a-zA-Z0-9-_:$]+$/.test(key) && markerOf(key) === marker) return key;
  throw new EngineError('InvalidParameterValueException', `Invalid marker: ${marker.slice(0, 200)}`);
}
