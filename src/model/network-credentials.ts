/**
 * Values of the headers that the host adds for a function. They are reached by asking for a host, and in no other way: nothing
 * that prints, serialises or stores this object gets them out. They live as long as the process.
 */
export interface CredentialValues {
  /** By name, in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** PEM. */
  readonly ca?: string;
}

export class NetworkCredentials {
  /** Tells these values from any others without being made of them. */
  readonly id: string;
  readonly #byHost: ReadonlyMap<string, CredentialValues>;

  constructor(id: string, values: Iterable<readonly [host: string, CredentialValues]>) {
    this.id = id;
    this.#byHost = new Map(values);
  }

  /** @param host with its port, in lower case */
  of(host: string): CredentialValues | undefined {
    return this.#byHost.get(host);
  }
}
