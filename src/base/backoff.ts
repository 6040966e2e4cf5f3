/** How long to wait before trying again: doubles with each failure between a least and a most. A pure decision. */
export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** @param failures how many back-offs went before this one; 0 for the first. */
export function backoffMs(failures: number, { minMs, maxMs }: BackoffLimits): number {
  // 2 ** 1024 is Infinity, and Infinity is more than any maximum: no count overflows.
  return Math.min(maxMs, minMs * 2 ** failures);
}
