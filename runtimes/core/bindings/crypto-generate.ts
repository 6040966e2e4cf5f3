/** The jobs that make keys and primes. */
import { cryptoOperations } from '../../../src/bridge/crypto.ts';
import { jobModes, type Work } from './crypto/jobs.ts';
import type { KeyMaterial } from './crypto/key-material.ts';
import { type Answer, Message, type View } from './crypto/message.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const {
  ArrayPrototypeIncludes,
  Error,
  MathCeil,
  MathMin,
  RangeError,
  StringPrototypeToLowerCase,
  TypeError,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  Uint8Array,
} = primordials;

/** How Node's library wants the keys of a pair: for callbacks in an encoding or as handles, for Web Crypto as CryptoKeys. */
type Encodings = readonly [
  publicFormat: number | undefined,
  publicEncoding: number | undefined,
  privateFormat: number | undefined,
  privateEncoding: number | undefined,
  cipher: string | undefined,
  passphrase: View | undefined,
];
type WebCryptoTail = readonly [algorithm: object, publicUsages: number, privateUsages: number, extractable: boolean];

interface Exporting {
  export(format: number, encoding?: number, cipher?: string, passphrase?: View): unknown;
}

export function createGenerateBinding(parts: CryptoParts): Record<string, unknown> {
  const { core, service, data, jobs, errors, keyTools, checkDigest } = parts;
  const { numbers } = data;

  /** @param tail where the arguments about the result begin */
  function pairWork(
    args: readonly unknown[],
    tail: number,
    mode: number,
    describe: (message: Message) => Message,
  ): Work {
    if (mode === jobModes.webCrypto) {
      const {
        0: algorithm,
        1: publicUsages,
        2: privateUsages,
        3: extractable,
      } = sliced(args, tail) as never as WebCryptoTail;
      return pairJob(describe, (answer) => {
        const { publicKey, privateKey } = keyTools().pairOf(answer);
        return {
          publicKey: keyTools().cryptoKey(publicKey, algorithm, publicUsages, true),
          privateKey: keyTools().cryptoKey(privateKey, algorithm, privateUsages, extractable),
        };
      });
    }
    const encodings = sliced(args, tail) as never as Encodings;
    if (typeof encodings[4] === 'string') checkCipher(encodings[4]);
    return pairJob(describe, (answer) => {
      const { publicKey, privateKey } = keyTools().pairOf(answer);
      return [
        encoded(publicKey, encodings[0], encodings[1]),
        encoded(privateKey, encodings[2], encodings[3], encodings[4], encodings[5]),
      ];
    });
  }

  function pairJob(describe: (message: Message) => Message, convert: (answer: Answer) => unknown): Work {
    return jobs.remote(cryptoOperations.keyPair, () => describe(new Message()), convert);
  }

  function encoded(
    key: KeyMaterial,
    format: number | undefined,
    encoding: number | undefined,
    cipher?: string,
    passphrase?: View,
  ): unknown {
    const handle = keyTools().handleOf(key);
    if (format === undefined) return handle;
    const named = handle as unknown as Exporting & Record<string, (form?: number) => unknown>;
    switch (format) {
      case numbers.kKeyFormatRawPublic:
        return key.type !== 'secret' && key.asymmetricKeyType === 'ec'
          ? named.exportECPublicRaw?.(encoding)
          : named.rawPublicKey?.();
      case numbers.kKeyFormatRawPrivate:
        return key.type !== 'secret' && key.asymmetricKeyType === 'ec'
          ? named.exportECPrivateRaw?.()
          : named.rawPrivateKey?.();
      case numbers.kKeyFormatRawSeed:
        return named.rawSeed?.();
      default:
        return named.export(format, encoding, cipher, passphrase);
    }
  }

  function checkCipher(cipher: string): void {
    const { head } = service.ask(cryptoOperations.cipherInfo, () => new Message().set('algorithm', cipher));
    if (head.info === undefined) throw errors.coded(new Error('Unknown cipher'), 'ERR_CRYPTO_UNKNOWN_CIPHER');
  }

  const RsaKeyPairGenJob = jobs.prepare((args: readonly unknown[], mode) => {
    const { 0: variant, 1: modulusLength, 2: publicExponent } = args as readonly [number, number, number];
    const isPss = variant === numbers.kKeyVariantRSA_PSS;
    const { 3: hash, 4: mgf1Hash, 5: saltLength } = args as never as Record<number, never>;
    if (isPss && hash !== undefined) checkDigest(hash);
    if (isPss && mgf1Hash !== undefined) checkDigest(mgf1Hash, 'MGF1 digest');
    return pairWork(args, isPss ? 6 : 3, mode, (message) => {
      message.set('type', isPss ? 'rsa-pss' : 'rsa').set('modulusLength', modulusLength);
      message.set('publicExponent', publicExponent);
      if (!isPss) return message;
      return message.set('hashAlgorithm', hash).set('mgf1HashAlgorithm', mgf1Hash).set('saltLength', saltLength);
    });
  });

  const DsaKeyPairGenJob = jobs.prepare((args: readonly unknown[], mode) => {
    const { 0: modulusLength, 1: divisorLength } = args as readonly [number, number];
    return pairWork(args, 2, mode, (message) =>
      message
        .set('type', 'dsa')
        .set('modulusLength', modulusLength)
        .set('divisorLength', divisorLength < 0 ? undefined : divisorLength),
    );
  });

  const EcKeyPairGenJob = jobs.prepare((args: readonly unknown[], mode) => {
    const { 0: namedCurve, 1: encoding } = args as readonly [string, number | undefined];
    if (!isCurve(namedCurve)) throw errors.coded(new TypeError('Invalid EC curve name'), 'ERR_CRYPTO_INVALID_CURVE');
    return pairWork(args, 2, mode, (message) =>
      message
        .set('type', 'ec')
        .set('namedCurve', namedCurve)
        .set('paramEncoding', encoding === numbers.OPENSSL_EC_EXPLICIT_CURVE ? 'explicit' : 'named'),
    );
  });

  function isCurve(name: string): boolean {
    return ArrayPrototypeIncludes(data.curves, name) || ArrayPrototypeIncludes(nistCurves, name);
  }

  const NamedKeyPairGenJob = jobs.prepare((args: readonly unknown[], mode) => {
    const { 0: name } = args as readonly [string];
    return pairWork(args, 1, mode, (message) => message.set('type', StringPrototypeToLowerCase(name)));
  });

  const DhKeyPairGenJob = jobs.prepare((args: readonly unknown[], mode) => {
    const { 0: first, 1: generator } = args as readonly [string | number | View, number];
    if (typeof first === 'string') {
      if (!ArrayPrototypeIncludes(dhGroups, StringPrototypeToLowerCase(first))) {
        throw errors.coded(new Error('Unknown DH group'), 'ERR_CRYPTO_UNKNOWN_DH_GROUP');
      }
      return pairWork(args, 1, mode, (message) => message.set('type', 'dh').set('group', first));
    }
    const prime = typeof first === 'number' ? undefined : TypedArrayPrototypeSlice(bytesOf(first));
    return pairWork(args, 2, mode, (message) =>
      message
        .set('type', 'dh')
        .set('primeLength', typeof first === 'number' ? first : undefined)
        .set('generator', generator)
        .bytes('prime', prime),
    );
  });

  function randomSecret(bits: number): KeyMaterial {
    const byteCount = MathCeil(bits / 8);
    const bytes = new Uint8Array(byteCount);
    for (let at = 0; at < byteCount; at += drawMax) {
      TypedArrayPrototypeSet(bytes, new Uint8Array(core.host.random(MathMin(drawMax, byteCount - at))), at);
    }
    // A length in bits leaves the lowest ones of the last byte empty.
    if (bits % 8 !== 0) bytes[byteCount - 1] = (bytes[byteCount - 1] ?? 0) & (0xff << (8 - (bits % 8)));
    return { type: 'secret', bytes };
  }

  const SecretKeyGenJob = jobs.prepare((args: readonly unknown[], mode) => {
    const { 0: bits, 1: algorithm, 2: usages, 3: extractable } = args as readonly [number, object, number, boolean];
    // Callbacks ask for whole bytes only, and lengths between are cut there.
    const length = mode === jobModes.webCrypto ? bits : bits - (bits % 8);
    return jobs.local(() =>
      mode === jobModes.webCrypto
        ? keyTools().cryptoKey(randomSecret(length), algorithm, usages, extractable)
        : keyTools().handleOf(randomSecret(length)),
    );
  });

  const RandomPrimeJob = jobs.prepare((args: readonly unknown[]) => {
    const {
      0: bits,
      1: isSafe,
      2: add,
      3: remainder,
    } = args as readonly [number, boolean, View | undefined, View | undefined];
    const addBytes = add && significant(TypedArrayPrototypeSlice(bytesOf(add)));
    const remainderBytes = remainder && significant(TypedArrayPrototypeSlice(bytesOf(remainder)));
    if (addBytes !== undefined && bitLength(addBytes) > bits) {
      throw errors.coded(new RangeError('invalid options.add'), 'ERR_OUT_OF_RANGE');
    }
    if (addBytes !== undefined && remainderBytes !== undefined && !isLess(remainderBytes, addBytes)) {
      throw errors.coded(new RangeError('invalid options.rem'), 'ERR_OUT_OF_RANGE');
    }
    return jobs.remote(
      cryptoOperations.prime,
      () =>
        new Message().set('bits', bits).set('isSafe', isSafe).bytes('add', addBytes).bytes('remainder', remainderBytes),
      (answer) => TypedArrayPrototypeGetBuffer(answer.bytes()),
    );
  });

  const CheckPrimeJob = jobs.prepare((args: readonly unknown[]) => {
    const { 0: candidate, 1: checks } = args as readonly [View, number];
    const bytes = TypedArrayPrototypeSlice(bytesOf(candidate));
    return jobs.remote(
      cryptoOperations.primeCheck,
      () => new Message().set('checks', checks).bytes('candidate', bytes),
      (answer) => answer.head.isPrime === true,
    );
  });

  return {
    RsaKeyPairGenJob,
    DsaKeyPairGenJob,
    EcKeyPairGenJob,
    NamedKeyPairGenJob,
    DhKeyPairGenJob,
    SecretKeyGenJob,
    RandomPrimeJob,
    CheckPrimeJob,
  };
}

