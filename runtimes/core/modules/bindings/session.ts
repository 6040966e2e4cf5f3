/**
 * The calls of a guest to functions of its host: each is encoded when it is made, begins when there is room for it, and keeps the
 * event loop alive until it settles. The bounds are the host's; others than this module would be refused.
 */
import {
  type BindingsDescription,
  bindingErrorCodes,
  bindingEvents,
  bindingOperations,
  settledFlags,
} from '../../../../src/bridge/bindings.ts';
import type { BridgeValue } from '../../../../src/bridge/services.ts';
import type { CoreContext } from '../../context.ts';
import { Fifo } from '../../fifo.ts';
import { IncomingStream, OutgoingStream } from './guest-stream.ts';
import { arrived, codedError, crossing, type GuestController, type GuestSignal, isStream, Values } from './values.ts';

const { Promise, RangeError, TypedArrayPrototypeGetByteLength } = primordials;

interface GuestChannel {
  credit(cost: number): void;
  /** The host is done with it. */
  end(): void;
  start(): void;
}

interface Call {
  readonly id: number;
  readonly index: number;
  readonly binding: string;
  readonly text: string;
  readonly bytes: ArrayBuffer | undefined;
  readonly size: number;
  readonly channels: number;
  readonly guest: Record<number, GuestChannel | undefined>;
  readonly host: Record<number, IncomingStream | undefined>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

type ByNumber<Value> = Record<number, Value | undefined>;

export class Session {
  readonly #context: CoreContext;
  readonly #limits: BindingsDescription['limits'];
  readonly values: Values;
  readonly #calls: ByNumber<Call> = nullPrototype();
  readonly #waiting = new Fifo<Call>();
  /** The first of them. */
  #next: Call | undefined;
  /** Signals of results, which outlive their calls. */
  readonly #signals: ByNumber<GuestController> = nullPrototype();
  #listener: number | undefined;
  #latestId = 0;
  #open = 0;
  #argumentBytes = 0;

  constructor(context: CoreContext, limits: BindingsDescription['limits']) {
    this.#context = context;
    this.#limits = limits;
    this.values = new Values(context, limits);
  }

  /** As an async function: whatever goes wrong is a rejection. */
  call(index: number, binding: string, args: readonly unknown[]): unknown {
    return new Promise((resolve, reject) => {
      const call = this.#encode(index, binding, args, resolve, reject);
      this.#context.loop.hold();
      if (this.#next === undefined && this.#hasRoom(call)) this.#begin(call);
      else if (this.#next === undefined) this.#next = call;
      else this.#waiting.push(call);
    });
  }

  #encode(
    index: number,
    binding: string,
    args: readonly unknown[],
    resolve: Call['resolve'],
    reject: Call['reject'],
  ): Call {
    this.#latestId += 1;
    const id = this.#latestId;
    const guest: Call['guest'] = nullPrototype();
    let channels = 0;
    const next = (): number => {
      if (channels === this.#limits.channelsPerCallMax) {
        const text = `${binding}: arguments have more than ${channels} streams and signals`;
        throw codedError(RangeError, text, bindingErrorCodes.limit);
      }
      channels += 1;
      return channels - 1;
    };
    const codec = this.values.codec(
      {
        channelOf: (value) => {
          if (this.values.isSignal(value)) {
            const channel = next();
            if (value.aborted) return { kind: 'signal', index: channel, aborted: { reason: value.reason } };
            guest[channel] = this.#signalChannel(id, channel, value);
            return { kind: 'signal', index: channel };
          }
          if (!isStream(value)) return undefined;
          const channel = next();
          guest[channel] = this.#streamChannel(id, channel, value);
          return { kind: 'stream', index: channel };
        },
        stream: () => undefined,
        signal: () => undefined,
      },
      binding,
    );
    const { text, bytes } = codec.encode(args, 'arguments');
    const size = text.length + TypedArrayPrototypeGetByteLength(bytes);
    return {
      id,
      index,
      binding,
      text,
      bytes: crossing(bytes),
      size,
      channels,
      guest,
      host: nullPrototype(),
      resolve,
      reject,
    };
  }

  #signalChannel(id: number, channel: number, signal: GuestSignal): GuestChannel {
    const onAbort = (): void => {
      signal.removeEventListener('abort', onAbort);
      const { text, bytes } = this.values.encodeReason(signal.reason);
      this.#send(bindingOperations.abort, id, channel, text, crossing(bytes));
    };
    return {
      credit: () => {},
      end: () => signal.removeEventListener('abort', onAbort),
      // Aborted while the call waited: as soon as it has begun.
      start: () => (signal.aborted ? onAbort() : signal.addEventListener('abort', onAbort)),
    };
  }

  #streamChannel(id: number, channel: number, source: object): GuestChannel {
    const { streamWindowBytes, chunkBytesMax } = this.#limits;
    const stream = new OutgoingStream(source as never, {
      values: this.values,
      windowBytes: streamWindowBytes,
      chunkBytesMax,
      send: (operation, text, bytes) => this.#send(operation, id, channel, text, bytes),
    });
    return { credit: (cost) => stream.credit(cost), end: () => stream.cancel(), start: () => stream.start() };
  }

