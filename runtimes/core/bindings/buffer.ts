/**
 * `internalBinding('buffer')`: the byte work under Node's Buffer.
 */
import type { CoreContext } from '../context.ts';
import type { BaseData } from './base.ts';
import {
  atob,
  type Bytes,
  btoa,
  bytesOf,
  decodeAscii,
  decodeBase64,
  decodeHex,
  decodeUtf16,
  writeBase64,
  writeHex,
  writeLatin1,
  writeUtf16,
} from './encodings.ts';
import { createText, type Text } from './text.ts';

const {
  MathMin,
  TypedArrayPrototypeFill,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeIndexOf,
  TypedArrayPrototypeLastIndexOf,
  TypedArrayPrototypeReverse,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

type View = ArrayBuffer | ArrayBufferView;
type Slice = (buffer: Bytes, start?: number, end?: number) => string;
type Write = (text: string, target: Bytes, offset: number, room: number) => number;

export function createBindings(context: CoreContext): Record<string, object> {
  const { string_decoder } = context.library.require<BaseData>('isotherm/data/base');
  return { buffer: createBuffer(string_decoder.encodings, createText(context)) };
}

/** Node's encodings by number, as `encodingsMap` has them. */
function createBuffer(encodings: readonly string[], texts: Text): object {
  const encoded = (text: string, encoding: string | number | undefined): Bytes =>
    encodeText(texts, text, typeof encoding === 'number' ? encodings[encoding] : encoding);
  return {
    kMaxLength: Number.MAX_SAFE_INTEGER,
    kStringMaxLength: 536_870_888,
    setBufferPrototype: () => {},
    setDetachKey: () => {},
    getZeroFillToggle: () => undefined,
    createUnsafeArrayBuffer: (byteLength: number) => new ArrayBuffer(byteLength),
    arrayBufferAlignedOffset: () => 0,
    byteLengthUtf8: texts.utf8Length,
    isAscii: (view: View) => isAscii(bytesOf(view)),
    isUtf8: (view: View) => {
      const bytes = bytesOf(view);
      return texts.decodeUtf8Strictly(bytes, 0, TypedArrayPrototypeGetLength(bytes)) !== undefined;
    },
    atob,
    btoa,
    copy(source: View, target: View, targetStart: number, sourceStart: number, count: number) {
      const from = bytesOf(source);
      TypedArrayPrototypeSet(
        bytesOf(target),
        TypedArrayPrototypeSubarray(from, sourceStart, sourceStart + count),
        targetStart,
      );
      return count;
    },
    copyArrayBuffer(target: ArrayBuffer, targetStart: number, source: ArrayBuffer, sourceStart: number, count: number) {
      TypedArrayPrototypeSet(new Uint8Array(target, targetStart, count), new Uint8Array(source, sourceStart, count));
    },
    compare: (a: View, b: View) => compare(bytesOf(a), bytesOf(b)),
    compareOffset(a: View, b: View, bStart: number, aStart: number, bCount: number, aCount: number) {
      return compare(
        TypedArrayPrototypeSubarray(bytesOf(a), aStart, aStart + aCount),
        TypedArrayPrototypeSubarray(bytesOf(b), bStart, bStart + bCount),
      );
    },
    fill(target: View, value: unknown, start: number, end: number, encoding?: string) {
      const bytes = bytesOf(target);
      if (start < 0 || end > TypedArrayPrototypeGetLength(bytes)) return -2;
      if (start >= end) return undefined;
      if (typeof value === 'number' || typeof value === 'boolean') {
        TypedArrayPrototypeFill(bytes, Number(value) & 255, start, end);
        return undefined;
      }
      const pattern = typeof value === 'string' ? encoded(value, encoding) : bytesOf(value as View);
      return fillPattern(bytes, pattern, start, end);
    },
    indexOfNumber(view: View, value: number, offset: number, forward: boolean, end?: number) {
      const bytes = searched(view, end);
      const from = clampOffset(offset, TypedArrayPrototypeGetLength(bytes), 1, forward);
      if (from < 0) return -1;
      return forward
        ? TypedArrayPrototypeIndexOf(bytes, value & 255, from)
        : TypedArrayPrototypeLastIndexOf(bytes, value & 255, from);
    },
    indexOfString(view: View, text: string, offset: number, encoding: number, forward: boolean, end?: number) {
      return indexOfBytes(searched(view, end), encoded(text, encoding), offset, forward, stepOf(encodings[encoding]));
    },
    indexOfBuffer(view: View, value: View, offset: number, encoding: number, forward: boolean, end?: number) {
      return indexOfBytes(searched(view, end), bytesOf(value), offset, forward, stepOf(encodings[encoding]));
    },
    swap16: (view: View) => swap(view, 2),
    swap32: (view: View) => swap(view, 4),
    swap64: (view: View) => swap(view, 8),
    asciiSlice: slicer(decodeAscii),
    latin1Slice: slicer(texts.decodeLatin1),
    ucs2Slice: slicer(decodeUtf16),
    utf8Slice: slicer(texts.decodeUtf8),
    hexSlice: slicer((bytes, start, end) => decodeHex(TypedArrayPrototypeSubarray(bytes, start, end))),
    base64Slice: slicer((bytes, start, end) => decodeBase64(TypedArrayPrototypeSubarray(bytes, start, end), 'base64')),
    base64urlSlice: slicer((bytes, start, end) =>
      decodeBase64(TypedArrayPrototypeSubarray(bytes, start, end), 'base64url'),
    ),
    asciiWriteStatic: writer(writeLatin1),
    latin1WriteStatic: writer(writeLatin1),
    utf8WriteStatic: writer(texts.writeUtf8),
    ucs2Write: writer(writeUtf16),
    hexWrite: writer(writeHex),
    base64Write: writer(writeBase64),
    base64urlWrite: writer(writeBase64),
  };
}

/** Buffers may be views of another species: the plain view keeps what the user subclassed out of this. */
function slicer(decode: (bytes: Bytes, start: number, end: number) => string): Slice {
  return (buffer, start = 0, end) => {
    const bytes = bytesOf(buffer);
    const length = TypedArrayPrototypeGetLength(bytes);
    const to = end === undefined || end > length ? length : end;
    return start >= to ? '' : decode(bytes, start, to);
  };
}

function writer(write: Write): (buffer: Bytes, text: string, offset?: number, length?: number) => number {
  return (buffer, text, offset = 0, length) => {
    const bytes = bytesOf(buffer);
    const room = TypedArrayPrototypeGetLength(bytes) - offset;
    return write(text, bytes, offset, length === undefined || length > room ? room : length);
  };
}

function encodeText(texts: Text, text: string, encoding: string | undefined): Bytes {
  switch (encoding) {
    case 'utf16le':
    case 'ucs2':
      return written(writeUtf16, text, text.length * 2);
    case 'latin1':
    case 'ascii':
    case 'binary':
      return written(writeLatin1, text, text.length);
    case 'hex':
      return written(writeHex, text, text.length >> 1);
    case 'base64':
    case 'base64url':
      return written(writeBase64, text, text.length);
    default:
      return texts.encodeUtf8(text);
  }
}

function written(write: Write, text: string, bytesMax: number): Bytes {
  const bytes = new Uint8Array(bytesMax);
  return TypedArrayPrototypeSubarray(bytes, 0, write(text, bytes, 0, bytesMax));
}

function isAscii(bytes: Bytes): boolean {
  const length = TypedArrayPrototypeGetLength(bytes);
  for (let at = 0; at < length; at++) if ((bytes[at] ?? 0) > 127) return false;
  return true;
}

function compare(a: Bytes, b: Bytes): number {
  const aLength = TypedArrayPrototypeGetLength(a);
  const bLength = TypedArrayPrototypeGetLength(b);
  const shared = MathMin(aLength, bLength);
  for (let at = 0; at < shared; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return aLength === bLength ? 0 : aLength < bLength ? -1 : 1;
}

function fillPattern(bytes: Bytes, pattern: Bytes, start: number, end: number): number | undefined {
  const length = TypedArrayPrototypeGetLength(pattern);
  if (length === 0) return -1;
  for (let at = start, from = 0; at < end; at++) {
    bytes[at] = pattern[from] ?? 0;
    from = from + 1 === length ? 0 : from + 1;
  }
  return undefined;
}

function searched(view: View, end: number | undefined): Bytes {
  const bytes = bytesOf(view);
  return end === undefined || end >= TypedArrayPrototypeGetLength(bytes)
    ? bytes
    : TypedArrayPrototypeSubarray(bytes, 0, end);
}

function stepOf(encoding: string | undefined): number {
  return encoding === 'utf16le' ? 2 : 1;
}

/** Where a search begins, or -1 when it can find nothing: Node's rules for negative and far offsets. */
function clampOffset(offset: number, length: number, needleLength: number, forward: boolean): number {
  let from = offset < 0 ? offset + length : offset;
  if (from < 0) {
    if (!forward) return -1;
    from = 0;
  }
  if (from > length - needleLength) {
    if (forward) return -1;
    from = length - needleLength;
  }
  return from;
}

function indexOfBytes(bytes: Bytes, needle: Bytes, offset: number, forward: boolean, step: number): number {
  const length = TypedArrayPrototypeGetLength(bytes);
  const needleLength = TypedArrayPrototypeGetLength(needle);
  if (needleLength === 0) {
    const from = offset < 0 ? offset + length : offset;
    return from < 0 ? (forward ? 0 : -1) : Math.min(from, length);
  }
  // Half a character is in no text.
  if (length < needleLength || needleLength < step) return -1;
  let at = clampOffset(offset, length, needleLength, forward);
  if (at < 0) return -1;
  const first = needle[0] ?? 0;
  while (at >= 0 && at + needleLength <= length) {
    // V8 searches for one byte far faster than this loop could.
    if (forward && step === 1) {
      at = TypedArrayPrototypeIndexOf(bytes, first, at);
      if (at < 0 || at + needleLength > length) return -1;
    }
    let matched = 0;
    while (matched < needleLength && bytes[at + matched] === needle[matched]) matched++;
    if (matched === needleLength) return at;
    at += forward ? step : -step;
  }
  return -1;
}

function swap(view: View, width: number): View {
  const bytes = bytesOf(view);
  const length = TypedArrayPrototypeGetLength(bytes);
  for (let at = 0; at + width <= length; at += width) {
    TypedArrayPrototypeReverse(TypedArrayPrototypeSubarray(bytes, at, at + width));
  }
  return view;
}
