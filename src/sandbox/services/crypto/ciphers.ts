/** Symmetric ciphers, and RSA as a cipher. */
import * as crypto from 'node:crypto';
import type { Input } from './input.ts';
import { optional } from './keys.ts';
import { forgetErrors } from './openssl-errors.ts';
import type { CryptoOperation, CryptoState, Output } from './operation.ts';
import type { CryptoStream } from './streams.ts';

type AnyCipher = crypto.Cipheriv | crypto.Decipheriv;

export function openCipher(input: Input): CryptoStream {
  const isEncrypting = input.flag('isEncrypting');
  const cipher = createCipher(input, isEncrypting);
  return {
    update: (bytes) => cipher.update(bytes),
    set: (more) => configure(cipher, more),
    finish(): Output {
      const last = cipher.final();
      return { parts: [last, ...tagOf(cipher)] };
    },
  };
}

function createCipher(input: Input, isEncrypting: boolean): AnyCipher {
  const options = {
    ...optional('authTagLength', input.optionalWhole('authTagLength')),
    ...optional('ctsMode', input.optionalText('ctsMode')),
    ...optional('xtsStandard', input.optionalText('xtsStandard')),
  };
  const create = (isEncrypting ? crypto.createCipheriv : crypto.createDecipheriv) as unknown as CreateCipher;
  return create(input.text('algorithm'), input.bytes('key'), input.optionalBytes('iv') ?? null, options);
}

/** Declared once for each kind of cipher, by its name. */
type CreateCipher = (algorithm: string, key: Uint8Array, iv: Uint8Array | null, options: object) => AnyCipher;

/** Only when it was encrypted with authentication. */
function tagOf(cipher: AnyCipher): Buffer[] {
  if (!(cipher instanceof crypto.Cipheriv)) return [];
  try {
    return [(cipher as crypto.CipherGCM).getAuthTag()];
  } catch {
    // The cipher has none.
    return [];
  }
}

function configure(cipher: AnyCipher, input: Input): Output {
  if (input.has('autoPadding')) cipher.setAutoPadding(input.flag('autoPadding'));
  const aad = input.optionalBytes('aad');
  const plaintextLength = input.optionalWhole('plaintextLength');
  if (aad !== undefined) {
    const options = plaintextLength === undefined ? {} : { plaintextLength };
    (cipher as crypto.CipherCCM).setAAD(aad, options as { plaintextLength: number });
  }
  const tag = input.optionalBytes('authTag');
  if (tag !== undefined) (cipher as crypto.DecipherGCM).setAuthTag(tag);
  return {};
}

/** Long inputs leave the thread to others in between. */
const atOnceBytesMax = 1024 * 1024;

/** A whole message of Web Crypto: a tag is its last bytes. */
export const cipher: CryptoOperation = {
  now(input) {
    const { transform, end } = wholeCipher(input);
    return end([...pieces(input)].map(transform));
  },
  async later(input) {
    const { transform, end } = wholeCipher(input);
    const done: Buffer[] = [];
    for (const piece of pieces(input)) {
      if (done.length > 0) await new Promise((resolve) => setImmediate(resolve));
      done.push(transform(piece));
    }
    return end(done);
  },
};

function* pieces(input: Input): Generator<Uint8Array> {
  const data = input.bytes('data');
  const end = data.byteLength - (input.flag('isEncrypting') ? 0 : (input.optionalWhole('authTagLength') ?? 0));
  // One at least, also of nothing: some ciphers answer it.
  for (let at = 0; at === 0 || at < end; at += atOnceBytesMax)
    yield data.subarray(at, Math.min(at + atOnceBytesMax, end));
}

function wholeCipher(input: Input): {
  transform: (piece: Uint8Array) => Buffer;
  end: (done: readonly Buffer[]) => Output;
} {
  const isEncrypting = input.flag('isEncrypting');
  const created = createCipher(input, isEncrypting);
  const tagLength = input.optionalWhole('authTagLength') ?? 0;
  const aad = input.optionalBytes('aad');
  const data = input.bytes('data');
  if (aad !== undefined) (created as crypto.CipherGCM).setAAD(aad);
  if (!isEncrypting && tagLength > 0) {
    (created as crypto.DecipherGCM).setAuthTag(data.subarray(Math.max(0, data.byteLength - tagLength)));
  }
  return {
    transform: (piece) => created.update(piece),
    end: (done) => ({
      parts: [Buffer.concat([...done, created.final(), ...(tagLength > 0 ? tagOf(created) : [])])],
    }),
  };
}

export const cipherInfo: CryptoOperation = {
  now(input) {
    const name = input.optionalText('algorithm') ?? input.whole('nid');
    const info = crypto.getCipherInfo(name, {
      ...optional('keyLength', input.optionalWhole('keyLength')),
      ...optional('ivLength', input.optionalWhole('ivLength')),
    });
    if (info === undefined) forgetErrors();
    return { head: info === undefined ? {} : { info } };
  },
};

const ways = ['publicEncrypt', 'publicDecrypt', 'privateEncrypt', 'privateDecrypt'] as const;

/** With options that are newer than the type declarations. */
const rsaFunctions = {
  publicEncrypt: crypto.publicEncrypt,
  publicDecrypt: crypto.publicDecrypt,
  privateEncrypt: crypto.privateEncrypt,
  privateDecrypt: crypto.privateDecrypt,
} as unknown as Readonly<Record<(typeof ways)[number], (options: object, data: Uint8Array) => Buffer>>;

/** With a public key in its place OpenSSL fails in its own words, for which it must get to see it. */
function privateKey(source: Input, keys: CryptoState['keys']): crypto.KeyObject | Buffer {
  try {
    return keys.private(source);
  } catch (error) {
    if (source.optionalText('format') !== 'pem' || keys.public(source).type !== 'public') throw error;
    return Buffer.from(source.bytes('data'));
  }
}

export const rsa: CryptoOperation = {
  now(input, { keys }) {
    const way = input.choice('way', ways);
    const source = input.inner('key');
    const key = way.startsWith('private') ? privateKey(source, keys) : keys.public(source);
    const label = input.optionalBytes('oaepLabel');
    const options = {
      key,
      ...optional('padding', input.optionalWhole('padding')),
      ...optional('oaepHash', input.optionalText('oaepHash')),
      ...optional('mgf1Hash', input.optionalText('mgf1Hash')),
      ...optional('oaepLabel', label && Buffer.from(label)),
    };
    return { parts: [rsaFunctions[way](options, input.bytes('data'))] };
  },
};
