/**
 * Sends a body no faster than its client reads it. A client that stops reading is cut, so that what it was sent does not stay in our memory;
 * one that leaves is no error, and no more is read for it.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';

/** Whole bodies, in pieces that a slow line has time for. */
export async function sendBytes(response: ServerResponse, body: Uint8Array, clock: Clock): Promise<void> {
  let at = 0;
  for (; body.byteLength - at > pieceBytes; at += pieceBytes) {
    if (!(await sendPiece(response, body.subarray(at, at + pieceBytes), clock))) return;
  }
  response.end(body.subarray(at));
}

/** Rejects with what the stream fails with; then the response has no end. */
export async function sendStream(
  response: ServerResponse,
  first: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  clock: Clock,
): Promise<void> {
  // Also while nothing comes: whoever writes need not wait for somebody who left.
  response.once('close', () => void reader.cancel().catch(() => undefined));
  if (response.destroyed) return await reader.cancel();
  for (let piece: Uint8Array | undefined = first; piece !== undefined; piece = (await reader.read()).value) {
    if (!(await sendPiece(response, piece, clock))) return;
  }
  response.end();
}

const pieceBytes = limits.httpPieceBytesMax;

/** False: the client is gone, or was cut. */
export function sendPiece(response: ServerResponse, piece: Uint8Array, clock: Clock): boolean | Promise<boolean> {
  if (response.destroyed) return false;
  if (piece.byteLength === 0 || response.write(piece)) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = clock.after(limits.httpPieceTimeoutMs, () => response.destroy());
  const settle = (): void => {
    timer[Symbol.dispose]();
    response.off('drain', settle).off('close', settle);
    resolve(!response.destroyed);
  };
  response.on('drain', settle).on('close', settle);
  return promise;
}
