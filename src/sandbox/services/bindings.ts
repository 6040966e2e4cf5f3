/**
 * Host functions for a guest, as the sandbox passes them on: texts and bytes both ways, never looked into. It keeps the guest to
 * every bound before anything reaches the host, for which a breach is the work of a sandbox that was taken over.
 */
import {
  type BindingErrorCode,
  bindingErrorCodes,
  bindingEvents,
  bindingOperations,
  chunkCost,
  errorValueText,
  settledFlags,
} from '../../bridge/bindings.ts';
import type { BridgeReply, BridgeValue } from '../../bridge/services.ts';
import { limits } from '../../model/limits.ts';
import { type BindingEvent, type ChannelMessage, decodeBindingEvent } from '../../protocol/bindings.ts';
import type { Service, ServiceLink } from '../service.ts';

type BodyMessage = Extract<ChannelMessage, { readonly textBytes: number }>;
type BodyKind = BodyMessage['kind'];

interface Call {
  readonly listener: number;
  readonly argumentBytes: number;
  readonly guest: readonly GuestChannel[];
  /** What the guest has not given back, by channel of the host. */
  readonly host: Map<number, number>;
}

interface GuestChannel {
  underWay: number;
  isEnded: boolean;
}

export function openBindings(link: ServiceLink): Service {
  return new Bindings(link);
}

class Bindings implements Service {
  readonly #link: ServiceLink;
  readonly #calls = new Map<number, Call>();
  /** Bytes of large results that the guest has not taken, by call. */
  readonly #large = new Map<number, number>();
  #argumentBytes = 0;
  /** Of all streams of the guest. */
  #underWay = 0;
  #listener = 0;

  constructor(link: ServiceLink) {
    this.#link = link;
  }

  ask(): BridgeReply {
    return undefined;
  }

