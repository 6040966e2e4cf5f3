/**
 * What clients together may hold of this process before anything of theirs is understood: connections, requests that wait on one
 * connection, bytes of bodies, headers. It answers whom it refuses; what a request means is not its business.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { errorText, ProtocolError, sendError } from './api-error.ts';

export interface AdmissionLimits {
  readonly connectionsMax: number;
  readonly bodyBytesMax: number;
}

/** Kept on what node:http made, so that a request costs no entry in a table. */
const unanswered = Symbol('unanswered');
const reserved = Symbol('reserved');

type CountedSocket = Socket & { [unanswered]?: number };
type CountedResponse = ServerResponse & { [reserved]?: number };

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #refusedSockets = new WeakSet<Socket>();
  readonly #ended: (this: ServerResponse) => void;
  #connections = 0;
  #bodyBytes = 0;

  constructor(
    server: Server,
    { connectionsMax, bodyBytesMax }: AdmissionLimits = {
      connectionsMax: limits.httpConnectionsMax,
      bodyBytesMax: limits.httpBodyBytesMax,
    },
  ) {
    this.#limits = { connectionsMax, bodyBytesMax };
    const admission = this;
    // One for all responses, which says by `this` whose end it is.
    this.#ended = function ended(this: CountedResponse): void {
      admission.#bodyBytes -= this[reserved] ?? 0;
      const socket: CountedSocket = this.req.socket;
      socket[unanswered] = (socket[unanswered] ?? 1) - 1;
    };
    server.on('connection', (socket: Socket) => this.#connected(socket));
  }

  /** False: it was refused and has its answer. */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#refusedSockets.has(request.socket)) return false;
    const error = this.#refusal(request, response);
    if (error === undefined) return true;
    // What else is on its way on this connection is nobody's business any more.
    response.setHeader('connection', 'close');
    sendError(response, error);
    return false;
  }

  #connected(socket: Socket): void {
    this.#connections += 1;
    socket.once('close', () => {
      this.#connections -= 1;
    });
    if (this.#connections <= this.#limits.connectionsMax) return;
    this.#refusedSockets.add(socket);
    const error = new ProtocolError(
      'ServiceUnavailableException',
      `Connections must be at most httpConnectionsMax, which is ${this.#limits.connectionsMax}`,
    );
    socket.end(errorText(error), () => socket.destroy());
  }

  #refusal(request: IncomingMessage, response: CountedResponse): Error | undefined {
    // Node 26 refuses more by itself, earlier ones leave out the rest.
    if (request.rawHeaders.length > 2 * limits.httpHeadersMax) {
      return new ProtocolError(
        'RequestHeaderSectionTooLargeException',
        `Request headers must be at most ${limits.httpHeadersMax} (httpHeadersMax)`,
      );
    }
    const socket: CountedSocket = request.socket;
    const waiting = socket[unanswered] ?? 0;
    if (waiting >= limits.httpPipelinedMax) {
      return tooMany('httpPipelinedMax', limits.httpPipelinedMax, 'requests that wait on one connection');
    }
    const bytes = bodyBytesOf(request);
    if (this.#bodyBytes + bytes > this.#limits.bodyBytesMax) {
      return tooMany('httpBodyBytesMax', this.#limits.bodyBytesMax, 'bytes of all bodies under way');
    }
    socket[unanswered] = waiting + 1;
    response[reserved] = bytes;
    this.#bodyBytes += bytes;
    response.on('close', this.#ended);
    return undefined;
  }
}

/** What it may take of memory; a body that says no length may be as long as any. */
function bodyBytesOf({ headers }: IncomingMessage): number {
  const length = headers['content-length'];
  if (length !== undefined) return Math.min(Number(length), limits.requestBytesMax);
  return headers['transfer-encoding'] === undefined ? 0 : limits.requestPayloadBytesMax;
}

function tooMany(name: keyof typeof limits, value: number, what: string): EngineError {
  return new EngineError(
    'TooManyRequestsException',
    `Rate Exceeded: ${what} must be at most ${name}, which is ${value}`,
    {
      throttleReason: 'CallerRateLimitExceeded',
      limit: { name, value },
    },
  );
}
