/** `Hash`, `Hmac` and the jobs that digest: in the guest while the input is small, by the service otherwise. */
import { cryptoOperations } from '../../../src/bridge/crypto.ts';
import { type KnownDigest, KnownDigests } from './crypto/digest-names.ts';
import { areEqual } from './crypto/equality.ts';
import { Feed } from './crypto/feed.ts';
import { guestHmac } from './crypto/hmac.ts';
import type { Work } from './crypto/jobs.ts';
import { Message, type View } from './crypto/message.ts';
import { bytesOfText, textOfBytes } from './crypto/text.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const {
  ArrayPrototypeIncludes,
  Error,
  MathCeil,
  StringPrototypeToLowerCase,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSlice,
} = primordials;

/** Up to here one call carries the whole input: some milliseconds of the main thread. */
const oneCallBytesMax = 4 * 1024 * 1024;

export function createHashBinding(parts: CryptoParts): Record<string, unknown> {
  const { core, service, data, jobs, toBuffer, encodeUtf8 } = parts;
  const digests = new KnownDigests(core, data);

  class Hash {
    readonly #algorithm: string;
    readonly #outputLength: number | undefined;
    readonly #functionName: View | undefined;
    readonly #customization: View | undefined;
    readonly #known: KnownDigest | undefined;
    readonly #feed: Feed;
    #result: Bytes | undefined;

    constructor(
      source: string | Hash,
      outputLength: number | undefined,
      _id: number,
      _cache: object,
      functionName?: View,
      customization?: View,
    ) {
      this.#outputLength = outputLength;
      const describe = (message: Message): Message =>
        message
          .set('kind', 'hash')
          .set('algorithm', this.#algorithm)
          .set('outputLength', outputLength)
          .bytes('functionName', this.#functionName)
          .bytes('customization', this.#customization);
      if (source instanceof Hash) {
        this.#algorithm = source.#algorithm;
        this.#functionName = source.#functionName;
        this.#customization = source.#customization;
      } else {
        this.#algorithm = source;
        this.#functionName = functionName && TypedArrayPrototypeSlice(bytesOf(functionName));
        this.#customization = customization && TypedArrayPrototypeSlice(bytesOf(customization));
      }
      this.#known = usable(this.#algorithm, outputLength, this.#functionName ?? this.#customization);
      // What the guest does not know is wrong now or never.
      if (this.#known === undefined) {
        service.ask(cryptoOperations.streamWhole, () => describe(new Message()).bytes('data', noBytes));
      }
      this.#feed = source instanceof Hash ? source.#feed.copy(describe) : new Feed(service, describe);
    }

    update(piece: string | View, encoding?: string): boolean {
      feed(this.#feed, piece, encoding);
      return true;
    }

    digest(encoding?: string): unknown {
      this.#result ??= this.#finish();
      return textOfBytes(this.#result, encoding) ?? toBuffer(TypedArrayPrototypeSlice(this.#result));
    }

    #finish(): Bytes {
      const whole = this.#feed.whole();
      if (
        this.#known !== undefined &&
        whole !== undefined &&
        TypedArrayPrototypeGetLength(whole) <= this.#known.guestBytesMax
      ) {
        return computed(this.#known, whole, this.#outputLength);
      }
      return this.#feed.finish().bytes();
    }
  }

  class Hmac {
    #algorithm = '';
    #key: Bytes = noBytes;
    #known: KnownDigest | undefined;
    #feed: Feed | undefined;

    init(algorithm: string, key: unknown): void {
      this.#algorithm = algorithm;
      this.#key = parts.secretBytes(key);
      this.#known = usableForHmac(algorithm);
      const describe = (message: Message): Message =>
        message.set('kind', 'hmac').set('algorithm', this.#algorithm).bytes('key', this.#key);
      if (this.#known === undefined) {
        service.ask(cryptoOperations.streamWhole, () => describe(new Message()).bytes('data', noBytes));
      }
      this.#feed = new Feed(service, describe);
    }

    update(piece: string | View, encoding?: string): boolean {
      if (this.#feed !== undefined) feed(this.#feed, piece, encoding);
      return true;
    }

    digest(encoding?: string): unknown {
      const result = this.#finish();
      return textOfBytes(result, encoding) ?? toBuffer(result);
    }

    #finish(): Bytes {
      const whole = this.#feed?.whole();
      if (
        this.#known !== undefined &&
        whole !== undefined &&
        TypedArrayPrototypeGetLength(whole) <= this.#known.guestBytesMax
      ) {
        return guestHmac(this.#known.compute, this.#key, whole);
      }
      return this.#feed?.finish().bytes() ?? noBytes;
    }
  }

  function usable(name: string, outputLength: number | undefined, parameter: unknown): KnownDigest | undefined {
    if (parameter !== undefined) return undefined;
    const digest = digests.find(name);
    if (digest === undefined || outputLength === undefined || digest.isExtendable) return digest;
    return outputLength === digest.byteCount ? digest : undefined;
  }

  function usableForHmac(name: string): KnownDigest | undefined {
    if (ArrayPrototypeIncludes(data.withoutHmac, StringPrototypeToLowerCase(name))) return undefined;
    const digest = digests.find(name);
    return digest?.isExtendable === true ? undefined : digest;
  }

  /** A whole digest, of bytes that nobody changes before it is done. */
  function digestWork(algorithm: string, bytes: Bytes, outputLength: number | undefined): Work {
    const known = usable(algorithm, outputLength, undefined);
    if (known !== undefined && TypedArrayPrototypeGetLength(bytes) <= known.guestBytesMax) {
      return jobs.local(() => TypedArrayPrototypeGetBuffer(computed(known, bytes, outputLength)));
    }
    return jobs.remote(
      cryptoOperations.streamWhole,
      () => hashMessage(algorithm, outputLength).bytes('data', bytes),
      (answer) => TypedArrayPrototypeGetBuffer(answer.bytes()),
    );
  }

  function oneShotDigest(
    algorithm: string,
    _id: number,
    _cache: object,
    input: string | View,
    encoding: string,
    _encodingNumber: unknown,
    outputLength: number | undefined,
    functionName?: View,
    customization?: View,
  ): unknown {
    const bytes = typeof input === 'string' ? encodeUtf8(input) : bytesOf(input);
    const known = usable(algorithm, outputLength, functionName ?? customization);
    let result: Bytes;
    if (known !== undefined && TypedArrayPrototypeGetLength(bytes) <= known.guestBytesMax) {
      result = computed(known, bytes, outputLength);
    } else {
      assertDigest(algorithm, (functionName ?? customization) ? undefined : outputLength);
      const describe = (message: Message): Message =>
        describeHash(message, algorithm, outputLength)
          .bytes('functionName', functionName)
          .bytes('customization', customization);
      if (TypedArrayPrototypeGetLength(bytes) <= oneCallBytesMax) {
        const message = describe(new Message()).bytes('data', bytes);
        result = service.ask(cryptoOperations.streamWhole, () => message).bytes();
      } else {
        const pieces = new Feed(service, describe);
        pieces.update(bytes, 'ours');
        result = pieces.finish().bytes();
      }
    }
    return textOfBytes(result, encoding) ?? toBuffer(result);
  }

  /** Here Node names the digest that does not exist, or that gives another number of bytes. */
  function assertDigest(algorithm: string, outputLength: number | undefined): void {
    try {
      service.ask(cryptoOperations.digestInfo, () => new Message().set('algorithm', algorithm));
    } catch {
      // Whatever the reason why no digest could be made.
      throw new Error(`Digest method ${algorithm} is not supported`);
    }
    if (outputLength === undefined) return;
    try {
      service.ask(cryptoOperations.streamWhole, () => hashMessage(algorithm, outputLength).bytes('data', noBytes));
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH') throw error;
      throw new Error(`Output length ${outputLength} is invalid for ${algorithm}, which does not support XOF`);
    }
  }

  const HashJob = jobs.prepare((args: readonly unknown[]) => {
    const { 0: algorithm, 1: input, 2: outputBits } = args as readonly [string, View, number | undefined];
    const bytes = TypedArrayPrototypeSlice(bytesOf(input));
    return digestWork(algorithm, bytes, outputBits === undefined ? undefined : MathCeil(outputBits / 8));
  });

  const HmacJob = jobs.prepare((args: readonly unknown[]) => {
    const {
      0: mode,
      1: algorithm,
      2: key,
      3: input,
      4: signature,
    } = args as readonly [number, string, unknown, View, View | undefined];
    const keyBytes = parts.secretBytes(key);
    const bytes = TypedArrayPrototypeSlice(bytesOf(input));
    const expected = signature && TypedArrayPrototypeSlice(bytesOf(signature));
    const convert = (result: Bytes): unknown =>
      mode === data.numbers.kSignJobModeVerify
        ? expected !== undefined && areEqual(result, expected)
        : TypedArrayPrototypeGetBuffer(result);
    const known = usableForHmac(algorithm);
    if (known !== undefined && TypedArrayPrototypeGetLength(bytes) <= known.guestBytesMax) {
      return jobs.local(() => convert(guestHmac(known.compute, keyBytes, bytes)));
    }
    return jobs.remote(
      cryptoOperations.streamWhole,
      () => new Message().set('kind', 'hmac').set('algorithm', algorithm).bytes('key', keyBytes).bytes('data', bytes),
      (answer) => convert(answer.bytes()),
    );
  });

  function feed(target: Feed, piece: string | View, encoding: string | undefined): void {
    if (typeof piece === 'string') target.update(bytesOfText(piece, encoding, encodeUtf8), 'ours');
    else target.update(bytesOf(piece), 'users');
  }

  return { Hash, Hmac, oneShotDigest, HashJob, HmacJob };
}

const noBytes: Bytes = new primordials.Uint8Array(0);

function describeHash(message: Message, algorithm: string, outputLength: number | undefined): Message {
  return message.set('kind', 'hash').set('algorithm', algorithm).set('outputLength', outputLength);
}

function hashMessage(algorithm: string, outputLength: number | undefined): Message {
  return describeHash(new Message(), algorithm, outputLength);
}

function computed(known: KnownDigest, bytes: Bytes, outputLength: number | undefined): Bytes {
  if (!known.isExtendable || outputLength === undefined) return known.compute(bytes);
  return outputLength === 0 ? noBytes : known.compute(bytes, { dkLen: outputLength });
}
