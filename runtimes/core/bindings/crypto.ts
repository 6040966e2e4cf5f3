/**
 * `internalBinding('crypto')`. This file knows where its members are and what they share; each group of them is a file of its
 * own that is loaded when Node's library first takes one of its members.
 */
import { cryptoOperations } from '../../../src/bridge/crypto.ts';
import type { CoreContext } from '../context.ts';
import type { CryptoData } from './crypto/digest-names.ts';
import { withCode } from './crypto/errors.ts';
import { createJobTools, type JobTools, type Prepare } from './crypto/jobs.ts';
import type { KeyMaterial } from './crypto/key-material.ts';
import type { KeySource } from './crypto/key-source.ts';
import { type Answer, emptyRecord, Message, type View } from './crypto/message.ts';
import { CryptoService } from './crypto/service.ts';
import type * as Agree from './crypto-agree.ts';
import type * as Cipher from './crypto-cipher.ts';
import type * as Derive from './crypto-derive.ts';
import type * as Generate from './crypto-generate.ts';
import type * as Hashes from './crypto-hash.ts';
import type * as Keys from './crypto-keys.ts';
import type * as Random from './crypto-random.ts';
import type * as Sign from './crypto-sign.ts';
import type * as X509 from './crypto-x509.ts';
import type * as Xof from './crypto-xof.ts';
import { type Bytes, bytesOf } from './encodings.ts';
import { createText } from './text.ts';

const {
  ArrayBufferIsView,
  ArrayPrototypeSlice,
  Error,
  ObjectDefineProperty,
  StringPrototypeEndsWith,
  TypeError,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeSlice,
} = primordials;

/** What the files of the binding share. */
export interface CryptoParts {
  readonly core: CoreContext;
  readonly service: CryptoService;
  readonly data: CryptoData;
  readonly jobs: JobTools;
  readonly errors: CryptoErrors;
  /** A Buffer over the same memory. */
  toBuffer(bytes: Bytes): Uint8Array;
  /** The quickest way there is, for a text of any length. */
  encodeUtf8(text: string): Bytes;
  /** A copy of the bytes of a secret key, given as such or as a handle. */
  secretBytes(key: unknown): Bytes;
  /** Jobs throw at once, also in their callback form, when there is no such digest. @throws TypeError */
  checkDigest(algorithm: string, what?: string): void;
  /** What other files need of `crypto-keys`, which is loaded then. */
  keyTools(): KeyTools;
}

export interface KeyTools {
  /** Undefined for what is no `KeyObjectHandle`. */
  materialOf(value: unknown): KeyMaterial | undefined;
  /** A `KeyObjectHandle`. */
  handleOf(material: KeyMaterial): object;
  /** From the five arguments with which Node's library describes a key. */
  sourceOf(
    input: unknown,
    format?: number | null,
    encoding?: number | string | null,
    passphrase?: View | null,
    namedCurve?: string | null,
  ): KeySource;
  /** The key itself, made now, whatever is wrong with it thrown now. */
  prepared(type: 'public' | 'private', source: KeySource): KeySource;
  addSource(message: Message, name: string, source: KeySource, keys: 'by-id' | 'in-full'): void;
  /** Of a public key that is known already. */
  publicKeyHandle(der: Bytes, asymmetricKeyType: string, details: Readonly<Record<string, unknown>>): object;
  /** New pairs of the service's. */
  pairOf(answer: Answer): { readonly publicKey: KeyMaterial; readonly privateKey: KeyMaterial };
  /** A key for Web Crypto, of the class that Node's library made. */
  cryptoKey(material: KeyMaterial, algorithm: object, usagesMask: number, extractable: boolean): object;
}

export interface CryptoErrors {
  coded<E extends Error>(error: E, code: string): E;
  isAnyArrayBuffer(value: unknown): value is ArrayBuffer;
}

