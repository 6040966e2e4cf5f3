/**
 * What kind of address one is: `public`, or what makes it one that no stranger's function has any business with. Built from
 * IANA's registries of special addresses (RFC 6890 and its updates, as of 2025); for IPv6 the other way round: only global
 * unicast is public, and tunnels, which carry IPv4 addresses inside, are not. Pure.
 */

import { invariant } from '../base/invariant.ts';
import { blockHas, type IpAddress, type IpBlock, parseIpBlock, withoutMapping } from '../base/ip-address.ts';

export type AddressClass =
  | 'public'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'shared'
  | 'link-local'
  | 'metadata'
  | 'multicast'
  | 'broadcast'
  | 'documentation'
  | 'benchmark'
  | 'reserved'
  | 'tunnel';

/** First match wins. */
const special4: readonly Entry[] = entries([
  ['169.254.169.254/32', 'metadata'],
  ['169.254.170.2/32', 'metadata'], // AWS ECS
  ['100.100.100.200/32', 'metadata'], // Alibaba
  ['192.0.0.192/32', 'metadata'], // Oracle
  ['168.63.129.16/32', 'metadata'], // Azure: a public address that every machine there reaches its host through
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'documentation'],
  ['192.88.99.0/24', 'tunnel'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'benchmark'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['255.255.255.255/32', 'broadcast'],
  ['240.0.0.0/4', 'reserved'],
]);

const special6: readonly Entry[] = entries([
  ['fd00:ec2::/32', 'metadata'], // AWS
  ['fd20:ce::254/128', 'metadata'], // Google
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['64:ff9b:1::/48', 'tunnel'],
  // IPv4-compatible, and whatever else begins with zeros.
  ['::/8', 'reserved'],
  ['100::/8', 'reserved'],
  ['2001:db8::/32', 'documentation'],
  ['2001:2::/48', 'benchmark'],
  // Teredo, ORCHID, and what else is for protocols.
  ['2001::/23', 'tunnel'],
  ['2002::/16', 'tunnel'],
  ['3fff::/20', 'documentation'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['ff00::/8', 'multicast'],
]);

const nat64 = block('64:ff9b::/96');
const globalUnicast = block('2000::/3');
/** The lower half of an ISATAP address, with its bit for addresses that are unique or not. */
const isatap: readonly bigint[] = [0x0000_5efen, 0x0200_5efen];

export function addressClass(given: IpAddress): AddressClass {
  const address = withoutMapping(given);
  if (address.family === 4) return find(special4, address) ?? 'public';
  const inside = addressInside(address);
  // The translator of the network connects to the address inside.
  if (inside !== undefined && blockHas(nat64, address)) return addressClass(inside);
  const found = find(special6, address);
  if (found !== undefined) return found;
  if (!blockHas(globalUnicast, address)) return 'reserved';
  return inside === undefined ? 'public' : addressClass(inside);
}

/** The IPv4 address that NAT64 or ISATAP leads to from this one. */
export function addressInside(address: IpAddress): IpAddress | undefined {
  if (address.family === 4) return undefined;
  const isTranslated = blockHas(nat64, address) || isatap.includes((address.bits >> 32n) & 0xffff_ffffn);
  return isTranslated ? { family: 4, bits: address.bits & 0xffff_ffffn } : undefined;
}

interface Entry {
  readonly block: IpBlock;
  readonly is: AddressClass;
}

function entries(texts: readonly (readonly [string, AddressClass])[]): readonly Entry[] {
  return texts.map(([text, is]) => ({ block: block(text), is }));
}

function block(text: string): IpBlock {
  const parsed = parseIpBlock(text);
  invariant(parsed !== undefined, `${text} is a block of addresses`);
  return parsed;
}

function find(table: readonly Entry[], address: IpAddress): AddressClass | undefined {
  return table.find((entry) => blockHas(entry.block, address))?.is;
}
