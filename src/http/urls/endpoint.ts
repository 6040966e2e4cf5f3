/**
 * Serves function URLs straight on node:http, as Invoke is: request in, event, engine, response out (LAMBDA.md C9). Who may use one, what
 * the event says and what an answer means are decided beside it.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import type { Engine } from '../../engine/engine.ts';
import type { FunctionUrls } from '../../functions/registry.ts';
import { EngineError } from '../../model/errors.ts';
import type { UrlCors } from '../../model/function-url.ts';
import type { StreamedResult } from '../../model/invocation.ts';
import type { Drain } from '../drain.ts';
import { foreignRequest } from '../loopback.ts';
import { readBody, tooLong } from '../request-body.ts';
import { sendBytes, sendStream } from '../send-body.ts';
import type { Caller, SignatureVerifier, SignedRequest } from '../signature/verifier.ts';
import { isPublic } from './access.ts';
import { type UrlTarget, urlTarget } from './address.ts';
import { hasBody, headerList, type UrlAnswer, urlAnswer } from './answer.ts';
import { answerStart } from './answer-start.ts';
import { preflightHeaders, withCors } from './cors.ts';
import { urlEvent } from './event.ts';
import { forbidden, internalError, isUnexpected, notOurs, refusal, unknownUrl } from './refusal.ts';
import { safeCookies } from './safe-cookies.ts';

export interface UrlEndpointOptions {
  readonly engine: Engine;
  readonly drain: Drain;
  readonly onUnexpected: ((error: unknown, requestId: string) => void) | undefined;
  readonly clock: Clock;
  /** Of signatures, where there are access keys: without, a URL that asks for one lets nobody in. */
  readonly verifier: SignatureVerifier | undefined;
}

type FoundUrl = NonNullable<ReturnType<FunctionUrls['find']>>;

/** One request on its way. */
interface Exchange {
  readonly target: UrlTarget;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Of the URL, once it was found. */
  cors?: UrlCors | undefined;
}

export class UrlEndpoint {
  readonly #options: UrlEndpointOptions;
  /** Bodies that were refused while they came in: the engine does not know of them. */
  eventsTooLong = 0;

  constructor(options: UrlEndpointOptions) {
    this.#options = options;
  }

