/** A guest asked for something on a connection that the function may not do. The connection ends, with the message as reason. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}
