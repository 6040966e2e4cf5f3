/**
 * Closes a server when the handlers that have begun are answered. Node's own closing waits for ever for a connection that never
 * sent a whole request, because it stops its timers first; so handlers are counted here and the rest is cut.
 */
import type { Server, ServerResponse } from 'node:http';

export class Drain {
  readonly #server: Server;
  readonly #stopListening: () => Promise<void>;
  #running = 0;
  #closing: Promise<void> | undefined;

  constructor(server: Server, stopListening: () => Promise<void>) {
    this.#server = server;
    this.#stopListening = stopListening;
    // Until the port is closed, which takes some turns, connections still come in.
    server.on('connection', (socket) => {
      if (this.#closing !== undefined) socket.destroy();
    });
  }

  /** From then on answers tell clients to close the connection. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** A handler has begun. It counts until the last byte of its answer is gone, or nobody is there to take it. */
  begun(response: ServerResponse): void {
    this.#running += 1;
    response.once('close', () => {
      this.#running -= 1;
      this.#cutWhenDone();
    });
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#stopListening();
    this.#cutWhenDone();
    return this.#closing;
  }

  #cutWhenDone(): void {
    if (this.#closing !== undefined && this.#running === 0) this.#server.closeAllConnections();
  }
}
