/**
 * How far a run is, for who waits for it. On a terminal one line is drawn over and over; elsewhere there is a line every few
 * seconds. Nothing is drawn between two reports: a timer of ours would show in what is being measured.
 */
import { clockTime } from './quantity.ts';

/** What it needs of a stream, normally stderr. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressLine extends Disposable {
  report(done: number, total: number, what: string): void;
}

const barCells = 24;
const redrawMs = 100;
const lineMs = 5_000;

/** Disposing it gives the line back to others. */
export function createProgress(stream: ProgressStream, nowMs: () => number): ProgressLine {
  return stream.isTTY === true ? bar(stream, nowMs) : lines(stream, nowMs);
}

function bar(stream: ProgressStream, nowMs: () => number): ProgressLine {
  const startedAt = nowMs();
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    report(done, total, what) {
      const now = nowMs();
      if (now - drawnAt < redrawMs && done < total) return;
      drawnAt = now;
      stream.write(
        `\r\x1b[K${barText({ done, total, what, elapsedMs: now - startedAt, columns: stream.columns ?? 80 })}`,
      );
    },
    [Symbol.dispose]() {
      if (drawnAt > Number.NEGATIVE_INFINITY) stream.write('\r\x1b[K');
    },
  };
}

function lines(stream: ProgressStream, nowMs: () => number): ProgressLine {
  const startedAt = nowMs();
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    report(done, total, what) {
      const now = nowMs();
      if (now - shownAt < lineMs && done < total) return;
      shownAt = now;
      const share = Math.floor(shareDone(done, total) * 100);
      stream.write(`${clockTime((now - startedAt) / 1000)} ${String(share).padStart(3)} %  ${printable(what)}\n`);
    },
    [Symbol.dispose]() {},
  };
}

export interface ProgressView {
  readonly done: number;
  readonly total: number;
  readonly what: string;
  readonly elapsedMs: number;
  readonly columns: number;
}

/** Cut to the terminal's width: a line that wraps cannot be drawn over. */
export function barText({ done, total, what, elapsedMs, columns }: ProgressView): string {
  const share = shareDone(done, total);
  const full = Math.round(share * barCells);
  const remaining = share > 0 && share < 1 ? `, about ${clockTime((elapsedMs / share - elapsedMs) / 1000)} left` : '';
  const times = `${clockTime(elapsedMs / 1000)}${remaining}`;
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const text =
    columns >= 70
      ? `${'█'.repeat(full)}${'░'.repeat(barCells - full)} ${percent}  ${times}  ${printable(what)}`
      : `${percent}  ${times}  ${printable(what)}`;
  const cells = [...text];
  return cells.length < columns ? text : `${cells.slice(0, Math.max(0, columns - 2)).join('')}…`;
}

function shareDone(done: number, total: number): number {
  return total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
}

/** A name from outside cannot move the cursor. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '�');
}
