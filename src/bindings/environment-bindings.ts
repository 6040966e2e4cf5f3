/**
 * The calls of one environment: counts what it has under way, and ends all of it when the environment does. A guest reaches the
 * functions of its own set and nothing else; ids are its own, so forging one only confuses itself.
 */
import type { Clock } from '../base/clock.ts';
import { bindingErrorCodes, errorValueText } from '../bridge/bindings.ts';
import { limits } from '../model/limits.ts';
import { type BindingEvent, type BindingRequest, decodeBindingRequest } from '../protocol/bindings.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { BindingContext } from './binding-context.ts';
import type { BindingSet } from './binding-set.ts';
import { Call } from './call.ts';

export interface EnvironmentBindingsOptions {
  /** Undefined: the function was given none. */
  readonly set: BindingSet | undefined;
  readonly clock: Clock;
  readonly context: Pick<BindingContext, 'functionName' | 'trustDomain' | 'environmentId'>;
  /** Of the invocation that the environment runs. */
  readonly requestId: () => string | undefined;
  /** How many invocations led to that one. */
  readonly hopsOf: (requestId: string | undefined) => number;
  readonly send: (event: BindingEvent, body?: Uint8Array) => void;
}

interface Waiting {
  readonly bytes: number;
  send(): void;
}

export class EnvironmentBindings {
  readonly #options: EnvironmentBindingsOptions;
  readonly #calls = new Map<number, Call>();
  #argumentBytes = 0;
  /** Large results that the guest has not said to have taken, and those that wait for it. */
  #resultBytes = 0;
  readonly #waiting: Waiting[] = [];
  readonly #endings = new Set<() => void>();
  readonly #reserved = { stream: 0, signal: 0 };
  #isClosed = false;

  constructor(options: EnvironmentBindingsOptions) {
    this.#options = options;
  }

  /** @throws ProtocolError */
  request(request: object, body: Uint8Array): void {
    const decoded = decodeBindingRequest(request, body);
    if (decoded.kind === 'call') this.#call(decoded, body);
    else if (decoded.kind === 'taken') this.#taken(decoded.bytes);
    else this.#calls.get(decoded.id)?.receive(decoded, body);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.length = 0;
    const reason = new DOMException('the execution environment ended', 'AbortError');
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.abandon(reason);
    for (const end of this.#endings) end();
    this.#endings.clear();
  }

  #call(
    { id, function: index, channels, textBytes }: Extract<BindingRequest, { kind: 'call' }>,
    body: Uint8Array,
  ): void {
    const { set, clock, context, requestId, hopsOf, send } = this.#options;
    if (this.#calls.has(id)) throw new ProtocolError('call.id', 'unused', id);
    const { bindingCallsMax, bindingArgumentBytesAtOnceMax } = limits;
    if (this.#calls.size >= bindingCallsMax) throw new ProtocolError('call', `one of at most ${bindingCallsMax}`, id);
    if (this.#argumentBytes + body.byteLength > bindingArgumentBytesAtOnceMax) {
      throw new ProtocolError('call', `at most ${bindingArgumentBytesAtOnceMax} bytes at once`, body.byteLength);
    }
    const bound = set?.functions[index];
    if (bound === undefined) {
      const text = Buffer.from(errorValueText('Error', `there is no such binding`, bindingErrorCodes.notGiven));
      send({ kind: 'settled', id, isFailed: true, channels: 0, textBytes: text.byteLength }, text);
      if (channels > 0) send({ kind: 'closed', id });
      return;
    }
    const running = requestId();
    this.#argumentBytes += body.byteLength;
    const call = new Call({
      id,
      bound,
      channels,
      clock,
      context: { ...context, hops: hopsOf(running), ...(running !== undefined && { requestId: running }) },
      events: {
        send: (event, bytes) => this.#send(event, bytes),
        settle: (event, bytes, sent) => this.#settle(event, bytes, sent),
        reserve: (kind) => this.#reserve(kind),
        atEnd: (callback) => {
          this.#endings.add(callback);
          return { [Symbol.dispose]: () => void this.#endings.delete(callback) };
        },
        closed: () => {
          this.#calls.delete(id);
          this.#argumentBytes -= body.byteLength;
        },
      },
    });
    this.#calls.set(id, call);
    call.run(body, textBytes);
  }

  #send(event: BindingEvent, body?: Uint8Array): void {
    if (!this.#isClosed) this.#options.send(event, body);
  }

  /** A frozen guest takes nothing, and what was sent to it waits in the sandbox. */
  #settle(event: BindingEvent, body: Uint8Array, sent: () => void): void {
    const send = (): void => {
      this.#send(event, body);
      sent();
    };
    if (body.byteLength <= limits.bindingResultBytesSmall) {
      send();
      return;
    }
    this.#waiting.push({ bytes: body.byteLength, send });
    this.#sendWaiting();
  }

  #taken(bytes: number): void {
    if (bytes > this.#resultBytes) throw new ProtocolError('taken.bytes', 'at most what was sent', bytes);
    this.#resultBytes -= bytes;
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const isFree = this.#resultBytes === 0 || this.#resultBytes + next.bytes <= limits.bindingResultBytesAtOnceMax;
      if (!isFree) return;
      this.#waiting.shift();
      this.#resultBytes += next.bytes;
      next.send();
    }
  }

  #reserve(kind: 'stream' | 'signal'): Disposable | undefined {
    const most = kind === 'stream' ? limits.bindingStreamsMax : limits.bindingSignalsMax;
    if (this.#reserved[kind] >= most) return undefined;
    this.#reserved[kind] += 1;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#reserved[kind] -= 1;
        isHeld = false;
      },
    };
  }
}
