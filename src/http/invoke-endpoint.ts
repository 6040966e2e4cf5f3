/**
 * Serves Invoke straight on node:http, below fastify: the one request that is worth it. Measured in CPU time of the server's
 * thread for each request (2 busy cores, Node 26.10, 16 connections): bare node:http 46 us, this 51 us, through fastify 66 us.
 * What an invocation means is in `operations/`; InvokeWithResponseStream is here because it writes as its function does. Everything else
 * stays with fastify.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { InvokeResult } from '../model/invocation.ts';
import { sendError } from './api-error.ts';
import { assertPlain } from './body-shape.ts';
import type { Drain } from './drain.ts';
import { type Gate, lambdaAccess } from './gate.ts';
import { type InvokeTarget, invoke, invokeHeaders, invokeTarget } from './operations/invoke.ts';
import {
  invokeStream,
  invokeStreamTarget,
  streamHeaders,
  writeEvents,
} from './operations/invoke-with-response-stream.ts';
import { readBody, tooLong } from './request-body.ts';

export interface InvokeEndpointOptions {
  readonly engine: Engine;
  readonly drain: Drain;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly onUnexpected: ((error: unknown, requestId: string) => void) | undefined;
}

export class InvokeEndpoint {
  readonly #options: InvokeEndpointOptions;
  /** Events that were refused while they came in: the engine does not know of them. */
  eventsTooLong = 0;

  constructor(options: InvokeEndpointOptions) {
    this.#options = options;
  }

  /** False: the request is something else and untouched. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '' } = request;
    const target = invokeTarget(method, url);
    if (target !== undefined) {
      this.#serve(target, request, response).catch((error: unknown) => this.#refuse(response, error));
      return true;
    }
    const streamed = invokeStreamTarget(method, url);
    if (streamed === undefined) return false;
    this.#serveStream(streamed, request, response).catch((error: unknown) => this.#refuse(response, error));
    return true;
  }

  async #serve(target: InvokeTarget, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const signed = this.#options.gate.open(request, lambdaAccess);
    assertPlain(request.headers);
    const body = await readBody(request);
    // The client hung up before its request was whole: there is nothing to run and nobody to tell.
    if (body === undefined) return;
    if (signed !== undefined) signed.verify(body);
    this.#options.drain.begun(response);
    const result = await invoke({ engine: this.#options.engine, ...target, headers: request.headers, body });
    this.#answer(response, result);
  }

  async #serveStream(target: InvokeTarget, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { engine, drain, gate, clock, onUnexpected } = this.#options;
    const signed = gate.open(request, lambdaAccess);
    assertPlain(request.headers);
    const body = await readBody(request);
    if (body === undefined) return;
    if (signed !== undefined) signed.verify(body);
    drain.begun(response);
    const result = await invokeStream({ engine, ...target, headers: request.headers, body });
    const headers = streamHeaders(result);
    if (drain.isClosing) headers.connection = 'close';
    response.writeHead(result.statusCode, headers);
    if (result.statusCode === 204) {
      response.end();
      return;
    }
    // The client learns that the answer has begun, and of its type, before there is any of it.
    response.flushHeaders();
    const unexpected = await writeEvents(result, response, clock);
    if (unexpected !== undefined) onUnexpected?.(unexpected, result.requestId);
  }

  #answer(response: ServerResponse, result: InvokeResult): void {
    const headers = invokeHeaders(result);
    if (this.#options.drain.isClosing) headers.connection = 'close';
    // A client that hung up meanwhile is no error: the bytes go nowhere (LAMBDA.md C4.15).
    response.writeHead(result.statusCode, headers);
    response.end(result.payload);
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (error === tooLong) this.eventsTooLong += 1;
    if (response.headersSent) {
      this.#options.onUnexpected?.(error, randomUUID());
      response.destroy();
      return;
    }
    const { answer, requestId } = sendError(response, error);
    if (answer.isUnexpected) this.#options.onUnexpected?.(error, requestId);
  }
}
