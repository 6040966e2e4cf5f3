/**
 * `internalBinding('encoding_binding')` and `internalBinding('icu')`: TextEncoder, TextDecoder and what else Node asks ICU.
 */
import type { CoreContext } from '../context.ts';
import { type Converter, coded, createConverter, invalidData } from './converters.ts';
import { domainToUnicode } from './domain.ts';
import { type Bytes, bytesOf, utf8Progress } from './encodings.ts';
import { createText, type Text } from './text.ts';
import { icuErrorNames, transcode } from './transcode.ts';

const {
  ArrayBufferIsView,
  RegExpPrototypeExec,
  StringFromCharCode,
  StringPrototypeCodePointAt,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetLength,
  TypeError,
} = primordials;

export function createBindings(context: CoreContext): Record<string, object> {
  return { encoding_binding: createEncoding(context, createText(context)) };
}

/** The functions of `icu`; `base` has the binding, because most who load it never call one. */
export function createIcu(context: CoreContext): Record<string, AnyFunction> {
  const text = createText(context);
  return {
    toASCII: (domain: string) => context.host.domainToAscii(domain),
    toUnicode: (domain: string) => domainToUnicode(context, context.host.domainToAscii(domain)),
    getConverter: (encoding: string, flags: number) => createConverter(context, encoding, flags),
    decode: (converter: Converter, input: unknown, flags: number, encoding: string) =>
      converter.decode(checkedBytes(context, input, 'input'), (flags & flushFlag) !== 0, encoding),
    hasConverter: (encoding: string) => createConverter(context, encoding, 0) !== undefined,
    getStringWidth,
    icuErrName: (code: number) => icuErrorNames[code] ?? `U_ERROR_${code}`,
    transcode(source: Bytes, from: unknown, to: unknown) {
      const found = transcode(text, bytesOf(source), from, to);
      if (typeof found === 'number') return found;
      const { Buffer } = context.library.require<{ Buffer: BufferClass }>('buffer');
      const length = TypedArrayPrototypeGetLength(found);
      return Buffer.from(TypedArrayPrototypeGetBuffer(found), TypedArrayPrototypeGetByteOffset(found), length);
    },
  };
}

const flushFlag = 1;

/** @throws TypeError as Node's */
function checkedBytes({ library }: CoreContext, input: unknown, name: string): Bytes {
  const types = library.internalBinding('types') as { isAnyArrayBuffer(value: unknown): value is ArrayBuffer };
  if (ArrayBufferIsView(input) || types.isAnyArrayBuffer(input)) return bytesOf(input);
  const message = `The "${name}" argument must be an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView.`;
  throw coded(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
}

function createEncoding(context: CoreContext, texts: Text): object {
  const toAscii = (domain: string): string => context.host.domainToAscii(domain);
  const encodeIntoResults = new Uint32Array(2);
  return {
    encodeIntoResults,
    encodeInto(text: string, target: Bytes) {
      texts.writeUtf8(text, bytesOf(target), 0, TypedArrayPrototypeGetLength(target));
      encodeIntoResults[0] = utf8Progress.read;
      encodeIntoResults[1] = utf8Progress.written;
    },
    encodeUtf8String: texts.encodeUtf8,
    decodeUTF8(input: unknown, ignoreBom: boolean, fatal: boolean) {
      const bytes = checkedBytes(context, input, 'list');
      const length = TypedArrayPrototypeGetLength(bytes);
      const start = !ignoreBom && hasUtf8Mark(bytes) ? 3 : 0;
      const text = fatal ? texts.decodeUtf8Strictly(bytes, start, length) : texts.decodeUtf8(bytes, start, length);
      if (text === undefined) throw invalidData('utf-8');
      return text;
    },
    toASCII: toAscii,
    toUnicode: (domain: string) => domainToUnicode(context, toAscii(domain)),
  };
}

function hasUtf8Mark(bytes: Bytes): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

interface BufferClass {
  from(buffer: ArrayBufferLike, offset: number, length: number): object;
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
