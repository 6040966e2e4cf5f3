/**
 * What one init or one invocation printed, on its way to whoever listens. The sandbox keeps the same limits; here they hold also
 * against a sandbox that was taken over. Text is never looked into.
 */
import { limits } from '../model/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { GuestLog } from './sandbox-port.ts';

export class GuestOutput {
  readonly #onLog: (log: GuestLog) => void;
  /** What arrived, kept or not. */
  #bytes = 0;
  #notices = 0;
  #droppedBytes = 0;

  constructor(onLog: (log: GuestLog) => void) {
    this.#onLog = onLog;
  }

  /** @throws ProtocolError for a flood: an honest sandbox does not go on sending what is over its own limits. */
  deliver(kind: GuestLog['kind'], body: Uint8Array): void {
    const { logLineBytesMax, logBytesPerInvocationMax, logNoticesPerInvocationMax } = limits;
    const room =
      this.#notices >= logNoticesPerInvocationMax
        ? 0
        : Math.min(logLineBytesMax, logBytesPerInvocationMax - this.#bytes);
    this.#bytes += body.byteLength;
    this.#notices += 1;
    if (this.#bytes > 2 * logBytesPerInvocationMax) {
      throw new ProtocolError('log.body', `at most ${logBytesPerInvocationMax} bytes for one invocation`, this.#bytes);
    }
    if (this.#notices > 2 * logNoticesPerInvocationMax) {
      throw new ProtocolError('log', `at most ${logNoticesPerInvocationMax} for one invocation`, this.#notices);
    }
    const kept = body.byteLength > room ? body.subarray(0, Math.max(0, room)) : body;
    this.#droppedBytes += body.byteLength - kept.byteLength;
    if (kept.byteLength === 0) return;
    // Invalid UTF-8, also from a cut, becomes U+FFFD.
    this.#onLog({ kind, text: Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString() });
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }
}
