/**
 * One call of a host function: arguments in, the function under its deadline, its outcome out, and the streams and signals of
 * both for as long as they live. It knows one call; what a guest may have at once is `environment-bindings`.
 */
import type { Clock } from '../base/clock.ts';
import type { ForeignChannel } from '../bridge/binding-values.ts';
import { limits } from '../model/limits.ts';
import type { BindingEvent, ChannelMessage } from '../protocol/bindings.ts';
import { type BindingContext, withContext } from './binding-context.ts';
import type { BoundFunction } from './binding-set.ts';
import { refusedArguments, refusedResult, timedOut, tooManySignals, tooManyStreams } from './call-errors.ts';
import { IncomingStream } from './incoming-stream.ts';
import { OutgoingStream } from './outgoing-stream.ts';
import {
  type Body,
  bodyOf,
  type Channels,
  dataCodec,
  errorBody,
  hostCodec,
  isStream,
  noChannels,
  textOf,
  ValueError,
} from './values.ts';

export interface CallOptions {
  readonly id: number;
  readonly bound: BoundFunction;
  /** How many channels the guest has. */
  readonly channels: number;
  readonly clock: Clock;
  readonly context: Omit<BindingContext, 'binding' | 'signal'>;
  readonly events: CallEvents;
}

export interface CallEvents {
  send(event: BindingEvent, body?: Uint8Array): void;
  /** The outcome may have to wait until the guest has room for it; `sent` then. */
  settle(event: BindingEvent, body: Uint8Array, sent: () => void): void;
  /** Undefined when the environment has as many streams or signals as it may. Disposed when this one is over. */
  reserve(kind: 'stream' | 'signal'): Disposable | undefined;
  /** Calls back when the environment ends, unless disposed before. */
  atEnd(callback: () => void): Disposable;
  /** Nothing of it is open any more. */
  closed(): void;
}

type GuestChannel = { readonly kind: 'stream'; readonly stream: IncomingStream } | GuestSignal;
type GuestSignal = { readonly kind: 'signal'; readonly controller: AbortController };

/** Of a result that may still turn out to be one that cannot be sent. */
interface OpenedChannel {
  start(): void;
  cancel(): void;
}

interface HostStream {
  readonly stream: OutgoingStream;
}

export class Call {
  readonly #options: CallOptions;
  readonly #controller = new AbortController();
  /** By index; one that the arguments do not name stays absent. */
  readonly #guestChannels = new Map<number, GuestChannel>();
  readonly #hostStreams = new Map<number, HostStream>();
  #hostChannels = 0;
  #deadline: Disposable | undefined;
  #phase: 'running' | 'settling' | 'settled' | 'closed' = 'running';

  constructor(options: CallOptions) {
    this.#options = options;
  }

  run(body: Uint8Array, textBytes: number): void {
    const { bound, clock, context } = this.#options;
    let args: readonly unknown[];
    try {
      args = this.#arguments(body, textBytes);
    } catch (error) {
      this.#reject(refusedArguments(error, bound.path));
      return;
    }
    this.#deadline = clock.after(bound.timeoutMs, () => this.#expire());
    const { signal } = this.#controller;
    withContext({ ...context, binding: bound.path, signal }, () => {
      Promise.try(() => bound.call(args)).then(
        (result) => this.#resolve(result),
        (error: unknown) => this.#reject(error),
      );
    });
  }

  /** @throws ProtocolError */
  receive(message: ChannelMessage, body: Uint8Array): void {
    switch (message.kind) {
      case 'credit':
      case 'cancel': {
        const stream = this.#hostStreams.get(message.channel)?.stream;
        if (stream === undefined || stream.isDone) return;
        if (message.kind === 'credit') stream.credit(message.cost);
        else stream.cancel();
        return;
      }
      case 'chunk':
      case 'end':
      case 'fail':
      case 'abort': {
        const channel = this.#guestChannels.get(message.channel);
        if (channel?.kind === 'stream') toStream(channel.stream, message, body);
        else if (channel !== undefined && message.kind === 'abort') {
          channel.controller.abort(reasonOf(body, message.textBytes));
        }
        return;
      }
      default:
        message satisfies never;
    }
  }

