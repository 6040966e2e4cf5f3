/**
 * How far a sandbox process is jailed, in words and as one of five levels (SECURITY.md 5.6). A layer that could not be set is
 * never left out of a report: it is there as absent, with its reason. A level is what the layers make it, and nothing else.
 */

/** In order of strength. */
export const hardeningLevels = ['S0', 'S1', 'S2', 'S3', 'S4'] as const;
export type HardeningLevel = (typeof hardeningLevels)[number];

/** In the order in which they are set. */
export const hardeningLayers = [
  /** Memory and tasks are bounded by a control group of its own. */
  'control-group',
  /** It is not the machine's root: a host that is gives it a user of its own, to whom nothing belongs. */
  'unprivileged-user',
  /** The kernel ends the sandbox when its host ends. */
  'parent-death-signal',
  /** No core files, few descriptors, no locked memory. */
  'resource-limits',
  /** A network, hostname and System V objects of its own, with nothing in them. */
  'namespaces',
  /** None is left, and none can be had. */
  'capabilities',
  /** No program that it could start would give it more rights. */
  'no-new-privileges',
  /** Only the files that the program consists of can be read, and none written. */
  'landlock',
  /** First filter, before Node starts: no io_uring, no tracing, no mounting, no network sockets. */
  'seccomp-launch',
  /** Memory and environment unreadable for other processes of the same user. */
  'undumpable',
  /** Second filter, before hello: only what running functions takes; nothing can be opened or started any more. */
  'seccomp-lock',
] as const;
export type HardeningLayerName = (typeof hardeningLayers)[number];

export interface HardeningLayer {
  readonly name: HardeningLayerName;
  readonly state: 'on' | 'absent';
  /** Why it is absent; empty when it is on. */
  readonly reason: string;
}

/** What the sandbox tried after the lock, and whether the kernel refused it. */
export interface HardeningAttempt {
  readonly attempt: string;
  readonly isRefused: boolean;
}

export interface HardeningReport {
  readonly level: HardeningLevel;
  readonly layers: readonly HardeningLayer[];
  readonly selfTest: readonly HardeningAttempt[];
}

/** What a level has beyond the one below it. S0 has nothing. */
export const levelLayers: Readonly<Record<HardeningLevel, readonly HardeningLayerName[]>> = {
  S0: [],
  S1: ['parent-death-signal', 'resource-limits', 'no-new-privileges'],
  S2: ['capabilities', 'landlock', 'seccomp-launch', 'undumpable', 'seccomp-lock'],
  S3: ['namespaces'],
  S4: ['control-group', 'unprivileged-user'],
};

/** The report of these layers. Layers that are not named are absent for the reason given. */
export function hardeningReport(
  found: readonly HardeningLayer[],
  selfTest: readonly HardeningAttempt[],
  reasonOfOthers: string,
): HardeningReport {
  const layers = hardeningLayers.map(
    (name) =>
      found.find((layer) => layer.name === name) ?? ({ name, state: 'absent', reason: reasonOfOthers } as const),
  );
  return { level: hardeningLevel(layers, selfTest), layers, selfTest };
}

/** The strongest level all of whose layers are on. What the kernel did not refuse when it was tried is worth no more than S1. */
export function hardeningLevel(
  layers: readonly HardeningLayer[],
  selfTest: readonly HardeningAttempt[],
): HardeningLevel {
  const on = new Set(layers.filter(({ state }) => state === 'on').map(({ name }) => name));
  const isProven = selfTest.length > 0 && selfTest.every(({ isRefused }) => isRefused);
  let reached: HardeningLevel = 'S0';
  for (const level of hardeningLevels) {
    if (!levelLayers[level].every((name) => on.has(name))) break;
    if (isAtLeast(level, 'S2') && !isProven) break;
    reached = level;
  }
  return reached;
}

/** The same report with what is known better elsewhere about one layer. */
export function withLayer({ layers, selfTest }: HardeningReport, known: HardeningLayer): HardeningReport {
  return hardeningReport([known, ...layers.filter(({ name }) => name !== known.name)], selfTest, '');
}

export function isAtLeast(level: HardeningLevel, minimum: HardeningLevel): boolean {
  return hardeningLevels.indexOf(level) >= hardeningLevels.indexOf(minimum);
}
