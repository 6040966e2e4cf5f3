/**
 * What a function with JSON logs writes to stdout and stderr itself, by its level (LAMBDA.md E3.5): a line that is a JSON object with a
 * `level` and an RFC 3339 `timestamp` has that level, and any other line is INFO. Lines are whole, wherever writes were cut. It parses what
 * strangers wrote, so it does so here, and never in the host.
 */
import { limits } from '../model/limits.ts';

/** Lowest first (E3.3). */
const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const plain = levels.indexOf('INFO');
const timestampExpression = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

export class RawLevels {
  readonly #least: number;
  #unfinished = '';

  /** @param level the least that is kept; an unknown one keeps all. */
  constructor(level: string) {
    this.#least = Math.max(0, levels.indexOf(level));
  }

  /** What of `text`, and of what came before it, is kept and complete. */
  push(text: string): string {
    if (this.#least === 0) return text;
    const lines = (this.#unfinished + text).split('\n');
    this.#unfinished = lines.pop() ?? '';
    let kept = '';
    for (const line of lines) if (this.#isKept(line)) kept += `${line}\n`;
    // A line without an end is no JSON that anybody would read as one.
    if (this.#unfinished.length > limits.logLineBytesMax) kept += this.finish();
    return kept;
  }

  /** The unfinished line, as far as it is there. */
  finish(): string {
    const line = this.#unfinished;
    this.#unfinished = '';
    return this.#isKept(line) ? line : '';
  }

  #isKept(line: string): boolean {
    const level = line.startsWith('{') ? levelOf(line) : plain;
    return level >= this.#least;
  }
}

function levelOf(line: string): number {
  try {
    const { level, timestamp } = JSON.parse(line);
    if (typeof level !== 'string' || typeof timestamp !== 'string' || !timestampExpression.test(timestamp))
      return plain;
    const found = levels.indexOf(level.toUpperCase());
    return found === -1 ? plain : found;
  } catch {
    // No JSON: a line like any other.
    return plain;
  }
}
