import type { Bytes } from '../encodings.ts';

const { TypedArrayPrototypeGetByteLength } = primordials;

/** In the same time wherever they differ. */
export function areEqual(a: Bytes, b: Bytes): boolean {
  const length = TypedArrayPrototypeGetByteLength(a);
  if (length !== TypedArrayPrototypeGetByteLength(b)) return false;
  let difference = 0;
  for (let at = 0; at < length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}
