/** Text of a caller to bytes, and results to text, in the encodings that Node's native code knows. */
import {
  type Bytes,
  decodeAscii,
  decodeBase64,
  decodeHex,
  decodeLatin1,
  decodeUtf8,
  decodeUtf16,
  encodeUtf8,
  writeBase64,
  writeHex,
  writeLatin1,
  writeUtf16,
} from '../encodings.ts';

const { StringPrototypeToLowerCase, TypedArrayPrototypeGetLength, TypedArrayPrototypeSlice, Uint8Array } = primordials;

type Encoding = 'utf8' | 'utf16le' | 'latin1' | 'ascii' | 'base64' | 'base64url' | 'hex' | 'buffer';

/** Whatever else it is counts as `buffer`, as in Node's native code. */
export function encodingOf(name: unknown, otherwise: Encoding): Encoding {
  if (name === undefined || name === null) return otherwise;
  switch (StringPrototypeToLowerCase(`${name}`)) {
    case 'utf8':
    case 'utf-8':
      return 'utf8';
    case 'ucs2':
    case 'ucs-2':
    case 'utf16le':
    case 'utf-16le':
      return 'utf16le';
    case 'latin1':
    case 'binary':
      return 'latin1';
    case 'ascii':
      return 'ascii';
    case 'base64':
      return 'base64';
    case 'base64url':
      return 'base64url';
    case 'hex':
      return 'hex';
    default:
      return otherwise;
  }
}

/** In a buffer of its own. `toUtf8`: for texts that may be long. */
export function bytesOfText(text: string, encodingName: unknown, toUtf8 = encodeUtf8): Bytes {
  const encoding = encodingOf(encodingName, 'utf8');
  switch (encoding) {
    case 'utf16le':
      return written(writeUtf16, text, text.length * 2);
    case 'latin1':
    case 'ascii':
      return written(writeLatin1, text, text.length);
    case 'base64':
    case 'base64url':
      return written(writeBase64, text, text.length);
    case 'hex':
      return written(writeHex, text, text.length >> 1);
    case 'utf8':
    case 'buffer':
      return toUtf8(text);
    default:
      return encoding satisfies never;
  }
}

function written(
  write: (text: string, target: Bytes, offset: number, room: number) => number,
  text: string,
  room: number,
): Bytes {
  const bytes = new Uint8Array(room);
  const count = write(text, bytes, 0, room);
  return count === room ? bytes : TypedArrayPrototypeSlice(bytes, 0, count);
}

/** Undefined when the bytes themselves are wanted. */
export function textOfBytes(bytes: Bytes, encodingName: unknown): string | undefined {
  const encoding = encodingOf(encodingName, 'buffer');
  const length = TypedArrayPrototypeGetLength(bytes);
  switch (encoding) {
    case 'hex':
      return decodeHex(bytes);
    case 'base64':
    case 'base64url':
      return decodeBase64(bytes, encoding);
    case 'latin1':
      return decodeLatin1(bytes, 0, length);
    case 'ascii':
      return decodeAscii(bytes, 0, length);
    case 'utf8':
      return decodeUtf8(bytes, 0, length);
    case 'utf16le':
      return decodeUtf16(bytes, 0, length);
    case 'buffer':
      return undefined;
    default:
      return encoding satisfies never;
  }
}
