/**
 * Calls, replies and notices over one stream of frames; the host and the sandbox program hold one end each. It pairs replies
 * with calls and bounds what is pending. It does not know what heads mean, has no timeouts and does not end the process at
 * the other end: its owner does, and then closes it with the cause.
 */
import { availableParallelism } from 'node:os';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { HotWait } from '../base/hot-wait.ts';
import { invariant } from '../base/invariant.ts';
import { limits } from '../model/limits.ts';
import { decodeFailedReply } from './decode.ts';
import { encodeFrame, type FrameBody, FrameDecoder, type FrameLimits, nextCallId } from './frame.ts';
import { Inflow, type InflowOptions } from './inflow.ts';
import { type Frame, type FrameType, frameTypes } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

export interface ChannelOptions {
  /** What the other end may send. */
  readonly incoming: FrameLimits;
  readonly outgoing: FrameLimits;
  readonly callsPendingMax: number;
  /**
   * Bytes of notices that the other end has not taken yet. More is a protocol error of it: it goes on asking and does not read what it is
   * told. Default: as many as there are.
   */
  readonly noticeBytesWaitingMax?: number;
  /** How fast the other end may send; what comes faster is read later. Default: as it comes. */
  readonly inflow?: InflowOptions;
  /** A frame with call id 0. What it throws as a ProtocolError counts as one. */
  readonly onNotice: (frame: Frame) => void;
  /** A call of the other end, to be answered with `reply`. A ProtocolError that it throws counts as one. */
  readonly onCall: (frame: Frame) => void;
  /** At most once. Nothing is read afterwards; calls stay pending until `close`. */
  readonly onProtocolError: (error: ProtocolError) => void;
  /** When frames that were sent together are written. Default: in a microtask. */
  readonly beforeIdle?: (write: () => void) => void;
  /** The same while other calls are pending: once all was read that lies in sockets now. Default: as ever. */
  readonly afterReading?: (write: () => void) => void;
  /** Keeps the event loop awake between messages that follow close upon each other. */
  readonly hotWait?: HotWait;
  /**
   * At most once: the stream ended or failed by itself. Calls stay pending until `close`, but for one of which it is known that it was
   * not read.
   */
  readonly onEnd: (error: Error | undefined) => void;
}

export interface Reply<Head> {
  readonly head: Head;
  readonly body: Uint8Array;
}

/** The other end says that it could not carry the call out (`FailedReply`). */
export class CallFailedError extends Error {
  override readonly name = 'CallFailedError';
}

/**
 * The stream broke before the other end had read this call whole, or it had ended before it was sent. Nobody has carried it out, and
 * nobody will.
 */
export class CallUnreadError extends Error {
  override readonly name = 'CallUnreadError';
}

/** More calls than `callsPendingMax` wait for an answer. */
export class CallsPendingError extends Error {
  override readonly name = 'CallsPendingError';
}

export interface Channel {
  /** `decode` turns the reply's head into its type; a ProtocolError of it is reported and the call stays pending until `close`. */
  call<Head>(type: FrameType, head: object, decode: (head: unknown) => Head, body?: FrameBody): Promise<Reply<Head>>;
  reply(callId: number, head: object, body?: FrameBody): void;
  notify(type: FrameType, head: object, body?: FrameBody): void;
  readonly callsPending: number;
  /** Fails what is pending, and every later call, with `cause`, and destroys the stream. Again: nothing. */
  close(cause: Error): void;
}

export function openChannel(stream: Duplex, options: ChannelOptions): Channel {
  return new StreamChannel(stream, options);
}

/** Nothing on a single core, where it would keep the other end from running. */
export function hotWait(clock: Clock, defer: (callback: () => void) => void): { readonly hotWait?: HotWait } {
  if (availableParallelism() === 1) return {};
  const { hotWaitMsMax: windowMs, hotWaitTurnMsMax: turnMsMax, hotWaitRestMs: restMs } = limits;
  return { hotWait: new HotWait({ clock, defer, windowMs, turnMsMax, restMs }) };
}

interface PendingCall {
  settle(frame: Frame): void;
  reject(cause: Error): void;
}

