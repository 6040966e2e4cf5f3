/** A limit that an invocation met, in one line: which, what it did to what, how much was found of how much, and what sets it. */
import { guestLimitsDefault } from '../model/guest-limits.ts';
import { type LimitEffect, type LimitHit, type LimitReason, limitReasons } from '../model/limit-reason.ts';

export function limitText({
  functionName,
  limit,
  effect,
  value,
  found,
}: LimitHit & { readonly functionName: string }): string {
  const { unit, option } = limitReasons[limit];
  const figures = `${Math.round(found)} of ${Math.round(value)}${unit === 'count' ? '' : ` ${unit}`}`;
  return `limit ${limit} ${effect} ${objectOf(limit, effect)} ${functionName}: ${figures}; ${adviceOn(option, value)}`;
}

function objectOf(limit: LimitReason, effect: LimitEffect): string {
  switch (effect) {
    case 'ended':
      return 'an invocation of';
    case 'refused':
      return 'an operation of';
    case 'cut':
      return cut[limit] ?? 'the log of';
    default:
      return effect satisfies never;
  }
}

/** All others that are cut are the log's. */
const cut: Partial<Record<LimitReason, string>> = {
  'error-size': 'an error of',
  'open-streams': 'a hash or cipher of',
};

/**
 * Defaults of guests can be made stricter only: whoever met one need not look for the way to raise it. Some limits have smaller ones within
 * them, of which the page tells.
 */
function adviceOn(option: string, value: number): string {
  const most: Readonly<Partial<Record<string, number>>> = { ...guestLimitsDefault };
  const allowed = most[option.replace('limits.', '')];
  return allowed !== undefined && value >= allowed ? `${option} cannot be larger` : `see ${option} in docs/limits.md`;
}
