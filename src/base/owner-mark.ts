/**
 * Names the process that a file or directory belongs to, inside its name, so that a later process can tell whether it was left behind.
 * A pid alone cannot: it is used again, and another container has the same ones. So a mark is boot, pid namespace, pid and the
 * time the process started. Nobody is signalled to find out.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { processStat } from './process-stat.ts';

/** Of this process; letters, digits and `-`. */
export const ownerMark: string = [bootId(), pidNamespace(), process.pid, processStat('self')?.startTicks ?? 0].join(
  '-',
);

/** A mark as it stands in a name. */
export const ownerMarkPattern = /([0-9a-f]+-[0-9]+-[0-9]+-[0-9]+)/;

/** `unknown`: it lives, or lived, in another container, or there is no /proc. Such a thing is to be left alone. */
export function ownerState(mark: string): 'alive' | 'dead' | 'unknown' {
  const [boot, namespace, pid, start] = mark.split('-');
  if (boot === undefined || namespace === undefined || pid === undefined || start === undefined) return 'unknown';
  if (boot === '0' || bootId() === '0') return 'unknown';
  if (boot !== bootId()) return 'dead';
  if (namespace === '0' || namespace !== pidNamespace()) return 'unknown';
  return String(processStat(pid)?.startTicks) === start ? 'alive' : 'dead';
}

function bootId(): string {
  return readOr('0', () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll('-', '').slice(0, 12));
}

function pidNamespace(): string {
  return readOr('0', () => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0');
}

function readOr<Value>(fallback: Value, read: () => Value): Value {
  try {
    return read();
  } catch {
    // No /proc, or no such process: the fallback says so.
    return fallback;
  }
}
