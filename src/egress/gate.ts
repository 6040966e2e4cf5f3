/**
 * The egress gate of an engine: everything that a guest does on the network is decided and carried out behind it. It opens a
 * session for each guest that asks for anything, and keeps what all of them share: counts, the machine's own addresses.
 */
import { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { formatIpAddress, type IpAddress } from '../base/ip-address.ts';
import { limits } from '../model/limits.ts';
import type { NetworkCredentials } from '../model/network-credentials.ts';
import type { NetworkConfiguration } from '../model/network-settings.ts';
import type { Observe } from '../model/platform-event.ts';
import type { NetworkEvent } from '../protocol/network.ts';
import type { AuditedGuest } from './audit.ts';
import { ConnectionTally } from './connection-tally.ts';
import { policyRules } from './policy-rules.ts';
import { hostResolvers, type OpenNameResolver } from './resolver.ts';
import { NetworkSession } from './session.ts';

export interface EgressOptions {
  readonly clock: Clock;
  readonly observe: Observe | undefined;
  /** Default: the host's. */
  readonly openResolver?: OpenNameResolver;
  /** Texts of the addresses of this machine. Default: asked of the system, every so often. */
  readonly ownAddresses?: () => ReadonlySet<string>;
}

/** What one guest may do. */
export interface GuestNetwork {
  readonly configuration: NetworkConfiguration;
  readonly credentials?: NetworkCredentials | undefined;
}

export class EgressGate {
  readonly #options: EgressOptions;
  readonly #openResolver: OpenNameResolver;
  readonly #tally = new ConnectionTally();
  readonly #ownAddresses: () => ReadonlySet<string>;

  constructor(options: EgressOptions) {
    this.#options = options;
    this.#openResolver = options.openResolver ?? hostResolvers(options.clock);
    this.#ownAddresses = options.ownAddresses ?? rememberedInterfaces(options.clock);
  }

  open(
    guest: AuditedGuest,
    { configuration, credentials }: GuestNetwork,
    send: (event: NetworkEvent, body?: Uint8Array) => void,
  ): NetworkSession {
    const { clock, observe } = this.#options;
    const rules = policyRules(configuration, credentials);
    return new NetworkSession({
      clock,
      observe,
      guest,
      policy: { rules, isOwn: (address: IpAddress) => this.#ownAddresses().has(formatIpAddress(address)) },
      connectionsMax: configuration.connectionsMax ?? limits.networkConnectionsDefault,
      bytesPerSecondMax: configuration.bytesPerSecondMax,
      tally: this.#tally.of(guest.functionName),
      resolver: this.#openResolver(),
      send,
    });
  }
}

/** Asking takes some dozens of microseconds, and a machine seldom changes its addresses. */
function rememberedInterfaces(clock: Clock): () => ReadonlySet<string> {
  let addresses: ReadonlySet<string> = new Set();
  let untilMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.nowMs() < untilMs) return addresses;
    const found = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    addresses = new Set(found.map(({ address }) => address));
    untilMs = clock.nowMs() + interfacesMs;
    return addresses;
  };
}

const interfacesMs = 10_000;
