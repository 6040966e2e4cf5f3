/**
 * One entry of `network.allow`: what a function may reach, as text and as data. Read strictly, so that a rule which would never
 * match, or match more than was meant, is refused when it is given:
 *
 *     rule  = host [ ":" ports ]
 *     host  = name | "*." name | "localhost" | IPv4 [ "/" bits ] | "[" IPv6 [ "/" bits ] "]" | "public"
 *     ports = "*" | range *( "," range ),  range = number [ "-" number ]
 *
 * Without ports a rule means every port but 25: mail to strangers is sent only by who was told so (Lambda blocks it as well).
 * What a rule permits is decided in `egress/policy.ts`.
 */
import { type IpBlock, parseIpAddress, parseIpBlock, singleBlock, withoutMapping } from '../base/ip-address.ts';
import { limits } from './limits.ts';

export interface NetworkRule {
  /** As given, in lower case. */
  readonly text: string;
  readonly target: RuleTarget;
  readonly ports: readonly PortRange[];
}

export type RuleTarget =
  | { readonly kind: 'name'; readonly name: string }
  /** Every name below it, at any depth, but not it itself. */
  | { readonly kind: 'subdomains'; readonly parent: string }
  | { readonly kind: 'localhost' }
  | { readonly kind: 'addresses'; readonly block: IpBlock }
  /** Every address that is everybody's: nothing private, nothing special. */
  | { readonly kind: 'public' };

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const portMax = 65_535;
const smtpPort = 25;
const everyPort: readonly PortRange[] = [{ from: 1, to: portMax }];
const everyPortButMail: readonly PortRange[] = [
  { from: 1, to: smtpPort - 1 },
  { from: smtpPort + 1, to: portMax },
];

/** The rule, or what it must be instead. */
export function parseNetworkRule(given: string): NetworkRule | { readonly problem: string } {
  if (given.length > limits.networkRuleCharsMax) {
    return { problem: `at most ${limits.networkRuleCharsMax} characters (networkRuleCharsMax)` };
  }
  const text = given.toLowerCase();
  if (text.includes('://')) return { problem: 'a host and ports, without a scheme' };
  const parts = split(text);
  if (parts === undefined) return { problem: 'HOST or HOST:PORTS, with an IPv6 address in brackets' };
  const target = targetOf(parts.host);
  if ('problem' in target) return target;
  const ports = parts.ports === undefined ? everyPortButMail : portsOf(parts.ports);
  if (ports === undefined) {
    return { problem: `HOST:PORTS with ports from 1 to ${portMax}, as in 443, 80,443, 8000-8100 or *` };
  }
  return { text, target, ports };
}

/** Several rules in one text, apart by spaces or commas; a comma before a number goes on with the ports of the rule before it. */
export function splitNetworkRules(text: string): readonly string[] {
  const rules: string[] = [];
  for (const part of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const last = rules.at(-1);
    if (last !== undefined && rangePattern.test(part)) rules[rules.length - 1] = `${last},${part}`;
    else rules.push(part);
  }
  return rules;
}

export function portsHave(ports: readonly PortRange[], port: number): boolean {
  return ports.some(({ from, to }) => port >= from && port <= to);
}

/**
 * A name as rules and lookups compare it: lower case, without the dot of the root. Undefined when it is no name of a host: wrong
 * characters, or a number at its end, which resolvers read as an address (`127.1`, `0x7f000001`, `2130706433`).
 */
export function normalName(given: string): string | undefined {
  const name = (given.endsWith('.') ? given.slice(0, -1) : given).toLowerCase();
  if (name.length === 0 || name.length > limits.hostnameCharsMax - 1) return undefined;
  const labels = name.split('.');
  if (!labels.every((label) => labelPattern.test(label))) return undefined;
  return numberPattern.test(labels.at(-1) ?? '') ? undefined : name;
}

/** Underscores are in names of services, and in some of hosts. */
const labelPattern = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
/** What the URL standard takes as the end of an IPv4 address. */
const numberPattern = /^(?:\d+|0x[0-9a-f]*)$/;
const rangePattern = /^\d+(?:-\d+)?$/;

function split(text: string): { readonly host: string; readonly ports: string | undefined } | undefined {
  const end = text.startsWith('[') ? text.indexOf(']') + 1 : text.indexOf(':');
  if (end === 0) return undefined;
  if (end < 0 || end === text.length) return { host: text, ports: undefined };
  const ports = text.slice(end + 1);
  return text[end] !== ':' || ports.includes(':') ? undefined : { host: text.slice(0, end), ports };
}

function targetOf(host: string): RuleTarget | { readonly problem: string } {
  if (host === 'public') return { kind: 'public' };
  if (host === 'localhost') return { kind: 'localhost' };
  if (host === '*') return { problem: 'a host; every public address is called public' };
  const inBrackets = host.startsWith('[') ? host.slice(1, -1) : undefined;
  const literal = inBrackets ?? host;
  const address = parseIpAddress(literal);
  const block = address === undefined ? parseIpBlock(literal) : singleBlock(address);
  if (block !== undefined && (block.family === 6) === (inBrackets !== undefined)) {
    return withoutMapping(block).family === block.family
      ? { kind: 'addresses', block }
      : { problem: 'an IPv4 address in its own form' };
  }
  if (inBrackets !== undefined) return { problem: 'an IPv6 address or block in brackets' };
  if (literal.includes('/')) {
    return { problem: 'a host without a path, or a block of addresses whose bits behind the prefix are 0' };
  }
  const isWildcard = host.startsWith('*.');
  const name = host.endsWith('.') ? undefined : normalName(isWildcard ? host.slice(2) : host);
  if (name === undefined) {
    return { problem: 'a name (in its ASCII form), *.NAME, an IP address, a block of them, localhost or public' };
  }
  return isWildcard ? { kind: 'subdomains', parent: name } : { kind: 'name', name };
}

function portsOf(text: string): readonly PortRange[] | undefined {
  if (text === '*') return everyPort;
  const ranges: PortRange[] = [];
  for (const part of text.split(',')) {
    if (!rangePattern.test(part)) return undefined;
    const [first = '', last = first] = part.split('-');
    const range = { from: Number(first), to: Number(last) };
    if (first.startsWith('0') || last.startsWith('0') || range.to > portMax || range.from > range.to) return undefined;
    ranges.push(range);
  }
  return ranges;
}
