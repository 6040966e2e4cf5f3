import type { InvocationReport } from './invocation.ts';

/** Thrown by a callable function when the function itself failed. It carries what Lambda answered, parsed. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
  /** `errorType` of the payload: `TypeError`, `Runtime.ExitError`, `Sandbox.Timedout`. */
  readonly errorType: string;
  /** The guest's own stack lines, when it gave any. */
  readonly trace: readonly string[];
  readonly requestId: string;
  /**
   * What the engine saw of the invocation: `report.status`, and in `report.limits` each limit that was met. What the other fields say a
   * function may have written itself. Absent where an answer was cut off while it was streamed: `done` has it.
   */
  readonly report?: InvocationReport;

  constructor(options: {
    errorType: string;
    errorMessage: string;
    trace: readonly string[];
    requestId: string;
    report?: InvocationReport | undefined;
  }) {
    super(`${options.errorType}: ${options.errorMessage}`);
    this.errorType = options.errorType;
    this.trace = options.trace;
    this.requestId = options.requestId;
    if (options.report !== undefined) this.report = options.report;
  }
}
