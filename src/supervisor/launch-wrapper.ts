/**
 * What holds of the jail where its launcher cannot be had: programs of util-linux that set what they can and become Node. Above all the
 * signal that ends a sandbox with its host, also a stuck one, which no socket wakes. With all three layers that is level S1.
 */
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../model/errors.ts';
import type { HardeningLayerName } from '../model/hardening.ts';
import { limits } from '../model/limits.ts';
import { findCompiler as findProgram } from './compiler.ts';
import { runProgram } from './run-program.ts';

export interface LaunchWrapper {
  /** Stands before Node on the command line. */
  readonly command: readonly string[];
  /** What it sets. */
  readonly layers: readonly HardeningLayerName[];
}

export interface WrapperOptions {
  readonly clock: Clock;
  /** `leash`: only that sandboxes end with their host. `bounds`: all that can be set this way. */
  readonly wanted: 'leash' | 'bounds';
  /** Where the programs are looked for. Default: PATH. */
  readonly searchPath?: string;
}

/** The strongest that works here, found by trying; undefined when none does. */
export async function findLaunchWrapper({
  clock,
  wanted,
  searchPath = process.env.PATH ?? '',
}: WrapperOptions): Promise<LaunchWrapper | undefined> {
  const [setpriv, prlimit, nothing] = ['setpriv', 'prlimit', 'true'].map((name) => findProgram([name], searchPath));
  if (setpriv === undefined || nothing === undefined) return undefined;
  const leash = { command: [setpriv, '--pdeathsig', 'KILL', '--'], layers: ['parent-death-signal'] } as const;
  const candidates: LaunchWrapper[] = [leash];
  if (prlimit !== undefined && wanted === 'bounds') {
    const bounds = [...zeroes.map((name) => `--${name}=0`), `--nofile=${limits.sandboxDescriptorsMax}`];
    candidates.unshift({
      command: [prlimit, ...bounds, setpriv, '--no-new-privs', '--pdeathsig', 'KILL', '--'],
      layers: ['parent-death-signal', 'resource-limits', 'no-new-privileges'],
    });
  }
  for (const candidate of candidates) if (await works(candidate, nothing, clock)) return candidate;
  return undefined;
}

/** The same as in `native/jail/resource-limits.c`. */
const zeroes = ['core', 'memlock', 'msgqueue', 'rtprio', 'nice'];

async function works(
  { command: [program = '', ...args] }: LaunchWrapper,
  nothing: string,
  clock: Clock,
): Promise<boolean> {
  const purpose = `${program} does not work`;
  try {
    await runProgram(program, [...args, nothing], {
      input: '',
      purpose,
      timeoutMs: tryTimeoutMs,
      clock,
      onLine: () => {},
    });
    return true;
  } catch (error) {
    // Another program of the name, as busybox has one, or limits that may not be lowered so: the next one then.
    if (error instanceof EngineError) return false;
    throw error;
  }
}

const tryTimeoutMs = 5_000;