  #hasRoom({ size }: Call): boolean {
    const { callsMax, argumentBytesAtOnceMax } = this.#limits;
    if (this.#open === 0) return true;
    return this.#open < callsMax && this.#argumentBytes + size <= argumentBytesAtOnceMax;
  }

  #begin(call: Call): void {
    this.#open += 1;
    this.#argumentBytes += call.size;
    this.#calls[call.id] = call;
    this.#send(bindingOperations.call, call.id, call.index, call.channels, call.text, call.bytes);
    for (let at = 0; at < call.channels; at++) call.guest[at]?.start();
  }

  #send(operation: number, a: BridgeValue, b?: BridgeValue, c?: BridgeValue, d?: BridgeValue, e?: BridgeValue): void {
    const { services } = this.#context;
    this.#listener ??= services.listen('bindings', (kind, values) => this.#receive(kind, values));
    services.start('bindings', operation, this.#listener, a, b, c, d, e);
  }

  #receive(kind: number, values: readonly BridgeValue[]): void {
    const id = values[0] as number;
    const channel = values[1] as number;
    const call = this.#calls[id];
    switch (kind) {
      case bindingEvents.settled:
        if (call !== undefined) this.#settle(call, channel, values[2] as string, arrived(values[3]));
        return;
      case bindingEvents.chunk:
        call?.host[channel]?.chunk(values[2] as string | undefined, arrived(values[3]));
        return;
      case bindingEvents.end:
        call?.host[channel]?.end();
        return;
      case bindingEvents.fail:
        if (call !== undefined) {
          call.host[channel]?.fail(this.values.failure(values[2] as string, arrived(values[3]), call.binding));
        }
        return;
      case bindingEvents.credit:
        call?.guest[channel]?.credit(values[2] as number);
        return;
      case bindingEvents.cancel:
        call?.guest[channel]?.end();
        return;
      case bindingEvents.abort:
        this.#abort(signalKey(id, channel), values[2] as string, arrived(values[3]));
        return;
      case bindingEvents.closed:
        if (call !== undefined) this.#finish(call);
        return;
      default:
    }
  }

  #settle(call: Call, flags: number, text: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#context.loop.release();
    if ((flags & settledFlags.large) !== 0) this.#send(bindingOperations.taken, call.id);
    try {
      if ((flags & settledFlags.failed) !== 0) call.reject(this.values.failure(text, bytes, call.binding));
      else call.resolve(this.#decode(call, text, bytes));
    } catch (error) {
      // Not for want of care on the host's side: this guest may have too little memory left for it.
      call.reject(error);
    }
    if ((flags & settledFlags.open) === 0) this.#finish(call);
  }

  #decode(call: Call, text: string, bytes: Uint8Array<ArrayBuffer>): unknown {
    const codec = this.values.codec(
      {
        channelOf: () => undefined,
        stream: (index) => this.#openStream(call, index),
        signal: (index, aborted) => this.#openSignal(call, index, aborted),
      },
      call.binding,
    );
    return codec.decode(text, bytes);
  }

  #openStream(call: Call, index: number): object {
    const { library, loop } = this.#context;
    const { ReadableStream } = library.require<{ ReadableStream: never }>('stream/web');
    const stream = new IncomingStream({
      ReadableStream,
      values: this.values,
      windowBytes: this.#limits.streamWindowBytes,
      credit: (cost) => this.#send(bindingOperations.credit, call.id, index, cost),
      cancel: (reason) => {
        const { text, bytes } = this.values.encodeReason(reason);
        this.#send(bindingOperations.cancel, call.id, index, text, crossing(bytes));
      },
      hold: () => loop.hold(),
      release: () => loop.release(),
    });
    call.host[index] = stream;
    return stream.readable;
  }

  #openSignal(call: Call, index: number, aborted: { readonly reason: unknown } | undefined): unknown {
    const controller = this.values.createController();
    if (aborted !== undefined) controller.abort(aborted.reason);
    else this.#signals[signalKey(call.id, index)] = controller;
    return controller.signal;
  }

  #abort(key: number, text: string, bytes: Uint8Array<ArrayBuffer>): void {
    const controller = this.#signals[key];
    delete this.#signals[key];
    if (controller !== undefined) controller.abort(this.values.data.decode(text, bytes));
  }

  /** Nothing of it is open any more. */
  #finish(call: Call): void {
    delete this.#calls[call.id];
    this.#open -= 1;
    this.#argumentBytes -= call.size;
    for (let at = 0; at < call.channels; at++) call.guest[at]?.end();
    for (let next = this.#next; next !== undefined && this.#hasRoom(next); next = this.#next) {
      this.#next = this.#waiting.shift();
      this.#begin(next);
    }
  }
}

/** More than any call has channels. */
const channelsMax = 64;

function signalKey(id: number, channel: number): number {
  return id * channelsMax + channel;
}

function nullPrototype<Value extends object>(): Value {
  return { __proto__: null } as unknown as Value;
}
