/** Ciphers: `CipherBase`, RSA as a cipher, and the jobs of Web Crypto. */
import { cryptoOperations, cryptoUpdateBytesMax } from '../../../src/bridge/crypto.ts';
import { limitError } from './crypto/errors.ts';
import type { Work } from './crypto/jobs.ts';
import { Message, type View } from './crypto/message.ts';
import { bytesOfText } from './crypto/text.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const {
  BigInt,
  Error,
  MathCeil,
  MathMin,
  Number,
  ObjectSetPrototypeOf,
  RegExpPrototypeExec,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

/** One call carries so much, and one part of a longer input. */
const wholeMax = 8 * 1024 * 1024;
const partMax = 1024 * 1024;
const blockBytes = 16;
/** Modes in which two updates are the same as one with both. */
const divisible = /-(?:cbc|ctr|ecb|gcm|ocb|ofb|cfb\d*)$|^chacha20/i;

interface WholeCipher {
  readonly algorithm: string;
  readonly key: Bytes;
  readonly iv: Bytes | undefined;
  readonly isEncrypting: boolean;
  readonly tagLength: number | undefined;
  readonly aad: Bytes | undefined;
}

export function createCipherBinding(parts: CryptoParts): Record<string, unknown> {
  const { service, data, jobs, errors, keyTools, checkDigest, secretBytes, toBuffer, encodeUtf8 } = parts;
  const { numbers } = data;

  class CipherBase {
    readonly #id: number;
    readonly #isDivisible: boolean;
    #phase: 'open' | 'finished' = 'open';
    #tag: Bytes | undefined;

    constructor(
      isEncrypting: boolean,
      algorithm: string,
      key: unknown,
      iv: View | null,
      authTagLength: number,
      ctsMode?: string,
      xtsStandard?: string,
    ) {
      const keyBytes = secretBytes(key);
      this.#isDivisible = RegExpPrototypeExec(divisible, algorithm) !== null;
      this.#id = service
        .ask(cryptoOperations.streamOpen, () =>
          describe(new Message(), { algorithm, key: keyBytes, isEncrypting, iv: iv === null ? undefined : bytesOf(iv) })
            .set('authTagLength', authTagLength < 0 ? undefined : authTagLength)
            .set('ctsMode', ctsMode)
            .set('xtsStandard', xtsStandard),
        )
        .number('id');
    }

    update(piece: string | View, encoding?: string): unknown {
      if (this.#phase === 'finished') throw new Error('Trying to add data in unsupported state');
      const bytes = typeof piece === 'string' ? bytesOfText(piece, encoding, encodeUtf8) : bytesOf(piece);
      const length = TypedArrayPrototypeGetByteLength(bytes);
      if (length <= partMax || !this.#isDivisible) return toBuffer(this.#send(bytes, 0, length));
      const outputs: Bytes[] = [];
      for (let at = 0; at < length; at += partMax) {
        outputs[outputs.length] = this.#send(bytes, at, MathMin(at + partMax, length));
      }
      return toBuffer(joined(outputs));
    }

    #send(bytes: Bytes, from: number, to: number): Bytes {
      if (to - from > cryptoUpdateBytesMax)
        throw limitError('bytes for one update', to - from, 'cryptoUpdateBytesMax', cryptoUpdateBytesMax);
      const part = TypedArrayPrototypeSlice(bytes, from, to);
      return new Uint8Array(service.update(this.#id, TypedArrayPrototypeGetBuffer(part)));
    }

    final(): unknown {
      if (this.#phase === 'finished') throw errors.coded(new Error('Invalid state'), 'ERR_CRYPTO_INVALID_STATE');
      this.#phase = 'finished';
      const answer = service.ask(cryptoOperations.streamFinish, () => new Message().set('id', this.#id));
      if (answer.count > 1) this.#tag = answer.bytes(1);
      return toBuffer(answer.bytes(0));
    }

    setAutoPadding(enabled: boolean): boolean {
      return this.#set((message) => message.set('autoPadding', enabled));
    }

    setAAD(aad: View, plaintextLength: number): boolean {
      return this.#set((message) =>
        message.bytes('aad', aad).set('plaintextLength', plaintextLength < 0 ? undefined : plaintextLength),
      );
    }

    setAuthTag(tag: View): boolean {
      return this.#set((message) => message.bytes('authTag', tag));
    }

    getAuthTag(): unknown {
      return this.#tag && toBuffer(TypedArrayPrototypeSlice(this.#tag));
    }

    /** False when this is not the time for it, which Node's library tells in its own words. */
    #set(more: (message: Message) => Message): boolean {
      if (this.#phase === 'finished') return false;
      try {
        service.ask(cryptoOperations.cipherSet, () => more(new Message().set('id', this.#id)));
        return true;
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ERR_CRYPTO_INVALID_STATE') return false;
        throw error;
      }
    }
  }

  function getCipherInfo(nameOrNid: string | number, keyLength?: number, ivLength?: number): unknown {
    const { head } = service.ask(cryptoOperations.cipherInfo, () =>
      new Message()
        .set(typeof nameOrNid === 'string' ? 'algorithm' : 'nid', nameOrNid)
        .set('keyLength', keyLength)
        .set('ivLength', ivLength),
    );
    return head.info === undefined ? undefined : ObjectSetPrototypeOf(head.info as object, null);
  }

  function rsaFunction(way: string): AnyFunction {
    return (
      input: unknown,
      format: number | undefined,
      encoding: number | string | undefined,
      passphrase: View | undefined,
      namedCurve: string | undefined,
      bytes: View,
      padding: number,
      oaepHash?: string,
      oaepLabel?: View,
      mgf1Hash?: string,
    ) => {
      if (oaepHash !== undefined) checkOaepHash(oaepHash);
      const source = keyTools().sourceOf(input, format, encoding, passphrase, namedCurve);
      return toBuffer(
        service
          .ask(cryptoOperations.rsa, (keys) => {
            const message = new Message().set('way', way).set('padding', padding).set('oaepHash', oaepHash);
            keyTools().addSource(message, 'key', source, keys);
            return message.set('mgf1Hash', mgf1Hash).bytes('oaepLabel', oaepLabel).bytes('data', bytes);
          })
          .bytes(),
      );
    };
  }

  /** Before the key is looked at. */
  function checkOaepHash(name: string): void {
    try {
      checkDigest(name);
    } catch {
      // There is no such digest, which has another text here.
      throw errors.coded(new Error('Invalid digest used'), 'ERR_OSSL_EVP_INVALID_DIGEST');
    }
  }

  const RSACipherJob = jobs.prepare((args: readonly unknown[]) => {
    const {
      0: mode,
      1: key,
      2: input,
      4: hash,
      5: label,
    } = args as unknown as readonly [number, unknown, View, number, string, View | undefined];
    const source = keyTools().sourceOf(key);
    const bytes = copied(input);
    const labelBytes = label && copied(label);
    return jobs.remote(
      cryptoOperations.rsa,
      (keys) => {
        const message = new Message()
          .set('way', mode === numbers.kWebCryptoCipherEncrypt ? 'publicEncrypt' : 'privateDecrypt')
          .set('oaepHash', hash)
          .bytes('oaepLabel', labelBytes)
          .bytes('data', bytes);
        keyTools().addSource(message, 'key', source, keys);
        return message;
      },
      (answer) => TypedArrayPrototypeGetBuffer(answer.bytes()),
    );
  });

  function wholeWork(cipher: WholeCipher, bytes: Bytes): Work {
    if (TypedArrayPrototypeGetByteLength(bytes) > wholeMax) {
      return jobs.local(() => TypedArrayPrototypeGetBuffer(inParts(cipher, bytes)));
    }
    return jobs.remote(
      cryptoOperations.cipher,
      () =>
        describe(new Message(), cipher)
          .set('authTagLength', cipher.tagLength)
          .bytes('aad', cipher.aad)
          .bytes('data', bytes),
      (answer) => TypedArrayPrototypeGetBuffer(answer.bytes()),
    );
  }

  /** With a tag behind the bytes, as Web Crypto has it. */
  function inParts(cipher: WholeCipher, bytes: Bytes): Bytes {
    const { algorithm, isEncrypting, key, iv = null, tagLength = 0, aad } = cipher;
    const base = new CipherBase(isEncrypting, algorithm, key, iv, tagLength > 0 ? tagLength : -1);
    if (aad !== undefined) base.setAAD(aad, -1);
    const end = TypedArrayPrototypeGetByteLength(bytes) - (isEncrypting ? 0 : tagLength);
    if (!isEncrypting && tagLength > 0) base.setAuthTag(TypedArrayPrototypeSubarray(bytes, end));
    const outputs = [base.update(TypedArrayPrototypeSubarray(bytes, 0, end)), base.final()] as Bytes[];
    if (isEncrypting && tagLength > 0) outputs[outputs.length] = base.getAuthTag() as Bytes;
    return joined(outputs);
  }

  const AESCipherJob = jobs.prepare((args: readonly unknown[]) => {
    const {
      0: mode,
      1: key,
      2: input,
      3: variant,
      4: iv,
      5: length,
      6: aad,
    } = args as readonly [number, unknown, View, number, View | undefined, number | undefined, View | undefined];
    const { family, algorithm } = aesOf(numbers, variant);
    const isEncrypting = mode === numbers.kWebCryptoCipherEncrypt;
    const bytes = copied(input);
    const cipher: WholeCipher = {
      algorithm,
      key: secretBytes(key),
      iv: family === 'KW' ? wrapIv() : iv && copied(iv),
      isEncrypting,
      tagLength: family === 'GCM' || family === 'OCB' ? length : undefined,
      aad: aad && copied(aad),
    };
    if (family !== 'CTR' || cipher.iv === undefined) return wholeWork(cipher, bytes);
    return counterWork(cipher, cipher.iv, length ?? 128, bytes);
  });

  /** The counter is the last `bits` of the block and starts over by itself, where OpenSSL's would go on into the rest. */
  function counterWork(cipher: WholeCipher, iv: Bytes, bits: number, bytes: Bytes): Work {
    const blocks = BigInt(MathCeil(TypedArrayPrototypeGetByteLength(bytes) / blockBytes));
    const period = 1n << BigInt(bits);
    if (blocks > period) throw new Error('the counter would repeat');
    const { before, start } = startOver(iv, bits);
    if (blocks <= before) return wholeWork(cipher, bytes);
    const boundary = Number(before) * blockBytes;
    return jobs.local(() => {
      const first = inParts(cipher, TypedArrayPrototypeSubarray(bytes, 0, boundary));
      const second = inParts({ ...cipher, iv: start }, TypedArrayPrototypeSubarray(bytes, boundary));
      return TypedArrayPrototypeGetBuffer(joined([first, second]));
    });
  }

  const ChaCha20Poly1305CipherJob = jobs.prepare((args: readonly unknown[]) => {
    const {
      0: mode,
      1: key,
      2: input,
      3: iv,
      4: aad,
    } = args as readonly [number, unknown, View, View, View | undefined];
    const isEncrypting = mode === numbers.kWebCryptoCipherEncrypt;
    const cipher = { algorithm: 'chacha20-poly1305', key: secretBytes(key), iv: copied(iv), isEncrypting } as const;
    return wholeWork({ ...cipher, tagLength: 16, aad: aad && copied(aad) }, copied(input));
  });

  return {
    CipherBase,
    getCipherInfo,
    publicEncrypt: rsaFunction('publicEncrypt'),
    publicDecrypt: rsaFunction('publicDecrypt'),
    privateEncrypt: rsaFunction('privateEncrypt'),
    privateDecrypt: rsaFunction('privateDecrypt'),
    RSACipherJob,
    AESCipherJob,
    ChaCha20Poly1305CipherJob,
  };
}

function describe(
  message: Message,
  { algorithm, key, iv, isEncrypting }: Pick<WholeCipher, 'algorithm' | 'key' | 'iv' | 'isEncrypting'>,
): Message {
  message.set('kind', 'cipher').set('algorithm', algorithm).set('isEncrypting', isEncrypting);
  return message.bytes('key', key).bytes('iv', iv);
}

function copied(view: View): Bytes {
  return TypedArrayPrototypeSlice(bytesOf(view));
}

function joined(pieces: readonly Bytes[]): Bytes {
  let length = 0;
  for (let at = 0; at < pieces.length; at++) length += pieces[at]?.byteLength ?? 0;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at];
    if (piece === undefined) continue;
    TypedArrayPrototypeSet(whole, piece, offset);
    offset += TypedArrayPrototypeGetByteLength(piece);
  }
  return whole;
}

const families = ['CTR', 'CBC', 'GCM', 'KW', 'OCB'] as const;
const keyBits = [128, 192, 256] as const;

interface Aes {
  readonly family: (typeof families)[number];
  readonly algorithm: string;
}

function aesOf(numbers: Readonly<Record<string, number>>, variant: number): Aes {
  for (let at = 0; at < families.length; at++) {
    const family = families[at] ?? 'CBC';
    for (let index = 0; index < keyBits.length; index++) {
      const bits = keyBits[index] ?? 128;
      if (numbers[`kKeyVariantAES_${family}_${bits}`] !== variant) continue;
      const mode = { CTR: 'ctr', CBC: 'cbc', GCM: 'gcm', OCB: 'ocb', KW: '' }[family];
      return { family, algorithm: family === 'KW' ? `id-aes${bits}-wrap` : `aes-${bits}-${mode}` };
    }
  }
  throw new Error('no such kind of AES');
}

/** The initial value of RFC 3394. */
function wrapIv(): Bytes {
  const iv = new Uint8Array(8);
  for (let at = 0; at < 8; at++) iv[at] = 0xa6;
  return iv;
}

/** How many blocks come before the counter starts over, and the block that it starts over with. */
function startOver(iv: Bytes, bits: number): { before: bigint; start: Bytes } {
  const start = TypedArrayPrototypeSlice(iv);
  let counter = 0n;
  for (let at = 0; at < blockBytes; at++) {
    const bitsBelow = 8 * (blockBytes - 1 - at);
    const inCounter = MathMin(8, bits - bitsBelow);
    if (inCounter <= 0) continue;
    const mask = (1 << inCounter) - 1;
    counter = (counter << 8n) | BigInt((start[at] ?? 0) & mask);
    start[at] = (start[at] ?? 0) & ~mask;
  }
  return { before: (1n << BigInt(bits)) - counter, start };
}
