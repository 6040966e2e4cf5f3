/**
 * A place in the event loop, one immediate behind the moment it was made. What becomes known before the loop has come there is
 * reported there; what becomes known later takes an immediate of its own. Either way an immediate passes between a handler's
 * end and its answer, as in Lambda (A4.5), so that an unhandled rejection of the same moment is found first. Setting it up ahead
 * spares the sandbox one call across the border in each invocation: a microtask that changes the loop must announce it.
 */
import type { Core } from '../core/core-api.ts';

export type Checkpoint = (report: () => void) => void;

export function checkpoint(core: Core): Checkpoint {
  let isAhead = true;
  let waiting: (() => void) | undefined;
  core.setImmediate(() => {
    isAhead = false;
    waiting?.();
  });
  return (report) => {
    if (isAhead) waiting = report;
    else core.setImmediate(report);
  };
}
