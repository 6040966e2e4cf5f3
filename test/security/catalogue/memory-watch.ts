/** Samples the memory of the processes that hold a function's environments, as often as the engine's own watchdog or more often. */
import { residentBytes } from './process-facts.ts';

export class MemoryWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly pids = new Set<number>();
  peakBytes = 0;

  constructor(pidsNow: () => readonly number[]) {
    const look = (): void => {
      for (const pid of pidsNow()) {
        this.pids.add(pid);
        this.peakBytes = Math.max(this.peakBytes, residentBytes(pid) ?? 0);
      }
    };
    look();
    this.#timer = setInterval(look, 20);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
