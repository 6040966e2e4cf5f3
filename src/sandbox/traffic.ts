/**
 * Who has something running in this sandbox now. A slice on the main thread stops everything else here, so it may only run
 * there while nobody but its own version is under way: a function that was quick a hundred times can still loop the next time,
 * and a stranger's call must not pay for that with its deadline.
 */
export class Traffic {
  #running = 0;
  #entered = 0;
  readonly #byVersion = new Map<object, number>();

  /** An init or invocation of `version` is under way until this is disposed. */
  enter(version: object): Disposable {
    this.#running += 1;
    this.#entered += 1;
    this.#byVersion.set(version, this.#of(version) + 1);
    return new Passage(version, this.#leave);
  }

  readonly #leave = (version: object): void => {
    this.#running -= 1;
    const left = this.#of(version) - 1;
    if (left === 0) this.#byVersion.delete(version);
    else this.#byVersion.set(version, left);
  };

  get isIdle(): boolean {
    return this.#running === 0;
  }

  /** How many were ever under way. */
  get entered(): number {
    return this.#entered;
  }

  /** Nothing of another version is under way. */
  isAlone(version: object): boolean {
    return this.#running === this.#of(version);
  }

  #of(version: object): number {
    return this.#byVersion.get(version) ?? 0;
  }
}

/** A class, because there is one for each invocation: an object with a function of its own costs several times as much. */
class Passage implements Disposable {
  readonly #version: object;
  readonly #leave: (version: object) => void;

  constructor(version: object, leave: (version: object) => void) {
    this.#version = version;
    this.#leave = leave;
  }

  [Symbol.dispose](): void {
    this.#leave(this.#version);
  }
}
