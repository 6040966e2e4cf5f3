/** What `bench/compare` measures of a revision, in a process that `measure.ts` is: names, titles and units. */
import type { Unit } from '../model.ts';

export const scenarioNames = ['cold', 'warm', 'memory'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface Measure {
  readonly name: string;
  readonly scenario: ScenarioName;
  readonly title: string;
  readonly unit: Unit;
}

/** Less is better in all of them. Processor time is the steadier one where others use the machine too. */
export const measures: readonly Measure[] = [
  { name: 'cold', scenario: 'cold', title: 'cold start', unit: 'ms' },
  { name: 'coldCpu', scenario: 'cold', title: 'cold start, CPU', unit: 'ms' },
  { name: 'warm', scenario: 'warm', title: 'warm call, 1 kB', unit: 'ms' },
  { name: 'warmCpu', scenario: 'warm', title: 'warm call, CPU', unit: 'ms' },
  { name: 'memory', scenario: 'memory', title: 'idle environment', unit: 'bytes' },
];