  /** The environment is gone: the function is told, and nobody waits for it. */
  abandon(reason: unknown): void {
    this.#phase = 'closed';
    this.#deadline?.[Symbol.dispose]();
    this.#cut(reason);
    for (const { stream } of this.#hostStreams.values()) stream.cancel();
  }

  #expire(): void {
    const { bound } = this.#options;
    const error = timedOut(bound.path, bound.timeoutMs);
    this.#reject(error);
    this.#cut(new DOMException(error.message, 'TimeoutError'));
    this.#closeIfOver();
  }

  #arguments(body: Uint8Array, textBytes: number): readonly unknown[] {
    const { bound } = this.#options;
    if (body.byteLength > bound.argumentBytesMax) {
      const most = bound.argumentBytesMax;
      throw new ValueError(
        'size',
        `arguments take ${body.byteLength} bytes; at most ${most} are allowed (argumentBytesMax)`,
      );
    }
    const { text, bytes } = textOf(body, textBytes);
    const channels: Channels = {
      channelOf: noChannels.channelOf,
      stream: (index) => this.#openStream(index),
      signal: (index, aborted) => this.#openSignal(index, aborted),
    };
    const args = hostCodec(channels, limits.bindingMessageBytesMax).decode(text, bytes);
    if (!Array.isArray(args)) throw new ValueError('malformed', 'arguments are not a list');
    return args;
  }

  #openStream(index: number): ReadableStream<unknown> {
    this.#assertUnused(index);
    const { id, events } = this.#options;
    const held = events.reserve('stream');
    if (held === undefined) throw tooManyStreams();
    const stream = new IncomingStream({
      credit: (cost) => events.send({ kind: 'credit', id, channel: index, cost }),
      cancel: (reason) => this.#sendWith('cancel', index, errorBody(reason, this.#options.bound.path)),
      done: () => {
        held[Symbol.dispose]();
        this.#closeIfOver();
      },
    });
    this.#guestChannels.set(index, { kind: 'stream', stream });
    return stream.readable;
  }

  #openSignal(index: number, aborted: { readonly reason: unknown } | undefined): AbortSignal {
    this.#assertUnused(index);
    const controller = new AbortController();
    if (aborted !== undefined) controller.abort(aborted.reason);
    this.#guestChannels.set(index, { kind: 'signal', controller });
    return controller.signal;
  }

  #assertUnused(index: number): void {
    if (index < this.#options.channels && !this.#guestChannels.has(index)) return;
    throw new ValueError('malformed', 'arguments name a channel that is not theirs');
  }

  #resolve(result: unknown): void {
    if (this.#phase !== 'running') {
      // Too late for the guest; what it would have read must end all the same.
      if (typeof result === 'object' && result !== null && isStream(result)) discard(result);
      return;
    }
    const { bound } = this.#options;
    const opened: OpenedChannel[] = [];
    const codec = hostCodec(
      { ...noChannels, channelOf: (value) => this.#channelOf(value, opened) },
      limits.bindingMessageBytesMax,
    );
    let body: Body;
    try {
      body = bodyOf(codec.encode(result, 'the result'));
      if (body.bytes.byteLength > bound.resultBytesMax) {
        const size = body.bytes.byteLength;
        throw new ValueError(
          'size',
          `the result takes ${size} bytes; at most ${bound.resultBytesMax} are allowed (resultBytesMax)`,
        );
      }
    } catch (error) {
      for (const { cancel } of opened) cancel();
      this.#hostStreams.clear();
      this.#hostChannels = 0;
      this.#reject(refusedResult(error, bound.path));
      return;
    }
    this.#settle(body, 'resolved', () => {
      for (const { start } of opened) start();
    });
  }

  /** Of the result: nothing starts before the guest knows of it. */
  #channelOf(value: object, opened: OpenedChannel[]): ForeignChannel | undefined {
    const isSignal = value instanceof AbortSignal;
    if (!isSignal && !isStream(value)) return undefined;
    const index = this.#hostChannels;
    if (index === limits.bindingChannelsPerCallMax) {
      throw new ValueError('size', `the result has more than ${limits.bindingChannelsPerCallMax} streams and signals`);
    }
    if (isSignal && value.aborted) {
      this.#hostChannels += 1;
      return { kind: 'signal', index, aborted: { reason: value.reason } };
    }
    const held = this.#options.events.reserve(isSignal ? 'signal' : 'stream');
    if (held === undefined) throw isSignal ? tooManySignals() : tooManyStreams();
    this.#hostChannels += 1;
    if (isSignal) {
      opened.push({ start: () => this.#forward(value, index, held), cancel: () => held[Symbol.dispose]() });
      return { kind: 'signal', index };
    }
    const { id, events, bound } = this.#options;
    const stream = new OutgoingStream(value, {
      chunk: (body) => this.#sendWith('chunk', index, body),
      end: () => events.send({ kind: 'end', id, channel: index }),
      fail: (error) => this.#sendWith('fail', index, errorBody(error, bound.path)),
      done: () => {
        held[Symbol.dispose]();
        this.#closeIfOver();
      },
    });
    this.#hostStreams.set(index, { stream });
    opened.push({ start: () => void stream.run(), cancel: () => stream.cancel() });
    return { kind: 'stream', index };
  }

  /** A signal of the host outlives the call: nobody can tell when the guest has lost interest. */
  #forward(signal: AbortSignal, index: number, held: Disposable): void {
    const { events, bound } = this.#options;
    const onAbort = (): void => {
      held[Symbol.dispose]();
      atEnd[Symbol.dispose]();
      this.#sendWith('abort', index, errorBody(signal.reason, bound.path));
    };
    // The signal may be one of the embedder's that outlives every environment.
    const atEnd = events.atEnd(() => signal.removeEventListener('abort', onAbort));
    signal.addEventListener('abort', onAbort, { once: true });
  }

  #reject(error: unknown): void {
    if (this.#phase !== 'running') return;
    this.#settle(errorBody(error, this.#options.bound.path), 'rejected', () => {});
  }

  #settle({ bytes, textBytes }: Body, how: 'resolved' | 'rejected', sent: () => void): void {
    const { id, events } = this.#options;
    this.#phase = 'settling';
    this.#deadline?.[Symbol.dispose]();
    const isFailed = how === 'rejected';
    events.settle({ kind: 'settled', id, isFailed, channels: this.#hostChannels, textBytes }, bytes, () => {
      if (this.#phase !== 'settling') return;
      this.#phase = 'settled';
      sent();
      this.#closeIfOver();
    });
  }

  /** Arguments live as long as the function runs, or as what it returned may still be reading them. */
  #closeIfOver(): void {
    if (this.#phase !== 'settled') return;
    for (const { stream } of this.#hostStreams.values()) if (!stream.isDone) return;
    this.#phase = 'closed';
    this.#endStreams(new DOMException('the call has ended', 'AbortError'));
    const { id, events, channels } = this.#options;
    if (channels > 0 || this.#hostChannels > 0) events.send({ kind: 'closed', id });
    events.closed();
  }

  #endStreams(reason: unknown): void {
    for (const channel of this.#guestChannels.values()) {
      if (channel.kind === 'stream') channel.stream.abandon(reason);
    }
  }

  /** Nobody waits for the function any more: whatever it looks at tells it so. */
  #cut(reason: unknown): void {
    this.#endStreams(reason);
    for (const channel of this.#guestChannels.values()) {
      if (channel.kind === 'signal') channel.controller.abort(reason);
    }
    this.#controller.abort(reason);
  }

  #sendWith(kind: 'chunk' | 'fail' | 'cancel' | 'abort', channel: number, { bytes, textBytes }: Body): void {
    const { id, events } = this.#options;
    events.send({ kind, id, channel, textBytes }, bytes);
  }
}

function toStream(
  stream: IncomingStream,
  message: Exclude<ChannelMessage, { kind: 'credit' }>,
  body: Uint8Array,
): void {
  switch (message.kind) {
    case 'chunk':
      stream.chunk(body, message.textBytes);
      return;
    case 'end':
      stream.end();
      return;
    case 'fail':
      stream.fail(reasonOf(body, message.textBytes));
      return;
    case 'cancel':
    case 'abort':
      return;
    default:
      message satisfies never;
  }
}

/** What a guest gives as a reason; one that is no value is told as such. */
function reasonOf(body: Uint8Array, textBytes: number): unknown {
  try {
    const { text, bytes } = textOf(body, textBytes);
    return dataCodec.decode(text, bytes);
  } catch {
    // A guest that forges messages gets no say in what goes wrong.
    return new DOMException('the guest gave no reason that could be read', 'AbortError');
  }
}

function discard(source: AsyncIterable<unknown>): void {
  // A source that fails to end has nobody left to tell.
  Promise.try(() => source[Symbol.asyncIterator]().return?.()).catch(() => {});
}
