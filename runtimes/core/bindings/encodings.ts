/**
 * Text to bytes and back, in Node's encodings, on plain byte arrays. Pure: no binding, no state. Indexing a typed array
 * reaches no prototype, so nothing here can be changed by user code.
 */
const {
  MathMin,
  RegExpPrototypeExec,
  StringFromCharCodeApply,
  StringPrototypeCharCodeAt,
  StringPrototypeReplace,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeSubarray,
  Uint8Array,
  Uint8ArrayPrototypeToBase64,
  Uint8ArrayPrototypeToHex,
} = primordials;

/** As many code units as one call of `String.fromCharCode` may get without a deep stack. */
const chunkUnits = 8192;
const replacement = 0xfffd;

export type Bytes = Uint8Array;

/** The same bytes as a plain Uint8Array, from any view or buffer. */
export function bytesOf(value: ArrayBuffer | ArrayBufferView): Bytes {
  if (primordials.ArrayBufferIsView(value)) {
    if (primordials.TypedArrayPrototypeGetSymbolToStringTag(value) !== undefined) {
      return new Uint8Array(
        TypedArrayPrototypeGetBuffer(value),
        TypedArrayPrototypeGetByteOffset(value),
        TypedArrayPrototypeGetByteLength(value),
      );
    }
    return new Uint8Array(
      primordials.DataViewPrototypeGetBuffer(value),
      primordials.DataViewPrototypeGetByteOffset(value),
      primordials.DataViewPrototypeGetByteLength(value),
    );
  }
  return new Uint8Array(value);
}

/** The same of anything: undefined when it is neither, or a buffer without memory. @throws TypeError for a view of such a buffer */
export function bytesIfAny(value: unknown): Bytes | undefined {
  if (primordials.ArrayBufferIsView(value)) return bytesOf(value);
  try {
    primordials.ArrayBufferPrototypeGetByteLength(value);
    return bytesOf(value as ArrayBuffer);
  } catch {
    // That it throws is the answer.
    return undefined;
  }
}

function unitsToText(units: Uint8Array | Uint16Array, start: number, end: number): string {
  if (start === 0 && end <= chunkUnits && end === units.length) return StringFromCharCodeApply(units);
  let text = '';
  for (let at = start; at < end; at += chunkUnits) {
    const to = MathMin(end, at + chunkUnits);
    text += StringFromCharCodeApply(TypedArrayPrototypeSubarray(units as Uint8Array, at, to));
  }
  return text;
}

export function decodeLatin1(bytes: Bytes, start: number, end: number): string {
  return unitsToText(bytes, start, end);
}

export function decodeAscii(bytes: Bytes, start: number, end: number): string {
  const masked = new Uint8Array(end - start);
  for (let at = start; at < end; at++) masked[at - start] = (bytes[at] ?? 0) & 127;
  return unitsToText(masked, 0, masked.length);
}

export function decodeUtf16(bytes: Bytes, start: number, end: number): string {
  const units = new Uint16Array((end - start) >> 1);
  for (let at = 0; at < units.length; at++) {
    const low = start + 2 * at;
    units[at] = (bytes[low] ?? 0) | ((bytes[low + 1] ?? 0) << 8);
  }
  return unitsToText(units, 0, units.length);
}

/** Malformed sequences become U+FFFD as the Encoding Standard says; with `fatal` they make the result undefined. */
export function decodeUtf8(bytes: Bytes, start: number, end: number): string;
export function decodeUtf8(bytes: Bytes, start: number, end: number, mode: 'fatal'): string | undefined;
export function decodeUtf8(bytes: Bytes, start: number, end: number, mode?: 'fatal'): string | undefined {
  let at = start;
  while (at < end && (bytes[at] ?? 0) < 128) at++;
  const ascii = unitsToText(bytes, start, at);
  if (at === end) return ascii;

  let text = ascii;
  const units = new Uint16Array(MathMin(end - at, chunkUnits) + 2);
  let count = 0;
  while (at < end) {
    if (count >= chunkUnits) {
      text += unitsToText(units, 0, count);
      count = 0;
    }
    const first = bytes[at++] ?? 0;
    if (first < 128) {
      units[count++] = first;
      continue;
    }
    let needed = 0;
    let point = 0;
    let lowest = 0x80;
    let highest = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
      needed = 1;
      point = first & 0x1f;
    } else if (first >= 0xe0 && first <= 0xef) {
      needed = 2;
      point = first & 0xf;
      if (first === 0xe0) lowest = 0xa0;
      if (first === 0xed) highest = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
      needed = 3;
      point = first & 7;
      if (first === 0xf0) lowest = 0x90;
      if (first === 0xf4) highest = 0x8f;
    }
    let complete = needed > 0;
    for (; needed > 0; needed--) {
      const next = at < end ? (bytes[at] ?? 0) : 0;
      if (next < lowest || next > highest) {
        complete = false;
        break;
      }
      lowest = 0x80;
      highest = 0xbf;
      point = (point << 6) | (next & 0x3f);
      at++;
    }
    if (!complete) {
      if (mode === 'fatal') return undefined;
      units[count++] = replacement;
    } else if (point > 0xffff) {
      point -= 0x10000;
      units[count++] = 0xd800 | (point >> 10);
      units[count++] = 0xdc00 | (point & 0x3ff);
    } else {
      units[count++] = point;
    }
  }
  return text + unitsToText(units, 0, count);
}

export function utf8Length(text: string): number {
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = StringPrototypeCharCodeAt(text, at);
    if (unit < 128) length++;
    else if (unit < 2048) length += 2;
    else if (isHighSurrogate(unit) && isLowSurrogate(StringPrototypeCharCodeAt(text, at + 1))) {
      length += 4;
      at++;
    } else length += 3;
  }
  return length;
}