/** What the host gives in one call at most. */
const drawMax = 65_536;
const nistCurves = ['P-256', 'P-384', 'P-521', 'P-224', 'P-192'];
const dhGroups = ['modp1', 'modp2', 'modp5', 'modp14', 'modp15', 'modp16', 'modp17', 'modp18'];

function sliced(args: readonly unknown[], from: number): unknown[] {
  return primordials.ArrayPrototypeSlice(args, from);
}

/** A number in big-endian bytes, without zeros in front. */
function significant(bytes: Bytes): Bytes {
  let start = 0;
  while (start < TypedArrayPrototypeGetByteLength(bytes) && bytes[start] === 0) start++;
  return TypedArrayPrototypeSlice(bytes, start);
}

function bitLength(bytes: Bytes): number {
  const length = TypedArrayPrototypeGetByteLength(bytes);
  return length === 0 ? 0 : 8 * (length - 1) + 32 - primordials.MathClz32(bytes[0] ?? 0);
}

function isLess(a: Bytes, b: Bytes): boolean {
  const length = TypedArrayPrototypeGetByteLength(a);
  if (length !== TypedArrayPrototypeGetByteLength(b)) return length < TypedArrayPrototypeGetByteLength(b);
  for (let at = 0; at < length; at++) {
    if (a[at] !== b[at]) return (a[at] ?? 0) < (b[at] ?? 0);
  }
  return false;
}
