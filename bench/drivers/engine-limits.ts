/** The limits that an engine is opened with: its defaults, save for what a scenario asks of every peer. */

/** Functions that are created at the same moment, as by a deployment of many. */
export const deploysAtOnce = 8;

interface EngineLimits {
  readonly environmentsMax?: number;
  readonly memoryBudgetMiB?: number;
  readonly environmentIdleMs?: number;
}

export function engineLimits(environments: number, idleMs: number | undefined): EngineLimits {
  return {
    // As many as are asked for; what each may use stays as it is.
    ...(environments > 100 && { environmentsMax: environments + 10, memoryBudgetMiB: 128 * (environments + 10) }),
    ...(idleMs !== undefined && { environmentIdleMs: idleMs }),
  };
}
