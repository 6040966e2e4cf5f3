/** `KeyObjectHandle`: one key, as Node's library holds it. */
import { cryptoOperations } from '../../../../src/bridge/crypto.ts';
import type { CryptoParts } from '../crypto.ts';
import { type Bytes, bytesOf } from '../encodings.ts';
import { encodingName } from './encoding-name.ts';
import { areEqual } from './equality.ts';
import { type AsymmetricMaterial, addKey, type KeyMaterial, nextKeyId } from './key-material.ts';
import { addSource, type KeySource, sourceOf } from './key-source.ts';
import { type Answer, Message, type View } from './message.ts';
import { bytesOfText } from './text.ts';

const {
  Error,
  NumberParseInt,
  ObjectKeys,
  StringPrototypeSlice,
  TypeError,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeSlice,
  Uint8Array,
  Uint8ArrayPrototypeToBase64,
} = primordials;

export function createKeyHandleClass(parts: CryptoParts): {
  readonly KeyObjectHandle: object;
  readonly make: (material: KeyMaterial) => object;
  readonly materialOf: (value: unknown) => KeyMaterial | undefined;
  readonly imported: (type: 'public' | 'private', source: KeySource) => AsymmetricMaterial;
} {
  const { service, data, errors, toBuffer } = parts;
  const { numbers } = data;

  let make: (material: KeyMaterial) => object;
  let materialOf: (value: unknown) => KeyMaterial | undefined;

  class KeyObjectHandle {
    #material: KeyMaterial | undefined;

    static {
      make = (material) => {
        const handle = new KeyObjectHandle();
        handle.#material = material;
        return handle;
      };
      materialOf = (value) =>
        typeof value === 'object' && value !== null && #material in value ? value.#material : undefined;
    }

    #known(): KeyMaterial {
      if (this.#material === undefined) throw new Error('this key handle has no key');
      return this.#material;
    }

    init(
      type: number,
      input: unknown,
      format?: number | null,
      encoding?: number | string | null,
      passphrase?: View | null,
      namedCurve?: string | null,
    ): unknown {
      if (type === numbers.kKeyTypeSecret) {
        const bytes = format === numbers.kKeyFormatJWK ? secretOfJwk(input) : bytesOf(input as View);
        this.#material = { type: 'secret', bytes: TypedArrayPrototypeSlice(bytes) };
        return undefined;
      }
      const kind = type === numbers.kKeyTypePublic ? 'public' : 'private';
      const source = sourceOf(parts, input, format, encoding, passphrase, namedCurve);
      this.#material = imported(kind, source);
      return undefined;
    }

    #asymmetric(): AsymmetricMaterial {
      const material = this.#known();
      if (material.type === 'secret') throw new TypeError('a secret key is no asymmetric one');
      return material;
    }

    getKeyType(): number {
      const { type } = this.#known();
      const { kKeyTypeSecret = 0, kKeyTypePublic = 1, kKeyTypePrivate = 2 } = numbers;
      return type === 'secret' ? kKeyTypeSecret : type === 'public' ? kKeyTypePublic : kKeyTypePrivate;
    }

    getSymmetricKeySize(): number {
      const material = this.#known();
      return material.type === 'secret' ? TypedArrayPrototypeGetByteLength(material.bytes) : 0;
    }

    getAsymmetricKeyType(): string {
      return this.#asymmetric().asymmetricKeyType;
    }

    checkEcKeyData(): boolean {
      return this.#ask(cryptoOperations.keyCheck).head.isValid === true;
    }

    export(format?: number, encoding?: number, cipher?: string, passphrase?: View): unknown {
      const material = this.#known();
      if (material.type === 'secret') return toBuffer(TypedArrayPrototypeSlice(material.bytes));
      const answer = this.#export(
        format === numbers.kKeyFormatPEM ? 'pem' : format === numbers.kKeyFormatJWK ? 'jwk' : 'der',
        (message) =>
          message
            .set('encoding', encodingName(numbers, encoding))
            .set('cipher', cipher ?? undefined)
            .bytes('passphrase', passphrase ?? undefined),
      );
      if (format === numbers.kKeyFormatJWK) return answer.head.jwk;
      return format === numbers.kKeyFormatPEM ? answer.text('text') : toBuffer(answer.bytes());
    }

    exportJwk(target: Record<string, unknown>, _handleRsaPss: boolean): object {
      const material = this.#known();
      if (material.type === 'secret') {
        target.kty = 'oct';
        target.k = Uint8ArrayPrototypeToBase64(material.bytes, urlAlphabet);
        return target;
      }
      const jwk = this.#export('jwk', (message) => message).head.jwk as Record<string, unknown>;
      const names = ObjectKeys(jwk);
      for (let at = 0; at < names.length; at++) target[names[at] ?? ''] = jwk[names[at] ?? ''];
      return target;
    }

    rawPublicKey(): unknown {
      return toBuffer(this.#raw('raw-public'));
    }

    rawPrivateKey(): unknown {
      return toBuffer(this.#raw('raw-private'));
    }

    rawSeed(): unknown {
      return toBuffer(this.#raw('raw-seed'));
    }

    exportECPublicRaw(form: number): unknown {
      const isCompressed = form === compressedPoint;
      return toBuffer(
        this.#export('raw-public', (message) =>
          message.set('encoding', isCompressed ? 'compressed' : 'uncompressed'),
        ).bytes(),
      );
    }

    exportECPrivateRaw(): unknown {
      return toBuffer(this.#raw('raw-private'));
    }

    #raw(format: 'raw-public' | 'raw-private' | 'raw-seed'): Bytes {
      return this.#export(format, (message) => message).bytes();
    }

    keyDetail(target: Record<string, unknown>): object {
      const { details } = this.#asymmetric();
      const names = ObjectKeys(details);
      for (let at = 0; at < names.length; at++) {
        const name = names[at] ?? '';
        const value = details[name];
        target[name] = name === 'publicExponent' && typeof value === 'string' ? bigEndian(value) : value;
      }
      return target;
    }

    equals(other: KeyObjectHandle): boolean {
      const mine = this.#known();
      const theirs = other.#known();
      if (mine.type === 'secret') return theirs.type === 'secret' && areEqual(mine.bytes, theirs.bytes);
      return theirs.type === mine.type && areEqual(mine.der, theirs.der);
    }

    #export(format: string, more: (message: Message) => Message): Answer {
      return this.#ask(cryptoOperations.keyExport, (message) => more(message.set('format', format)));
    }

    #ask(operation: number, more: (message: Message) => Message = (message) => message): Answer {
      const material = this.#asymmetric();
      return service.ask(operation, (keys) => {
        const message = new Message();
        addKey(message, 'key', material, keys);
        return more(message);
      });
    }
  }

  function secretOfJwk(jwk: unknown): Bytes {
    const { k } = jwk as { readonly k?: unknown };
    if (typeof k === 'string') return bytesOfText(k, 'base64url');
    throw errors.coded(new TypeError('Invalid JWK secret key format'), 'ERR_CRYPTO_INVALID_JWK');
  }

  function imported(type: 'public' | 'private', source: KeySource): AsymmetricMaterial {
    const id = nextKeyId();
    const answer = service.ask(cryptoOperations.keyImport, (keys) => {
      const message = new Message().set('id', id).set('type', type);
      addSource(message, 'key', source, keys);
      return message;
    });
    return {
      type,
      id,
      der: answer.bytes(),
      asymmetricKeyType: answer.text('asymmetricKeyType'),
      details: answer.head.details as Record<string, unknown>,
    };
  }

  return { KeyObjectHandle, make, materialOf, imported };
}

/** POINT_CONVERSION_COMPRESSED. */
const compressedPoint = 2;

const urlAlphabet = Object.assign(Object.create(null), { alphabet: 'base64url', omitPadding: true }) as {
  alphabet: 'base64url';
  omitPadding: true;
};

/** As Node's native code gives a big integer: without zeros in front. */
function bigEndian(hex: string): ArrayBuffer {
  const digits = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < digits.length; at += 2) {
    bytes[at / 2] = NumberParseInt(StringPrototypeSlice(digits, at, at + 2), 16);
  }
  return TypedArrayPrototypeGetBuffer(bytes);
}
