/**
 * Decoders under TextDecoder for what is neither UTF-8 nor one byte a character: UTF-16 here, the large Asian encodings by the
 * sandbox, which has ICU's tables. Text of ASCII only does not leave the guest.
 */
import { textFlags, textOperations } from '../../../src/bridge/text.ts';
import type { CoreContext } from '../context.ts';
import { type Bytes, decodeLatin1, decodeUtf16 } from './encodings.ts';

const {
  ArrayBufferPrototypeSlice,
  ArrayIsArray,
  ObjectDefineProperty,
  StringFromCharCode,
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  StringPrototypeToWellFormed,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetLength,
  TypeError,
  Error,
} = primordials;

export interface Converter {
  decode(bytes: Bytes, flush: boolean, encoding: string): string;
}

/** Bits of Node's converters. */
const fatalFlag = 2;
const ignoreBomFlag = 4;

export function createConverter(context: CoreContext, encoding: string, flags: number): Converter | undefined {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return utf16Converter(encoding === 'utf-16be', flags);
  return tableConverter(context, encoding, flags);
}

export function invalidData(encoding: string): Error {
  return coded(
    new TypeError(`The encoded data was not valid for encoding ${encoding}`),
    'ERR_ENCODING_INVALID_ENCODED_DATA',
  );
}

export function coded(error: Error, code: string): Error {
  ObjectDefineProperty(error, 'code', {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: code,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  return error;
}

function tableConverter(context: CoreContext, encoding: string, nodeFlags: number): Converter | undefined {
  const { services } = context;
  if (services.ask('text', textOperations.knows, encoding) !== 1) return undefined;
  const flags =
    ((nodeFlags & fatalFlag) === 0 ? 0 : textFlags.fatal) |
    ((nodeFlags & ignoreBomFlag) === 0 ? 0 : textFlags.ignoreBOM);
  let id: number | undefined;
  const ask = (bytes: Bytes, from: number, to: number, isStream: boolean, name: string): string => {
    if (id === undefined) {
      id = services.listen('text', () => {});
      services.forget('text', id);
    }
    const offset = TypedArrayPrototypeGetByteOffset(bytes);
    const part = ArrayBufferPrototypeSlice(TypedArrayPrototypeGetBuffer(bytes), offset + from, offset + to);
    const all = flags | (isStream ? textFlags.stream : 0);
    const reply = services.ask('text', textOperations.decode, id, encoding, all, part);
    if (typeof reply === 'string') return reply;
    const reason: unknown = ArrayIsArray(reply) ? reply[1] : '';
    if (typeof reason === 'string' && reason !== '') throw coded(new Error(reason), 'ERR_ISOTHERM_TEXT_LIMIT');
    throw invalidData(name);
  };
  let isInStream = false;
  return {
    decode(bytes, flush, name) {
      const length = TypedArrayPrototypeGetLength(bytes);
      if (!isInStream && isPlain(bytes, length)) return decodeLatin1(bytes, 0, length);
      let text = '';
      let from = 0;
      isInStream = false;
      for (; length - from > partBytesMax; from += partBytesMax) {
        text += ask(bytes, from, from + partBytesMax, true, name);
      }
      text += ask(bytes, from, length, !flush, name);
      isInStream = !flush;
      return text;
    },
  };
}

const partBytesMax = 4 * 1024 * 1024;

/** The same in every encoding of the standard. Escape and shift characters begin something in ISO-2022-JP. */
function isPlain(bytes: Bytes, length: number): boolean {
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte > 126 || byte === 0x1b || byte === 0x0e || byte === 0x0f) return false;
  }
  return true;
}

function utf16Converter(highFirst: boolean, flags: number): Converter {
  const fatal = (flags & fatalFlag) !== 0;
  /** A byte without its other half, and a high surrogate without its low one, from the end of the piece before. */
  let oddByte: number | undefined;
  let highSurrogate = '';
  let atStart = true;
  return {
    decode(bytes, flush, name) {
      const length = TypedArrayPrototypeGetLength(bytes);
      let text = highSurrogate;
      highSurrogate = '';
      let from = 0;
      if (oddByte !== undefined && length > 0) {
        const other = bytes[0] ?? 0;
        text += StringFromCharCode(highFirst ? (oddByte << 8) | other : (other << 8) | oddByte);
        oddByte = undefined;
        from = 1;
      }
      const to = from + 2 * ((length - from) >> 1);
      text += highFirst ? decodeBigEndian(bytes, from, to) : decodeUtf16(bytes, from, to);
      if (to < length) oddByte = bytes[to];
      let isBroken = false;
      if (flush) {
        isBroken = oddByte !== undefined;
        oddByte = undefined;
      } else if (isHighSurrogate(StringPrototypeCharCodeAt(text, text.length - 1))) {
        highSurrogate = StringPrototypeSlice(text, text.length - 1);
        text = StringPrototypeSlice(text, 0, text.length - 1);
      }
      if (atStart && text.length > 0) {
        if (text[0] === '\ufeff' && (flags & ignoreBomFlag) === 0) text = StringPrototypeSlice(text, 1);
        atStart = false;
      }
      if (flush) atStart = true;
      const wellFormed = StringPrototypeToWellFormed(text);
      if (fatal && (isBroken || wellFormed !== text)) {
        oddByte = undefined;
        highSurrogate = '';
        atStart = true;
        throw invalidData(name);
      }
      return isBroken ? `${wellFormed}\ufffd` : wellFormed;
    },
  };
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function decodeBigEndian(bytes: Bytes, from: number, to: number): string {
  const swapped = new primordials.Uint8Array(to - from);
  for (let at = from; at < to; at += 2) {
    swapped[at - from] = bytes[at + 1] ?? 0;
    swapped[at - from + 1] = bytes[at] ?? 0;
  }
  return decodeUtf16(swapped, 0, to - from);
}
