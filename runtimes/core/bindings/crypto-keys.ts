/** Keys as Node's library sees them: handles, and the native classes under `KeyObject` and `CryptoKey`. */

import { createKeyHandleClass } from './crypto/key-handle.ts';
import { type AsymmetricMaterial, type KeyMaterial, nextKeyId } from './crypto/key-material.ts';
import { addSource, sourceOf } from './crypto/key-source.ts';
import type { Answer } from './crypto/message.ts';
import type { CryptoParts, KeyTools } from './crypto.ts';

const { Error, ReflectConstruct } = primordials;

export interface KeysBinding {
  readonly members: Record<string, unknown>;
  readonly tools: KeyTools;
}

type CryptoKeySlots = [
  type: number,
  extractable: boolean,
  algorithm: object,
  usagesMask: number,
  handle: object,
  secondaryHandle: object | undefined,
  seedData: Uint8Array | undefined,
];

interface Handle {
  getKeyType(): number;
}

export function createKeysBinding(parts: CryptoParts): KeysBinding {
  const { KeyObjectHandle, make, materialOf, imported } = createKeyHandleClass(parts);
  let keyObjectSlots: (key: object) => [number, object];
  let isKeyObject: (value: unknown) => boolean;
  let cryptoKeySlots: (key: object) => CryptoKeySlots;
  let isCryptoKey: (value: unknown) => boolean;
  let CryptoKey: AnyFunction | undefined;

  class NativeKeyObject {
    readonly #handle: Handle;

    constructor(handle: Handle) {
      this.#handle = handle;
    }

    static {
      isKeyObject = (value) => typeof value === 'object' && value !== null && #handle in value;
      keyObjectSlots = (key) => {
        if (!(#handle in key)) throw invalidThis('KeyObject');
        return [key.#handle.getKeyType(), key.#handle];
      };
    }
  }

  class NativeCryptoKey {
    readonly #slots: CryptoKeySlots;

    constructor(
      handle: Handle,
      algorithm: object,
      usagesMask: number,
      extractable: boolean,
      secondaryHandle: object | undefined,
      seedData: Uint8Array | undefined,
    ) {
      this.#slots = [handle.getKeyType(), extractable, algorithm, usagesMask, handle, secondaryHandle, seedData];
    }

    static {
      isCryptoKey = (value) => typeof value === 'object' && value !== null && #slots in value;
      cryptoKeySlots = (key) => {
        if (!(#slots in key)) throw invalidThis('CryptoKey');
        const own = key.#slots;
        return [own[0], own[1], own[2], own[3], own[4], own[5], own[6]];
      };
    }
  }

  const invalidThis = (type: string): Error =>
    parts.errors.coded(new primordials.TypeError(`Value of "this" must be of type ${type}`), 'ERR_INVALID_THIS');

  const members = {
    KeyObjectHandle,
    createNativeKeyObjectClass: (create: (base: object) => object) => create(NativeKeyObject),
    getKeyObjectSlots: (key: object) => keyObjectSlots(key),
    isKeyObject: (value: unknown) => isKeyObject(value),
    createCryptoKeyClass(create: (base: object) => readonly [object, AnyFunction]) {
      const classes = create(NativeCryptoKey);
      CryptoKey = classes[1];
      return classes;
    },
    getCryptoKeySlots: (key: object) => cryptoKeySlots(key),
    isCryptoKey: (value: unknown) => isCryptoKey(value),
  };

  const tools: KeyTools = {
    materialOf,
    handleOf: make,
    sourceOf: (input, format, encoding, passphrase, namedCurve) =>
      sourceOf(parts, input, format, encoding, passphrase, namedCurve),
    prepared: (type, source) => (source.type === 'raw' ? imported(type, source) : source),
    addSource,
    publicKeyHandle: (der, asymmetricKeyType, details) =>
      make({ type: 'public', id: nextKeyId(), der, asymmetricKeyType, details }),
    pairOf: (answer) => ({
      publicKey: generated('public', answer, 0, 'publicDetails'),
      privateKey: generated('private', answer, 1, 'privateDetails'),
    }),
    cryptoKey(material: KeyMaterial, algorithm, usagesMask, extractable) {
      if (CryptoKey === undefined) throw new Error('there is no class for keys of Web Crypto yet');
      return ReflectConstruct(CryptoKey, [make(material), algorithm, usagesMask, extractable]);
    },
  };
  return { members, tools };
}

function generated(type: 'public' | 'private', answer: Answer, part: number, details: string): AsymmetricMaterial {
  return {
    type,
    id: nextKeyId(),
    der: answer.bytes(part),
    asymmetricKeyType: answer.text('asymmetricKeyType'),
    details: answer.head[details] as Record<string, unknown>,
  };
}
