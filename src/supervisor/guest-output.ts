/**
 * What one init or one invocation printed, on its way to whoever listens. The sandbox keeps the same limits; here they hold also
 * against a sandbox that was taken over. Text is never looked into.
 */
import { limits } from '../model/limits.ts';
import type { GuestLog } from './sandbox-port.ts';

export class GuestOutput {
  readonly #onLog: (log: GuestLog) => void;
  #bytes = 0;
  #droppedBytes = 0;

  constructor(onLog: (log: GuestLog) => void) {
    this.#onLog = onLog;
  }

  deliver(kind: GuestLog['kind'], body: Uint8Array): void {
    const room = Math.min(limits.logLineBytesMax, limits.logBytesPerInvocationMax - this.#bytes);
    const kept = body.byteLength > room ? body.subarray(0, Math.max(0, room)) : body;
    this.#bytes += kept.byteLength;
    this.#droppedBytes += body.byteLength - kept.byteLength;
    // Invalid UTF-8, also from a cut, becomes U+FFFD.
    if (kept.byteLength > 0)
      this.#onLog({ kind, text: Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString() });
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }
}
