/**
 * Decides what a function may look up and connect to. Pure: rules, an address, the names that are known to have given it.
 *
 * A rule with a name (or `*.name`) opens public addresses only, whatever its zone answers: who controls a zone could otherwise
 * point the name at machines inside (DNS rebinding). To reach a private address by name takes two rules: one for the name, one
 * that covers the address. `localhost` opens 127.0.0.1 and ::1. What counts is the address that is connected to.
 */
import { blockHas, formatIpAddress, type IpAddress, parseIpAddress, withoutMapping } from '../base/ip-address.ts';
import { type NetworkRule, normalName, portsHave } from '../model/network-rule.ts';
import { addressClass, addressInside } from './address-class.ts';

/** Headers that the host adds to requests of this rule; `missing` when they were lost with the process that knew them. */
export interface RuleCredential {
  readonly host: string;
  readonly tls: boolean;
  readonly headers: ReadonlyMap<string, string> | 'missing';
  /** Certificates to trust instead of the host's own, PEM. */
  readonly ca?: string;
}

export interface PolicyRule extends NetworkRule {
  readonly credential?: RuleCredential;
}

export interface NetworkPolicy {
  readonly rules: readonly PolicyRule[];
  /** Addresses of this machine: what listens here for the neighbourhood is nothing public. */
  isOwn(address: IpAddress): boolean;
}

export type NameVerdict =
  /** `embedder`: a rule has this very name; `guest`: it is one of all that are below a name, or of all that are public. */
  | { readonly kind: 'allowed'; readonly name: string; readonly chosenBy: 'embedder' | 'guest' }
  | { readonly kind: 'refused'; readonly reason: string };

export interface AllowedConnect {
  readonly kind: 'allowed';
  /** Its text. */
  readonly rule: string;
  readonly name?: string;
  /** Of all names that lead here. Empty: the bytes are the guest's own business. */
  readonly credentials: readonly RuleCredential[];
  /** Names that lead here without a credential. */
  readonly plainNames: readonly string[];
}

export type ConnectVerdict = AllowedConnect | { readonly kind: 'refused'; readonly reason: string };

export function judgeName(policy: NetworkPolicy, given: string): NameVerdict {
  const name = normalName(given);
  if (name === undefined) {
    return {
      kind: 'refused',
      reason: `${JSON.stringify(given)} is neither a name of a host nor an address in its usual form`,
    };
  }
  const opening = policy.rules.filter(({ target }) => target.kind === 'public' || namesTarget(target, name));
  if (opening.length > 0) {
    const isNamed = opening.some(({ target }) => target.kind === 'name' || target.kind === 'localhost');
    return { kind: 'allowed', name, chosenBy: isNamed ? 'embedder' : 'guest' };
  }
  return { kind: 'refused', reason: `network.allow of this function does not have ${name}` };
}

/** What an address is called: for addresses that could be connected to, if only on some port and by whatever name. */
export function judgeReverse(policy: NetworkPolicy, text: string): NameVerdict {
  const address = parseIpAddress(text);
  if (address === undefined) return { kind: 'refused', reason: `${JSON.stringify(text)} is no address` };
  const isReachable = policy.rules.some((rule) => reaches(policy, rule, withoutMapping(address), [], undefined));
  return isReachable
    ? { kind: 'allowed', name: text, chosenBy: 'guest' }
    : { kind: 'refused', reason: `network.allow of this function does not have ${formatIpAddress(address)}` };
}

/** Whether `address` may be told to the guest as one of `name`: whether it could be connected to, if only on some port. */
export function admitsAddress(policy: NetworkPolicy, name: string, given: IpAddress): boolean {
  const address = withoutMapping(given);
  return policy.rules.some((rule) => reaches(policy, rule, address, [name], undefined));
}

/** @param names those that gave this address to this guest */
export function judgeConnect(
  policy: NetworkPolicy,
  given: IpAddress,
  port: number,
  names: readonly string[],
): ConnectVerdict {
  const address = withoutMapping(given);
  const matching = policy.rules.filter((rule) => reaches(policy, rule, address, names, port));
  const credentials = matching.flatMap(({ credential }) => credential ?? []);
  // The most particular first: it is the one that an audit should name.
  const rule = byKind.flatMap((kind) => matching.filter(({ target }) => target.kind === kind))[0];
  if (rule === undefined) {
    return { kind: 'refused', reason: refusal(policy, address, port, names) };
  }
  const name = names.find((each) => namesTarget(rule.target, each)) ?? names[0];
  const plainNames = names.filter((each) =>
    matching.some(
      ({ target, credential }) => credential === undefined && (target.kind === 'public' || namesTarget(target, each)),
    ),
  );
  return { kind: 'allowed', rule: rule.text, ...(name !== undefined && { name }), credentials, plainNames };
}

const byKind = ['name', 'localhost', 'subdomains', 'addresses', 'public'] as const;

/** @param port undefined: on some port */
function reaches(
  policy: NetworkPolicy,
  rule: PolicyRule,
  address: IpAddress,
  names: readonly string[],
  port: number | undefined,
): boolean {
  if (port !== undefined && !portsHave(rule.ports, port)) return false;
  const { target } = rule;
  switch (target.kind) {
    case 'addresses':
      return blockHas(target.block, address);
    case 'public':
      return isPublic(policy, address);
    case 'localhost':
      return isLocalhost(address);
    case 'name':
    case 'subdomains':
      return (
        names.some((name) => namesTarget(target, name)) &&
        (isPublic(policy, address) ||
          policy.rules.some((other) => other.target.kind === 'addresses' && reaches(policy, other, address, [], port)))
      );
    default:
      return target satisfies never;
  }
}

function namesTarget(target: NetworkRule['target'], name: string): boolean {
  switch (target.kind) {
    case 'name':
      return target.name === name;
    case 'subdomains':
      return name.endsWith(`.${target.parent}`);
    case 'localhost':
      return name === 'localhost';
    case 'addresses':
    case 'public':
      return false;
    default:
      return target satisfies never;
  }
}

function isPublic(policy: NetworkPolicy, address: IpAddress): boolean {
  return addressClass(address) === 'public' && !isOwn(policy, address);
}

/** Also by way of a translator: it comes back to this machine. */
function isOwn(policy: NetworkPolicy, address: IpAddress): boolean {
  const inside = addressInside(address);
  return policy.isOwn(address) || (inside !== undefined && policy.isOwn(inside));
}

function isLocalhost({ family, bits }: IpAddress): boolean {
  return family === 4 ? bits === 0x7f00_0001n : bits === 1n;
}

function refusal(policy: NetworkPolicy, address: IpAddress, port: number, names: readonly string[]): string {
  const shown = `${formatIpAddress(address)}${names[0] === undefined ? '' : ` (${names[0]})`}`;
  if (policy.rules.some((rule) => reaches(policy, rule, address, names, undefined))) {
    return `network.allow of this function does not have port ${port} of ${shown}`;
  }
  const isNamed = policy.rules.some(
    ({ target }) => target.kind === 'public' || names.some((name) => namesTarget(target, name)),
  );
  const kind = isOwn(policy, address) ? 'of the host itself' : addressClass(address);
  return isNamed && kind !== 'public'
    ? `${shown} is not a public address (${kind}), and no rule of network.allow names it`
    : `network.allow of this function does not have ${shown}`;
}