  start(operation: number, id: number, values: readonly BridgeValue[]): void {
    const [call, second, third, fourth, fifth] = values;
    if (!isWhole(call)) return;
    switch (operation) {
      case bindingOperations.call:
        if (isWhole(second) && isWhole(third)) this.#call(id, call, second, third, fourth, fifth);
        return;
      case bindingOperations.taken:
        this.#take(call);
        return;
      case bindingOperations.chunk:
        this.#sendChunk(call, second, third, fourth);
        return;
      case bindingOperations.end:
        if (this.#endGuest(call, second)) this.#link.request({ kind: 'end', id: call, channel: second });
        return;
      case bindingOperations.fail:
        if (this.#endGuest(call, second)) this.#sendBody('fail', call, second, third, fourth);
        return;
      case bindingOperations.abort:
        if (this.#endGuest(call, second)) this.#sendBody('abort', call, second, third, fourth);
        return;
      case bindingOperations.credit:
        this.#credit(call, second, third);
        return;
      case bindingOperations.cancel:
        if (isWhole(second) && this.#calls.get(call)?.host.delete(second)) {
          this.#sendBody('cancel', call, second, third, fourth);
        }
        return;
      default:
    }
  }

  receive(event: object, body: Uint8Array): void {
    const decoded = decodeBindingEvent(event, body);
    switch (decoded.kind) {
      case 'settled':
        this.#settled(decoded, body);
        return;
      case 'closed':
        this.#forget(decoded.id);
        this.#link.emit(this.#listener, bindingEvents.closed, decoded.id);
        return;
      case 'credit': {
        const channel = this.#calls.get(decoded.id)?.guest[decoded.channel];
        if (channel === undefined || channel.isEnded) return;
        channel.underWay -= decoded.cost;
        this.#underWay -= decoded.cost;
        this.#link.emit(this.#listener, bindingEvents.credit, decoded.id, decoded.channel, decoded.cost);
        return;
      }
      case 'end':
        this.#calls.get(decoded.id)?.host.delete(decoded.channel);
        this.#link.emit(this.#listener, bindingEvents.end, decoded.id, decoded.channel);
        return;
      case 'chunk':
      case 'fail':
      case 'cancel':
      case 'abort':
        this.#emitBody(decoded, body);
        return;
      default:
        decoded satisfies never;
    }
  }

  close(): void {
    this.#calls.clear();
    this.#large.clear();
  }

  #call(id: number, call: number, index: number, channels: number, text: BridgeValue, bytes: BridgeValue): void {
    if (this.#calls.has(call) || channels > limits.bindingChannelsPerCallMax) return;
    this.#listener = id;
    const body = bodyOf(text, bytes);
    if (body === undefined || body.bytes.byteLength > limits.bindingMessageBytesMax) {
      const most = `at most ${limits.bindingMessageBytesMax} bytes (bindingMessageBytesMax)`;
      this.#refuse(call, channels, `arguments may take ${most}`, bindingErrorCodes.argumentsTooLarge);
      return;
    }
    const { byteLength } = body.bytes;
    const { limits: asked, note } = this.#link.bounds;
    const callsMax = Math.min(limits.bindingCallsMax, asked.bridgeCalls);
    const bytesMax = Math.min(limits.bindingArgumentBytesAtOnceMax, asked.bridgeBytes);
    if (this.#calls.size >= callsMax) {
      note('bridge-calls', callsMax, this.#calls.size + 1);
      const most = `at most ${callsMax} calls at once (bindingCallsMax)`;
      this.#refuse(call, channels, `an environment may have ${most}`, bindingErrorCodes.limit);
      return;
    }
    if (this.#argumentBytes + byteLength > bytesMax) {
      note('bridge-bytes', bytesMax, this.#argumentBytes + byteLength);
      const most = `at most ${bytesMax} bytes at once (bindingArgumentBytesAtOnceMax)`;
      this.#refuse(call, channels, `arguments of an environment may take ${most}`, bindingErrorCodes.limit);
      return;
    }
    this.#argumentBytes += byteLength;
    const guest = Array.from({ length: channels }, (): GuestChannel => ({ underWay: 0, isEnded: false }));
    this.#calls.set(call, { listener: id, argumentBytes: byteLength, guest, host: new Map() });
    this.#link.request({ kind: 'call', id: call, function: index, channels, textBytes: body.textBytes }, body.bytes);
  }

  #refuse(call: number, channels: number, message: string, code: BindingErrorCode): void {
    const text = errorValueText('RangeError', message, code);
    this.#link.emit(this.#listener, bindingEvents.settled, call, settledFlags.failed, text, undefined);
    if (channels > 0) this.#link.emit(this.#listener, bindingEvents.closed, call);
  }

  #settled(event: Extract<BindingEvent, { kind: 'settled' }>, body: Uint8Array): void {
    const call = this.#calls.get(event.id);
    if (call === undefined) return;
    for (let channel = 0; channel < event.channels; channel++) call.host.set(channel, 0);
    const isLarge = body.byteLength > limits.bindingResultBytesSmall;
    if (isLarge) this.#large.set(event.id, body.byteLength);
    const isOpen = event.channels > 0 || call.guest.length > 0;
    const flags =
      (event.isFailed ? settledFlags.failed : 0) |
      (isLarge ? settledFlags.large : 0) |
      (isOpen ? settledFlags.open : 0);
    const { text, bytes } = partsOf(body, event.textBytes);
    if (!isOpen) this.#forget(event.id);
    this.#link.emit(this.#listener, bindingEvents.settled, event.id, flags, text, bytes);
  }

  #forget(id: number): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    this.#argumentBytes -= call.argumentBytes;
    for (const channel of call.guest) this.#underWay -= channel.underWay;
  }

  #take(call: number): void {
    const bytes = this.#large.get(call);
    if (bytes === undefined) return;
    this.#large.delete(call);
    this.#link.request({ kind: 'taken', bytes });
  }

  #sendChunk(call: number, index: BridgeValue, text: BridgeValue, bytes: BridgeValue): void {
    const channel = isWhole(index) ? this.#calls.get(call)?.guest[index] : undefined;
    const body = text === undefined ? rawBody(bytes) : bodyOf(text, bytes);
    if (channel === undefined || channel.isEnded || body === undefined) return;
    const units = typeof text === 'string' ? text.length : 0;
    const cost = chunkCost(units, body.bytes.byteLength - body.textBytes);
    const { bindingStreamWindowBytes, bindingStreamsMax } = limits;
    // A guest that keeps to the rules never comes here with more.
    if (channel.underWay + cost > bindingStreamWindowBytes) return;
    if (this.#underWay + cost > bindingStreamWindowBytes * bindingStreamsMax) return;
    channel.underWay += cost;
    this.#underWay += cost;
    this.#link.request({ kind: 'chunk', id: call, channel: index, textBytes: body.textBytes }, body.bytes);
  }

  /** Only the first end counts. */
  #endGuest(call: number, index: BridgeValue): boolean {
    const channel = isWhole(index) ? this.#calls.get(call)?.guest[index] : undefined;
    if (channel === undefined || channel.isEnded) return false;
    channel.isEnded = true;
    this.#underWay -= channel.underWay;
    channel.underWay = 0;
    return true;
  }

