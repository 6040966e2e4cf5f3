/**
 * IP addresses as text and as bytes, and which of them mean this machine. Pure; the text forms read and written are those of
 * `inet_pton` and `inet_ntop`.
 */
const {
  MathMax,
  NumberParseInt,
  NumberPrototypeToString,
  RegExp,
  RegExpPrototypeExec,
  StringPrototypeIncludes,
  StringPrototypeIndexOf,
  StringPrototypeLastIndexOf,
  StringPrototypeSlice,
  StringPrototypeSplit,
  Uint8Array,
} = primordials;

export interface Address {
  readonly family: 4 | 6;
  /** 4 or 16 of them. */
  readonly bytes: Uint8Array;
}

const decimal = new RegExp('^(?:0|[1-9][0-9]{0,2})$');
const hexadecimal = new RegExp('^[0-9A-Fa-f]{1,4}$');

export function parseAddress(text: string): Address | undefined {
  const bytes = StringPrototypeIncludes(text, ':') ? parseIPv6(text) : parseIPv4(text);
  return bytes && { family: bytes.length === 4 ? 4 : 6, bytes };
}

function parseIPv4(text: string): Uint8Array | undefined {
  const parts = StringPrototypeSplit(text, '.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let at = 0; at < 4; at++) {
    const part = parts[at] ?? '';
    if (RegExpPrototypeExec(decimal, part) === null) return undefined;
    const value = NumberParseInt(part, 10);
    if (value > 255) return undefined;
    bytes[at] = value;
  }
  return bytes;
}

function parseIPv6(text: string): Uint8Array | undefined {
  // A zone says through which interface; addresses that need one are no destinations here.
  const zone = StringPrototypeIndexOf(text, '%');
  const address = zone < 0 ? text : StringPrototypeSlice(text, 0, zone);
  const gap = StringPrototypeIndexOf(address, '::');
  if (gap < 0) {
    const groups = readGroups(address);
    return groups?.length === 16 ? groups : undefined;
  }
  const head = readGroups(StringPrototypeSlice(address, 0, gap));
  const tail = readGroups(StringPrototypeSlice(address, gap + 2));
  if (head === undefined || tail === undefined || head.length + tail.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  for (let at = 0; at < head.length; at++) bytes[at] = head[at] ?? 0;
  for (let at = 0; at < tail.length; at++) bytes[16 - tail.length + at] = tail[at] ?? 0;
  return bytes;
}

/** Groups with colons between them, the last of which may be an IPv4 address. */
function readGroups(text: string): Uint8Array | undefined {
  if (text === '') return new Uint8Array(0);
  const lastColon = StringPrototypeLastIndexOf(text, ':');
  const embedded = StringPrototypeIncludes(text, '.')
    ? parseIPv4(StringPrototypeSlice(text, lastColon + 1))
    : new Uint8Array(0);
  if (embedded === undefined) return undefined;
  const groupsText = embedded.length === 0 ? text : StringPrototypeSlice(text, 0, MathMax(0, lastColon));
  const groups = groupsText === '' ? [] : StringPrototypeSplit(groupsText, ':');
  if (groups.length > 8) return undefined;
  const bytes = new Uint8Array(2 * groups.length + embedded.length);
  for (let at = 0; at < groups.length; at++) {
    const group = groups[at] ?? '';
    if (RegExpPrototypeExec(hexadecimal, group) === null) return undefined;
    const value = NumberParseInt(group, 16);
    bytes[2 * at] = value >> 8;
    bytes[2 * at + 1] = value & 255;
  }
  for (let at = 0; at < embedded.length; at++) bytes[2 * groups.length + at] = embedded[at] ?? 0;
  return bytes;
}

export function formatAddress({ family, bytes }: Address): string {
  return family === 4 ? dotted(bytes, 0) : formatIPv6(bytes);
}

function dotted(bytes: Uint8Array, from: number): string {
  return `${bytes[from]}.${bytes[from + 1]}.${bytes[from + 2]}.${bytes[from + 3]}`;
}

function formatIPv6(bytes: Uint8Array): string {
  const group = (at: number): number => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0);
  const { from, length } = longestZeros(group);
  if (from === 0 && (length === 6 || (length === 5 && group(5) === 0xffff))) {
    return `${length === 5 ? '::ffff:' : '::'}${dotted(bytes, 12)}`;
  }
  let text = '';
  for (let at = 0; at < 8; at++) {
    if (length >= 2 && at === from) {
      text += '::';
      at += length - 1;
    } else {
      text += `${text === '' || (length >= 2 && at === from + length) ? '' : ':'}${NumberPrototypeToString(group(at), 16)}`;
    }
  }
  return text;
}

function longestZeros(group: (at: number) => number): { from: number; length: number } {
  let from = 0;
  let length = 0;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && group(end) === 0) end++;
    if (end - at > length) {
      from = at;
      length = end - at;
    }
    if (end > at) at = end;
  }
  return { from, length };
}

const mappedPrefix = 10;

/** The IPv4 address that `::ffff:a.b.c.d` stands for; any other address itself. */
export function unmapped(address: Address): Address {
  const { family, bytes } = address;
  if (family === 4) return address;
  for (let at = 0; at < mappedPrefix; at++) if (bytes[at] !== 0) return address;
  if (bytes[10] !== 255 || bytes[11] !== 255) return address;
  const inner = new Uint8Array(4);
  for (let at = 0; at < 4; at++) inner[at] = bytes[12 + at] ?? 0;
  return { family: 4, bytes: inner };
}

/** `0.0.0.0` and `::`. */
export function isUnspecified({ bytes }: Address): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback({ family, bytes }: Address): boolean {
  if (family === 4) return bytes[0] === 127;
  for (let at = 0; at < 15; at++) if (bytes[at] !== 0) return false;
  return bytes[15] === 1;
}
