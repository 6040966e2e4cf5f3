/**
 * Locks this process for good, and tells how far it is jailed: what the launcher set before Node started, what the lock set, and
 * what was tried afterwards. The launcher and the lock are C (`native/jail`); they tell in one line of text each.
 */
import {
  type HardeningAttempt,
  type HardeningLayer,
  type HardeningReport,
  hardeningLayers,
  hardeningReport,
} from '../model/hardening.ts';

/** Set by the launcher: what became of each layer. */
const launcherVariable = 'ISOTHERM_LAUNCHER';
/** Set by the host in its place when there is no launcher: why. */
export const unjailedVariable = 'ISOTHERM_UNJAILED';

/** Of layers that neither speaks of: the host knows more, and says so in its report. */
const notMade = 'the sandbox was given none';

/** The lock, not closed yet. `isForked`: 1 in a child of a template, which has no Landlock. */
export type Lock = (isForked: 0 | 1) => string;

export function loadLock(path: string): Lock {
  return loadAddon(path) as Lock;
}

/** Everything that is ever opened, loaded or started by this process must be so by now. */
export function lockSandbox(
  lock: Lock | undefined,
  isForked: 0 | 1,
  environment: Readonly<Record<string, string | undefined>>,
): HardeningReport {
  const { [launcherVariable]: launched = '', [unjailedVariable]: unjailed } = environment;
  const [locked = '', tried = ''] = lock?.(isForked).split('\n') ?? [];
  const layers = [...entriesOf(launched), ...entriesOf(locked)].flatMap(layerOf);
  return hardeningReport(layers, entriesOf(tried).map(attemptOf), unjailed ?? notMade);
}

/** One of the jail's modules for Node, each of which is one function. */
export function loadAddon(path: string): unknown {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}

/** `name=text;name=text` */
function entriesOf(line: string): readonly (readonly [name: string, text: string])[] {
  if (line === '') return [];
  return line.split(';').map((entry) => {
    const at = entry.indexOf('=');
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
}

function layerOf([text, reason]: readonly [string, string]): HardeningLayer[] {
  const name = hardeningLayers.find((each) => each === text);
  return name === undefined ? [] : [{ name, state: reason === '' ? 'on' : 'absent', reason }];
}

function attemptOf([attempt, result]: readonly [string, string]): HardeningAttempt {
  return { attempt, isRefused: result === 'refused' };
}
