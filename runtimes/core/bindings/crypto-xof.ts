/** The newest functions of the SHA-3 family, computed in the guest: Web Crypto has them, and OpenSSL has not all of them. */
import {
  cshake128,
  cshake256,
  kmac128,
  kmac256,
  kt128,
  kt256,
  turboshake128,
  turboshake256,
} from '@noble/hashes/sha3-addons.js';
import { areEqual } from './crypto/equality.ts';
import type { View } from './crypto/message.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const {
  MathCeil,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeSlice,
  Uint8Array,
} = primordials;

export function createXofBinding(parts: CryptoParts): Record<string, unknown> {
  const { data, jobs, secretBytes } = parts;

  const copied = (view: View | undefined): Bytes =>
    view === undefined ? new Uint8Array(0) : TypedArrayPrototypeSlice(bytesOf(view));

  const CShakeJob = jobs.prepare((args: readonly unknown[]) => {
    const {
      0: name,
      1: input,
      2: functionName,
      3: customization,
      4: bits,
    } = args as readonly [string, View, View | undefined, View | undefined, number];
    const message = copied(input);
    const options = { NISTfn: copied(functionName), personalization: copied(customization), dkLen: MathCeil(bits / 8) };
    return jobs.local(() =>
      cut(options.dkLen, bits, () => (name === 'cSHAKE128' ? cshake128 : cshake256)(message, options)),
    );
  });

  const TurboShakeJob = jobs.prepare((args: readonly unknown[]) => {
    const { 0: name, 1: separation, 2: dkLen, 3: input } = args as readonly [string, number, number, View];
    const message = copied(input);
    const digest = name === 'TurboSHAKE128' ? turboshake128 : turboshake256;
    return jobs.local(() => cut(dkLen, dkLen * 8, () => digest(message, { D: separation, dkLen })));
  });

  const KangarooTwelveJob = jobs.prepare((args: readonly unknown[]) => {
    const { 0: name, 1: customization, 2: dkLen, 3: input } = args as readonly [string, View | undefined, number, View];
    const message = copied(input);
    const personalization = copied(customization);
    const digest = name === 'KT128' ? kt128 : kt256;
    return jobs.local(() => cut(dkLen, dkLen * 8, () => digest(message, { personalization, dkLen })));
  });

  const KmacJob = jobs.prepare((args: readonly unknown[]) => {
    const {
      0: mode,
      1: key,
      2: name,
      3: customization,
      5: bits,
      6: input,
      7: signature,
    } = args as unknown as readonly [number, unknown, string, View | undefined, number, number, View, View | undefined];
    const keyBytes = secretBytes(key);
    const personalization = copied(customization);
    const message = copied(input);
    const expected = copied(signature);
    const mac = name === 'KMAC128' ? kmac128 : kmac256;
    return jobs.local(() => {
      const dkLen = MathCeil(bits / 8);
      const result = cut(dkLen, bits, () => mac(keyBytes, message, { personalization, dkLen }));
      return mode === data.numbers.kSignJobModeVerify ? areEqual(new Uint8Array(result), expected) : result;
    });
  });

  return { CShakeJob, TurboShakeJob, KangarooTwelveJob, KmacJob };
}

/** As many bits as were asked for: the others of the last byte are zero. */
function cut(byteCount: number, bits: number, compute: () => Bytes): ArrayBuffer {
  const bytes = byteCount === 0 ? new Uint8Array(0) : TypedArrayPrototypeSlice(compute());
  const last = TypedArrayPrototypeGetByteLength(bytes) - 1;
  if (bits % 8 !== 0) bytes[last] = (bytes[last] ?? 0) & (0xff << (8 - (bits % 8)));
  return TypedArrayPrototypeGetBuffer(bytes);
}
