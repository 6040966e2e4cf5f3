/**
 * Events for one guest, in the order they came, until its event gate lets them in. While the environment is frozen they wait:
 * each service bounds how much it has under way, so this is bounded too, and `eventsWaitingMax` catches what forgot to.
 */
import type { BridgeValue } from '../bridge/services.ts';
import { type LimitHit, limitHit } from '../model/limit-reason.ts';
import { limits } from '../model/limits.ts';

export interface GuestEvent {
  readonly service: number;
  readonly id: number;
  readonly kind: number;
  readonly values: readonly BridgeValue[];
}

export type OnOverflow = (hit: LimitHit) => void;

export class Inbox {
  #events: GuestEvent[] = [];
  #head = 0;
  #bytes = 0;
  readonly #onArrival: () => void;
  readonly #onOverflow: OnOverflow;

  /** @param onOverflow more than `eventsWaitingMax` or `eventBytesWaitingMax` wait; the event was dropped */
  constructor(onArrival: () => void, onOverflow: OnOverflow) {
    this.#onArrival = onArrival;
    this.#onOverflow = onOverflow;
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  push(event: GuestEvent): void {
    const bytes = bytesOf(event);
    if (this.size >= limits.eventsWaitingMax) {
      this.#onOverflow(limitHit('bridge-calls', limits.eventsWaitingMax, this.size + 1, 'ended'));
      return;
    }
    if (this.#bytes + bytes > limits.eventBytesWaitingMax) {
      this.#onOverflow(limitHit('bridge-bytes', limits.eventBytesWaitingMax, this.#bytes + bytes, 'ended'));
      return;
    }
    this.#bytes += bytes;
    this.#events.push(event);
    this.#onArrival();
  }

  shift(): GuestEvent | undefined {
    const event = this.#events[this.#head];
    if (event === undefined) return undefined;
    this.#head += 1;
    this.#bytes -= bytesOf(event);
    if (this.#head === this.#events.length) this.clear();
    else if (this.#head >= compactAfter) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return event;
  }

  clear(): void {
    this.#events = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}

function bytesOf({ values }: GuestEvent): number {
  let bytes = 0;
  for (const value of values) {
    if (value instanceof ArrayBuffer) bytes += value.byteLength;
    else if (typeof value === 'string') bytes += value.length;
  }
  return bytes;
}

/** Shifting one by one would move the rest each time. */
const compactAfter = 1_024;
