/** How far sandboxes have to be jailed before they may run anything, and what is said when they are not. Decisions only. */
import { invariant } from '../base/invariant.ts';
import {
  type HardeningLayerName,
  type HardeningLevel,
  type HardeningReport,
  hardeningLevels,
  isAtLeast,
  levelLayers,
} from './hardening.ts';

/** What an embedder writes. `auto`: as far as this machine allows. `required`: at least S2. `off`: no jail at all. */
export type HardeningOption = 'auto' | 'required' | 'off' | { readonly minimumLevel: HardeningLevel };

export interface HardeningDemand {
  /** Whether layers are set at all. */
  readonly jail: 'on' | 'off';
  /** A sandbox below it runs nothing. */
  readonly minimumLevel: HardeningLevel;
  /** Of a sandbox below it the engine tells what it lacks. */
  readonly expectedLevel: HardeningLevel;
}

/** Below it code that was taken over may read files and open connections: whoever runs strangers' code must be told. */
export const soundLevel: HardeningLevel = 'S2';

/** What an ordinary Linux gives to everybody: whoever has less and did not say that it is enough is told what is missing. */
const usualLevel: HardeningLevel = 'S3';

export function hardeningDemand(option: HardeningOption): HardeningDemand {
  switch (option) {
    case 'auto':
      return { jail: 'on', minimumLevel: 'S0', expectedLevel: usualLevel };
    case 'off':
      return { jail: 'off', minimumLevel: 'S0', expectedLevel: 'S0' };
    case 'required':
      return { jail: 'on', minimumLevel: soundLevel, expectedLevel: soundLevel };
    default:
      return { jail: 'on', minimumLevel: option.minimumLevel, expectedLevel: option.minimumLevel };
  }
}

/** One sentence that says why sandboxes of this report are refused; undefined when they are not. */
export function hardeningRefusal(report: HardeningReport, { minimumLevel }: HardeningDemand): string | undefined {
  if (isAtLeast(report.level, minimumLevel)) return undefined;
  return `hardening must be at least ${minimumLevel}, and sandboxes reach ${report.level} here: ${missingFor(report, minimumLevel)}; isotherm doctor tells more`;
}

/** The level above; undefined above the strongest. */
export function nextLevel(level: HardeningLevel): HardeningLevel | undefined {
  return hardeningLevels[hardeningLevels.indexOf(level) + 1];
}

/** The least level that needs the layer. */
export function levelOf(layer: HardeningLayerName): HardeningLevel {
  const level = hardeningLevels.find((each) => levelLayers[each].includes(layer));
  invariant(level !== undefined, `layer ${layer} belongs to a level`);
  return level;
}

/** What keeps a report below a level, each with its reason. */
export function missingFor({ layers, selfTest }: HardeningReport, level: HardeningLevel): string {
  const needed = hardeningLevels.filter((each) => isAtLeast(level, each)).flatMap((each) => levelLayers[each]);
  const absent = new Map<string, string[]>();
  for (const { name, state, reason } of layers) {
    if (state === 'on' || !needed.includes(name)) continue;
    absent.set(reason, [...(absent.get(reason) ?? []), name]);
  }
  // One cause often takes several layers.
  if (absent.size > 0) return [...absent].map(([reason, names]) => `no ${names.join(', ')} (${reason})`).join('; ');
  const allowed = selfTest.filter(({ isRefused }) => !isRefused).map(({ attempt }) => attempt);
  return allowed.length > 0 ? `the kernel did not refuse: ${allowed.join(', ')}` : 'nothing was tried after the lock';
}
