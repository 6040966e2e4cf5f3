/**
 * What the engine remembers of one function's events: how many there are, a page of those that are next, how many may be delivered at
 * once. Where all of them are is the store's business, when one is delivered the event queue's.
 */
import { limits } from '../model/limits.ts';
import type { EventStore, WaitingEvent } from './event-store.ts';

/** What a delivery cost, for the decision whether more at once would be of use. */
export interface DeliveryCost {
  readonly durationMs: number;
  /** Undefined: unknown. */
  readonly cpuMs: number | undefined;
}

export class FunctionQueue {
  readonly functionName: string;
  readonly queueId: number;
  events: number;
  bytes: number;
  underWay = 0;
  /** Nothing is delivered before. Milliseconds since the epoch. */
  pausedUntilMs = 0;
  /** Throttles since the last delivery that was not throttled. */
  throttles = 0;
  isRetired = false;
  /** Deliveries at once. */
  #window = 1;
  #page: WaitingEvent[] = [];
  /** Nothing that is not on the page is due before. */
  #nextDueMs = 0;
  /** No page is read in a turn that has taken something: until that is marked it would be on the new page, too. */
  #takenInTurn = -1;

  constructor(functionName: string, queueId: number, events = 0, bytes = 0) {
    this.functionName = functionName;
    this.queueId = queueId;
    this.events = events;
    this.bytes = bytes;
  }

  /** `reserved`: of the function; undefined: none. */
  hasTurn(nowMs: number, reserved: number | undefined): boolean {
    if (this.isRetired || nowMs < this.pausedUntilMs) return false;
    return this.underWay < Math.min(this.#window, reserved === undefined || reserved === 0 ? this.#window : reserved);
  }

  /** When there may be something to do again: undefined while only an end of what is under way can bring it. */
  wakesMs(nowMs: number): number | undefined {
    const dueMs = this.#page.length > 0 ? nowMs : this.#nextDueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(dueMs, this.pausedUntilMs);
  }

  take(store: EventStore, nowMs: number, turn: number): WaitingEvent | undefined {
    if (this.#page.length === 0 && this.#nextDueMs <= nowMs && this.#takenInTurn !== turn) {
      this.#page = store.due(this.queueId, nowMs, limits.asyncPageEvents).toReversed();
      if (this.#page.length < limits.asyncPageEvents) {
        this.#nextDueMs = store.nextDueMs(this.queueId, nowMs) ?? Number.POSITIVE_INFINITY;
      }
    }
    this.#takenInTurn = turn;
    return this.#page.pop();
  }

  giveBack(event: WaitingEvent): void {
    this.#page.push(event);
  }

  /** Something waits that the page does not have. */
  expect(dueMs: number): void {
    this.#nextDueMs = Math.min(this.#nextDueMs, dueMs);
  }

  /** It was not throttled: as long as all at once leave the processors time, one more may be. */
  answered({ durationMs, cpuMs }: DeliveryCost, cores: number): void {
    this.throttles = 0;
    const used = cpuMs === undefined || durationMs <= 0 ? cores : (cpuMs / durationMs) * this.#window;
    if (this.underWay >= this.#window && used < cores * limits.asyncProcessorShare) {
      this.#window = Math.min(this.#window + 1, limits.asyncDeliveriesPerFunctionMax);
    }
  }

  throttled(): void {
    this.#window = Math.max(1, Math.floor(this.#window / 2));
    this.throttles += 1;
    // What was throttled goes back, before what the page has.
    this.#page = [];
    this.#nextDueMs = 0;
  }
}
