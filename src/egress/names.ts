/**
 * Names for one guest: asks the host's resolver what the policy allows, leaves out addresses that the guest could not reach, and
 * remembers which name gave which of the others. The guest is not told what it may not have.
 */
import type { Clock } from '../base/clock.ts';
import { formatIpAddress, parseIpAddress, withoutMapping } from '../base/ip-address.ts';
import { limits } from '../model/limits.ts';
import type { DnsType } from '../protocol/network.ts';
import { Pins } from './pins.ts';
import { admitsAddress, judgeName, judgeReverse, type NetworkPolicy } from './policy.ts';
import type { NameResolver } from './resolver.ts';

export interface LookedUpAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface NotFound {
  readonly kind: 'failed';
  readonly code: string;
  readonly reason?: string;
  /** That the name has and the guest may not know of: for the operator. */
  readonly address?: string;
}
export type AddressAnswer = { readonly kind: 'found'; readonly addresses: readonly LookedUpAddress[] } | NotFound;
export type RecordAnswer = { readonly kind: 'found'; readonly records: string } | NotFound;

export interface NamesOptions {
  readonly clock: Clock;
  readonly policy: NetworkPolicy;
  readonly resolver: NameResolver;
}

export class Names {
  readonly #options: NamesOptions;
  readonly #pins: Pins;

  constructor(options: NamesOptions) {
    this.#options = options;
    this.#pins = new Pins(options.clock);
  }

  /** Names that gave this address, the latest first. */
  of(address: string): readonly string[] {
    return this.#pins.names(address);
  }

  async addresses(hostname: string, family: 0 | 4 | 6): Promise<AddressAnswer> {
    const { policy, resolver } = this.#options;
    const literal = parseIpAddress(hostname);
    if (literal !== undefined) {
      // Node answers these itself; a guest that asks all the same learns nothing by it.
      const isWanted = family === 0 || family === literal.family;
      return isWanted ? found([{ address: formatIpAddress(literal), family: literal.family }]) : failed('ENOTFOUND');
    }
    const verdict = judgeName(policy, hostname);
    if (verdict.kind === 'refused') return failed('EACCES', verdict.reason);
    const { name, chosenBy } = verdict;
    let texts: readonly string[];
    try {
      texts = await resolver.addresses({ name, family, way: chosenBy === 'embedder' ? 'system' : 'dns' });
    } catch (error) {
      // The resolver fails with a system error, whatever name it is asked for.
      return failed(codeOf(error));
    }
    const admitted = this.#admit(name, texts, (text) => text);
    if (admitted.length === 0) return texts.length === 0 ? failed('ENOTFOUND') : unreachable(name, texts[0]);
    return found(admitted.slice(0, limits.lookupAddressesMax).map(lookedUp));
  }

  async records(asked: string, type: DnsType): Promise<RecordAnswer> {
    const { policy, resolver } = this.#options;
    const verdict = type === 'REVERSE' ? judgeReverse(policy, asked) : judgeName(policy, asked);
    if (verdict.kind === 'refused') return failed('EACCES', verdict.reason);
    const { name } = verdict;
    let found: unknown;
    try {
      found = await resolver.records(name, type);
    } catch (error) {
      // As above.
      return failed(codeOf(error));
    }
    const records = type === 'REVERSE' || !Array.isArray(found) ? found : this.#admit(name, found, addressOf);
    if (Array.isArray(records) && records.length === 0) {
      return Array.isArray(found) && found.length > 0 ? unreachable(name, addressOf(found[0])) : failed('ENODATA');
    }
    const text = JSON.stringify(records, binaryAsHex);
    return text.length <= limits.dnsRecordsCharsMax ? { kind: 'found', records: text } : failed('EBADRESP');
  }

  /** Those that have no address, or one that may be reached, which is then remembered. */
  #admit<Answer>(name: string, answers: readonly Answer[], address: (answer: Answer) => string | undefined): Answer[] {
    return answers.filter((answer) => {
      const text = address(answer);
      if (text === undefined) return true;
      const parsed = parseIpAddress(text);
      if (parsed === undefined || !admitsAddress(this.#options.policy, name, parsed)) return false;
      this.#pins.add(formatIpAddress(withoutMapping(parsed)), name);
      return true;
    });
  }
}

function lookedUp(address: string): LookedUpAddress {
  return { address, family: address.includes(':') ? 6 : 4 };
}

function addressOf(record: unknown): string | undefined {
  if (typeof record !== 'object' || record === null || !('address' in record)) return undefined;
  return typeof record.address === 'string' ? record.address : undefined;
}

function found(addresses: readonly LookedUpAddress[]): AddressAnswer {
  return { kind: 'found', addresses };
}

function failed(code: string, reason?: string): NotFound {
  return { kind: 'failed', code, ...(reason !== undefined && { reason }) };
}

function unreachable(name: string, address: string | undefined): NotFound {
  const reason = `${name} has no address that network.allow of this function opens: a rule with a name opens public addresses only`;
  return { ...failed('EACCES', reason), ...(address !== undefined && { address }) };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'ESERVFAIL';
}

/** TLSA records carry bytes. */
function binaryAsHex(_key: string, value: unknown): unknown {
  return value instanceof ArrayBuffer ? Buffer.from(value).toString('hex') : value;
}
