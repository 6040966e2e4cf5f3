/** The jobs that derive keys: pbkdf2, scrypt, hkdf, argon2. All by the service, which knows what they may cost. */
import { cryptoOperations } from '../../../src/bridge/crypto.ts';
import { Message, type View } from './crypto/message.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const { RangeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeSlice } = primordials;

export function createDeriveBinding({
  service,
  data,
  jobs,
  errors,
  secretBytes,
  checkDigest,
}: CryptoParts): Record<string, unknown> {
  const { prepare, remote } = jobs;
  const bits = (answer: { bytes(): Bytes }): ArrayBuffer => TypedArrayPrototypeGetBuffer(answer.bytes());

  const PBKDF2Job = prepare((args: readonly unknown[]) => {
    const {
      0: password,
      1: salt,
      2: iterations,
      3: length,
      4: algorithm,
    } = args as readonly [unknown, View, number, number, string];
    checkDigest(algorithm);
    const passwordBytes = secretBytes(password);
    const saltBytes = TypedArrayPrototypeSlice(bytesOf(salt));
    return remote(
      cryptoOperations.pbkdf2,
      () =>
        new Message()
          .set('algorithm', algorithm)
          .set('iterations', iterations)
          .set('length', length)
          .bytes('password', passwordBytes)
          .bytes('salt', saltBytes),
      bits,
    );
  });

  const ScryptJob = prepare((args: readonly unknown[]) => {
    const {
      0: password,
      1: salt,
      2: N,
      3: r,
      4: p,
      5: maxmem,
      6: length,
    } = args as readonly [unknown, View, number, number, number, number, number];
    const passwordBytes = secretBytes(password);
    const saltBytes = TypedArrayPrototypeSlice(bytesOf(salt));
    assertScrypt(N, r, p, maxmem);
    const compose = (): Message =>
      new Message()
        .set('N', N)
        .set('r', r)
        .set('p', p)
        .set('maxmem', maxmem)
        .set('length', length)
        .bytes('password', passwordBytes)
        .bytes('salt', saltBytes);
    return remote(cryptoOperations.scrypt, compose, bits);
  });

  /** As OpenSSL checks them, before it takes the memory. */
  function assertScrypt(N: number, r: number, p: number, maxmem: number): void {
    const isPowerOfTwo = N > 1 && (N & (N - 1)) === 0;
    if (r === 0 || p === 0 || !isPowerOfTwo) throw invalidScrypt('');
    const isTooMuch = p > (2 ** 30 - 1) / r || (16 * r <= 63 && N >= 2 ** (16 * r));
    const memoryBytes = 128 * r * (p + N + 2);
    if (isTooMuch || memoryBytes > maxmem) {
      throw invalidScrypt(': error:030000AC:digital envelope routines::memory limit exceeded');
    }
  }

  function invalidScrypt(reason: string): Error {
    return errors.coded(new RangeError(`Invalid scrypt params${reason}`), 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS');
  }

  const HKDFJob = prepare((args: readonly unknown[]) => {
    const {
      0: algorithm,
      1: key,
      2: salt,
      3: info,
      4: length,
    } = args as readonly [string, unknown, View, View, number];
    checkDigest(algorithm);
    const keyBytes = secretBytes(key);
    const saltBytes = TypedArrayPrototypeSlice(bytesOf(salt));
    const infoBytes = TypedArrayPrototypeSlice(bytesOf(info));
    const compose = (): Message =>
      new Message()
        .set('algorithm', algorithm)
        .set('length', length)
        .bytes('key', keyBytes)
        .bytes('salt', saltBytes)
        .bytes('info', infoBytes);
    const size = service
      .ask(cryptoOperations.digestInfo, () => new Message().set('algorithm', algorithm))
      .number('size');
    if (length > 255 * size) throw errors.coded(new RangeError('Invalid key length'), 'ERR_CRYPTO_INVALID_KEYLEN');
    return remote(cryptoOperations.hkdf, compose, bits);
  });

  const argon2Types = { __proto__: null } as unknown as Record<number, string>;
  argon2Types[data.numbers.kTypeArgon2d ?? 0] = 'argon2d';
  argon2Types[data.numbers.kTypeArgon2i ?? 1] = 'argon2i';
  argon2Types[data.numbers.kTypeArgon2id ?? 2] = 'argon2id';

  const Argon2Job = prepare((args: readonly unknown[]) => {
    const {
      0: message,
      1: nonce,
      2: parallelism,
      3: length,
      4: memory,
      5: passes,
      6: secret,
      7: associatedData,
      8: type,
    } = args as readonly [unknown, View, number, number, number, number, View | undefined, View | undefined, number];
    const messageBytes = secretBytes(message);
    const copied = (view: View | undefined): Bytes | undefined => view && TypedArrayPrototypeSlice(bytesOf(view));
    const nonceBytes = copied(nonce);
    const secretPart = copied(secret);
    const associated = copied(associatedData);
    return remote(
      cryptoOperations.argon2,
      () =>
        new Message()
          .set('type', argon2Types[type])
          .set('parallelism', parallelism)
          .set('length', length)
          .set('memory', memory)
          .set('passes', passes)
          .bytes('message', messageBytes)
          .bytes('nonce', nonceBytes)
          .bytes('secret', secretPart)
          .bytes('associatedData', associated),
      bits,
    );
  });

  return { PBKDF2Job, ScryptJob, HKDFJob, Argon2Job };
}
