/** `DiffieHellman`, `ECDH` and the jobs with which two parties come to share a secret. */
import { cryptoOperations } from '../../../src/bridge/crypto.ts';
import { jobModes } from './crypto/jobs.ts';
import { Message, type View } from './crypto/message.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const {
  BigInt,
  Error,
  MathCeil,
  MathMin,
  NumberParseInt,
  ObjectDefineProperty,
  RangeError,
  StringPrototypePadStart,
  StringPrototypeSlice,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeSlice,
  Uint8Array,
  Uint8ArrayPrototypeToHex,
} = primordials;

export function createAgreeBinding(parts: CryptoParts): Record<string, unknown> {
  const { core, service, data, jobs, errors, keyTools, toBuffer } = parts;

  const coded = (error: Error, code: string): Error => errors.coded(error, code);

  /** The arithmetic of finite fields is done here: the service would check the prime at each step, which takes seconds. */
  class Agreement {
    readonly verifyError: number;
    readonly #prime: Bytes;
    readonly #generator: Bytes;
    readonly #kind: 'group' | 'own';
    #privateKey: Bytes | undefined;
    #publicKey: Bytes | undefined;

    constructor(message: Message, kind: 'group' | 'own') {
      const answer = service.ask(cryptoOperations.dh, () => message);
      this.#prime = answer.bytes(0);
      this.#generator = answer.bytes(1);
      this.#kind = kind;
      this.verifyError = answer.number('verifyError');
      ObjectDefineProperty(this, 'verifyError', {
        // @ts-expect-error descriptors are read through the prototype, which the user owns
        __proto__: null,
        get: () => answer.number('verifyError'),
        enumerable: true,
        configurable: true,
      });
    }

    generateKeys(): unknown {
      const prime = integer(this.#prime);
      if (bitLength(prime) < primeBitsMin) throw coded(new Error('Key generation failed'), operationFailed);
      if (this.#privateKey === undefined) this.#privateKey = this.#newPrivateKey(prime);
      this.#publicKey = bytesOfInteger(power(integer(this.#generator), integer(this.#privateKey), prime));
      return toBuffer(TypedArrayPrototypeSlice(this.#publicKey));
    }

    #newPrivateKey(prime: bigint): Bytes {
      const bits = bitLength(prime);
      // Of the known groups nothing is gained by more than twice their strength in bits.
      const length = this.#kind === 'group' ? MathMin(bits - 1, groupSecretBits) : bits - 1;
      for (;;) {
        const random = new Uint8Array(core.host.random(MathCeil(length / 8)));
        const candidate = integer(random) & ((1n << BigInt(length)) - 1n);
        if (candidate > 1n) return bytesOfInteger(candidate);
      }
    }

    computeSecret(other: View): unknown {
      const prime = integer(this.#prime);
      const key = integer(bytesOf(other));
      if (key <= 1n) throw coded(new RangeError('Supplied key is too small'), 'ERR_CRYPTO_INVALID_KEYLEN');
      if (key >= prime - 1n) throw coded(new RangeError('Supplied key is too large'), 'ERR_CRYPTO_INVALID_KEYLEN');
      if (this.#privateKey === undefined || bitLength(prime) < primeBitsMin) {
        throw coded(new Error('Failed to compute shared secret'), operationFailed);
      }
      const length = TypedArrayPrototypeGetByteLength(this.#prime);
      return toBuffer(bytesOfInteger(power(key, integer(this.#privateKey), prime), length));
    }

    getPrime(): unknown {
      return toBuffer(TypedArrayPrototypeSlice(this.#prime));
    }

    getGenerator(): unknown {
      return toBuffer(TypedArrayPrototypeSlice(this.#generator));
    }

    getPublicKey(): unknown {
      return this.#given(this.#publicKey, 'public');
    }

    getPrivateKey(): unknown {
      return this.#given(this.#privateKey, 'private');
    }

    #given(key: Bytes | undefined, kind: string): unknown {
      if (key !== undefined) return toBuffer(TypedArrayPrototypeSlice(key));
      throw coded(new Error(`No ${kind} key - did you forget to generate one?`), 'ERR_CRYPTO_INVALID_STATE');
    }

    setPublicKey(key: View): void {
      this.#publicKey = bytesOfInteger(integer(bytesOf(key)));
    }

    setPrivateKey(key: View): void {
      this.#privateKey = bytesOfInteger(integer(bytesOf(key)));
    }
  }

  class DiffieHellman extends Agreement {
    constructor(sizeOrPrime: number | View, generator: number | View) {
      const message = new Message();
      if (typeof sizeOrPrime === 'number') message.set('bits', sizeOrPrime);
      else message.bytes('prime', sizeOrPrime);
      if (typeof generator === 'number') message.set('generatorNumber', generator);
      else message.bytes('generator', generator);
      super(message, 'own');
    }
  }

  class DiffieHellmanGroup extends Agreement {
    constructor(name: unknown) {
      super(new Message().set('group', `${name}`), 'group');
    }
  }

  class ECDH {
    readonly #curve: string;
    #privateKey: Bytes | undefined;
    #publicKey: Bytes | undefined;
    /** Set by the user: it may not belong to the private one, which the service finds out. */
    #ownPublicKey: Bytes | undefined;

    constructor(curve: string) {
      this.#curve = curve;
      assertCurve(curve);
    }

    #ask(action: string, more: (message: Message) => Message): ReturnType<typeof service.ask> {
      return service.ask(cryptoOperations.ecdh, () =>
        more(new Message().set('curve', this.#curve).set('action', action)),
      );
    }

    generateKeys(): void {
      const answer = this.#ask('generate', (message) => message);
      this.#publicKey = answer.bytes(0);
      this.#privateKey = answer.bytes(1);
      this.#ownPublicKey = undefined;
    }

    setPrivateKey(key: View): void {
      const bytes = TypedArrayPrototypeSlice(bytesOf(key));
      this.#publicKey = this.#ask('setPrivate', (message) => message.bytes('privateKey', bytes)).bytes();
      this.#privateKey = bytes;
      this.#ownPublicKey = undefined;
    }

    setPublicKey(key: View): void {
      this.#ownPublicKey = this.#publicKey = this.#ask('setPublic', (message) =>
        message.bytes('publicKey', key),
      ).bytes();
    }

    computeSecret(other: View): unknown {
      return toBuffer(
        this.#ask('secret', (message) =>
          message.bytes('privateKey', this.#privateKey).bytes('publicKey', this.#ownPublicKey).bytes('other', other),
        ).bytes(),
      );
    }

    getPublicKey(form: number): unknown {
      const publicKey = this.#publicKey;
      if (publicKey === undefined) throw coded(new Error('Failed to get ECDH public key'), operationFailed);
      if (form === uncompressedPoint) return toBuffer(TypedArrayPrototypeSlice(publicKey));
      return convertKey(publicKey, this.#curve, form);
    }

    getPrivateKey(): unknown {
      if (this.#privateKey === undefined) throw coded(new Error('Failed to get ECDH private key'), operationFailed);
      return toBuffer(TypedArrayPrototypeSlice(this.#privateKey));
    }
  }

  function assertCurve(curve: string): void {
    for (let at = 0; at < data.curves.length; at++) if (data.curves[at] === curve) return;
    service.ask(cryptoOperations.ecdh, () => new Message().set('curve', curve).set('action', 'generate'));
  }

  function convertKey(key: View, curve: string, form: number): unknown {
    assertCurve(curve);
    return toBuffer(
      service
        .ask(cryptoOperations.ecdh, () =>
          new Message()
            .set('curve', curve)
            .set('action', 'convert')
            .set('form', form === compressedPoint ? 'compressed' : form === hybridPoint ? 'hybrid' : 'uncompressed')
            .bytes('other', key),
        )
        .bytes(),
    );
  }

  const DHBitsJob = jobs.prepare((args: readonly unknown[], mode) => {
    const tools = keyTools();
    const given = {
      publicKey: tools.sourceOf(...(keyArguments(args, 0) as [unknown])),
      privateKey: tools.sourceOf(...(keyArguments(args, 5) as [unknown])),
    };
    const publicKey = mode === jobModes.sync ? given.publicKey : tools.prepared('public', given.publicKey);
    const privateKey = mode === jobModes.sync ? given.privateKey : tools.prepared('private', given.privateKey);
    return jobs.remote(
      cryptoOperations.agree,
      (keys) => {
        const message = new Message();
        tools.addSource(message, 'publicKey', publicKey, keys);
        tools.addSource(message, 'privateKey', privateKey, keys);
        return message;
      },
      (answer) => TypedArrayPrototypeGetBuffer(answer.bytes()),
    );
  });

  /** As Node gives it: to callers Buffers, to Web Crypto plain ones. */
  const given = (bytes: Bytes, mode: number): unknown =>
    mode === jobModes.webCrypto ? TypedArrayPrototypeGetBuffer(bytes) : toBuffer(bytes);

  const KEMEncapsulateJob = jobs.prepare((args: readonly unknown[], mode) => {
    const tools = keyTools();
    const source = tools.sourceOf(...(keyArguments(args, 0) as [unknown]));
    const key = mode === jobModes.sync ? source : tools.prepared('public', source);
    return jobs.remote(
      cryptoOperations.encapsulate,
      (keys) => {
        const message = new Message();
        tools.addSource(message, 'key', key, keys);
        return message;
      },
      (answer) =>
        mode === jobModes.webCrypto
          ? { sharedKey: given(answer.bytes(0), mode), ciphertext: given(answer.bytes(1), mode) }
          : [given(answer.bytes(0), mode), given(answer.bytes(1), mode)],
    );
  });

  const KEMDecapsulateJob = jobs.prepare((args: readonly unknown[], mode) => {
    const tools = keyTools();
    const source = tools.sourceOf(...(keyArguments(args, 0) as [unknown]));
    const key = mode === jobModes.sync ? source : tools.prepared('private', source);
    const ciphertext = TypedArrayPrototypeSlice(bytesOf(args[5] as View));
    return jobs.remote(
      cryptoOperations.decapsulate,
      (keys) => {
        const message = new Message().bytes('ciphertext', ciphertext);
        tools.addSource(message, 'key', key, keys);
        return message;
      },
      (answer) => given(answer.bytes(), mode),
    );
  });

  return {
    DiffieHellman,
    DiffieHellmanGroup,
    ECDH,
    ECDHConvertKey: convertKey,
    DHBitsJob,
    KEMEncapsulateJob,
    KEMDecapsulateJob,
  };
}

const operationFailed = 'ERR_CRYPTO_OPERATION_FAILED';
const groupSecretBits = 512;
/** OpenSSL works with no smaller ones. */
const primeBitsMin = 512;
/** POINT_CONVERSION_*, as `crypto.constants` has them. */
const compressedPoint = 2;
const uncompressedPoint = 4;
const hybridPoint = 6;

function keyArguments(args: readonly unknown[], from: number): unknown[] {
  return primordials.ArrayPrototypeSlice(args, from, from + 5);
}

function integer(bytes: Bytes): bigint {
  return BigInt(`0x0${Uint8ArrayPrototypeToHex(bytes)}`);
}

function bitLength(value: bigint): number {
  return primordials.BigIntPrototypeToString(value, 2).length;
}

/** Big-endian, with zeros in front up to `length`. */
function bytesOfInteger(value: bigint, length = 0): Bytes {
  const text = primordials.BigIntPrototypeToString(value, 16);
  const digits = StringPrototypePadStart(text, primordials.MathMax(2 * length, text.length + (text.length % 2)), '0');
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < digits.length; at += 2) {
    bytes[at / 2] = NumberParseInt(StringPrototypeSlice(digits, at, at + 2), 16);
  }
  return bytes;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let factor = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * factor) % modulus;
    factor = (factor * factor) % modulus;
  }
  return result;
}
