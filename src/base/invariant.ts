/**
 * A check for our own mistakes. A failed one is a bug in isotherm, never a client's or a function's fault,
 * and nothing catches it in order to go on.
 */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
