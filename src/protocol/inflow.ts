/**
 * Holds back another end that sends faster than an honest one can: after so many frames or bytes in less than a window nothing is read for
 * the rest of it. Nothing is lost: what was sent waits in the socket, and then its sender waits. A clock is read once for so many frames,
 * not for each, and a timer is armed only to end a pause.
 */
import type { Clock } from '../base/clock.ts';

export interface InflowOptions {
  readonly clock: Clock;
  readonly framesPerSecondMax: number;
  readonly bytesPerSecondMax: number;
  readonly windowMs: number;
  /** Nothing is read for so long. */
  readonly onPause?: (pauseMs: number) => void;
  readonly onResume?: () => void;
}

export class Inflow {
  readonly #options: InflowOptions;
  readonly #stream: { pause(): unknown; resume(): unknown };
  readonly #framesMax: number;
  readonly #bytesMax: number;
  #frames = 0;
  #bytes = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #timer: Disposable | undefined;

  constructor(options: InflowOptions, stream: { pause(): unknown; resume(): unknown }) {
    this.#options = options;
    this.#stream = stream;
    this.#framesMax = (options.framesPerSecondMax * options.windowMs) / 1_000;
    this.#bytesMax = (options.bytesPerSecondMax * options.windowMs) / 1_000;
  }

  /** Called for each piece that was read: it must cost nothing. */
  took(frames: number, bytes: number): void {
    this.#frames += frames;
    this.#bytes += bytes;
    if (this.#frames >= this.#framesMax || this.#bytes >= this.#bytesMax) this.#judge();
  }

  close(): void {
    this.#timer?.[Symbol.dispose]();
  }

  #judge(): void {
    const { clock, windowMs, onPause } = this.#options;
    const nowMs = clock.nowMs();
    // Of what is over, because it came in one piece, each window takes a share.
    const windows = Math.max(this.#frames / this.#framesMax, this.#bytes / this.#bytesMax);
    const pauseMs = this.#sinceMs + windows * windowMs - nowMs;
    this.#frames = 0;
    this.#bytes = 0;
    this.#sinceMs = nowMs + Math.max(0, pauseMs);
    if (pauseMs < pauseMsMin) return;
    this.#stream.pause();
    onPause?.(pauseMs);
    this.#timer = clock.after(pauseMs, this.#resume);
  }

  readonly #resume = (): void => {
    this.#options.onResume?.();
    this.#stream.resume();
  };
}

/** Timers are no finer. */
const pauseMsMin = 1;
