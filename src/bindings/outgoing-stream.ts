/** A stream that a host function returned, sent to the guest value by value as the guest takes them. */
import { chunkCost } from '../bridge/bindings.ts';
import { limits } from '../model/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { type Body, bodyOf, dataCodec, ValueError } from './values.ts';

export interface OutgoingEvents {
  /** Without a text the body is bytes as they are. */
  chunk(body: Body): void;
  end(): void;
  fail(error: unknown): void;
  /** Nothing is sent any more. */
  done(): void;
}

export class OutgoingStream {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #events: OutgoingEvents;
  #underWay = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #isDone = false;

  constructor(source: AsyncIterable<unknown>, events: OutgoingEvents) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#events = events;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Never rejects. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const step = await this.#iterator.next();
        if (this.#isDone) return;
        if (step.done === true) break;
        if (!(await this.#send(step.value))) return;
      }
      this.#events.end();
      this.#finish();
    } catch (error) {
      // Of the source, or a value that cannot be sent: then the source must end too.
      if (this.#isDone) return;
      this.#events.fail(error);
      this.cancel();
    }
  }

  /** @throws ProtocolError when it gives back what was never sent */
  credit(cost: number): void {
    if (cost > this.#underWay) throw new ProtocolError('credit.cost', 'at most what is under way', cost);
    this.#underWay -= cost;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** The source is told to end; harmless when it has. */
  cancel(): void {
    if (this.#isDone) return;
    this.#finish();
    // A source that fails to end has nobody left to tell.
    Promise.try(() => this.#iterator.return?.()).catch(() => {});
  }

  async #send(value: unknown): Promise<boolean> {
    if (!(value instanceof Uint8Array)) return this.#sendBody(encoded(value));
    for (let from = 0; from < value.byteLength; from += limits.bindingChunkBytesMax) {
      // A copy: sources reuse their buffers.
      const bytes = Uint8Array.prototype.slice.call(value, from, from + limits.bindingChunkBytesMax);
      const cost = chunkCost(0, bytes.byteLength);
      if (!(await this.#sendBody({ body: { textBytes: 0, bytes }, cost }))) return false;
    }
    return true;
  }

  async #sendBody({ body, cost }: { readonly body: Body; readonly cost: number }): Promise<boolean> {
    while (this.#underWay + cost > limits.bindingStreamWindowBytes) {
      this.#room ??= Promise.withResolvers<void>();
      await this.#room.promise;
    }
    if (this.#isDone) return false;
    this.#underWay += cost;
    this.#events.chunk(body);
    return true;
  }

  #finish(): void {
    this.#isDone = true;
    this.#underWay = 0;
    this.#room?.resolve();
    this.#room = undefined;
    this.#events.done();
  }
}

function encoded(value: unknown): { readonly body: Body; readonly cost: number } {
  const { text, bytes } = dataCodec.encode(value, 'a value of the stream');
  const cost = chunkCost(text.length, bytes.byteLength);
  if (cost > limits.bindingStreamWindowBytes) {
    const most = limits.bindingStreamWindowBytes;
    throw new ValueError('size', `a value of the stream takes ${cost} bytes; at most ${most} are possible`);
  }
  return { body: bodyOf({ text, bytes }), cost };
}
