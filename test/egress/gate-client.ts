/** Drives the gate as a sandbox does: requests in, events out, with names of the test's own. */
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { EgressGate } from '../../src/egress/gate.ts';
import type { NameQuestion, NameResolver } from '../../src/egress/resolver.ts';
import type { NetworkSession } from '../../src/egress/session.ts';
import { type NetworkSettings, networkConfiguration, networkCredentials } from '../../src/model/network-settings.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { decodeNetworkEvent } from '../../src/protocol/decode-network.ts';
import type { DnsType, NetworkEvent, NetworkRequest } from '../../src/protocol/network.ts';

type Answers = Readonly<Record<string, readonly string[] | (() => readonly string[] | Promise<readonly string[]>)>>;

export interface GateOptions {
  readonly network?: NetworkSettings;
  /** Addresses by name, or what gives them anew each time. */
  readonly names?: Answers;
  readonly records?: (name: string, type: DnsType) => unknown;
  readonly clock?: Clock;
  readonly ownAddresses?: readonly string[];
  /** As after a restart. */
  readonly credentials?: 'lost';
}

export type Got<Kind extends NetworkEvent['kind']> = Extract<NetworkEvent, { kind: Kind }> & {
  readonly body: Uint8Array;
};

export class GateClient {
  readonly observed: PlatformEvent[] = [];
  readonly questions: NameQuestion[] = [];
  readonly #session: NetworkSession;
  readonly #events: (NetworkEvent & { readonly body: Uint8Array })[] = [];
  #wake: (() => void) | undefined;
  #latestId = 0;

  constructor(options: GateOptions = {}) {
    const { network = {}, names = {}, records, clock = systemClock, ownAddresses = [] } = options;
    const gate = new EgressGate({
      clock,
      observe: (event) => this.observed.push(event),
      openResolver: () => this.#resolver(names, records),
      ownAddresses: () => new Set(ownAddresses),
    });
    this.#session = gate.open(
      { functionName: 'f', version: '$LATEST', environmentId: 'e' },
      {
        configuration: networkConfiguration(network),
        credentials: options.credentials === 'lost' ? undefined : networkCredentials(network, () => 'credentials'),
      },
      (event, body = new Uint8Array()) => {
        // As it would arrive.
        const arrived = decodeNetworkEvent(JSON.parse(JSON.stringify(event)), body);
        this.#events.push({ ...arrived, body: Uint8Array.from(body) });
        this.#wake?.();
      },
    );
  }

  request(request: NetworkRequest, body: Uint8Array = new Uint8Array()): void {
    this.#session.request(request, body);
  }

  nextId(): number {
    this.#latestId += 1;
    return this.#latestId;
  }

  /** Events that nobody has taken. */
  get waiting(): readonly NetworkEvent[] {
    return this.#events;
  }

  /** The next event of an id, taken. Fails when it is of another kind. */
  async next<Kind extends NetworkEvent['kind']>(id: number, kind: Kind): Promise<Got<Kind>> {
    for (;;) {
      const index = this.#events.findIndex((event) => event.id === id);
      const [event] = index < 0 ? [] : this.#events.splice(index, 1);
      if (event?.kind === kind) return event as Got<Kind>;
      if (event !== undefined)
        throw new Error(`expected ${kind}, got ${JSON.stringify({ ...event, body: undefined })}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  lookup(hostname: string, family: 0 | 4 | 6 = 0): number {
    const id = this.nextId();
    this.request({ kind: 'lookup', id, hostname, family });
    return id;
  }

  connect(address: string, port: number): number {
    const id = this.nextId();
    this.request({ kind: 'connect', id, address, port });
    return id;
  }

  async connected(address: string, port: number): Promise<number> {
    const id = this.connect(address, port);
    await this.next(id, 'connected');
    return id;
  }

  write(id: number, text: string | Uint8Array): void {
    this.request({ kind: 'write', id }, Buffer.from(text));
  }

  /** All bytes until the other end is through, giving credit for each. */
  async readAll(id: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const event = await this.nextOf(id, ['data', 'ended', 'written', 'shutdown']);
      if (event.kind === 'ended') return Buffer.concat(parts);
      if (event.kind !== 'data') continue;
      parts.push(event.body);
      this.request({ kind: 'credit', id, bytes: event.body.byteLength });
    }
  }

  async nextOf(id: number, kinds: readonly NetworkEvent['kind'][]): Promise<Got<NetworkEvent['kind']>> {
    for (;;) {
      const index = this.#events.findIndex((event) => event.id === id);
      const [event] = index < 0 ? [] : this.#events.splice(index, 1);
      if (event !== undefined && kinds.includes(event.kind)) return event;
      if (event !== undefined) throw new Error(`got ${JSON.stringify({ ...event, body: undefined })}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#session.close();
  }

  #resolver(names: Answers, records: GateOptions['records']): NameResolver {
    return {
      addresses: async (question) => {
        this.questions.push(question);
        const answer = names[question.name];
        if (answer === undefined) throw Object.assign(new Error(question.name), { code: 'ENOTFOUND' });
        const all = typeof answer === 'function' ? await answer() : answer;
        const wanted =
          question.family === 0 ? all : all.filter((each) => each.includes(':') === (question.family === 6));
        return wanted;
      },
      records: async (name, type) => {
        if (records === undefined) throw Object.assign(new Error(name), { code: 'ENODATA' });
        return records(name, type);
      },
      close: () => {},
    };
  }
}
