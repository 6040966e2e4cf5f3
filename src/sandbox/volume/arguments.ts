/**
 * Decodes the arguments of a file operation. They come from a guest, so anything may be anything; a wrong one is EINVAL (EBADF for
 * a descriptor), never an exception of ours and never an allocation.
 */
import { limits } from '../../model/limits.ts';
import { failure } from './posix.ts';

export function textArgument(value: unknown): string {
  if (typeof value !== 'string') throw failure('EINVAL');
  return value;
}

/** Names are UTF-8 on Linux, which has no lone surrogates; Node writes U+FFFD for them too. */
export function pathArgument(value: unknown): string {
  const path = textArgument(value);
  if (path.length >= limits.pathLengthMax) throw failure('ENAMETOOLONG');
  return path.toWellFormed();
}

export function descriptorArgument(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw failure('EBADF');
  return value;
}

export function integerArgument(value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) throw failure('EINVAL');
  return value;
}

export function flagsArgument(value: unknown): number {
  return integerArgument(value, 0, 0x7fff_ffff);
}

export function modeArgument(value: unknown): number {
  return integerArgument(value, 0, 0xffff_ffff) & 0o7777;
}

export function lengthArgument(value: unknown): number {
  return integerArgument(value, 0, Number.MAX_SAFE_INTEGER);
}

/** Undefined: at the descriptor's own position. */
export function positionArgument(value: unknown): number | undefined {
  const position = integerArgument(value ?? -1, -1, Number.MAX_SAFE_INTEGER);
  return position === -1 ? undefined : position;
}

export function bytesArgument(value: unknown): Uint8Array<ArrayBuffer> {
  if (!(value instanceof ArrayBuffer) || value.detached || value.byteLength > limits.fsBytesPerCallMax) {
    throw failure('EINVAL');
  }
  return new Uint8Array(value);
}

/**
 * Gives bytes back that came with a call and were copied: else they wait for a collection, and two guests that write 16 MiB at a time had
 * their sandbox hold more than they may. Few are no matter, and this takes a microsecond.
 */
export function giveBack({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (buffer.byteLength >= giveBackBytesMin) buffer.transfer(0);
}

const giveBackBytesMin = 256 * 1024;

/** Seconds since the epoch, as milliseconds with the microsecond precision that Node passes on. */
export function timeArgument(value: unknown): number {
  // A Date holds at most 8.64e15 ms; what lies beyond has no meaning to any reader.
  if (typeof value !== 'number' || !(Math.abs(value) <= 8.64e12)) throw failure('EINVAL');
  return Math.round(value * 1e6) / 1e3;
}

/** -1 leaves an owner as it is. */
export function ownerArgument(value: unknown): number {
  const id = integerArgument(value, -1, 0xffff_ffff);
  return id === 0xffff_ffff ? -1 : id;
}
