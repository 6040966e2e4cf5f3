/** `Sign`, `Verify`, `Mac` and the job for whole messages. */
import { cryptoOperations } from '../../../src/bridge/crypto.ts';
import { Feed } from './crypto/feed.ts';
import { jobModes } from './crypto/jobs.ts';
import type { KeySource } from './crypto/key-source.ts';
import { Message, type View } from './crypto/message.ts';
import { bytesOfText, textOfBytes } from './crypto/text.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const { Error, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeSlice } = primordials;

type KeyArguments = readonly [
  input: unknown,
  format?: number | null,
  encoding?: number | string | null,
  passphrase?: View | null,
  namedCurve?: string | null,
];

export function createSignBinding(parts: CryptoParts): Record<string, unknown> {
  const { service, data, jobs, errors, keyTools, checkDigest, toBuffer, encodeUtf8 } = parts;
  const { numbers } = data;

  /** What both have in common. */
  class Signature {
    readonly #kind: 'sign' | 'verify';
    #feed: Feed | undefined;

    constructor(kind: 'sign' | 'verify') {
      this.#kind = kind;
    }

    init(algorithm: string): void {
      try {
        checkDigest(algorithm);
      } catch {
        // Here Node does not name it.
        throw errors.coded(new TypeError('Invalid digest'), 'ERR_CRYPTO_INVALID_DIGEST');
      }
      const kind = this.#kind;
      this.#feed = new Feed(service, (message) => message.set('kind', kind).set('algorithm', algorithm));
    }

    update(piece: string | View, encoding?: string): void {
      const feed = this.#begun();
      if (typeof piece === 'string') feed.update(bytesOfText(piece, encoding, encodeUtf8), 'ours');
      else feed.update(bytesOf(piece), 'users');
    }

    protected finish(
      source: KeySource,
      padding: number | undefined,
      saltLength: number | undefined,
      dsaEncoding: number | undefined,
      signature?: View,
    ) {
      const feed = this.#begun();
      const answer = feed.finish((message, keys) => {
        keyTools().addSource(message, 'key', source, keys);
        return withOptions(message, padding, saltLength, dsaEncoding).bytes('signature', signature);
      });
      this.#feed = undefined;
      return answer;
    }

    #begun(): Feed {
      if (this.#feed === undefined) throw errors.coded(new Error('Not initialised'), 'ERR_CRYPTO_INVALID_STATE');
      return this.#feed;
    }
  }

  class Sign extends Signature {
    constructor() {
      super('sign');
    }

    sign(...args: [...KeyArguments, number | undefined, number | undefined, number | undefined]): unknown {
      return toBuffer(this.finish(keySource(args as never), args[5], args[6], args[7]).bytes());
    }
  }

  class Verify extends Signature {
    constructor() {
      super('verify');
    }

    verify(...args: [...KeyArguments, View, number | undefined, number | undefined, number | undefined]): boolean {
      return this.finish(keySource(args as never), args[6], args[7], args[8], args[5]).head.isValid === true;
    }
  }

  function keySource(args: KeyArguments): KeySource {
    return keyTools().sourceOf(args[0], args[1], args[2], args[3], args[4]);
  }

  function withOptions(
    message: Message,
    padding: number | undefined,
    saltLength: number | undefined,
    dsaEncoding: number | undefined,
  ): Message {
    const encoding =
      dsaEncoding === undefined ? undefined : dsaEncoding === numbers.kSigEncP1363 ? 'ieee-p1363' : 'der';
    return message.set('padding', padding).set('saltLength', saltLength).set('dsaEncoding', encoding);
  }

  const SignJob = jobs.prepare((args: readonly unknown[], mode) => {
    const isVerifying = args[0] === numbers.kSignJobModeVerify;
    const {
      6: input,
      7: algorithm,
      8: saltLength,
      9: padding,
      10: dsaEncoding,
      11: context,
      12: signature,
    } = args as unknown as {
      6: View;
      7: string | null | undefined;
      8: number | undefined;
      9: number | undefined;
      10: number | undefined;
      11: View | undefined;
      12: View | undefined;
    };
    const given = keySource([args[1], args[2], args[3], args[4], args[5]] as never);
    // A callback is for what comes of the operation; what is wrong with a key is told before.
    const source = mode === jobModes.sync ? given : keyTools().prepared(isVerifying ? 'public' : 'private', given);
    if (algorithm !== undefined && algorithm !== null) checkDigest(algorithm);
    const copied = (view: View | undefined): Bytes | undefined => view && TypedArrayPrototypeSlice(bytesOf(view));
    const dataBytes = copied(input);
    const contextBytes = copied(context);
    const signatureBytes = copied(signature);
    return jobs.remote(
      isVerifying ? cryptoOperations.verify : cryptoOperations.sign,
      (keys) => {
        const message = withOptions(new Message(), padding, saltLength, dsaEncoding)
          .set('algorithm', algorithm ?? undefined)
          .bytes('data', dataBytes)
          .bytes('context', contextBytes)
          .bytes('signature', signatureBytes);
        keyTools().addSource(message, 'key', source, keys);
        return message;
      },
      (answer) => (isVerifying ? answer.head.isValid === true : TypedArrayPrototypeGetBuffer(answer.bytes())),
    );
  });

  class Mac {
    readonly #feed: Feed;

    constructor(
      algorithm: string,
      _id: number,
      _cache: object,
      key: unknown,
      digest?: string,
      cipher?: string,
      iv?: View,
      customization?: View,
      salt?: View,
      outputLength?: number,
    ) {
      const keyBytes = parts.secretBytes(key);
      this.#feed = new Feed(service, (message) =>
        message
          .set('kind', 'mac')
          .set('algorithm', algorithm)
          .set('digest', digest)
          .set('cipher', cipher)
          .set('outputLength', outputLength)
          .bytes('key', keyBytes)
          .bytes('iv', iv)
          .bytes('customization', customization)
          .bytes('salt', salt),
      );
      this.#feed.open();
    }

    update(piece: string | View, encoding?: string): boolean {
      if (typeof piece === 'string') this.#feed.update(bytesOfText(piece, encoding, encodeUtf8), 'ours');
      else this.#feed.update(bytesOf(piece), 'users');
      return true;
    }

    final(encoding?: string): unknown {
      const result = this.#feed.finish().bytes();
      return textOfBytes(result, encoding) ?? toBuffer(result);
    }
  }

  return { Sign, Verify, SignJob, Mac };
}
