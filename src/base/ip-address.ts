/**
 * IP addresses and blocks of them, as numbers. Texts are read strictly: IPv4 as four decimal numbers without leading zeros (no
 * octal, no hex, no short forms), IPv6 in any spelling of RFC 4291, without a zone. What is not read so is no address.
 */
export interface IpAddress {
  readonly family: 4 | 6;
  /** 32 or 128 bits. */
  readonly bits: bigint;
}

export interface IpBlock extends IpAddress {
  /** The leading bits that count; the others are 0. */
  readonly prefixLength: number;
}

const octetPattern = /^(?:0|[1-9]\d{0,2})$/;
const groupPattern = /^[0-9a-fA-F]{1,4}$/;
/** Longer texts are no address; nothing is split before this is known. */
const textCharsMax = 45;

export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length > textCharsMax) return undefined;
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** `10.0.0.0/8`. Undefined when it is no block, or bits behind the prefix are set. */
export function parseIpBlock(text: string): IpBlock | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIpAddress(text.slice(0, slash));
  const lengthText = text.slice(slash + 1);
  const prefixLength = Number(lengthText);
  if (address === undefined || !octetPattern.test(lengthText) || prefixLength > bitsOf(address.family))
    return undefined;
  const block = { ...address, prefixLength };
  return prefixOf(address, prefixLength) << BigInt(bitsOf(address.family) - prefixLength) === address.bits
    ? block
    : undefined;
}

export function singleBlock(address: IpAddress): IpBlock {
  return { ...address, prefixLength: bitsOf(address.family) };
}

export function blockHas(block: IpBlock, address: IpAddress): boolean {
  return (
    block.family === address.family && prefixOf(block, block.prefixLength) === prefixOf(address, block.prefixLength)
  );
}

/** The IPv4 address that an IPv4-mapped one (`::ffff:10.0.0.1`) stands for: the kernel connects to that one. */
export function withoutMapping(address: IpAddress): IpAddress {
  return address.family === 6 && address.bits >> 32n === 0xffffn
    ? { family: 4, bits: address.bits & 0xffff_ffffn }
    : address;
}

/** RFC 5952, but for IPv4 tails, which are written as any others. */
export function formatIpAddress({ family, bits }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const { from, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + length).join(':')}`;
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

function prefixOf({ family, bits }: IpAddress, length: number): bigint {
  return bits >> BigInt(bitsOf(family) - length);
}

function parseIpv4(text: string): IpAddress | undefined {
  const octets = text.split('.');
  if (octets.length !== 4) return undefined;
  let bits = 0n;
  for (const octet of octets) {
    if (!octetPattern.test(octet) || Number(octet) > 255) return undefined;
    bits = (bits << 8n) | BigInt(octet);
  }
  return { family: 4, bits };
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  const before = groupsOf(head, tail === undefined);
  const after = tail === undefined ? [] : groupsOf(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  // `::` stands for at least one group (RFC 5952 4.2.2 reads older texts that way too).
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  let bits = 0n;
  for (const group of [...before, ...Array<bigint>(missing).fill(0n), ...after]) bits = (bits << 16n) | group;
  return { family: 6, bits };
}

/** @param isEnd an IPv4 tail may only stand at the end of an address */
function groupsOf(text: string, isEnd: boolean): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (groupPattern.test(part)) {
      groups.push(BigInt(`0x${part}`));
      continue;
    }
    const ipv4 = isEnd && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (ipv4 === undefined) return undefined;
    groups.push(ipv4.bits >> 16n, ipv4.bits & 0xffffn);
  }
  return groups;
}

function longestZeros(groups: readonly string[]): { readonly from: number; readonly length: number } {
  let best = { from: 0, length: 0 };
  let from = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (groups[index] === '0') continue;
    if (index - from > best.length) best = { from, length: index - from };
    from = index + 1;
  }
  return best;
}
