/**
 * Cuts what a function wrote to stdout and stderr into lines (LAMBDA.md E2.5): a chunk may hold half a line or many. A line
 * that never ends is cut at the log event limit. It keeps at most one unfinished line.
 */
import { limits } from '../model/limits.ts';

export class RawLines {
  #unfinished = '';

  /** The whole lines that `text` completes, each with its newline; '' when there is none yet. */
  push(text: string): string {
    const end = text.lastIndexOf('\n') + 1;
    let whole = end === 0 ? '' : this.#unfinished + text.slice(0, end);
    this.#unfinished = end === 0 ? this.#unfinished + text : text.slice(end);
    while (this.#unfinished.length > limits.logLineBytesMax) {
      whole += `${this.#unfinished.slice(0, limits.logLineBytesMax)}\n`;
      this.#unfinished = this.#unfinished.slice(limits.logLineBytesMax);
    }
    return whole;
  }

  /** The unfinished line, ended. */
  flush(): string {
    if (this.#unfinished === '') return '';
    const line = `${this.#unfinished}\n`;
    this.#unfinished = '';
    return line;
  }
}
