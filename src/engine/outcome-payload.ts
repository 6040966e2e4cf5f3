/**
 * What a client gets as the answer of an invocation, byte for byte (LAMBDA.md B4.3, B5.1, B5.2, B5.4, C4.10). The bytes of a
 * guest are passed on as they are; everything else is written here. Pure.
 */
import type { Outcome } from '../model/outcome.ts';
import { timeoutMessage } from '../telemetry/lines.ts';

export function outcomePayload(outcome: Outcome, requestId: string, timeoutMs: number): Uint8Array {
  switch (outcome.kind) {
    case 'success':
    case 'error':
    case 'fatal':
    case 'init-error':
      return outcome.payload;
    case 'timeout':
      return failure('Sandbox.Timedout', `RequestId: ${requestId} Error: ${timeoutMessage(timeoutMs)}`);
    case 'exit':
    case 'killed':
    case 'out-of-memory':
      return failure(exitErrorType(outcome), `RequestId: ${requestId} ${exitMessage(outcome)}`);
    case 'response-too-large':
      // The one payload whose message comes first.
      return bytes({
        errorMessage: `Response payload size exceeded maximum allowed payload size (${outcome.limit.value} bytes).`,
        errorType: 'Function.ResponseSizeTooLarge',
      });
    default:
      return outcome satisfies never;
  }
}

export type ExitOutcome = Extract<Outcome, { kind: 'exit' | 'killed' | 'out-of-memory' }>;

export function exitErrorType(outcome: ExitOutcome): 'Runtime.ExitError' | 'Runtime.OutOfMemory' {
  return outcome.kind === 'out-of-memory' ? 'Runtime.OutOfMemory' : 'Runtime.ExitError';
}

export function exitMessage(outcome: ExitOutcome): string {
  switch (outcome.kind) {
    case 'exit':
      return outcome.code === 0
        ? 'Error: Runtime exited without providing a reason'
        : `Error: Runtime exited with error: exit status ${outcome.code}`;
    case 'killed':
      return `Error: Runtime exited with error: signal: ${outcome.signal}`;
    case 'out-of-memory':
      return 'Error: Runtime exited with error: signal: killed';
    default:
      return outcome satisfies never;
  }
}

function failure(errorType: string, errorMessage: string): Uint8Array {
  return bytes({ errorType, errorMessage });
}

function bytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}
