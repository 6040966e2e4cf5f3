/** A handle of libuv: it is active or not, referenced or not, and closes in a later turn of the loop. */
import { AsyncWrap, core } from './async-wrap.ts';

export abstract class HandleWrap extends AsyncWrap {
  #isReferenced = true;
  #isActive = false;
  #isHeld = false;
  #above: HandleWrap | undefined;
  #isClosing = false;

  ref(): void {
    this.#setReferenced(true);
  }

  unref(): void {
    this.#setReferenced(false);
  }

  #setReferenced(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    this.#holdAsNeeded();
    if (this.#above !== undefined) this.#above.#setReferenced(isReferenced);
  }

  hasRef(): boolean {
    return this.#isReferenced && !this.#isClosing;
  }

  close(callback?: unknown): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#holdAsNeeded();
    this.onClosing();
    core.loop.enqueueOperation(() => AsyncWrap.call(this, callback, []));
  }

  /** Lies on top of `below`, by which users reference it. */
  protected layOver(below: HandleWrap): void {
    below.#above = this;
    this.#setReferenced(below.#isReferenced);
  }

  /** Something may come of it: it listens or reads. */
  protected setActive(isActive: boolean): void {
    this.#isActive = isActive;
    this.#holdAsNeeded();
  }

  /** What is under way ends here. Called once. */
  protected abstract onClosing(): void;

  protected get hasClosed(): boolean {
    return this.#isClosing;
  }

  #holdAsNeeded(): void {
    const isNeeded = this.#isReferenced && this.#isActive && !this.#isClosing;
    if (isNeeded === this.#isHeld) return;
    this.#isHeld = isNeeded;
    if (isNeeded) core.loop.hold();
    else core.loop.release();
  }
}
