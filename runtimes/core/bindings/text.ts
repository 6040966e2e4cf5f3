/**
 * Text to bytes and back as fast as this guest can: by V8's own code where the native module is there and the text is long
 * enough to pay for the call, else by `encodings.ts`. Both give the same.
 */
import type { NativeFunctions } from '../../../src/bridge/native-module.ts';
import type { CoreContext } from '../context.ts';
import * as encodings from './encodings.ts';
import { type Bytes, utf8Progress } from './encodings.ts';
import { nativeFunctions } from './native.ts';

const { StringPrototypeIncludes, TypedArrayPrototypeGetLength, TypedArrayPrototypeSubarray, Uint8Array } = primordials;

/** Below this a call into C++ costs more than it saves (2 cores, 2026-11). */
const callUnits = 48;
/** From this on a single text pays for loading the module. */
const loadUnits = 4_096;
/** More than the module takes at once; V8's strings end far below. */
const nativeUnitsMax = 0x1fff_ffe8;

export interface Text {
  decodeUtf8(bytes: Bytes, start: number, end: number): string;
  /** Undefined when the bytes are malformed. */
  decodeUtf8Strictly(bytes: Bytes, start: number, end: number): string | undefined;
  decodeLatin1(bytes: Bytes, start: number, end: number): string;
  encodeUtf8(text: string): Bytes;
  utf8Length(text: string): number;
  /** As `encodings.writeUtf8`, with its `utf8Progress`. */
  writeUtf8(text: string, target: Bytes, offset: number, room: number): number;
}

export function createText(context: Pick<CoreContext, 'library'>): Text {
  let loaded: NativeFunctions | undefined;
  let isTried = false;
  const native = (units: number): NativeFunctions | undefined => {
    if (units < callUnits || units > nativeUnitsMax) return undefined;
    if (isTried || units < loadUnits) return loaded;
    isTried = true;
    loaded = nativeFunctions(context);
    return loaded;
  };
  const utf8Length = (text: string): number => native(text.length)?.utf8Length(text) ?? encodings.utf8Length(text);
  const decodeUtf8 = (bytes: Bytes, start: number, end: number): string =>
    native(end - start)?.decodeUtf8(bytes, start, end) ?? encodings.decodeUtf8(bytes, start, end);
  const writeUtf8 = (text: string, target: Bytes, offset: number, room: number): number => {
    const functions = native(text.length);
    if (functions === undefined) return encodings.writeUtf8(text, target, offset, room);
    const within =
      offset + room === TypedArrayPrototypeGetLength(target)
        ? target
        : TypedArrayPrototypeSubarray(target, 0, offset + room);
    const written = functions.writeUtf8(text, within, offset) ?? 0;
    // How much of the text that is V8 does not say; only where all of it had room do we know.
    utf8Progress.read = room >= text.length * 3 || written === utf8Length(text) ? text.length : unitsIn(text, written);
    utf8Progress.written = written;
    return written;
  };
  return {
    utf8Length,
    decodeUtf8,
    writeUtf8,
    decodeUtf8Strictly(bytes, start, end) {
      const functions = native(end - start);
      const text = functions?.decodeUtf8(bytes, start, end);
      // V8 replaces what is malformed. Without a replacement character nothing was; with one, it may have been there before.
      return text !== undefined && !StringPrototypeIncludes(text, '\ufffd')
        ? text
        : encodings.decodeUtf8(bytes, start, end, 'fatal');
    },
    decodeLatin1: (bytes, start, end) =>
      native(end - start)?.decodeLatin1(bytes, start, end) ?? encodings.decodeLatin1(bytes, start, end),
    encodeUtf8(text) {
      if (native(text.length) === undefined) return encodings.encodeUtf8(text);
      const bytes = new Uint8Array(utf8Length(text));
      writeUtf8(text, bytes, 0, TypedArrayPrototypeGetLength(bytes));
      return bytes;
    },
  };
}

/** How many code units of the text make its first `byteCount` bytes. */
function unitsIn(text: string, byteCount: number): number {
  let bytes = 0;
  let at = 0;
  for (; at < text.length && bytes < byteCount; at++) {
    const unit = primordials.StringPrototypeCharCodeAt(text, at);
    if (unit < 128) bytes += 1;
    else if (unit < 2048) bytes += 2;
    else if (unit >= 0xd800 && unit <= 0xdbff && isLow(primordials.StringPrototypeCharCodeAt(text, at + 1))) {
      bytes += 4;
      at += 1;
    } else bytes += 3;
  }
  return at;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