/** Code units consumed and bytes written by the last `writeUtf8`. */
export const utf8Progress = { read: 0, written: 0 };

/** Writes whole characters only, at most `room` bytes; returns how many. */
export function writeUtf8(text: string, target: Bytes, offset: number, room: number): number {
  const end = offset + room;
  let to = offset;
  let at = 0;
  for (; at < text.length; at++) {
    let point = StringPrototypeCharCodeAt(text, at);
    if (point < 128) {
      if (to >= end) break;
      target[to++] = point;
      continue;
    }
    if (point < 2048) {
      if (to + 2 > end) break;
      target[to++] = 0xc0 | (point >> 6);
      target[to++] = 0x80 | (point & 63);
      continue;
    }
    if (point >= 0xd800 && point <= 0xdfff) {
      const next = StringPrototypeCharCodeAt(text, at + 1);
      if (isHighSurrogate(point) && isLowSurrogate(next)) {
        if (to + 4 > end) break;
        point = 0x10000 + ((point & 0x3ff) << 10) + (next & 0x3ff);
        target[to++] = 0xf0 | (point >> 18);
        target[to++] = 0x80 | ((point >> 12) & 63);
        target[to++] = 0x80 | ((point >> 6) & 63);
        target[to++] = 0x80 | (point & 63);
        at++;
        continue;
      }
      point = replacement;
    }
    if (to + 3 > end) break;
    target[to++] = 0xe0 | (point >> 12);
    target[to++] = 0x80 | ((point >> 6) & 63);
    target[to++] = 0x80 | (point & 63);
  }
  utf8Progress.read = at;
  utf8Progress.written = to - offset;
  return to - offset;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

export function encodeUtf8(text: string): Bytes {
  const bytes = new Uint8Array(utf8Length(text));
  writeUtf8(text, bytes, 0, bytes.length);
  return bytes;
}

export function writeLatin1(text: string, target: Bytes, offset: number, room: number): number {
  const count = MathMin(text.length, room);
  for (let at = 0; at < count; at++) target[offset + at] = StringPrototypeCharCodeAt(text, at);
  return count;
}

export function writeUtf16(text: string, target: Bytes, offset: number, room: number): number {
  const count = MathMin(text.length, room >> 1);
  for (let at = 0; at < count; at++) {
    const unit = StringPrototypeCharCodeAt(text, at);
    target[offset + 2 * at] = unit;
    target[offset + 2 * at + 1] = unit >> 8;
  }
  return 2 * count;
}

/** Stops at the first pair that is no hexadecimal byte, as Node does. */
export function writeHex(text: string, target: Bytes, offset: number, room: number): number {
  const pairs = MathMin(text.length >> 1, room);
  for (let at = 0; at < pairs; at++) {
    const high = hexDigit(StringPrototypeCharCodeAt(text, 2 * at));
    const low = hexDigit(StringPrototypeCharCodeAt(text, 2 * at + 1));
    if (high < 0 || low < 0) return at;
    target[offset + at] = high * 16 + low;
  }
  return pairs;
}

function hexDigit(unit: number): number {
  if (unit >= 48 && unit <= 57) return unit - 48;
  const letter = unit | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Both alphabets, anything else is skipped, `=` ends the text: Node's lenient reading. */
export function writeBase64(text: string, target: Bytes, offset: number, room: number): number {
  let bits = 0;
  let bitCount = 0;
  let written = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = StringPrototypeCharCodeAt(text, at);
    if (unit === 61) break;
    const value = base64Digit(unit);
    if (value < 0) continue;
    bits = ((bits << 6) | value) & 0xffffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    if (written >= room) return written;
    target[offset + written++] = (bits >> bitCount) & 255;
  }
  return written;
}

function base64Digit(unit: number): number {
  if (unit >= 65 && unit <= 90) return unit - 65;
  if (unit >= 97 && unit <= 122) return unit - 71;
  if (unit >= 48 && unit <= 57) return unit + 4;
  if (unit === 43 || unit === 45) return 62;
  return unit === 47 || unit === 95 ? 63 : -1;
}

export function decodeHex(bytes: Bytes): string {
  return Uint8ArrayPrototypeToHex(bytes);
}

// Without a prototype: V8 reads options through it, and it is the user's.
const urlOptions = Object.assign(Object.create(null), { alphabet: 'base64url', omitPadding: true }) as {
  alphabet: 'base64url';
  omitPadding: true;
};

export function decodeBase64(bytes: Bytes, alphabet: 'base64' | 'base64url'): string {
  return alphabet === 'base64' ? Uint8ArrayPrototypeToBase64(bytes) : Uint8ArrayPrototypeToBase64(bytes, urlOptions);
}

const htmlSpace = /[\t\n\f\r ]/g;
const notBase64 = /[^A-Za-z0-9+/]/;

/** The forgiving decoder of `atob`. Not base64: -2 for a character that is none of its own, -1 for a length that cannot be. */
export function atob(input: string): string | number {
  let text = StringPrototypeReplace(input, htmlSpace, '');
  if (text.length % 4 === 0) text = StringPrototypeReplace(text, /==?$/, '');
  if (RegExpPrototypeExec(notBase64, text) !== null) return -2;
  if (text.length % 4 === 1) return -1;
  const bytes = new Uint8Array(text.length);
  return decodeLatin1(bytes, 0, writeBase64(text, bytes, 0, bytes.length));
}

export function btoa(text: string): string | number {
  for (let at = 0; at < text.length; at++) {
    if (StringPrototypeCharCodeAt(text, at) > 255) return -1;
  }
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes, 0, bytes.length);
  return decodeBase64(bytes, 'base64');
}
