/**
 * Lines of a server, written together at the end of the turn of the event loop that they came in. Each write of its own is a system call
 * and wakes whoever reads; an invocation has three lines, and many end in one turn. What is lost when the process is killed is one turn's.
 */
import type { PrinterTarget } from './print-events.ts';

export class TurnLines implements PrinterTarget, Disposable {
  readonly #target: PrinterTarget;
  #text = '';

  constructor(target: PrinterTarget) {
    this.#target = target;
    process.on('exit', this.flush);
  }

  get isTTY(): boolean {
    return this.#target.isTTY;
  }

  write(text: string): void {
    if (this.#text === '') setImmediate(this.flush);
    this.#text += text;
  }

  /** At once, for who ends. Again: nothing. */
  readonly flush = (): void => {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#target.write(text);
  };

  [Symbol.dispose](): void {
    process.off('exit', this.flush);
    this.flush();
  }
}
