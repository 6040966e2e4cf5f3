/** What follows for a function from the end of a sandbox process that it was in: a sandbox of its own, a mark against it, or nothing. */
import { describeCause } from '../supervisor/exit-cause.ts';
import type { ExitCause, SandboxGoneError } from '../supervisor/sandbox-port.ts';
import type { AttemptParts } from './attempt.ts';
import type { Loss } from './loss.ts';
import type { Target } from './target.ts';

/** True: the function has another target now. */
export function blame(
  { targets, conduct, observe }: Pick<AttemptParts, 'targets' | 'conduct' | 'observe'>,
  error: SandboxGoneError,
  loss: Loss,
  { demand, isAlone }: Target,
  slotId: number,
): boolean {
  const { functionName } = demand;
  const isSecluded = loss.kind !== 'closing' && ('isSuspect' in loss ? loss.isSuspect : true);
  if ((isSecluded || isAlone) && !isOthersDoing(error.exitCause)) {
    conduct.costProcess({ functionName, slotId, reason: describeCause(error.exitCause) });
  }
  if (isSecluded && targets.seclude(functionName)) {
    observe?.({ type: 'function.secluded', functionName, reason: error.message });
  }
  return isSecluded;
}

/** Else the function was the only one there, or cannot prove that it was not it. */
function isOthersDoing(cause: ExitCause): boolean {
  return (
    cause.kind === 'retired' ||
    (cause.kind === 'killed' && cause.reason === 'closing') ||
    (cause.kind === 'crashed' && cause.by === 'stranger')
  );
}
