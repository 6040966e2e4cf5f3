/** Randomness, comparison in constant time, primes: what needs no key. */

import { areEqual } from './crypto/equality.ts';
import type { View } from './crypto/message.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const {
  ArrayBufferIsView,
  MathMin,
  RangeError,
  TypeError,
  TypedArrayPrototypeFill,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

/** What the host gives in one call at most, and what is drawn in advance for small requests: a call costs 2 to 150 microseconds. */
const drawMax = 65_536;
const poolBytes = 4_096;
const pooledMax = 512;

export function createRandomBinding({ core, jobs, errors }: CryptoParts): Record<string, unknown> {
  let pool: Bytes = new Uint8Array(0);
  let used = 0;

  function fill(target: Bytes): void {
    const length = TypedArrayPrototypeGetByteLength(target);
    if (length <= pooledMax) {
      fillFromPool(target, length);
      return;
    }
    for (let at = 0; at < length; at += drawMax) {
      const part = MathMin(drawMax, length - at);
      TypedArrayPrototypeSet(target, new Uint8Array(core.host.random(part)), at);
    }
  }

  function fillFromPool(target: Bytes, length: number): void {
    if (used + length > TypedArrayPrototypeGetByteLength(pool)) {
      pool = new Uint8Array(core.host.random(poolBytes));
      used = 0;
    }
    const drawn = TypedArrayPrototypeSubarray(pool, used, used + length);
    TypedArrayPrototypeSet(target, drawn);
    // Nobody learns from memory what was given out before.
    TypedArrayPrototypeFill(drawn, 0);
    used += length;
  }

  const RandomBytesJob = jobs.prepare((args: readonly unknown[]) => {
    const { 0: target, 1: offset, 2: size } = args as readonly [View, number, number];
    return jobs.local(() => fill(TypedArrayPrototypeSubarray(bytesOf(target), offset, offset + size)));
  });

  function timingSafeEqual(a: unknown, b: unknown): boolean {
    assertBytes(a, 'buf1');
    assertBytes(b, 'buf2');
    const first = bytesOf(a);
    const second = bytesOf(b);
    if (TypedArrayPrototypeGetByteLength(first) !== TypedArrayPrototypeGetByteLength(second)) {
      throw errors.coded(
        new RangeError('Input buffers must have the same byte length'),
        'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH',
      );
    }
    return areEqual(first, second);
  }

  function assertBytes(value: unknown, name: string): asserts value is View {
    if (ArrayBufferIsView(value) || errors.isAnyArrayBuffer(value)) return;
    const expected = 'must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.';
    throw errors.coded(new TypeError(`The "${name}" argument ${expected}`), 'ERR_INVALID_ARG_TYPE');
  }

  return {
    RandomBytesJob,
    timingSafeEqual,
    secureBuffer: (byteCount: number) => new Uint8Array(byteCount),
  };
}
