/**
 * The service `answer`: the answer of an invocation, written while its handler runs. Whether its bytes leave at once or are kept
 * until it is whole is not the guest's business. Both operations are asked.
 *
 * Flow: a write says how many bytes may follow. After 0 the guest waits for `room`, which is back-pressure to whoever writes: as
 * long as nobody reads, at most `responseStreamWindowBytes` have left the guest.
 */
import { limits } from '../model/limits.ts';

export const answerOperations = {
  /** listener: the id that `room` comes with. Gives the number of the answer, or 0: there is nothing to answer, or it has been opened. */
  open: 1,
  /**
   * number, bytes, and with the first of them the content type: at most as many bytes as were allowed, and not over
   * `responseStreamChunkBytesMax`. Gives how many may follow, or `answerClosed`.
   */
  write: 2,
} as const;

export const answerEvents = {
  /** number, how many bytes may follow; `answerClosed` for a guest that waits in vain */
  room: 1,
} as const;

/** Of an earlier invocation, or too large: nobody takes it any more. */
export const answerClosed = -1;

/** Without one that can be the value of a header an answer is taken for bytes. */
export function isContentType(text: string): boolean {
  return text.length > 0 && text.length <= limits.responseContentTypeCharsMax && /^[\x20-\x7e]+$/.test(text);
}
