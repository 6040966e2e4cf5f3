/**
 * Which limits the guest of one environment met since anybody last asked. Only what this process saw is written here; nothing that
 * a guest says of itself.
 */
import { type GuestLimits, guestLimitsDefault } from '../model/guest-limits.ts';
import { type LimitEffect, type LimitHit, type LimitReason, limitHit, limitReasons } from '../model/limit-reason.ts';

export type NoteLimit = (limit: LimitReason, value: number, found: number, effect?: LimitEffect) => void;

/** What a guest is held to, and who is told when it meets it. */
export interface GuestBounds {
  readonly limits: GuestLimits;
  readonly note: NoteLimit;
}

export const defaultBounds: GuestBounds = { limits: guestLimitsDefault, note: () => {} };

export class LimitBook {
  /** Nearly always empty. At most one entry for each limit and effect: a guest may run into one a million times. */
  #hits: LimitHit[] | undefined;

  readonly note: NoteLimit = (limit, value, found, effect = limitReasons[limit].effect) => {
    this.#hits ??= [];
    const known = this.#hits.findIndex((hit) => hit.limit === limit && hit.effect === effect);
    if (known === -1) this.#hits.push(limitHit(limit, value, found, effect));
    else if ((this.#hits[known]?.found ?? 0) < found) this.#hits[known] = limitHit(limit, value, found, effect);
  };

  take(): readonly LimitHit[] | undefined {
    const hits = this.#hits;
    this.#hits = undefined;
    return hits;
  }
}
