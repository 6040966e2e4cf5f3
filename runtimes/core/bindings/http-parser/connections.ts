/** `ConnectionsList`: which parsers of a server wait for a request, and which have been at one for too long. */
const { ArrayPrototypePush, ArrayPrototypeSort, SafeSet, SetPrototypeAdd, SetPrototypeDelete } = primordials;

export interface Connection {
  /** When the message began that is being read, in nanoseconds; 0 between messages. */
  readonly messageStart: number;
  readonly isHeadComplete: boolean;
  readonly parser: object;
}

export class Connections {
  readonly #all = new SafeSet<Connection>();
  readonly #active = new SafeSet<Connection>();

  add(connection: Connection): void {
    SetPrototypeAdd(this.#all, connection);
  }

  activate(connection: Connection): void {
    SetPrototypeAdd(this.#active, connection);
  }

  deactivate(connection: Connection): void {
    SetPrototypeDelete(this.#active, connection);
  }

  remove(connection: Connection): void {
    SetPrototypeDelete(this.#all, connection);
    SetPrototypeDelete(this.#active, connection);
  }

  all(): object[] {
    return parsers(this.#all, () => true);
  }

  idle(): object[] {
    return parsers(this.#all, ({ messageStart }) => messageStart === 0);
  }

  active(): object[] {
    return parsers(this.#active, () => true);
  }

  /** Those that exceeded one of the times (in milliseconds, 0 for none); they are named once. */
  expired(now: number, headersTimeout: number, requestTimeout: number): object[] {
    const isSwapped = requestTimeout > 0 && headersTimeout > requestTimeout;
    const headersDeadline = deadline(now, isSwapped ? requestTimeout : headersTimeout);
    const requestDeadline = deadline(now, isSwapped ? headersTimeout : requestTimeout);
    if (headersDeadline === 0 && requestDeadline === 0) return [];
    return parsers(this.#active, (connection) => {
      const { messageStart, isHeadComplete } = connection;
      const isExpired = (!isHeadComplete && messageStart < headersDeadline) || messageStart < requestDeadline;
      if (isExpired) this.deactivate(connection);
      return isExpired;
    });
  }
}

function deadline(now: number, timeoutMs: number): number {
  const nanoseconds = timeoutMs * 1e6;
  return nanoseconds > 0 && now > nanoseconds ? now - nanoseconds : 0;
}

/** Idle ones first, then the longest busy. */
function parsers(connections: Set<Connection>, isMeant: (connection: Connection) => boolean): object[] {
  const found: Connection[] = [];
  connections.forEach((connection) => {
    if (isMeant(connection)) ArrayPrototypePush(found, connection);
  });
  ArrayPrototypeSort(found, (a, b) => a.messageStart - b.messageStart);
  const result: object[] = [];
  for (let at = 0; at < found.length; at++) {
    const connection = found[at];
    if (connection !== undefined) ArrayPrototypePush(result, connection.parser);
  }
  return result;
}
