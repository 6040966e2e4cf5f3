/** What the platform's records say of an outcome (LAMBDA.md E1.3, E3.6, B5.9). Pure. */
import type { Outcome } from '../model/outcome.ts';
import { exitErrorType } from './outcome-payload.ts';

export interface Verdict {
  /** Telemetry API. */
  readonly status: 'success' | 'failure' | 'error' | 'timeout';
  readonly errorType?: string;
  /** Whether the REPORT line shows it: a failure of the platform's making, not an error that the function reported. */
  readonly reported: boolean;
}

export function verdict(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'success':
      return success;
    case 'error':
      return { status: 'error', errorType: platformErrorType(outcome.errorType), reported: false };
    case 'fatal':
    case 'init-error':
      return { status: 'failure', errorType: platformErrorType(outcome.errorType), reported: true };
    case 'timeout':
      return timeout;
    case 'exit':
    case 'killed':
    case 'out-of-memory':
      return { status: 'failure', errorType: exitErrorType(outcome), reported: true };
    case 'response-too-large':
      return { status: 'error', errorType: 'Function.ResponseSizeTooLarge', reported: true };
    default:
      return outcome satisfies never;
  }
}

const success: Verdict = { status: 'success', reported: false };
const timeout: Verdict = { status: 'timeout', reported: true };

/** B5.9: a type that does not look like one of the platform's is not shown in its records. */
export function platformErrorType(errorType: string): string {
  if (/(Runtime|Function)\.[A-Z][a-zA-Z]+/.test(errorType)) return errorType;
  return errorType.startsWith('Function.') ? 'Function.Unknown' : 'Runtime.Unknown';
}
