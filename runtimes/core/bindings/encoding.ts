/**
 * `internalBinding('encoding_binding')` and `internalBinding('icu')`: TextEncoder, TextDecoder and what else Node asks ICU.
 */
import type { CoreContext } from '../context.ts';
import { type Bytes, bytesOf, utf8Progress } from './encodings.ts';
import { createText, type Text } from './text.ts';

const { RegExpPrototypeExec, StringFromCharCode, StringPrototypeCodePointAt, TypedArrayPrototypeGetLength, TypeError } =
  primordials;

export function createBindings(context: CoreContext): Record<string, object> {
  return { encoding_binding: createEncoding((domain) => context.host.domainToAscii(domain), createText(context)) };
}

/** The functions of `icu`; `base` has the binding, because most who load it never call one. */
export function createIcu(context: CoreContext): Record<string, AnyFunction> {
  return {
    toASCII: (domain: string) => context.host.domainToAscii(domain),
    toUnicode: (domain: string) => domain,
    getConverter: (encoding: string, flags: number) => createConverter(encoding, flags),
    decode: (converter: Converter, input: ArrayBuffer | ArrayBufferView, flags: number, encoding: string) =>
      converter.decode(bytesOf(input), (flags & flushFlag) !== 0, encoding),
    hasConverter: (encoding: string) => createConverter(encoding, 0) !== undefined,
    getStringWidth,
    icuErrName: (code: number) => `U_ERROR_${code}`,
    // UErrorCode U_ILLEGAL_ARGUMENT_ERROR: the library turns it into an error of its own.
    transcode: () => 1,
  };
}

function createEncoding(toAscii: (domain: string) => string, texts: Text): object {
  const encodeIntoResults = new Uint32Array(2);
  return {
    encodeIntoResults,
    encodeInto(text: string, target: Bytes) {
      texts.writeUtf8(text, bytesOf(target), 0, TypedArrayPrototypeGetLength(target));
      encodeIntoResults[0] = utf8Progress.read;
      encodeIntoResults[1] = utf8Progress.written;
    },
    encodeUtf8String: texts.encodeUtf8,
    decodeUTF8(input: ArrayBuffer | ArrayBufferView, ignoreBom: boolean, fatal: boolean) {
      const bytes = bytesOf(input);
      const length = TypedArrayPrototypeGetLength(bytes);
      const start = !ignoreBom && hasUtf8Mark(bytes) ? 3 : 0;
      const text = fatal ? texts.decodeUtf8Strictly(bytes, start, length) : texts.decodeUtf8(bytes, start, length);
      if (text === undefined) throw invalidData('utf-8');
      return text;
    },
    toASCII: toAscii,
    toUnicode: (domain: string) => domain,
  };
}

function hasUtf8Mark(bytes: Bytes): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function invalidData(encoding: string): Error {
  const error = new TypeError(`The encoded data was not valid for encoding ${encoding}`);
  return Object.assign(error, { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' });
}

const flushFlag = 1;
const fatalFlag = 2;
const ignoreBomFlag = 4;

interface Converter {
  decode(bytes: Bytes, flush: boolean, encoding: string): string;
}

/** UTF-16 in both orders; single-byte encodings are Node's own tables. The large Asian ones are not offered. */
function createConverter(encoding: string, flags: number): Converter | undefined {
  if (encoding !== 'utf-16le' && encoding !== 'utf-16be') return undefined;
  const highFirst = encoding === 'utf-16be';
  const fatal = (flags & fatalFlag) !== 0;
  let lead: number | undefined;
  let highSurrogate: number | undefined;
  let atStart = true;
  return {
    decode(bytes, flush, name) {
      let text = '';
      const unpaired = (): void => {
        if (fatal) throw invalidData(name);
        text += '\ufffd';
      };
      const take = (unit: number): void => {
        if (highSurrogate !== undefined) {
          const high = highSurrogate;
          highSurrogate = undefined;
          if (unit >= 0xdc00 && unit <= 0xdfff) {
            text += StringFromCharCode(high, unit);
            return;
          }
          unpaired();
        }
        if (unit >= 0xd800 && unit <= 0xdbff) highSurrogate = unit;
        else if (unit >= 0xdc00 && unit <= 0xdfff) unpaired();
        else if (!(atStart && unit === 0xfeff && (flags & ignoreBomFlag) === 0)) text += StringFromCharCode(unit);
        atStart = false;
      };
      const length = TypedArrayPrototypeGetLength(bytes);
      for (let at = 0; at < length; at++) {
        const byte = bytes[at] ?? 0;
        if (lead === undefined) {
          lead = byte;
        } else {
          take(highFirst ? (lead << 8) | byte : (byte << 8) | lead);
          lead = undefined;
        }
      }
      if (flush) {
        if (lead !== undefined || highSurrogate !== undefined) {
          lead = undefined;
          highSurrogate = undefined;
          unpaired();
        }
        atStart = true;
      }
      return text;
    },
  };
}

/** Zero width: marks that combine, joiners, variation selectors. */
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const wide =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;

/** Columns that a terminal uses; Node aligns inspected arrays and tables by it. */
function getStringWidth(text: string): number {
  let width = 0;
  for (let at = 0; at < text.length; at++) {
    const point = StringPrototypeCodePointAt(text, at) ?? 0;
    if (point > 0xffff) at++;
    const character = point > 0xffff ? StringFromCodePoint(point) : StringFromCharCode(point);
    if (RegExpPrototypeExec(zeroWidth, character) !== null) continue;
    width += RegExpPrototypeExec(wide, character) !== null ? 2 : 1;
  }
  return width;
}

const { StringFromCodePoint } = primordials;
