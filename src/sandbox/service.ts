/**
 * What a service of the sandbox is to a guest: `bridge/services.ts` has the border, the files of `services/` implement one each.
 * Everything that comes from the guest is hostile: values have been checked for kind and size, nothing else.
 */
import type { Clock } from '../base/clock.ts';
import type { BridgeReply, BridgeValue, ServiceName } from '../bridge/services.ts';
import type { GuestEventHead, GuestRequestHead } from '../protocol/messages.ts';
import type { AnswerWriter } from './answer-writer.ts';
import type { GuestBounds } from './limit-book.ts';

/** One service of one incarnation. Opened at its first use. */
export interface Service {
  /** An operation that does not exist, or values that make no sense, are answered with a failure or nothing, never thrown. */
  ask(operation: number, values: readonly BridgeValue[]): BridgeReply;
  start(operation: number, id: number, values: readonly BridgeValue[]): void;
  /** What the host sent for this service. */
  receive?(event: GuestEventHead['event'], body: Uint8Array): void;
  /** The guest is frozen: what it asked for and has not begun waits for the thaw, so that no processor works for it meanwhile. */
  freeze?(): void;
  thaw?(): void;
  /** The incarnation ended: nothing may be emitted any more, whatever is under way is abandoned. */
  close(): void;
}

export interface ServiceLink {
  readonly clock: Clock;
  readonly bounds: GuestBounds;
  /** Becomes one slice of the guest, now or after the next thaw. Array buffers must be of exact size; they are given away. */
  emit(id: number, kind: number, ...values: BridgeValue[]): void;
  /** To the host, in order, for this environment and incarnation. The body must not change afterwards. */
  request(request: GuestRequestHead['request'], body?: Uint8Array): void;
  /** Of the invocation that runs and has not ended. */
  answer(): AnswerWriter | undefined;
  /** Another service of the same incarnation, for one that builds on it. */
  service(name: ServiceName): Service;
}

export type OpenService = (link: ServiceLink) => Service;
