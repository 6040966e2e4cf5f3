/**
 * The functions of `internalBinding('string_decoder')`: text from chunks of bytes that may end inside a character.
 */
import {
  type Bytes,
  bytesOf,
  decodeAscii,
  decodeBase64,
  decodeHex,
  decodeLatin1,
  decodeUtf8,
  decodeUtf16,
} from './encodings.ts';

const {
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

export interface StringDecoderData {
  readonly encodings: readonly string[];
  readonly kEncodingField: number;
  readonly kBufferedBytes: number;
  readonly kMissingBytes: number;
}

/** Keeps the bytes of a character that is not complete yet in the decoder's state, where Node's library looks for them. */
export function createStringDecoder(data: StringDecoderData): Record<'decode' | 'flush', AnyFunction> {
  const { encodings, kEncodingField, kBufferedBytes, kMissingBytes } = data;
  return {
    decode(state: Bytes, input: ArrayBuffer | ArrayBufferView) {
      const encoding = encodings[state[kEncodingField] ?? 0];
      const chunk = bytesOf(input);
      const chunkLength = TypedArrayPrototypeGetLength(chunk);
      const held = state[kBufferedBytes] ?? 0;
      const bytes = held === 0 ? chunk : new Uint8Array(held + chunkLength);
      if (held > 0) {
        TypedArrayPrototypeSet(bytes, TypedArrayPrototypeSubarray(state, 0, held), 0);
        TypedArrayPrototypeSet(bytes, chunk, held);
      }
      const length = held + chunkLength;
      const { kept, missing } = incompleteTail(bytes, length, encoding);
      TypedArrayPrototypeSet(state, TypedArrayPrototypeSubarray(bytes, length - kept, length), 0);
      state[kBufferedBytes] = kept;
      state[kMissingBytes] = missing;
      return decodeBytes(bytes, length - kept, encoding);
    },
    flush(state: Bytes) {
      const encoding = encodings[state[kEncodingField] ?? 0];
      const held = state[kBufferedBytes] ?? 0;
      state[kBufferedBytes] = 0;
      state[kMissingBytes] = 0;
      const bytes = TypedArrayPrototypeSlice(state, 0, held);
      return decodeBytes(bytes, encoding === 'utf16le' ? held - (held % 2) : held, encoding);
    },
  };
}

function decodeBytes(bytes: Bytes, end: number, encoding: string | undefined): string {
  switch (encoding) {
    case 'utf16le':
      return decodeUtf16(bytes, 0, end);
    case 'base64':
    case 'base64url':
      return decodeBase64(TypedArrayPrototypeSubarray(bytes, 0, end), encoding);
    case 'hex':
      return decodeHex(TypedArrayPrototypeSubarray(bytes, 0, end));
    case 'ascii':
      return decodeAscii(bytes, 0, end);
    case 'latin1':
    case 'binary':
      return decodeLatin1(bytes, 0, end);
    default:
      return decodeUtf8(bytes, 0, end);
  }
}

const complete = { kept: 0, missing: 0 };

function incompleteTail(bytes: Bytes, length: number, encoding: string | undefined): { kept: number; missing: number } {
  switch (encoding) {
    case 'utf8':
      return incompleteUtf8(bytes, length);
    case 'utf16le': {
      const odd = length % 2;
      const high = bytes[length - 1 - odd] ?? 0;
      const endsInHighSurrogate = length >= 2 && (high & 0xfc) === 0xd8;
      if (endsInHighSurrogate) return { kept: 2 + odd, missing: 2 - odd };
      return odd === 1 ? { kept: 1, missing: 1 } : complete;
    }
    case 'base64':
    case 'base64url': {
      const kept = length % 3;
      return { kept, missing: kept === 0 ? 0 : 3 - kept };
    }
    default:
      return complete;
  }
}

function incompleteUtf8(bytes: Bytes, length: number): { kept: number; missing: number } {
  for (let kept = 1; kept <= 3 && kept <= length; kept++) {
    const byte = bytes[length - kept] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed =
      byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 && byte <= 0xef ? 3 : byte >= 0xc2 && byte <= 0xdf ? 2 : 1;
    if (needed <= kept) return complete;
    // More than one replacement character: the beginning is malformed already and will not become one character.
    return decodeUtf8(bytes, length - kept, length).length === 1 ? { kept, missing: needed - kept } : complete;
  }
  return complete;
}
