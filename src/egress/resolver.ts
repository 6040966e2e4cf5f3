/**
 * The host's resolver, as a port: tests bring names of their own. Two ways to an address: `system` asks as every program of this
 * machine does (hosts file, search domains, and what else is configured there), for names that an embedder chose; each question
 * holds one of the few threads that Node has for this. `dns` asks the name servers, for names that a guest chose: a name server
 * of its own that never answers then costs nobody but it.
 */
import { promises, lookup as systemLookup } from 'node:dns';
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import type { DnsType } from '../protocol/network.ts';

export interface NameQuestion {
  readonly name: string;
  readonly family: 0 | 4 | 6;
  readonly way: 'system' | 'dns';
}

/** What failed says in `code` as Node does: ENOTFOUND, ENODATA, EAI_AGAIN, ETIMEOUT, ESERVFAIL. */
export interface NameResolver {
  /** Texts of IP addresses. */
  addresses(question: NameQuestion): Promise<readonly string[]>;
  /** What `dns.promises.resolve` gives; of A and AAAA with `ttl: true`; of REVERSE the names. */
  records(name: string, type: DnsType): Promise<unknown>;
  /** Pending questions fail, or are never answered. */
  close(): void;
}

export type OpenNameResolver = () => NameResolver;

/** Each guest gets one of its own, so that closing it cancels what that guest asked; questions to the system they share. Name servers: the system's. */
export function hostResolvers(clock: Clock, nameServers?: readonly string[]): OpenNameResolver {
  const system = new SystemLookups(clock);
  return () => openResolver(system, nameServers);
}

function openResolver(system: SystemLookups, nameServers: readonly string[] | undefined): NameResolver {
  let opened: promises.Resolver | undefined;
  const resolver = (): promises.Resolver => {
    if (opened !== undefined) return opened;
    opened = new promises.Resolver({ timeout: limits.dnsTimeoutMs, tries: 2, maxTimeout: limits.dnsTimeoutMs });
    if (nameServers !== undefined) opened.setServers(nameServers);
    return opened;
  };
  return {
    addresses: ({ name, family, way }) =>
      way === 'system' ? system.addresses(name, family) : dnsAddresses(resolver(), name, family),
    records: (name, type) => {
      switch (type) {
        case 'A':
          return resolver().resolve4(name, { ttl: true });
        case 'AAAA':
          return resolver().resolve6(name, { ttl: true });
        case 'REVERSE':
          return resolver().reverse(name);
        case 'TLSA':
          return resolver().resolveTlsa(name);
        default:
          return resolver().resolve(name, type);
      }
    },
    close: () => opened?.cancel(),
  };
}

/**
 * Node answers these on its few threads, half of which lookups may hold: the same question is asked once for all who wait for it,
 * and nobody waits for ever.
 */
class SystemLookups {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Promise<readonly string[]>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async addresses(name: string, family: 0 | 4 | 6): Promise<readonly string[]> {
    const late = Promise.withResolvers<never>();
    using _limit = this.#clock.after(limits.systemLookupTimeoutMs, () => {
      late.reject(Object.assign(new Error(`no answer for ${name}`), { code: 'EAI_AGAIN' }));
    });
    return await Promise.race([this.#ask(name, family), late.promise]);
  }

  #ask(name: string, family: 0 | 4 | 6): Promise<readonly string[]> {
    const key = `${family} ${name}`;
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const asked = new Promise<readonly string[]>((resolve, reject) => {
      systemLookup(name, { all: true, family, order: 'verbatim' }, (error, found) => {
        this.#pending.delete(key);
        if (error === null) resolve(found.map(({ address }) => address));
        else reject(error);
      });
    });
    this.#pending.set(key, asked);
    return asked;
  }
}

async function dnsAddresses(resolver: promises.Resolver, name: string, family: 0 | 4 | 6): Promise<readonly string[]> {
  const asked = [
    ...(family === 6 ? [] : [resolver.resolve4(name)]),
    ...(family === 4 ? [] : [resolver.resolve6(name)]),
  ];
  const answers = await Promise.allSettled(asked);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const failed = answers.find((answer) => answer.status === 'rejected');
  // A name with addresses of one family only is no failure.
  if (found.length === 0 && failed !== undefined) throw failed.reason;
  return found;
}
