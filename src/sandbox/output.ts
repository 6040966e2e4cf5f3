/**
 * What a guest prints, on its way to the host: in order, joined into few notices, cut to the limits of one line and of one
 * phase (an init or an invocation). Formatting happened in the guest; text is not looked into, unless raw output is filtered by level.
 */
import { logStreams } from '../bridge/contract.ts';
import { limits } from '../model/limits.ts';
import type { LogHead } from '../protocol/messages.ts';
import { defaultBounds, type GuestBounds } from './limit-book.ts';
import type { RawLevels } from './raw-levels.ts';

export interface OutputOptions {
  readonly environmentId: string;
  readonly bounds?: GuestBounds;
  /** Of a function whose log is JSON. Absent: raw output is not filtered. */
  readonly rawLevels?: RawLevels;
  readonly send: (head: LogHead, body: Uint8Array) => void;
  /** Runs the callback soon, in a task of its own: a slice on the pool may print for minutes before it ends. */
  readonly defer: (callback: () => void) => void;
}

export class Output {
  readonly #options: OutputOptions;
  #requestId: string | undefined;
  readonly #bounds: GuestBounds;
  #phaseBytes = 0;
  #lines = 0;
  #droppedBytes = 0;

  #kind: LogHead['kind'] = 'line';
  #pieces: Buffer[] = [];
  #pendingBytes = 0;
  #isFlushDeferred = false;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? defaultBounds;
  }

  /** From here on output belongs to this invocation, or to an init phase. The books of the phase before are closed. */
  begin(requestId: string | undefined): void {
    this.finish();
    this.#requestId = requestId;
    this.#phaseBytes = 0;
    this.#lines = 0;
    this.#droppedBytes = 0;
  }

  /** Bytes past the limits that were thrown away in this phase. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  write(stream: number, text: string): void {
    if (text === '') return;
    if (stream === logStreams.record) this.#append('line', this.#withinLines(this.#cutLine(text), 1));
    else this.#appendRaw(this.#options.rawLevels?.push(text) ?? text);
  }

  /** The phase ends: an unfinished line is one, too. */
  finish(): void {
    this.#appendRaw(this.#options.rawLevels?.finish() ?? '');
    this.flush();
  }

  flush(): void {
    if (this.#pendingBytes === 0) return;
    const head: LogHead = {
      environmentId: this.#options.environmentId,
      ...(this.#requestId === undefined ? {} : { requestId: this.#requestId }),
      kind: this.#kind,
    };
    const [only] = this.#pieces;
    this.#options.send(head, this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#pendingBytes = 0;
  }

  #appendRaw(text: string): void {
    if (text === '') return;
    const bytes = Buffer.from(text);
    let lines = 0;
    for (let at = bytes.indexOf(newlineByte); at !== -1; at = bytes.indexOf(newlineByte, at + 1)) lines += 1;
    this.#append('raw', this.#withinLines(bytes, lines));
  }

  /** What of `bytes` is within the number of lines: all, or nothing. */
  #withinLines(bytes: Buffer, lines: number): Buffer {
    this.#lines += lines;
    const { limits: most, note } = this.#bounds;
    if (this.#lines <= most.logLines) return bytes;
    note('log-lines', most.logLines, this.#lines);
    this.#droppedBytes += bytes.byteLength;
    return nothing;
  }

  #cutLine(text: string): Buffer {
    const line = Buffer.from(`${text}\n`);
    const { limits: most, note } = this.#bounds;
    if (line.byteLength <= most.logLineBytes) return line;
    note('log-line-bytes', most.logLineBytes, line.byteLength);
    const kept = line.subarray(0, characterBoundary(line, most.logLineBytes - 1));
    this.#droppedBytes += line.byteLength - 1 - kept.byteLength;
    return Buffer.concat([kept, newline]);
  }

  #append(kind: LogHead['kind'], bytes: Buffer): void {
    if (bytes.byteLength === 0) return;
    const { limits: most, note } = this.#bounds;
    const room = most.logBytes - this.#phaseBytes;
    const kept = bytes.byteLength <= room ? bytes : bytes.subarray(0, characterBoundary(bytes, room));
    this.#droppedBytes += bytes.byteLength - kept.byteLength;
    if (kept.byteLength < bytes.byteLength) note('log-bytes', most.logBytes, this.#phaseBytes + bytes.byteLength);
    this.#phaseBytes += kept.byteLength;
    for (let at = 0; at < kept.byteLength; ) {
      // A line is in one notice: whoever drops some has dropped whole lines. The host takes none that is longer than a line.
      const { logLineBytesMax } = limits;
      const left = kept.byteLength - at;
      if (kind !== this.#kind || this.#pendingBytes + left > logLineBytesMax) this.flush();
      this.#kind = kind;
      const end = left <= logLineBytesMax ? kept.byteLength : characterBoundary(kept, at + logLineBytesMax);
      this.#pieces.push(kept.subarray(at, end));
      this.#pendingBytes += end - at;
      at = end;
    }
    this.#deferFlush();
  }

  #deferFlush(): void {
    if (this.#isFlushDeferred) return;
    this.#isFlushDeferred = true;
    this.#options.defer(() => {
      this.#isFlushDeferred = false;
      this.flush();
    });
  }
}

const newline = Buffer.from('\n');
const newlineByte = 10;
const nothing = Buffer.alloc(0);

/** The last position up to `at` that does not cut a character of UTF-8. */
function characterBoundary(bytes: Uint8Array, at: number): number {
  let boundary = Math.max(0, at);
  // Continuation bytes are 10xxxxxx; a character has at most three.
  while (boundary > 0 && ((bytes[boundary] ?? 0) & 0xc0) === 0x80) boundary -= 1;
  return boundary;
}
