/**
 * What the clocks of a function tell it. `real`: the time, to the millisecond (`process.hrtime` and `performance.now` finer), which
 * is the default because tenants that must not measure each other share no process, and libraries measure everything. `coarse`:
 * steps of `coarseClockStepMs`. `frozen`: the time stands still while code runs, and goes on with each event that the function
 * waited for: a timer, a message, the next invocation.
 */
export const clockPolicies = ['real', 'coarse', 'frozen'] as const;
export type ClockPolicy = (typeof clockPolicies)[number];
