/** Thrown by a callable function when the function itself failed. It carries what Lambda answered, parsed. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
  /** `errorType` of the payload: `TypeError`, `Runtime.ExitError`, `Sandbox.Timedout`. */
  readonly errorType: string;
  /** The guest's own stack lines, when it gave any. */
  readonly trace: readonly string[];
  readonly requestId: string;

  constructor(options: { errorType: string; errorMessage: string; trace: readonly string[]; requestId: string }) {
    super(`${options.errorType}: ${options.errorMessage}`);
    this.errorType = options.errorType;
    this.trace = options.trace;
    this.requestId = options.requestId;
  }
}
