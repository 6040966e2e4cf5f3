/**
 * The wire format, both directions. It knows lengths and ids; what heads mean is `decode.ts`.
 *
 *     u32 length     of everything behind this field
 *     u8  type       one of `frameTypes`
 *     u32 callId     0 for notices
 *     u32 headBytes
 *     head           JSON text, UTF-8, headBytes long
 *     body           opaque, the rest
 *
 * Numbers are big-endian. A reader compares both lengths with its limits before it allocates anything for them.
 */
import { invariant } from '../base/invariant.ts';
import { type Frame, type FrameType, frameTypes } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

/** Length, type, call id and head length. */
const prefixBytes = 13;
/** What `length` counts besides head and body. */
const countedPrefixBytes = prefixBytes - 4;
const callIdMax = 0xffff_ffff;

/** Up to here a body is copied behind its head: cheaper than a second entry in a vectored write. */
const copiedBodyBytesMax = 32 * 1024;

const emptyBody = Buffer.alloc(0);

export interface FrameLimits {
  /** The most that `length` may say. */
  readonly frameBytesMax: number;
  readonly headBytesMax: number;
}

/** A string is encoded as UTF-8 straight into the frame. */
export type FrameBody = Uint8Array | string;

/** Appends the frame's bytes to `chunks`: one chunk, or two when the body is large and need not be copied. */
export function encodeFrame(
  frame: { readonly type: FrameType; readonly callId: number; readonly head: object; readonly body?: FrameBody },
  { frameBytesMax, headBytesMax }: FrameLimits,
  chunks: Uint8Array[],
): void {
  const head = JSON.stringify(frame.head);
  const headBytes = Buffer.byteLength(head);
  const body = frame.body ?? emptyBody;
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  const length = countedPrefixBytes + headBytes + bodyBytes;
  // The caller's limits on payloads and heads are lower than these: passing them is a bug of ours, not the peer's.
  invariant(headBytes <= headBytesMax, `a head of ${headBytes} bytes is over the limit of ${headBytesMax}`);
  invariant(length <= frameBytesMax, `a frame of ${length} bytes is over the limit of ${frameBytesMax}`);

  const isBodyApart = typeof body !== 'string' && bodyBytes > copiedBodyBytesMax;
  const chunk = Buffer.allocUnsafe(prefixBytes + headBytes + (isBodyApart ? 0 : bodyBytes));
  chunk.writeUInt32BE(length, 0);
  chunk.writeUInt8(frame.type, 4);
  chunk.writeUInt32BE(frame.callId, 5);
  chunk.writeUInt32BE(headBytes, 9);
  chunk.write(head, prefixBytes);
  chunks.push(chunk);
  if (isBodyApart) chunks.push(body);
  else if (typeof body === 'string') chunk.write(body, prefixBytes + headBytes);
  else chunk.set(body, prefixBytes + headBytes);
}

/**
 * Finds the frames in a stream of chunks, however it was cut. A frame that lies within one chunk is not copied: its body is a
 * view of the chunk, which must not be changed afterwards.
 */
export class FrameDecoder {
  readonly #limits: FrameLimits;
  readonly #onFrame: (frame: Frame) => void;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixFilled = 0;
  /** Head and body of a frame that came in several chunks. */
  #gathered: Buffer | undefined;
  #gatheredFilled = 0;
  #state: 'open' | 'stopped' = 'open';

  constructor(limits: FrameLimits, onFrame: (frame: Frame) => void) {
    this.#limits = limits;
    this.#onFrame = onFrame;
  }

