/**
 * Tells of connections and refusals of one guest, as platform events: where to, by which rule, how much, never what. A guest
 * that is refused again and again does not get to fill the log: refusals beyond a rate are counted, and the next one says how many.
 */
import type { Clock } from '../base/clock.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { limits } from '../model/limits.ts';
import type { NetworkPeer, Observe, PlatformEvent } from '../model/platform-event.ts';

export interface AuditedGuest {
  readonly functionName: string;
  readonly version: string;
  readonly environmentId: string;
}

type Refused = Extract<PlatformEvent, { type: 'network.refused' }>;

export class Audit {
  readonly #clock: Clock;
  readonly #observe: Observe | undefined;
  readonly #guest: AuditedGuest;
  readonly #refusals: TokenBucket;
  #untold = 0;

  constructor(clock: Clock, observe: Observe | undefined, guest: AuditedGuest) {
    this.#clock = clock;
    this.#observe = observe;
    this.#guest = guest;
    this.#refusals = new TokenBucket(clock, {
      perSecond: limits.networkRefusalsToldPerSecondMax,
      burst: limits.networkRefusalsToldBurst,
    });
  }

  connected(peer: NetworkPeer): void {
    this.#observe?.({ type: 'network.connected', ...this.#common(), ...peer });
  }

  closed(
    peer: NetworkPeer,
    figures: { readonly bytesSent: number; readonly bytesReceived: number; readonly durationMs: number },
  ): void {
    this.#observe?.({ type: 'network.closed', ...this.#common(), ...peer, ...figures });
  }

  refused(refusal: Pick<Refused, 'operation' | 'reason' | 'name' | 'address' | 'port'>): void {
    if (this.#observe === undefined) return;
    if (this.#refusals.waitMs() > 0) {
      this.#untold += 1;
      return;
    }
    this.#refusals.spend(1);
    const untold = this.#untold;
    this.#untold = 0;
    this.#observe({
      type: 'network.refused',
      ...this.#common(),
      ...refusal,
      ...(untold > 0 && { untoldRefusals: untold }),
    });
  }

  #common() {
    return { ...this.#guest, time: this.#clock.epochMs() };
  }
}
