/** The guest's end of the crypto service: asks, waits for what takes long, starts what may come later. */
import { cryptoEvents, cryptoOperations } from '../../../../src/bridge/crypto.ts';
import { type BridgeReply, failureMarker } from '../../../../src/bridge/services.ts';
import type { CoreContext } from '../../context.ts';
import { errorFrom, type ServiceError } from './errors.ts';
import { Answer, type Message } from './message.ts';

const { ArrayBuffer, ArrayIsArray, AtomicsWait, Error, Int32Array, MathMin, RealSharedArrayBuffer } = primordials;

/** Makes the message for an operation. When the service has forgotten a key of it, again, with all that makes the keys. */
export type Compose = (keys: 'by-id' | 'in-full') => Message;

export type Completion = (error: Error | undefined, answer: Answer | undefined) => void;

/** Between two looks at a long operation, at most. */
const sleepMsMax = 4;

export class CryptoService {
  readonly #core: CoreContext;

  constructor(core: CoreContext) {
    this.#core = core;
  }

  /** @throws Error of the operation */
  ask(operation: number, compose: Compose): Answer {
    const first = this.#answer(this.#ask(operation, compose('by-id')));
    if (first instanceof Answer) return first;
    const second = first.isGone ? this.#answer(this.#ask(operation, compose('in-full'))) : first;
    if (second instanceof Answer) return second;
    throw second.error;
  }

  #ask(operation: number, message: Message): BridgeReply {
    const reply = this.#core.services.ask('crypto', operation, message.headJson(), message.packed());
    return typeof reply === 'number' ? this.#wait(reply) : reply;
  }

  /** The thread that runs us has nothing else to do, so it sleeps; each look lets the host enforce our deadline. */
  #wait(ticket: number): BridgeReply {
    const sleeper = new Int32Array(new RealSharedArrayBuffer(4));
    for (let sleepMs = 0.25; ; sleepMs = MathMin(sleepMs * 2, sleepMsMax)) {
      const reply = this.#core.services.ask('crypto', cryptoOperations.wait, ticket);
      if (typeof reply !== 'number') return reply;
      AtomicsWait(sleeper, 0, 0, sleepMs);
    }
  }

  /** Feeds a stream. @throws Error */
  update(id: number, bytes: ArrayBuffer): ArrayBuffer {
    const reply = this.#core.services.ask('crypto', cryptoOperations.streamUpdate, id, bytes);
    if (reply instanceof ArrayBuffer) return reply;
    const failure = this.#answer(reply);
    throw failure instanceof Answer ? new Error('the crypto service gave no bytes') : failure.error;
  }

  /** Keeps the loop alive until `done` was called. */
  start(operation: number, compose: Compose, done: Completion): void {
    this.#core.loop.hold();
    const begin = (keys: 'by-id' | 'in-full'): void => {
      const message = compose(keys);
      const headJson = message.headJson();
      const packed = message.packed();
      const id = this.#core.services.listen('crypto', (kind, values) => {
        this.#core.services.forget('crypto', id);
        const result = eventResult(kind, values);
        if (!(result instanceof Answer) && result.isGone && keys === 'by-id') {
          begin('in-full');
          return;
        }
        this.#core.loop.release();
        if (result instanceof Answer) done(undefined, result);
        else done(result.error, undefined);
      });
      this.#core.services.start('crypto', operation, id, headJson, packed);
    };
    try {
      begin('by-id');
    } catch (error) {
      this.#core.loop.release();
      throw error;
    }
  }

  #answer(reply: BridgeReply): Answer | ServiceError {
    if (ArrayIsArray(reply)) {
      const head: unknown = reply[0];
      const rest: unknown = reply[1];
      if (head === failureMarker && typeof rest === 'string') return errorFrom(rest);
      if (typeof head === 'string' && rest instanceof ArrayBuffer) return new Answer(head, rest);
    }
    return { error: new Error('the crypto service did not answer'), isGone: false };
  }
}

function eventResult(kind: number, values: readonly unknown[]): Answer | ServiceError {
  const head = values[0];
  const bytes = values[1];
  if (kind === cryptoEvents.done && typeof head === 'string' && bytes instanceof ArrayBuffer) {
    return new Answer(head, bytes);
  }
  return errorFrom(typeof head === 'string' ? head : '{}');
}
