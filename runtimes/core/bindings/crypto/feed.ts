/**
 * What is hashed or signed in pieces and answered at the end. Pieces are collected: little that comes together is worth one call
 * of the service or none; much goes to a stream of the service in large parts.
 */
import { cryptoOperations } from '../../../../src/bridge/crypto.ts';
import type { Bytes } from '../encodings.ts';
import { type Answer, Message } from './message.ts';
import type { CryptoService } from './service.ts';

const {
  MathMax,
  MathMin,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

/** Collected before a stream is opened, and for each part of it. */
const collectedMax = 256 * 1024;
/** One part of a large piece, so that one call stays short. */
const partMax = 1024 * 1024;

/** Sets the members that say what kind of stream it is. */
export type Describe = (message: Message) => Message;

export type Complete = (message: Message, keys: 'by-id' | 'in-full') => Message;

export class Feed {
  readonly #service: CryptoService;
  readonly #describe: Describe;
  #collected: Bytes | undefined;
  #length = 0;
  #stream: number | undefined;

  constructor(service: CryptoService, describe: Describe) {
    this.#service = service;
    this.#describe = describe;
  }

  /** `ownership`: whether the bytes may be kept, or belong to the user, who may change them. */
  update(bytes: Bytes, ownership: 'ours' | 'users'): void {
    const length = TypedArrayPrototypeGetLength(bytes);
    if (length === 0) return;
    if (this.#length + length > collectedMax) {
      this.#flush();
      if (length > collectedMax) {
        this.#send(bytes);
        return;
      }
    }
    this.#collect(bytes, length, ownership);
  }

  #collect(bytes: Bytes, length: number, ownership: 'ours' | 'users'): void {
    const collected = this.#collected;
    if (collected === undefined || this.#length === 0) {
      this.#collected = ownership === 'ours' ? bytes : TypedArrayPrototypeSlice(bytes);
    } else {
      let room = collected;
      if (this.#length + length > TypedArrayPrototypeGetLength(collected)) {
        room = new Uint8Array(MathMax(this.#length + length, MathMin(2 * this.#length, collectedMax)));
        TypedArrayPrototypeSet(room, TypedArrayPrototypeSubarray(collected, 0, this.#length));
        this.#collected = room;
      }
      TypedArrayPrototypeSet(room, bytes, this.#length);
    }
    this.#length += length;
  }

  #flush(): void {
    const collected = this.#taken();
    if (collected === undefined) return;
    this.#send(collected);
  }

  #taken(): Bytes | undefined {
    if (this.#collected === undefined || this.#length === 0) return undefined;
    const taken = TypedArrayPrototypeSubarray(this.#collected, 0, this.#length);
    this.#collected = undefined;
    this.#length = 0;
    return taken;
  }

  #send(bytes: Bytes): void {
    this.open();
    const length = TypedArrayPrototypeGetLength(bytes);
    for (let at = 0; at < length; at += partMax) {
      const part = TypedArrayPrototypeSlice(bytes, at, MathMin(at + partMax, length));
      this.#service.update(this.#stream ?? 0, TypedArrayPrototypeGetBuffer(part));
    }
  }

  /** All bytes, while no stream has any of them. */
  whole(): Bytes | undefined {
    if (this.#stream !== undefined) return undefined;
    if (this.#collected === undefined) return new Uint8Array(0);
    return TypedArrayPrototypeSubarray(this.#collected, 0, this.#length);
  }

  /** @param describeLike of the copy */
  copy(describe: Describe): Feed {
    const copy = new Feed(this.#service, describe);
    if (this.#collected !== undefined && this.#length > 0) {
      copy.#collected = TypedArrayPrototypeSlice(this.#collected, 0, this.#length);
      copy.#length = this.#length;
    }
    if (this.#stream !== undefined) {
      const id = this.#stream;
      copy.#stream = this.#service
        .ask(cryptoOperations.streamCopy, () => describe(new Message()).set('id', id))
        .number('id');
    }
    return copy;
  }

  /** Lets the service look at what describes the stream, and throw what it finds. */
  open(): void {
    this.#stream ??= this.#service.ask(cryptoOperations.streamOpen, () => this.#describe(new Message())).number('id');
  }

  /** What the service makes of all that came. @param complete adds what only the end needs */
  finish(complete: Complete = (message) => message): Answer {
    const stream = this.#stream;
    if (stream === undefined) {
      const bytes = this.whole();
      return this.#service.ask(cryptoOperations.streamWhole, (keys) =>
        complete(this.#describe(new Message()).bytes('data', bytes), keys),
      );
    }
    this.#flush();
    return this.#service.ask(cryptoOperations.streamFinish, (keys) =>
      complete(this.#describe(new Message()).set('id', stream), keys),
    );
  }
}
