/**
 * Bytes of streamed answers on their way out of the isolate (`bridge/answer.ts`): in pieces, as many as there is room for. What
 * is left waits here with its writer, which is how a slow reader slows a handler down.
 */
import { answerClosed, answerEvents, answerOperations } from '../../src/bridge/answer.ts';
import { limits } from '../../src/model/limits.ts';
import type { Core } from '../core/core-api.ts';
import { bytesFrom, bytesLength, min } from './primordials.ts';

/** Those of one guest, one after the other. */
export class Answers {
  readonly #core: Core;
  #listener: number | undefined;
  #latest: AnswerSender | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** For the invocation that runs. `contentType` is what it is unless it says something else. */
  open(contentType: string): AnswerSender {
    const { services } = this.#core;
    this.#listener ??= services.listen('answer', (kind, values) => {
      if (kind === answerEvents.room) this.#latest?.goOn(values[0] as number, values[1] as number);
    });
    // One that still waits belongs to an invocation that has ended.
    this.#latest?.goOn(this.#latest.number, answerClosed);
    const number = services.ask('answer', answerOperations.open, this.#listener);
    this.#latest = new AnswerSender(this.#core, number as number, contentType);
    return this.#latest;
  }
}

export class AnswerSender {
  readonly number: number;
  /** Of the whole answer; counts until the first bytes have left. */
  contentType: string;
  readonly #core: Core;
  #room: number = limits.responseStreamWindowBytes;
  #isBegun = false;
  /** What goes on when there is room. */
  #waiting: (() => void) | undefined;

  constructor(core: Core, number: number, contentType: string) {
    this.#core = core;
    this.number = number;
    this.contentType = contentType;
  }

  /** `done` is called when all of it has left, in a tick of its own: what is written meanwhile then comes together. */
  send(bytes: Uint8Array, done: () => void): void {
    // Bytes or none, it has begun.
    if (bytesLength(bytes) === 0) this.#begin();
    this.#send(bytes, 0, done);
  }

  /** An answer without bytes is one too. */
  finish(done: () => void): void {
    this.#begin();
    done();
  }

  #begin(): void {
    if (!this.#isBegun) this.#write(noBytes, 0, 0);
  }

  goOn(number: number, room: number): void {
    if (number !== this.number) return;
    this.#room = room;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#core.release();
    waiting();
  }

  #send(bytes: Uint8Array, from: number, done: () => void): void {
    const length = bytesLength(bytes);
    let at = from;
    while (at < length && this.#room !== answerClosed) {
      if (this.#room === 0) {
        const rest = at;
        this.#waiting = () => this.#send(bytes, rest, done);
        // As a socket that is being written to.
        this.#core.hold();
        return;
      }
      const size = min(length - at, min(this.#room, limits.responseStreamChunkBytesMax));
      this.#write(bytes, at, size);
      at += size;
    }
    // Nobody takes it any more. Whoever still writes waits for ever, which keeps nothing alive: told that it was done, a loop of
    // writes would fill the next invocation.
    if (this.#room === answerClosed) return;
    this.#core.process.nextTick(done);
  }

  #write(bytes: Uint8Array, from: number, size: number): void {
    const type = this.#isBegun ? undefined : this.contentType;
    this.#isBegun = true;
    const piece = bytesFrom(bytes, from, size);
    const room = this.#core.services.ask('answer', answerOperations.write, this.number, piece, type);
    this.#room = typeof room === 'number' ? room : answerClosed;
  }
}

const noBytes = new Uint8Array(0);
