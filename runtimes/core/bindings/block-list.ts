/** `internalBinding('block_list')`: addresses, and rules that they are looked up in, newest first as Node lists them. */
import type { CoreContext } from '../context.ts';
import { type Address, formatAddress, parseAddress, unmapped } from './net/address.ts';

const { Error, MathMin, Uint8Array } = primordials;

const ipv4 = 2;
const ipv6 = 10;

type Rule =
  | { readonly kind: 'address'; readonly from: Address }
  | { readonly kind: 'subnet'; readonly from: Address; readonly prefix: number }
  | { readonly kind: 'range'; readonly from: Address; readonly to: Address };

interface Link {
  readonly rule: Rule;
  next: Link | undefined;
}

interface Detail {
  address: string;
  port: number;
  family: number | string;
  flowlabel: number;
}

class SocketAddress {
  readonly #address: Address;
  readonly #port: number;
  readonly #flowlabel: number;

  constructor(text: string, port: number, family: number, flowlabel: number) {
    const address = parseAddress(text);
    if (address === undefined || address.family !== (family === ipv4 ? 4 : 6)) throw invalidAddress();
    this.#address = address;
    this.#port = port;
    this.#flowlabel = flowlabel;
  }

  /** @param handle by parameter: of ours, or this throws */
  static addressOf(handle: SocketAddress): Address {
    return handle.#address;
  }

  detail(detail: Detail): Detail {
    detail.address = formatAddress(this.#address);
    detail.port = this.#port;
    detail.family = this.#address.family === 4 ? ipv4 : ipv6;
    detail.flowlabel = this.#flowlabel;
    return detail;
  }

  legacyDetail(detail: Detail): Detail {
    this.detail(detail).family = this.#address.family === 4 ? 'IPv4' : 'IPv6';
    return detail;
  }

  flowlabel(): number {
    return this.#flowlabel;
  }
}

function invalidAddress(): Error {
  const error = new Error('Invalid socket address') as Error & { code: string };
  error.code = 'ERR_INVALID_ADDRESS';
  return error;
}

class BlockList {
  #first: Link | undefined;

  #add(rule: Rule): void {
    this.#first = { rule, next: this.#first };
  }

  #remove(gone: Rule): boolean {
    let before: Link | undefined;
    for (let link = this.#first; link !== undefined; before = link, link = link.next) {
      if (!isSame(link.rule, gone)) continue;
      if (before === undefined) this.#first = link.next;
      else before.next = link.next;
      return true;
    }
    return false;
  }

  addAddress(address: SocketAddress): void {
    const rule: Rule = { kind: 'address', from: SocketAddress.addressOf(address) };
    for (let link = this.#first; link !== undefined; link = link.next) if (isSame(link.rule, rule)) return;
    this.#add(rule);
  }

  addAddresses(addresses: readonly SocketAddress[]): void {
    for (let at = 0; at < addresses.length; at++) this.addAddress(addresses[at] as SocketAddress);
  }

  /** False: the range ends before it begins. */
  addRange(start: SocketAddress, end: SocketAddress): boolean {
    const from = SocketAddress.addressOf(start);
    const to = SocketAddress.addressOf(end);
    if ((compared(from, to) ?? 0) > 0) return false;
    this.#add({ kind: 'range', from, to });
    return true;
  }

  addSubnet(network: SocketAddress, prefix: number): void {
    this.#add({ kind: 'subnet', from: SocketAddress.addressOf(network), prefix });
  }

  removeAddress(address: SocketAddress): boolean {
    return this.#remove({ kind: 'address', from: SocketAddress.addressOf(address) });
  }

  removeRange(start: SocketAddress, end: SocketAddress): boolean {
    return this.#remove({ kind: 'range', from: SocketAddress.addressOf(start), to: SocketAddress.addressOf(end) });
  }

  removeSubnet(network: SocketAddress, prefix: number): boolean {
    return this.#remove({ kind: 'subnet', from: SocketAddress.addressOf(network), prefix });
  }

  check(address: SocketAddress): boolean {
    return this.#has(SocketAddress.addressOf(address));
  }

  checkString(text: string, family: number): boolean {
    const address = parseAddress(text);
    return address !== undefined && address.family === (family === ipv4 ? 4 : 6) && this.#has(address);
  }

  #has(address: Address): boolean {
    for (let link = this.#first; link !== undefined; link = link.next) if (matches(link.rule, address)) return true;
    return false;
  }

  getRules(): string[] {
    const rules: string[] = [];
    const append = (kind: Rule['kind']): void => {
      for (let link = this.#first; link !== undefined; link = link.next) {
        if (link.rule.kind === kind) rules[rules.length] = describe(link.rule);
      }
    };
    append('address');
    append('subnet');
    append('range');
    return rules;
  }

  getSize(): number {
    let size = 0;
    for (let link = this.#first; link !== undefined; link = link.next) size++;
    return size;
  }

  clear(): void {
    this.#first = undefined;
  }
}

function matches(rule: Rule, address: Address): boolean {
  switch (rule.kind) {
    case 'address':
      return compared(rule.from, address) === 0;
    case 'subnet':
      return isIn(rule.from, rule.prefix, address);
    case 'range':
      return (compared(rule.from, address) ?? 1) <= 0 && (compared(address, rule.to) ?? 1) <= 0;
    default:
      return rule satisfies never;
  }
}

/** Undefined: neither comes before the other. An IPv4 address is what its mapped form is. */
function compared(one: Address, other: Address): number | undefined {
  const [a, b] = one.family === other.family ? ([one, other] as const) : ([unmapped(one), unmapped(other)] as const);
  if (a.family !== b.family) return undefined;
  for (let at = 0; at < a.bytes.length; at++) {
    const difference = (a.bytes[at] ?? 0) - (b.bytes[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function isIn(network: Address, prefix: number, given: Address): boolean {
  const address = network.family === 4 ? unmapped(given) : mapped(given);
  if (address.family !== network.family) return false;
  for (let bit = 0; bit < prefix; bit += 8) {
    const bits = MathMin(8, prefix - bit);
    const mask = (0xff00 >> bits) & 0xff;
    if ((((address.bytes[bit / 8] ?? 0) ^ (network.bytes[bit / 8] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

function mapped(address: Address): Address {
  if (address.family === 6) return address;
  const bytes = new Uint8Array(16);
  bytes[10] = 255;
  bytes[11] = 255;
  for (let at = 0; at < 4; at++) bytes[12 + at] = address.bytes[at] ?? 0;
  return { family: 6, bytes };
}

function isSame(one: Rule, other: Rule): boolean {
  if (one.kind !== other.kind || one.from.family !== other.from.family || compared(one.from, other.from) !== 0)
    return false;
  if (one.kind === 'subnet') return one.prefix === (other as typeof one).prefix;
  return one.kind !== 'range' || compared(one.to, (other as typeof one).to) === 0;
}

function describe(rule: Rule): string {
  const family = rule.from.family === 4 ? 'IPv4' : 'IPv6';
  const from = formatAddress(rule.from);
  switch (rule.kind) {
    case 'address':
      return `Address: ${family} ${from}`;
    case 'subnet':
      return `Subnet: ${family} ${from}/${rule.prefix}`;
    case 'range':
      return `Range: ${family} ${from}-${formatAddress(rule.to)}`;
    default:
      return rule satisfies never;
  }
}

export function createBindings(_context: CoreContext): Record<string, object> {
  return { block_list: { BlockList, SocketAddress, AF_INET: ipv4, AF_INET6: ipv6 } };
}
