/**
 * Lets a process that nobody waits for yield the cores to those that somebody waits for, as long as that can be taken back: the kernel lets
 * everybody lower a process, and raise it again only whoever has CAP_SYS_NICE where the machine's own users are. What is forked of a lowered
 * process, and its threads, are as low: it is raised before.
 */
import { readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** A tenth of the share of what is not lowered, so that it goes on slowly on a machine that is never idle. */
export const yieldingNiceness = 10;

export interface YieldingCores {
  /** To what it was. Twice is harmless. @throws the system's error when the kernel refuses, and then each time */
  raise(): void;
}

/** Call it only for a child that has not been reaped. */
export function yieldCores(pid: number, mayRaise = mayRaiseAgain()): YieldingCores {
  let before: number | undefined;
  try {
    if (mayRaise) {
      const found = getPriority(pid);
      setPriority(pid, Math.max(found, yieldingNiceness));
      before = found;
    }
  } catch {
    // It has ended already, or a policy of this machine forbids it: then it runs as it did.
  }
  return {
    raise() {
      if (before === undefined) return;
      try {
        setPriority(pid, before);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      before = undefined;
    },
  };
}

let known: boolean | undefined;

function mayRaiseAgain(): boolean {
  known ??= lookWhetherItMay();
  return known;
}

function lookWhetherItMay(): boolean {
  try {
    const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    // All users of the machine as they are: its first user namespace, in which alone the capability counts.
    const isMachine = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
    return isMachine && ((BigInt(`0x${effective}`) >> capSysNice) & 1n) === 1n;
  } catch {
    // No /proc (not Linux), or a kernel without user namespaces: nothing is lowered.
    return false;
  }
}

const capSysNice = 23n;

function isGone(error: unknown): boolean {
  return error instanceof Error && 'info' in error && hasCode(error.info, 'ESRCH');
}

function hasCode(info: unknown, code: string): boolean {
  return typeof info === 'object' && info !== null && 'code' in info && info.code === code;
}
