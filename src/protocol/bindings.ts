/**
 * What guests ask of the embedder's functions, and what they are told: the requests and events of the service `bindings`. They are
 * those of `bridge/bindings.ts` one to one. The body is a text of `bridge/binding-values.ts`, `textBytes` long, and the bytes that
 * go with it. The host decodes the text; the sandbox does not.
 *
 * The sandbox keeps to all bounds of `limits.ts` before it sends anything, so the host takes a breach for the work of a sandbox that
 * was taken over. Requests for a call or channel that is over are late, and dropped.
 */
import { limits } from '../model/limits.ts';
import { boolean, integer, oneOf, record, safe } from './decode-value.ts';

export type BindingRequest =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly function: number;
      readonly channels: number;
      readonly textBytes: number;
    }
  | ChannelMessage
  | { readonly kind: 'taken'; readonly bytes: number };

export type BindingEvent =
  | {
      readonly kind: 'settled';
      readonly id: number;
      readonly isFailed: boolean;
      /** Of the host; with none on either side nothing follows. */
      readonly channels: number;
      readonly textBytes: number;
    }
  | ChannelMessage
  | { readonly kind: 'closed'; readonly id: number };

/** A chunk without a text is bytes as they are. */
export interface BindingMessage<Kind> {
  readonly kind: Kind;
  readonly id: number;
  readonly channel: number;
  readonly textBytes: number;
}

/** @throws ProtocolError */
export function decodeBindingRequest(request: object, body: Uint8Array): BindingRequest {
  const from = record(request, 'bindings');
  const { kind } = from;
  switch (kind) {
    case 'call':
      return {
        kind,
        id: callId(from),
        function: integer(from.function, 'call.function', 0, safe),
        channels: integer(from.channels, 'call.channels', 0, limits.bindingChannelsPerCallMax),
        textBytes: integer(from.textBytes, 'call.textBytes', 0, body.byteLength),
      };
    case 'taken':
      return { kind, bytes: integer(from.bytes, 'taken.bytes', 0, safe) };
    default:
      return ofChannel(from, body);
  }
}

/** @throws ProtocolError */
export function decodeBindingEvent(event: object, body: Uint8Array): BindingEvent {
  const from = record(event, 'bindings');
  const { kind } = from;
  switch (kind) {
    case 'settled':
      return {
        kind,
        id: callId(from),
        isFailed: boolean(from.isFailed, 'settled.isFailed'),
        channels: integer(from.channels, 'settled.channels', 0, limits.bindingChannelsPerCallMax),
        textBytes: integer(from.textBytes, 'settled.textBytes', 0, body.byteLength),
      };
    case 'closed':
      return { kind, id: callId(from) };
    default:
      return ofChannel(from, body);
  }
}

/** What both ends may say of a channel of the other, or of their own. */
export type ChannelMessage =
  | { readonly kind: 'end'; readonly id: number; readonly channel: number }
  | { readonly kind: 'credit'; readonly id: number; readonly channel: number; readonly cost: number }
  | BindingMessage<'chunk' | 'fail' | 'cancel' | 'abort'>;

function ofChannel(from: Readonly<Record<string, unknown>>, body: Uint8Array): ChannelMessage {
  const kind = oneOf(from.kind, 'bindings.kind', ['end', 'credit', 'chunk', 'fail', 'cancel', 'abort']);
  const id = callId(from);
  const channel = integer(from.channel, 'bindings.channel', 0, limits.bindingChannelsPerCallMax - 1);
  switch (kind) {
    case 'end':
      return { kind, id, channel };
    case 'credit':
      return { kind, id, channel, cost: integer(from.cost, 'credit.cost', 0, limits.bindingStreamWindowBytes) };
    case 'chunk':
    case 'fail':
    case 'cancel':
    case 'abort':
      return { kind, id, channel, textBytes: integer(from.textBytes, 'bindings.textBytes', 0, body.byteLength) };
    default:
      return kind satisfies never;
  }
}

function callId(from: Readonly<Record<string, unknown>>): number {
  return integer(from.id, 'bindings.id', 0, safe);
}
