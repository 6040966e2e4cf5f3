/**
 * Whether a process still does what it is told: as long as anything is owed, something of it must come within a time. That this process
 * was stopped or stuck meanwhile, perhaps together with the other one, is no fault of the other one, and forgiven once in a row.
 */
import { Alarm } from '../base/alarm.ts';
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';

export class AnswerWatch {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  readonly #alarm: Alarm;
  #owed = 0;
  #dueMs = 0;
  #isForgiven = false;

  constructor(clock: Clock, onSilence: () => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
    this.#alarm = new Alarm(clock, (lateMs) => this.#look(lateMs));
  }

  owed(): void {
    this.#owed += 1;
    if (this.#owed === 1) this.#wait();
  }

  answered(): void {
    this.#owed -= 1;
    this.#isForgiven = false;
    if (this.#owed > 0) this.#wait();
    else this.#alarm.cancel();
  }

  stop(): void {
    this.#owed = 0;
    this.#alarm.cancel();
  }

  #wait(): void {
    const nowMs = this.#clock.nowMs();
    this.#dueMs = nowMs + limits.templateAnswerMsMax;
    this.#alarm.ensure(this.#dueMs, nowMs);
  }

  #look(lateMs: number): void {
    const nowMs = this.#clock.nowMs();
    if (this.#owed === 0) return;
    if (nowMs < this.#dueMs) {
      // Something came meanwhile.
      this.#alarm.ensure(this.#dueMs, nowMs);
    } else if (lateMs > limits.ownLagMsMax && !this.#isForgiven) {
      this.#isForgiven = true;
      this.#wait();
    } else {
      this.#onSilence();
    }
  }
}
