/**
 * What came over the border was not what the protocol allows. One of these ends the sandbox: there is no way to find the
 * next frame behind a wrong one, and an honest peer never sends one.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /** Dotted path of what was wrong: `frame.length`, `invoke.timeoutMs`. */
  readonly field: string;
  /** What it must be. */
  readonly rule: string;

  constructor(field: string, rule: string, received: unknown) {
    super(`${field} must be ${rule}, received ${describe(received)}`);
    this.field = field;
    this.rule = rule;
  }
}

const describedCharsMax = 80;

/** A peer that was taken over chooses the value: no getter, no toString and no long text may come out of it. */
function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length <= describedCharsMax
        ? JSON.stringify(value)
        : `${JSON.stringify(value.slice(0, describedCharsMax))} and ${value.length - describedCharsMax} characters more`;
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
    default:
      return `a ${typeof value}`;
  }
}
