/** Causes of a sandbox's end, in words. */
import { limits } from '../model/limits.ts';
import type { ExitCause } from './sandbox-port.ts';

/** What is seen of a process that ended without being asked to. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last it printed, on one line. */
  readonly output: string;
  /** `abandoned`: it had closed its socket and lived on, so it was killed. */
  readonly connection: 'kept' | 'abandoned';
  /** Whether the kernel ended processes for want of memory while this one lived. */
  readonly memoryKills: 'none' | 'some' | 'unknown';
}

/** Nobody here killed it, or only because it had closed its socket. */
export function crashCause(seen: ProcessEnd): ExitCause {
  const { code, signal, output } = seen;
  const end = signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
  // Node's and V8's last words stand first in what they print; the tail may begin in the middle of a stack.
  const words = output.length > limits.exitDetailCharsMax ? `...${output.slice(-limits.exitDetailCharsMax)}` : output;
  // A sandbox that ends itself says why, and in a jail cannot do it by this signal: native/jail/filter.c.
  if (signal !== 'SIGKILL' || words !== '') {
    return { kind: 'crashed', detail: `it ${end}${words === '' ? '' : `: ${words}`}` };
  }
  const isStranger = seen.connection === 'kept' && seen.memoryKills === 'none';
  return { kind: 'crashed', detail: `it ${end} (${killHint(seen)})`, ...(isStranger && { by: 'stranger' }) };
}

function killHint({ connection, memoryKills }: ProcessEnd): string {
  if (connection === 'abandoned') return 'it had closed its connection';
  switch (memoryKills) {
    case 'none':
      return 'not sent by isotherm: an operator, or another program';
    case 'some':
      return 'sent by the kernel: memory ran out';
    case 'unknown':
      return 'not sent by isotherm: an operator, or the kernel when memory ran out';
    default:
      return memoryKills satisfies never;
  }
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
  if (cause.kind === 'killed') return cause.reason === 'closing' || cause.reason === 'hardening';
  return cause.kind === 'retired';
}