  /**
   * Calls back for every frame that is complete now.
   * @throws ProtocolError; nothing may be pushed afterwards
   */
  push(bytes: Uint8Array): void {
    const chunk = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at < chunk.byteLength && this.#state === 'open') {
      if (this.#gathered !== undefined) {
        at = this.#gather(this.#gathered, chunk, at);
      } else if (this.#prefixFilled > 0 || chunk.byteLength - at < prefixBytes) {
        const copied = chunk.copy(this.#prefix, this.#prefixFilled, at);
        this.#prefixFilled += copied;
        at += copied;
        if (this.#prefixFilled === prefixBytes) at = this.#begin(this.#prefix, 0, chunk, at);
      } else {
        at = this.#begin(chunk, at, chunk, at + prefixBytes);
      }
    }
  }

  /** No further frame is reported, also not of the chunk that is being read. */
  stop(): void {
    this.#state = 'stopped';
    this.#gathered = undefined;
  }

  /** A prefix is complete; what follows it starts at `at`. Returns how far the chunk is used. */
  #begin(prefix: Buffer, prefixAt: number, chunk: Buffer, at: number): number {
    const restBytes = this.#checkLengths(prefix, prefixAt);
    if (chunk.byteLength - at >= restBytes) {
      this.#prefixFilled = 0;
      this.#emit(prefix, prefixAt, chunk, at, at + restBytes);
      return at + restBytes;
    }
    if (prefix !== this.#prefix) prefix.copy(this.#prefix, 0, prefixAt, prefixAt + prefixBytes);
    this.#prefixFilled = prefixBytes;
    this.#gathered = Buffer.allocUnsafeSlow(restBytes);
    this.#gatheredFilled = 0;
    return this.#gather(this.#gathered, chunk, at);
  }

  #gather(gathered: Buffer, chunk: Buffer, at: number): number {
    const copied = chunk.copy(gathered, this.#gatheredFilled, at);
    this.#gatheredFilled += copied;
    if (this.#gatheredFilled === gathered.byteLength) {
      this.#gathered = undefined;
      this.#prefixFilled = 0;
      this.#emit(this.#prefix, 0, gathered, 0, gathered.byteLength);
    }
    return at + copied;
  }

  /** Returns the bytes of head and body together. */
  #checkLengths(prefix: Buffer, at: number): number {
    const { frameBytesMax, headBytesMax } = this.#limits;
    const length = prefix.readUInt32BE(at);
    if (length < countedPrefixBytes || length > frameBytesMax) {
      this.#fail('frame.length', `between ${countedPrefixBytes} and ${frameBytesMax}`, length);
    }
    const headBytes = prefix.readUInt32BE(at + 9);
    const restBytes = length - countedPrefixBytes;
    if (headBytes > restBytes || headBytes > headBytesMax) {
      this.#fail('frame.headBytes', `at most ${Math.min(restBytes, headBytesMax)}`, headBytes);
    }
    return restBytes;
  }

  #emit(prefix: Buffer, prefixAt: number, bytes: Buffer, from: number, to: number): void {
    const bodyFrom = from + prefix.readUInt32BE(prefixAt + 9);
    const type = prefix.readUInt8(prefixAt + 4);
    if (!isFrameType(type)) this.#fail('frame.type', 'a known type', type);
    this.#onFrame({
      type,
      callId: prefix.readUInt32BE(prefixAt + 5),
      head: this.#parseHead(bytes, from, bodyFrom),
      body: bodyFrom === to ? emptyBody : bytes.subarray(bodyFrom, to),
    });
  }

  #parseHead(bytes: Buffer, from: number, to: number): unknown {
    const text = bytes.toString('utf8', from, to);
    try {
      return JSON.parse(text);
    } catch {
      // JSON.parse throws nothing but a SyntaxError, whose message repeats the text.
      return this.#fail('frame.head', 'JSON', text);
    }
  }

  #fail(field: string, rule: string, received: unknown): never {
    this.stop();
    throw new ProtocolError(field, rule, received);
  }
}

const knownTypes: ReadonlySet<number> = new Set(Object.values(frameTypes));

function isFrameType(type: number): type is FrameType {
  return knownTypes.has(type);
}

/** Ids are used once each until the counter wraps, after four thousand million calls of one sandbox. */
export function nextCallId(callId: number): number {
  return callId === callIdMax ? 1 : callId + 1;
}
