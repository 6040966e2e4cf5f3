/**
 * Users for the sandboxes of a host that is root: nobody's, and another one for each sandbox, so that they mean nothing to files, to
 * other processes or to each other. Where a container knows few users it is one that no file belongs to.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { limits } from '../model/limits.ts';
import type { SandboxUserOption } from '../model/sandbox-user.ts';

/** By convention `nobody` in every distribution. */
const nobody = 65_534;

/** The user of the next sandbox; undefined: the host's. */
export type NextUser = () => number | undefined;

export function sandboxUsers(
  option: SandboxUserOption,
  { isRoot = process.getuid?.() === 0, map = readMap(), random = randomInt } = {},
): NextUser {
  if (!isRoot || option === 'host') return () => undefined;
  if (typeof option === 'number') return () => option;
  const { sandboxUserIdFirst: first, sandboxUserIds: count } = limits;
  if (isMapped(map, first, count)) {
    // Hosts of one machine do not know of each other: each begins somewhere.
    let last = random(count);
    return () => {
      last = (last + 1) % count;
      return first + last;
    };
  }
  return isMapped(map, nobody, 1) ? () => nobody : () => undefined;
}

/** Lines are `first here, first outside, how many`. */
function isMapped(map: string, first: number, count: number): boolean {
  return map.split('\n').some((line) => {
    const [from = 0, , length = 0] = line.trim().split(/\s+/).map(Number);
    return from <= first && first + count <= from + length;
  });
}

function readMap(): string {
  try {
    return readFileSync('/proc/self/uid_map', 'latin1');
  } catch {
    // No /proc: nobody can be root's sandbox there.
    return '';
  }
}
