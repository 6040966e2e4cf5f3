/**
 * Finds members of a JSON object without making anything of the rest. What a function answers is up to 6 MB of whatever it likes, and
 * parsing that takes a hundred times its memory and seconds of the host's thread when it is made of brackets; this takes one pass over
 * the bytes and no memory.
 */
export interface JsonMembers {
  /** Where the value of each wanted member is. Of one that is there twice the last, as JSON.parse has it. */
  readonly members: ReadonlyMap<string, Span>;
  /** Behind the closing brace. */
  readonly end: number;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Undefined: no object begins here, or it does not end. It may take for an object what is none, but never reads a wanted value wrongly. */
export function jsonMembers(bytes: Uint8Array, wanted: ReadonlySet<string>): JsonMembers | undefined {
  const lengthMax = Math.max(...[...wanted].map((name) => name.length));
  const members = new Map<string, Span>();
  let at = blanksEnd(bytes, 0);
  if (bytes[at] !== openBrace) return undefined;
  at = blanksEnd(bytes, at + 1);
  if (bytes[at] === closeBrace) return { members, end: at + 1 };
  for (;;) {
    if (bytes[at] !== quote) return undefined;
    const nameEnd = stringEnd(bytes, at);
    const separator = blanksEnd(bytes, nameEnd);
    if (bytes[separator] !== colon) return undefined;
    const start = blanksEnd(bytes, separator + 1);
    const end = valueEnd(bytes, start);
    if (end === start) return undefined;
    if (nameEnd - at - 2 <= lengthMax) {
      const name = Buffer.from(bytes.buffer, bytes.byteOffset + at + 1, nameEnd - at - 2).toString('latin1');
      if (wanted.has(name)) members.set(name, { start, end });
    }
    at = blanksEnd(bytes, end);
    if (bytes[at] === closeBrace) return { members, end: at + 1 };
    if (bytes[at] !== comma) return undefined;
    at = blanksEnd(bytes, at + 1);
  }
}

export function blanksEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at += 1;
  return at;
}

/** Behind the closing quote; one that is missing is behind the end. */
function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  for (; at < bytes.length; at += 1) {
    if (bytes[at] === backslash) at += 1;
    else if (bytes[at] === quote) return at + 1;
  }
  return at;
}

function valueEnd(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === quote) return stringEnd(bytes, from);
  if (first === openBrace || first === openBracket) return nestEnd(bytes, from);
  let at = from;
  while (at < bytes.length && !endsScalar(bytes[at])) at += 1;
  return at;
}

/** Brackets are counted, not matched: what is between them is nobody's business here. */
function nestEnd(bytes: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case quote:
        at = stringEnd(bytes, at) - 1;
        break;
      case openBrace:
      case openBracket:
        depth += 1;
        break;
      case closeBrace:
      case closeBracket:
        depth -= 1;
        if (depth === 0) return at + 1;
        break;
    }
  }
  return bytes.length;
}

function endsScalar(byte: number | undefined): boolean {
  return byte === comma || byte === closeBrace || byte === closeBracket || byte === 0x20 || (byte ?? 0) < 0x20;
}