export function createBindings(core: CoreContext): Record<string, object> {
  const { library } = core;
  const data = library.require<CryptoData>('isotherm/data/crypto');
  const service = new CryptoService(core);
  const { FastBuffer } = library.require<{
    readonly FastBuffer: new (buffer: ArrayBuffer) => Uint8Array;
  }>('internal/buffer');
  const types = library.internalBinding('types') as Pick<CryptoErrors, 'isAnyArrayBuffer'>;
  const knownDigests = emptyRecord();
  const parts: CryptoParts = {
    core,
    service,
    data,
    jobs: createJobTools(core, service),
    errors: {
      coded: withCode,
      isAnyArrayBuffer: types.isAnyArrayBuffer,
    },
    toBuffer: (bytes) => new FastBuffer(TypedArrayPrototypeGetBuffer(bytes)),
    encodeUtf8: createText(core).encodeUtf8,
    secretBytes(key) {
      if (ArrayBufferIsView(key) || types.isAnyArrayBuffer(key)) return TypedArrayPrototypeSlice(bytesOf(key as View));
      const material = parts.keyTools().materialOf(key);
      if (material?.type === 'secret') return material.bytes;
      throw new TypeError('a secret key is expected');
    },
    checkDigest(algorithm, what = 'digest') {
      if (knownDigests[algorithm] === true) return;
      try {
        service.ask(cryptoOperations.digestInfo, () => new Message().set('algorithm', algorithm));
      } catch {
        // Whatever the reason why no digest could be made.
        throw withCode(new TypeError(`Invalid ${what}: ${algorithm}`), 'ERR_CRYPTO_INVALID_DIGEST');
      }
      knownDigests[algorithm] = true;
    },
    keyTools: () => keys().tools,
  };
  let keysBinding: Keys.KeysBinding | undefined;
  const keys = (): Keys.KeysBinding => {
    keysBinding ??= library.require<typeof Keys>('isotherm/bindings/crypto-keys').createKeysBinding(parts);
    return keysBinding;
  };
  const binding: Record<string, unknown> = {
    ...data.numbers,
    getCiphers: () => ArrayPrototypeSlice(data.ciphers),
    getSSLCiphers: () => ArrayPrototypeSlice(data.sslCiphers),
    getCurves: () => ArrayPrototypeSlice(data.curves),
    getHashes: () => ArrayPrototypeSlice(data.hashes),
    getMacs: () => ArrayPrototypeSlice(data.macs),
    getPqcKeyTypes: () => ArrayPrototypeSlice(data.pqcKeyTypes),
    // Only a quicker way to what a name says too.
    getCachedAliases: () => ({}),
    getCachedMacAliases: () => ({}),
    getOpenSSLSecLevelCrypto: () => data.securityLevel,
    getFipsCrypto: () => 0,
    getFipsCryptoGeneration: () => 0,
    setFipsCrypto(enabled: unknown) {
      if (enabled) throw new Error('isotherm does not offer FIPS mode');
    },
    testFipsCrypto: () => false,
    secureHeapUsed: () => undefined,
    setEngine: undefined,
    parsePKCS12() {
      // Whoever made the file chose how long reading it takes, in places that cannot be looked up before.
      throw withCode(new Error('isotherm does not offer crypto.parsePKCS12'), 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
    },
  };

  type Group = (parts: CryptoParts) => Record<string, unknown>;
  const group = (load: () => Group, names: readonly string[]): void => {
    let made: Record<string, unknown> | undefined;
    for (let at = 0; at < names.length; at++) {
      const name = names[at] ?? '';
      const member = (): unknown => {
        made ??= load()(parts);
        return made[name];
      };
      // Node's library takes the classes of all jobs, and makes few: their files are loaded for the first of them.
      const prepare: Prepare = (args, mode) => (member() as Prepare)(args, mode);
      defineGetter(binding, name, StringPrototypeEndsWith(name, 'Job') ? () => parts.jobs.jobClass(prepare) : member);
    }
  };
  group(
    () => library.require<typeof Hashes>('isotherm/bindings/crypto-hash').createHashBinding,
    ['Hash', 'Hmac', 'oneShotDigest', 'HashJob', 'HmacJob'],
  );
  group(
    () => library.require<typeof Random>('isotherm/bindings/crypto-random').createRandomBinding,
    ['RandomBytesJob', 'timingSafeEqual', 'secureBuffer'],
  );
  group(
    () => library.require<typeof Derive>('isotherm/bindings/crypto-derive').createDeriveBinding,
    ['PBKDF2Job', 'ScryptJob', 'HKDFJob', 'Argon2Job'],
  );
  group(
    () => library.require<typeof Sign>('isotherm/bindings/crypto-sign').createSignBinding,
    ['Sign', 'Verify', 'SignJob', 'Mac'],
  );
  group(
    () => library.require<typeof Cipher>('isotherm/bindings/crypto-cipher').createCipherBinding,
    [
      'CipherBase',
      'publicEncrypt',
      'publicDecrypt',
      'privateEncrypt',
      'privateDecrypt',
      'getCipherInfo',
      'AESCipherJob',
      'RSACipherJob',
      'ChaCha20Poly1305CipherJob',
    ],
  );
  group(
    () => library.require<typeof Agree>('isotherm/bindings/crypto-agree').createAgreeBinding,
    [
      'DiffieHellman',
      'DiffieHellmanGroup',
      'ECDH',
      'ECDHConvertKey',
      'DHBitsJob',
      'KEMEncapsulateJob',
      'KEMDecapsulateJob',
    ],
  );
  group(
    () => library.require<typeof Generate>('isotherm/bindings/crypto-generate').createGenerateBinding,
    [
      'RsaKeyPairGenJob',
      'DsaKeyPairGenJob',
      'EcKeyPairGenJob',
      'NamedKeyPairGenJob',
      'DhKeyPairGenJob',
      'SecretKeyGenJob',
      'RandomPrimeJob',
      'CheckPrimeJob',
    ],
  );
  group(
    () => library.require<typeof Xof>('isotherm/bindings/crypto-xof').createXofBinding,
    ['CShakeJob', 'TurboShakeJob', 'KangarooTwelveJob', 'KmacJob'],
  );
  group(
    () => library.require<typeof X509>('isotherm/bindings/crypto-x509').createX509Binding,
    [
      'createX509CertificateClass',
      'isX509Certificate',
      'parseX509',
      'certVerifySpkac',
      'certExportPublicKey',
      'certExportChallenge',
    ],
  );
  // Certificates of connections are TLS's business.
  group(
    () => () => library.internalBinding('secure_context') as Record<string, unknown>,
    [
      'SecureContext',
      'getBundledRootCertificates',
      'getSystemCACertificates',
      'getExtraCACertificates',
      'getUserRootCertificates',
      'resetRootCertStore',
      'startLoadingCertificatesOffThread',
      'getCertificateCompressionAlgorithms',
    ],
  );
  group(
    () => () => keys().members,
    [
      'KeyObjectHandle',
      'createNativeKeyObjectClass',
      'getKeyObjectSlots',
      'isKeyObject',
      'createCryptoKeyClass',
      'getCryptoKeySlots',
      'isCryptoKey',
    ],
  );
  return { crypto: binding };
}

function defineGetter(target: object, name: string, get: () => unknown): void {
  ObjectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    get,
    enumerable: true,
    configurable: true,
  });
}
