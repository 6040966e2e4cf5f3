/** A reader that waits for what is not there yet: what `pull` of a ReadableStream answers while its source has nothing. */
export class ReaderDemand {
  readonly #deliver: () => boolean;
  #wanted: PromiseWithResolvers<void> | undefined;

  /** @param deliver gives the stream what there is; false: there was nothing */
  constructor(deliver: () => boolean) {
    this.#deliver = deliver;
  }

  /** Settles when there was something to deliver. */
  pull(): Promise<void> | undefined {
    if (this.#deliver()) return undefined;
    this.#wanted = Promise.withResolvers<void>();
    return this.#wanted.promise;
  }

  /** There may be something now. Without somebody who waits it stays where it is. */
  wake(): void {
    const wanted = this.#wanted;
    if (wanted === undefined || !this.#deliver()) return;
    this.#wanted = undefined;
    wanted.resolve();
  }

  /** Nothing more comes: whoever waits need not. */
  end(): void {
    this.#wanted?.resolve();
    this.#wanted = undefined;
  }
}