  /** False: the request is something else and untouched. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const target = urlTarget(request.headers.host, request.url ?? '');
    if (target === undefined) return false;
    const exchange: Exchange = { target, request, response, requestId: randomUUID() };
    this.#serve(exchange).catch((error: unknown) => this.#refuse(exchange, error));
    return true;
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { target, request, response } = exchange;
    const { verifier } = this.#options;
    // With keys a page gets nothing out of our origin.
    const isGuarded = target.form === 'path' && verifier === undefined;
    const reason = isGuarded ? foreignRequest(request.headers) : undefined;
    if (reason !== undefined) return this.#answer(exchange, notOurs(reason));
    // Not for the asterisk of OPTIONS, nor for what a proxy is sent.
    if (!target.rest.startsWith('/')) return this.#answer(exchange, notOurs('The request target must be a path'));
    // Before its body: nobody may send megabytes to what does not exist, or is not open to them.
    const found = this.#find(target);
    if (found === undefined) return this.#answer(exchange, unknownUrl(target.urlId));
    const { cors } = found.config;
    const preflight = cors && preflightHeaders(cors, request.method ?? '', request.headers);
    if (preflight !== undefined) return this.#write(exchange, { status: 200, headers: preflight, body: noBytes });
    exchange.cors = cors;
    const admission = this.#admit(request, found);
    if (admission === undefined) return this.#answer(exchange, forbidden);
    const body = await readBody(request);
    // The client hung up before its request was whole: there is nothing to run and nobody to tell.
    if (body === undefined) return;
    this.#options.drain.begun(response);
    const caller = admission === 'anybody' ? undefined : admission.verify(body);
    // Meanwhile it may have been shut, or be gone.
    const url = this.#find(target);
    if (url === undefined) return this.#answer(exchange, unknownUrl(target.urlId));
    if (caller === undefined && !isOpen(url)) return this.#answer(exchange, forbidden);
    await this.#invoke(exchange, url, body, caller);
  }

  /** What is left to check of a request's signature, `anybody` for a URL that asks for none; undefined: it is not let in. */
  #admit(request: IncomingMessage, url: FoundUrl): SignedRequest | 'anybody' | undefined {
    if (url.config.authType === 'NONE') return isOpen(url) ? 'anybody' : undefined;
    const { verifier } = this.#options;
    return verifier !== undefined && isSigned(request) ? verifier.open(request, signedFor) : undefined;
  }

  #find({ urlId }: UrlTarget): FoundUrl | undefined {
    return this.#options.engine.functions.urls.find(urlId);
  }

  async #invoke(
    exchange: Exchange,
    { functionName, qualifier, config }: FoundUrl,
    body: Uint8Array,
    caller: Caller | undefined,
  ): Promise<void> {
    const { target, request, requestId } = exchange;
    const { clock, engine } = this.#options;
    const { socket, headers } = request;
    const epochMs = clock.epochMs();
    const given = traceIdOf(headers['x-amzn-trace-id']);
    const event = urlEvent({
      ...target,
      method: request.method ?? '',
      protocol: `HTTP/${request.httpVersion}`,
      rawHeaders: request.rawHeaders,
      body,
      sourceIp: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      port: socket.localPort ?? 0,
      requestId,
      traceId: given ?? newTraceId(epochMs),
      epochMs,
      caller: caller?.accessKeyId,
    });
    // No signal is passed on: a function runs to its end although its client hung up (C4.15).
    const input = {
      functionName,
      payload: event,
      requestId,
      ...(qualifier !== undefined && { qualifier }),
      // One that nobody asked for is not traced.
      ...(given !== undefined && { traceId: given }),
    };
    if (config.invokeMode === 'RESPONSE_STREAM') return await this.#stream(exchange, await engine.invokeStream(input));
    const result = await engine.invoke(input);
    const answer = result.functionError === undefined ? urlAnswer(result.payload) : undefined;
    this.#answer(exchange, answer ?? internalError);
  }

  async #stream(exchange: Exchange, { contentType, stream }: StreamedResult): Promise<void> {
    const { request, response } = exchange;
    const reader = stream.getReader();
    const start = await answerStart(contentType, reader);
    if (start !== undefined) {
      const { status } = start.head;
      this.#writeHead(exchange, status, this.#fit(exchange, headerList(start.head)));
      if (hasBody(status) && request.method !== 'HEAD') {
        return await sendStream(response, start.body, reader, this.#options.clock);
      }
      response.end();
    }
    await reader.cancel();
    if (start === undefined) this.#answer(exchange, internalError);
  }

  #refuse(exchange: Exchange, error: unknown): void {
    if (error === tooLong) this.eventsTooLong += 1;
    if (isUnexpected(error)) this.#options.onUnexpected?.(error, exchange.requestId);
    if (exchange.response.headersSent) {
      exchange.response.destroy();
      return;
    }
    const isGone = error instanceof EngineError && error.code === 'ResourceNotFoundException';
    this.#answer(exchange, isGone ? unknownUrl(exchange.target.urlId) : refusal(error));
  }

  #answer(exchange: Exchange, { status, headers, body }: UrlAnswer): void {
    this.#write(exchange, { status, headers: this.#fit(exchange, headers), body });
  }

  /** Without what it may not say, with what we say. */
  #fit({ cors, request, target }: Exchange, headers: UrlAnswer['headers']): UrlAnswer['headers'] {
    // In the path form a browser would keep them for all servers of this machine, whatever their port.
    const isBrowser = request.headers['sec-fetch-site'] !== undefined;
    const safe =
      target.form === 'path' && isBrowser
        ? headers.filter(([name]) => name !== 'set-cookie')
        : safeCookies(headers, target.domainName);
    return cors ? withCors(cors, request.headers.origin, safe) : safe;
  }

  #write(exchange: Exchange, { status, headers, body }: UrlAnswer): void {
    // 204 and 304 must not have one (RFC 9110, 8.6).
    const hasLength = hasBody(status) || status === 205;
    const length = [['content-length', String(body.byteLength)]] as const;
    this.#writeHead(exchange, status, hasLength ? [...headers, ...length] : headers);
    // It ends when the client has it or is gone, and fails with nothing.
    void sendBytes(exchange.response, body, this.#options.clock);
  }

  #writeHead({ response, requestId, target }: Exchange, status: number, headers: UrlAnswer['headers']): void {
    const written = headers.flat();
    written.push('x-amzn-RequestId', requestId);
    // A page of a function below our own origin could use the API as one of ours: it gets an origin of its own, and no scripts.
    if (target.form === 'path') written.push('content-security-policy', 'sandbox');
    if (this.#options.drain.isClosing) written.push('connection', 'close');
    // A client that hung up meanwhile is no error: the bytes go nowhere.
    response.writeHead(status, written);
  }
}

function isOpen({ config, statements }: FoundUrl): boolean {
  return config.authType === 'NONE' && isPublic(statements);
}

/** The name of the service that clients sign requests to URLs for. */
const signedFor = ['lambda'] as const;

function isSigned({ headers, url = '' }: IncomingMessage): boolean {
  return headers.authorization !== undefined || url.includes('X-Amz-Signature=');
}

const noBytes = new Uint8Array();

/** The client's own, if it is one. */
function traceIdOf(given: string | string[] | undefined): string | undefined {
  return typeof given === 'string' && /^[\w=;:.-]{1,256}$/.test(given) ? given : undefined;
}

/** Of AWS's form: events always have one. */
function newTraceId(epochMs: number): string {
  const seconds = Math.floor(epochMs / 1_000)
    .toString(16)
    .padStart(8, '0');
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')}`;
}
