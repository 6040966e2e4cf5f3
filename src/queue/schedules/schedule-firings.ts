/**
 * Fires schedules: at an instant each target is handed one event, then the instant is written down. Whoever is killed in between
 * hands it over again, so an event is delivered at least once. Instants that nobody saw pass, because no engine ran, nobody took events
 * or the clock was set, come down to the latest of them, and that one only while it is young enough for its target.
 */
import { Alarm } from '../../base/alarm.ts';
import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-text.ts';
import { EngineError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { Observe } from '../../model/platform-event.ts';
import { isRefusedForGood } from '../refusal.ts';
import { type FiringRule, nextFiring } from './next-firing.ts';
import type { Schedule, ScheduleTarget } from './schedule.ts';
import { parseScheduleExpression } from './schedule-expression.ts';
import type { ScheduleStore, StoredSchedule } from './schedule-store.ts';
import { scheduledEvent } from './scheduled-event.ts';
import type { ScheduleListener } from './schedules.ts';
import { timeZone } from './time-zone.ts';

export interface ScheduleFiringsOptions {
  readonly clock: Clock;
  readonly store: ScheduleStore;
  readonly observe: Observe | undefined;
  /** Resolves when the event is on disk. */
  readonly deliver: (functionArn: string, event: string) => Promise<void>;
}

interface Entry {
  schedule: Schedule;
  rule: FiringRule;
  /** Nothing up to it fires any more. */
  doneMs: number;
  nextMs: number | undefined;
  /** The instant whose events are being handed over. */
  firing: Firing | undefined;
}

interface Firing {
  readonly instantMs: number;
  /** Ids of targets that have it, or never will. */
  readonly settled: Set<string>;
  failures: number;
  /** Of the monotonic clock; undefined while handing over is under way. */
  retryAtMs: number | undefined;
}

const retryLimits = { minMs: limits.feedRetryMsMin, maxMs: limits.feedRetryMsMax };
/** An instant further ahead than this was written down by a clock that was wrong. */
const aheadMsMax = limits.scheduleEventAgeSecondsMax * 1_000;

export class ScheduleFirings implements ScheduleListener, AsyncDisposable {
  readonly #options: ScheduleFiringsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #alarm: Alarm;
  readonly #done = new Map<string, number>();
  #writing: Disposable | undefined;
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor(options: ScheduleFiringsOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, () => this.#look());
  }

  set({ schedule, firedMs }: StoredSchedule): void {
    const { name, expression, timeZone: zoneName, anchorMs } = schedule;
    const known = this.#entries.get(name);
    const isSame = known?.schedule.anchorMs === anchorMs;
    const entry: Entry = known ?? {
      schedule,
      rule: ruleOf(),
      doneMs: firedMs ?? 0,
      nextMs: undefined,
      firing: undefined,
    };
    function ruleOf(): FiringRule {
      return { expression: parseScheduleExpression(expression), zone: timeZone(zoneName), anchorMs };
    }
    entry.schedule = schedule;
    this.#entries.set(name, entry);
    if (isSame) return;
    entry.rule = ruleOf();
    entry.firing = undefined;
    this.#plan(entry);
  }

  delete(name: string): void {
    this.#entries.delete(name);
    this.#done.delete(name);
  }

  /** Fires nothing more, and writes down what has fired. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#alarm.cancel();
    await Promise.all(this.#underWay);
    this.#write();
  }

  /** Finds the next instant, and sees to it that somebody looks then. */
  #plan(entry: Entry): void {
    const { epochMs, nowMs } = this.#now();
    if (entry.doneMs > epochMs + aheadMsMax) entry.doneMs = epochMs;
    const isOn = entry.schedule.state === 'ENABLED';
    entry.nextMs = isOn ? nextFiring(entry.rule, Math.max(entry.doneMs, entry.rule.anchorMs)) : undefined;
    if (entry.nextMs !== undefined) this.#lookIn(entry.nextMs - epochMs, nowMs);
  }

  #lookIn(delayMs: number, nowMs: number): void {
    // The wall clock may be set meanwhile, so nobody waits for long without looking at it.
    if (!this.#closed) this.#alarm.ensure(nowMs + Math.min(Math.max(0, delayMs), limits.scheduleLookMsMax), nowMs);
  }

  #look(): void {
    const { epochMs, nowMs } = this.#now();
    for (const entry of this.#entries.values()) {
      if (entry.doneMs > epochMs + aheadMsMax) this.#plan(entry);
      const { firing } = entry;
      if (
        entry.nextMs !== undefined &&
        entry.nextMs <= epochMs &&
        firing?.retryAtMs === undefined &&
        firing !== undefined
      ) {
        // It is being handed over; the instants since are looked at when it has been.
        continue;
      }
      if (entry.nextMs !== undefined && entry.nextMs <= epochMs) this.#due(entry, entry.nextMs, epochMs);
      else if (firing?.retryAtMs !== undefined && firing.retryAtMs <= nowMs) this.#handOver(entry, firing);
      else if (firing?.retryAtMs !== undefined) this.#lookIn(firing.retryAtMs - nowMs, nowMs);
      if (entry.nextMs !== undefined && entry.nextMs > epochMs) this.#lookIn(entry.nextMs - epochMs, nowMs);
    }
  }

  #due(entry: Entry, firstMs: number, epochMs: number): void {
    const { rule, schedule } = entry;
    const oldestMs = epochMs - limits.scheduleEventAgeSecondsMax * 1_000;
    if (entry.firing !== undefined)
      this.#lost(entry, entry.firing.instantMs, 'the next firing came before it was accepted');
    let instantMs = firstMs;
    if (firstMs < oldestMs) {
      this.#lost(entry, firstMs, 'no engine ran, or its clock was wrong');
      const young = nextFiring(rule, oldestMs);
      if (young === undefined || young > epochMs) {
        this.#finish(entry, Math.max(oldestMs, firstMs));
        return;
      }
      instantMs = young;
    }
    for (let next = nextFiring(rule, instantMs); next !== undefined && next <= epochMs; next = nextFiring(rule, next)) {
      if (instantMs === firstMs) this.#lost(entry, instantMs, 'a later one was due already');
      instantMs = next;
    }
    entry.nextMs = nextFiring(rule, instantMs);
    entry.firing = { instantMs, settled: new Set(), failures: 0, retryAtMs: undefined };
    if (schedule.targets.length === 0) this.#finish(entry, instantMs);
    else this.#handOver(entry, entry.firing);
  }

  #handOver(entry: Entry, firing: Firing): void {
    const offering = this.#offerAll(entry, firing).finally(() => this.#underWay.delete(offering));
    this.#underWay.add(offering);
  }

  async #offerAll(entry: Entry, firing: Firing): Promise<void> {
    firing.retryAtMs = undefined;
    const waiting = entry.schedule.targets.filter(({ id }) => !firing.settled.has(id));
    const answers = await Promise.all(waiting.map((target) => this.#offer(entry, firing, target)));
    // The schedule was changed meanwhile, and its instants are others.
    if (entry.firing !== firing) return;
    if (!answers.includes('later')) {
      this.#finish(entry, firing.instantMs);
      return;
    }
    const { nowMs } = this.#now();
    firing.retryAtMs = nowMs + backoffMs(firing.failures, retryLimits);
    firing.failures += 1;
    this.#lookIn(firing.retryAtMs - nowMs, nowMs);
  }

  async #offer(entry: Entry, firing: Firing, target: ScheduleTarget): Promise<'settled' | 'later'> {
    const { instantMs } = firing;
    const ageMsMax = (target.maximumEventAge ?? limits.scheduleEventAgeSecondsDefault) * 1_000;
    if (this.#now().epochMs - instantMs > ageMsMax) {
      this.#lost(entry, instantMs, `it is older than ${ageMsMax / 1_000} s`, target);
    } else {
      try {
        await this.#options.deliver(target.functionArn, target.input ?? scheduledEvent(entry.schedule, instantMs));
      } catch (error) {
        if (this.#closed || !(isRefusedForGood(error) || firing.failures >= retriesOf(target))) return 'later';
        this.#lost(entry, instantMs, errorMessage(error), target);
      }
    }
    firing.settled.add(target.id);
    return 'settled';
  }

  #finish(entry: Entry, instantMs: number): void {
    entry.firing = undefined;
    entry.doneMs = instantMs;
    this.#done.set(entry.schedule.name, instantMs);
    // Those of one instant are written in one commit.
    this.#writing ??= this.#options.clock.after(0, () => this.#write());
    this.#plan(entry);
  }

  #write(): void {
    this.#writing?.[Symbol.dispose]();
    this.#writing = undefined;
    if (this.#done.size === 0) return;
    try {
      this.#options.store.fired(this.#done);
      this.#done.clear();
    } catch (error) {
      // A full disk. What is not written down fires again after a restart, so it is tried again, with the next one at the latest.
      if (!(error instanceof EngineError)) throw error;
      if (!this.#closed) this.#writing = this.#options.clock.after(limits.feedRetryMsMax, () => this.#write());
    }
  }

  #lost({ schedule }: Entry, instantMs: number, reason: string, target?: ScheduleTarget): void {
    this.#options.observe?.({
      type: 'schedule.lost',
      schedule: schedule.name,
      instant: new Date(instantMs).toISOString(),
      reason,
      ...(target !== undefined && { target: target.functionArn }),
    });
  }

  #now(): { readonly epochMs: number; readonly nowMs: number } {
    return { epochMs: this.#options.clock.epochMs(), nowMs: this.#options.clock.nowMs() };
  }
}

function retriesOf(target: ScheduleTarget): number {
  return target.maximumRetryAttempts ?? limits.scheduleTargetRetriesMax;
}
