/** A handle of libuv: it is active or not, referenced or not, and closes in a later turn of the loop. */
import { AsyncWrap, core } from './async-wrap.ts';

export abstract class HandleWrap extends AsyncWrap {
  #isReferenced = true;
  #isActive = false;
  #isHeld = false;
  #isClosing = false;

  ref(): void {
    this.#isReferenced = true;
    this.#holdAsNeeded();
  }

  unref(): void {
    this.#isReferenced = false;
    this.#holdAsNeeded();
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

  /** For what lies above a handle and reads in its place. */
  static setActive(handle: HandleWrap, isActive: boolean): void {
    handle.setActive(isActive);
  }

  /** Something may come of it: it listens or reads. */
  protected setActive(isActive: boolean): void {
    this.#isActive = isActive;
    this.#holdAsNeeded();
  }

  /** What is under way ends here. Called once. */
  protected abstract onClosing(): void;

  protected get isClosing(): boolean {
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