class StreamChannel implements Channel {
  readonly #stream: Duplex;
  readonly #options: ChannelOptions;
  readonly #decoder: FrameDecoder;
  readonly #inflow: Inflow | undefined;
  readonly #pending = new Map<number, PendingCall>();
  /** Since the inflow was told. */
  #framesRead = 0;
  #lastCallId = 0;
  /** 0: that was no call. */
  #lastSentCallId = 0;
  #lastEncodedCallId = 0;
  /** Calls among what is encoded and not written yet. */
  #unsentCallIds: number[] = [];
  /** Encoded, to be written together at the end of the current task. */
  #outgoing: Uint8Array[] = [];
  #repliesOutgoing = 0;
  /** Of notices: encoded and not written yet, and all that the kernel has not taken. */
  #noticeBytesOutgoing = 0;
  #noticeBytesWaiting = 0;
  #isFlushQueued = false;
  /** `ended`: nothing is read any more, the owner has been told and will close. */
  #state: { readonly phase: 'open' | 'ended' } | { readonly phase: 'closed'; readonly cause: Error } = {
    phase: 'open',
  };

  constructor(stream: Duplex, options: ChannelOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#decoder = new FrameDecoder(options.incoming, (frame) => this.#receive(frame));
    this.#inflow = options.inflow && new Inflow(options.inflow, stream);
    stream.on('data', (chunk: Uint8Array) => this.#read(chunk));
    stream.on('error', (error) => this.#end(error));
    stream.on('end', () => this.#end(undefined));
    stream.on('close', () => this.#end(undefined));
  }

  get callsPending(): number {
    return this.#pending.size;
  }

  call<Head>(type: FrameType, head: object, decode: (head: unknown) => Head, body?: FrameBody): Promise<Reply<Head>> {
    if (this.#state.phase === 'closed') return Promise.reject(this.#state.cause);
    if (this.#state.phase === 'ended') return Promise.reject(new CallUnreadError('the other end had ended'));
    if (this.#pending.size >= this.#options.callsPendingMax) {
      return Promise.reject(
        new CallsPendingError(`callsPendingMax is ${this.#options.callsPendingMax}, as many calls are pending`),
      );
    }
    const callId = this.#unusedCallId();
    return new Promise((resolve, reject) => {
      this.#send({ type, callId, head, ...(body === undefined ? {} : { body }) });
      this.#unsentCallIds.push(callId);
      this.#pending.set(callId, {
        settle(frame) {
          const failed = decodeFailedReply(frame.head);
          if (failed !== undefined) reject(new CallFailedError(failed.failed));
          else resolve({ head: decode(frame.head), body: frame.body });
        },
        reject,
      });
    });
  }

  reply(callId: number, head: object, body?: FrameBody): void {
    invariant(callId !== 0, 'a notice gets no reply');
    this.#repliesOutgoing += 1;
    this.#send({ type: frameTypes.reply, callId, head, ...(body === undefined ? {} : { body }) });
  }

  notify(type: FrameType, head: object, body?: FrameBody): void {
    const before = this.#outgoing.length;
    this.#send({ type, callId: 0, head, ...(body === undefined ? {} : { body }) });
    const { noticeBytesWaitingMax } = this.#options;
    if (noticeBytesWaitingMax === undefined || this.#state.phase !== 'open') return;
    for (let at = before; at < this.#outgoing.length; at += 1) {
      const { byteLength = 0 } = this.#outgoing[at] ?? {};
      this.#noticeBytesOutgoing += byteLength;
      this.#noticeBytesWaiting += byteLength;
    }
    if (this.#noticeBytesWaiting <= noticeBytesWaitingMax) return;
    const rule = `read before more than ${noticeBytesWaitingMax} bytes of them wait (noticeBytesWaitingMax)`;
    this.#offended(new ProtocolError('notices', rule, this.#noticeBytesWaiting));
  }

  close(cause: Error): void {
    if (this.#state.phase === 'closed') return;
    this.#state = { phase: 'closed', cause };
    this.#decoder.stop();
    this.#outgoing = [];
    this.#inflow?.close();
    this.#stream.destroy();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of pending) call.reject(cause);
  }

  #unusedCallId(): number {
    do this.#lastCallId = nextCallId(this.#lastCallId);
    while (this.#pending.has(this.#lastCallId));
    return this.#lastCallId;
  }

  #send(frame: { type: FrameType; callId: number; head: object; body?: FrameBody }): void {
    if (this.#state.phase !== 'open') return;
    encodeFrame(frame, this.#options.outgoing, this.#outgoing);
    this.#lastEncodedCallId = frame.callId;
    // By default a microtask, not a tick: isolated-vm's callbacks drain microtasks only. All frames of one task leave in one write.
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    const { beforeIdle = queueMicrotask, afterReading = beforeIdle } = this.#options;
    // While other calls are pending more are likely to come with what is read now; the writes cost more than all else here.
    if (this.#pending.size > 0) afterReading(this.#flush);
    else beforeIdle(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushQueued = false;
    const chunks = this.#outgoing;
    const replies = this.#repliesOutgoing;
    this.#repliesOutgoing = 0;
    const noticeBytes = this.#noticeBytesOutgoing;
    this.#noticeBytesOutgoing = 0;
    const [first] = chunks;
    if (first === undefined || this.#state.phase !== 'open') return;
    this.#outgoing = [];
    this.#unsentCallIds = [];
    this.#lastSentCallId = this.#lastEncodedCallId;
    if (chunks.length === 1 && noticeBytes === 0) {
      this.#stream.write(first);
    } else {
      const written = (): void => {
        this.#noticeBytesWaiting -= noticeBytes;
      };
      const last = chunks.length - 1;
      this.#stream.cork();
      for (const [at, chunk] of chunks.entries()) {
        if (at === last && noticeBytes > 0) this.#stream.write(chunk, written);
        else this.#stream.write(chunk);
      }
      this.#stream.uncork();
    }
    // With several under way there is other work, or soon will be, for this process and for whoever it would keep from the processor.
    if (replies <= 1 && this.#pending.size <= 1) this.#options.hotWait?.begin();
  };

  #read(chunk: Uint8Array): void {
    this.#options.hotWait?.end();
    if (this.#state.phase !== 'open') return;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#offended(error);
    }
    this.#inflow?.took(this.#framesRead, chunk.byteLength);
    this.#framesRead = 0;
  }

  #offended(error: ProtocolError): void {
    this.#decoder.stop();
    if (this.#state.phase !== 'open') return;
    this.#state = { phase: 'ended' };
    this.#options.onProtocolError(error);
  }

  #receive(frame: Frame): void {
    this.#framesRead += 1;
    if (frame.type !== frameTypes.reply) {
      if (frame.callId === 0) this.#options.onNotice(frame);
      else this.#options.onCall(frame);
      return;
    }
    const call = this.#pending.get(frame.callId);
    if (call === undefined) throw new ProtocolError('reply.callId', 'the id of a pending call', frame.callId);
    call.settle(frame);
    // Only now: a call whose reply cannot be decoded fails with the cause of `close` like all others.
    this.#pending.delete(frame.callId);
  }

  #end(error: Error | undefined): void {
    if (this.#state.phase !== 'open') return;
    this.#state = { phase: 'ended' };
    this.#decoder.stop();
    this.#options.onEnd(error);
    for (const callId of this.#unsentCallIds.splice(0)) this.#rejectUnread(callId, 'the other end had ended');
    if (error !== undefined && 'code' in error && leftUnread.has(error.code)) {
      // What is read is read in order, so what was not is at least the end of what was sent last.
      this.#rejectUnread(this.#lastSentCallId, 'the other end had not read it whole when it ended');
    }
  }

  #rejectUnread(callId: number, message: string): void {
    const call = this.#pending.get(callId);
    if (call === undefined) return;
    this.#pending.delete(callId);
    call.reject(new CallUnreadError(message));
  }
}

/**
 * With these the kernel tells that a socket was closed with something in it that its owner had not read (unix(7), `unix_release_sock`), or
 * before this was written. What was read whole ends without an error.
 */
const leftUnread: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);
