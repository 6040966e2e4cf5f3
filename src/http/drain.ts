/**
 * Closes a server when the handlers that have begun are answered. Node's own closing waits for ever for a connection that never
 * sent a whole request, because it stops its timers first; so handlers are counted here and the rest is cut.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

export class Drain {
  readonly #app: FastifyInstance;
  #running = 0;
  #closing: Promise<void> | undefined;

  constructor(app: FastifyInstance) {
    this.#app = app;
    // Until the port is closed, which takes some turns, connections still come in.
    app.server.on('connection', (socket) => {
      if (this.#closing !== undefined) socket.destroy();
    });
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
    this.#closing ??= this.#app.close();
    this.#cutWhenDone();
    return this.#closing;
  }

  #cutWhenDone(): void {
    if (this.#closing !== undefined && this.#running === 0) this.#app.server.closeAllConnections();
  }
}
