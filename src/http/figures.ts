/** What `isotherm top` shows: sums since the start and what there is now, of each function. Whoever looks twice has rates. */
import type { Engine } from '../engine/engine.ts';
import type { FunctionFigures } from '../telemetry/function-figures.ts';

export const figuresPath = '/_isotherm/functions';

export function figuresText(engine: Engine, figures: FunctionFigures | undefined): string {
  const { invocations, environments, sandboxes, memoryReservedMiB, async: events } = engine.stats();
  return JSON.stringify({
    running: invocations.running,
    queued: invocations.queued,
    eventsQueued: events.queued,
    environments: environments.total,
    sandboxes: sandboxes.length,
    residentMB: sandboxes.reduce((sum, { rssMB }) => sum + rssMB, 0),
    memoryReservedMiB,
    loads: engine.loads(),
    functions: figures?.all() ?? [],
  });
}
