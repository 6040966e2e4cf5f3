/** Causes of a sandbox's end, in words. */
import { limits } from '../model/limits.ts';
import type { ExitCause } from './sandbox-port.ts';

/** What is seen of a process that ended without being asked to. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last it printed, on one line. */
  readonly output: string;
  /** Whether its socket was closed before the end: by it, or by the kernel when it died. */
  readonly connection: 'open' | 'closed';
}

/** Nobody here killed it, or only because its socket was closed already. */
export function crashCause({ code, signal, output, connection }: ProcessEnd): ExitCause {
  const end = signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
  // Node's and V8's last words stand first in what they print; the tail may begin in the middle of a stack.
  const words = output.length > limits.exitDetailCharsMax ? `...${output.slice(-limits.exitDetailCharsMax)}` : output;
  const hint = words === '' && signal === 'SIGKILL' ? killHint(connection) : '';
  return { kind: 'crashed', detail: `it ${end}${hint}${words === '' ? '' : `: ${words}`}` };
}

function killHint(connection: ProcessEnd['connection']): string {
  return connection === 'closed'
    ? ' (it had closed its connection)'
    : ' (not sent by isotherm: an operator, or the kernel when memory ran out)';
}

export function describeCause(cause: ExitCause): string {
  switch (cause.kind) {
    case 'retired':
      return `retired: ${cause.reason}`;
    case 'killed':
      return `killed (${cause.reason}): ${cause.detail}`;
    case 'crashed':
      return `crashed: ${cause.detail}`;
    default:
      return cause satisfies never;
  }
}

/** Whether isotherm wanted the end for its own reasons, and nothing went wrong. */
export function isWanted(cause: ExitCause): boolean {
  return cause.kind === 'retired' || (cause.kind === 'killed' && cause.reason === 'closing');
}
