/**
 * The functions of `internalBinding('string_decoder')`: text from chunks of bytes that may end inside a character.
 */
import type { CoreContext } from '../context.ts';
import { type Bytes, bytesOf, decodeAscii, decodeBase64, decodeHex, decodeUtf16 } from './encodings.ts';
import { createText, type Text } from './text.ts';

const {
  MathMin,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  TypedArrayPrototypeSubarray,
} = primordials;

export interface StringDecoderData {
  readonly encodings: readonly string[];
  readonly kEncodingField: number;
  readonly kBufferedBytes: number;
  readonly kMissingBytes: number;
}

/**
 * Keeps the bytes of a character that is not complete yet in the decoder's state, where Node's library looks for them. What
 * is cut where is Node's: malformed text decodes to the same characters in the same chunks.
 */
export function createStringDecoder(
  context: CoreContext,
  data: StringDecoderData,
): Record<'decode' | 'flush', AnyFunction> {
  const text = createText(context);
  const { encodings, kEncodingField, kBufferedBytes, kMissingBytes } = data;
  return {
    decode(state: Bytes, input: ArrayBuffer | ArrayBufferView) {
      const encoding = encodings[state[kEncodingField] ?? 0];
      const chunk = bytesOf(input);
      const length = TypedArrayPrototypeGetLength(chunk);
      let from = 0;
      let before = '';
      const missing = state[kMissingBytes] ?? 0;
      if (missing > 0) {
        const held = state[kBufferedBytes] ?? 0;
        const wanted = encoding === 'utf8' ? continuationBytes(chunk, length, missing) : missing;
        from = MathMin(wanted, length);
        TypedArrayPrototypeSet(state, TypedArrayPrototypeSubarray(chunk, 0, from), held);
        state[kBufferedBytes] = held + from;
        state[kMissingBytes] = wanted - from;
        if (wanted > from) return '';
        before = decodeBytes(text, TypedArrayPrototypeSlice(state, 0, held + from), held + from, encoding);
        state[kBufferedBytes] = 0;
      }
      if (from === length) return before;
      const tail = incompleteTail(chunk, from, length, encoding);
      TypedArrayPrototypeSet(state, TypedArrayPrototypeSubarray(chunk, length - tail.held, length), 0);
      state[kBufferedBytes] = tail.held;
      state[kMissingBytes] = tail.missing;
      const whole = TypedArrayPrototypeSubarray(chunk, from, length - tail.held);
      return before + decodeBytes(text, whole, length - tail.held - from, encoding);
    },
    flush(state: Bytes) {
      const encoding = encodings[state[kEncodingField] ?? 0];
      const held = state[kBufferedBytes] ?? 0;
      state[kBufferedBytes] = 0;
      state[kMissingBytes] = 0;
      const bytes = TypedArrayPrototypeSlice(state, 0, held);
      return decodeBytes(text, bytes, encoding === 'utf16le' ? held - (held % 2) : held, encoding);
    },
  };
}

/** How many of the missing bytes a chunk can give: a byte that continues nothing begins the next character. */
function continuationBytes(chunk: Bytes, length: number, missing: number): number {
  for (let at = 0; at < length && at < missing; at++) {
    if (((chunk[at] ?? 0) & 0xc0) !== 0x80) return at;
  }
  return missing;
}

function decodeBytes(text: Text, bytes: Bytes, end: number, encoding: string | undefined): string {
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
      return text.decodeLatin1(bytes, 0, end);
    default:
      return text.decodeUtf8(bytes, 0, end);
  }
}

interface Tail {
  readonly held: number;
  readonly missing: number;
}

const complete: Tail = { held: 0, missing: 0 };

function incompleteTail(bytes: Bytes, start: number, end: number, encoding: string | undefined): Tail {
  switch (encoding) {
    case 'utf8':
      return incompleteUtf8(bytes, start, end);
    case 'utf16le':
      if ((end - start) % 2 === 1) return { held: 1, missing: 1 };
      return ((bytes[end - 1] ?? 0) & 0xfc) === 0xd8 ? { held: 2, missing: 2 } : complete;
    case 'base64':
    case 'base64url': {
      const held = (end - start) % 3;
      return { held, missing: held === 0 ? 0 : 3 - held };
    }
    default:
      return complete;
  }
}

function incompleteUtf8(bytes: Bytes, start: number, end: number): Tail {
  if (((bytes[end - 1] ?? 0) & 0x80) === 0) return complete;
  for (let held = 1; held <= 4 && end - held >= start; held++) {
    const byte = bytes[end - held] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = (byte & 0xe0) === 0xc0 ? 2 : (byte & 0xf0) === 0xe0 ? 3 : (byte & 0xf8) === 0xf0 ? 4 : 0;
    return held >= needed ? complete : { held, missing: needed - held };
  }
  return complete;
}
