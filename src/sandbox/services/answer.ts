/**
 * The service `answer` (see `bridge/answer.ts`): bytes of a guest's answer on their way to its writer. It keeps the guest to what it
 * was allowed, and bytes of an earlier invocation out of the answer of the one that runs.
 */
import { answerClosed, answerEvents, answerOperations, isContentType } from '../../bridge/answer.ts';
import type { BridgeReply, BridgeValue } from '../../bridge/services.ts';
import { limits } from '../../model/limits.ts';
import type { AnswerWriter } from '../answer-writer.ts';
import type { OpenService, Service, ServiceLink } from '../service.ts';

export const openAnswer: OpenService = (link) => new AnswerService(link);

class AnswerService implements Service {
  readonly #link: ServiceLink;
  /** Of the invocation that opened an answer last. */
  #writer: AnswerWriter | undefined;
  #number = 0;

  constructor(link: ServiceLink) {
    this.#link = link;
  }

  ask(operation: number, [first, bytes, contentType]: readonly BridgeValue[]): BridgeReply {
    switch (operation) {
      case answerOperations.open:
        return typeof first === 'number' ? this.#open(first) : 0;
      case answerOperations.write:
        return first === this.#number && bytes instanceof ArrayBuffer ? this.#write(bytes, contentType) : answerClosed;
      default:
        return undefined;
    }
  }

  start(): void {
    // Everything here is asked.
  }

  close(): void {
    this.#writer = undefined;
  }

  #open(listener: number): number {
    const writer = this.#link.answer();
    if (writer === undefined || writer === this.#writer) return 0;
    this.#writer = writer;
    this.#number += 1;
    const number = this.#number;
    writer.onRoom = (room) => this.#link.emit(listener, answerEvents.room, number, room);
    return number;
  }

  #write(bytes: ArrayBuffer, contentType: BridgeValue): number {
    const writer = this.#link.answer();
    if (writer === undefined || writer !== this.#writer) return answerClosed;
    // A guest that keeps to the rules never comes here with more.
    if (bytes.byteLength > Math.min(writer.room, limits.responseStreamChunkBytesMax)) return answerClosed;
    const type = typeof contentType === 'string' && isContentType(contentType) ? contentType : undefined;
    writer.write(new Uint8Array(bytes), type);
    return writer.isTooLarge ? answerClosed : writer.room;
  }
}
