/** `buffer.transcode`, as Node's over ICU: what the target cannot say becomes `?`, or makes it fail between the Unicode forms. */
import { type Bytes, decodeLatin1, decodeUtf16, writeUtf16 } from './encodings.ts';
import type { Text } from './text.ts';

const {
  StringPrototypeCharCodeAt,
  StringPrototypeToWellFormed,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

/** Numbers of ICU, and their names. */
const illegalArgument = 1;
const invalidCharacter = 10;
export const icuErrorNames: Readonly<Record<number, string | undefined>> = {
  // @ts-expect-error a null prototype
  __proto__: null,
  [illegalArgument]: 'U_ILLEGAL_ARGUMENT_ERROR',
  [invalidCharacter]: 'U_INVALID_CHAR_FOUND',
};

type Encoding = 'ascii' | 'latin1' | 'utf16le' | 'utf8';

function encodingOf(name: unknown): Encoding | undefined {
  switch (name) {
    case 'ascii':
    case 'latin1':
    case 'utf16le':
    case 'utf8':
      return name;
    case 'binary':
      return 'latin1';
    case 'ucs2':
      return 'utf16le';
    default:
      return undefined;
  }
}

/** The bytes, or the number of an ICU error. */
export function transcode(text: Text, source: Bytes, fromName: unknown, toName: unknown): Bytes | number {
  const from = encodingOf(fromName);
  const to = encodingOf(toName);
  if (from === undefined || to === undefined) return illegalArgument;
  const length = TypedArrayPrototypeGetLength(source);
  const decoded = decode(text, source, length, from, to);
  if (decoded === undefined) return invalidCharacter;
  switch (to) {
    case 'utf8':
      return from === 'utf16le' && StringPrototypeToWellFormed(decoded) !== decoded
        ? invalidCharacter
        : text.encodeUtf8(decoded);
    case 'utf16le': {
      const bytes = new Uint8Array(decoded.length * 2);
      writeUtf16(decoded, bytes, 0, decoded.length * 2);
      return bytes;
    }
    default:
      return narrowed(decoded, to === 'ascii' ? 127 : 255);
  }
}

function decode(text: Text, source: Bytes, length: number, from: Encoding, to: Encoding): string | undefined {
  switch (from) {
    case 'ascii':
      // Node reads it as Latin-1 on the way to UTF-16, and strictly on every other.
      return to === 'utf16le' ? decodeLatin1(source, 0, length) : strictAscii(source, length);
    case 'latin1':
      return decodeLatin1(source, 0, length);
    case 'utf16le': {
      const units = decodeUtf16(source, 0, length);
      // An odd byte is broken text to ICU, and nothing at all to who asks it for fewer bytes; alone it is refused by UTF-8.
      if (to === 'utf16le') return StringPrototypeToWellFormed(units) + (length % 2 === 1 ? '\ufffd' : '');
      return length === 1 && to === 'utf8' ? undefined : units;
    }
    case 'utf8':
      return to === 'utf16le' ? text.decodeUtf8Strictly(source, 0, length) : text.decodeUtf8(source, 0, length);
    default:
      return from satisfies never;
  }
}

function strictAscii(source: Bytes, length: number): string {
  let text = '';
  let from = 0;
  for (let at = 0; at < length; at++) {
    if ((source[at] ?? 0) <= 127) continue;
    text += `${decodeLatin1(source, from, at)}\ufffd`;
    from = at + 1;
  }
  return text + decodeLatin1(source, from, length);
}

/** One `?` for each character that does not fit, also for one of two units. */
function narrowed(text: string, max: number): Bytes {
  const bytes = new Uint8Array(text.length);
  let to = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = StringPrototypeCharCodeAt(text, at);
    const isPair = unit >= 0xd800 && unit <= 0xdbff && (StringPrototypeCharCodeAt(text, at + 1) & 0xfc00) === 0xdc00;
    bytes[to++] = unit > max ? 63 : unit;
    if (isPair) at++;
  }
  return TypedArrayPrototypeSubarray(bytes, 0, to);
}