  #sendBody(kind: BodyKind, id: number, channel: BridgeValue, text: BridgeValue, bytes: BridgeValue): void {
    const body = bodyOf(text, bytes) ?? noReason;
    const { textBytes, bytes: all } = body.bytes.byteLength > limits.bindingStreamWindowBytes ? noReason : body;
    this.#link.request({ kind, id, channel, textBytes }, all);
  }

  #credit(call: number, index: BridgeValue, cost: BridgeValue): void {
    const host = this.#calls.get(call)?.host;
    const outstanding = isWhole(index) ? host?.get(index) : undefined;
    if (!isWhole(index) || !isWhole(cost) || host === undefined || outstanding === undefined) return;
    if (cost === 0 || cost > outstanding) return;
    host.set(index, outstanding - cost);
    this.#link.request({ kind: 'credit', id: call, channel: index, cost });
  }

  #emitBody(message: BodyMessage, body: Uint8Array): void {
    const { kind, id, channel, textBytes } = message;
    const { text, bytes } = partsOf(body, textBytes);
    const host = this.#calls.get(id)?.host;
    if (kind === 'chunk') {
      const outstanding = host?.get(channel);
      // Cancelled by the guest meanwhile.
      if (outstanding === undefined) return;
      host?.set(channel, outstanding + chunkCost(text?.length ?? 0, bytes?.byteLength ?? 0));
    } else if (kind === 'fail') {
      host?.delete(channel);
    } else if (kind === 'cancel') {
      this.#endGuest(id, channel);
    }
    this.#link.emit(this.#listener, bindingEvents[kind], id, channel, text, bytes);
  }
}

interface Body {
  readonly textBytes: number;
  readonly bytes: Uint8Array;
}

const noReason: Body = { textBytes: 4, bytes: Buffer.from('null') };

function bodyOf(text: BridgeValue, bytes: BridgeValue): Body | undefined {
  if (typeof text !== 'string') return undefined;
  const head = Buffer.from(text);
  if (!(bytes instanceof ArrayBuffer) || bytes.byteLength === 0) return { textBytes: head.byteLength, bytes: head };
  return { textBytes: head.byteLength, bytes: Buffer.concat([head, new Uint8Array(bytes)]) };
}

function rawBody(bytes: BridgeValue): Body | undefined {
  if (!(bytes instanceof ArrayBuffer) || bytes.byteLength > limits.bindingChunkBytesMax) return undefined;
  return { textBytes: 0, bytes: new Uint8Array(bytes) };
}

/** No text: the bytes are all there is. Array buffers cross the bridge, so they are copied out of the frame. */
function partsOf(body: Uint8Array, textBytes: number): { text: string | undefined; bytes: ArrayBuffer | undefined } {
  const text = textBytes === 0 ? undefined : Buffer.from(body.buffer, body.byteOffset, textBytes).toString('utf8');
  const bytes =
    body.byteLength === textBytes && textBytes > 0 ? undefined : new Uint8Array(body.subarray(textBytes)).buffer;
  return { text, bytes };
}

function isWhole(value: BridgeValue): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
