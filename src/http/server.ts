/**
 * The server of the Lambda API: routes, limits, errors, listening. What an operation does is in `operations/`; who may call
 * is in `gate.ts`. It closes connections, never the engine.
 */
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import type { FunctionFigures } from '../telemetry/function-figures.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { errorAnswer, errorHeaders } from './api-error.ts';
import { assertPlain } from './body-shape.ts';
import { CodeLinks, codeRoutePath, codeZip, layerRoutePath } from './code-location.ts';
import { Drain } from './drain.ts';
import { figuresPath, figuresText } from './figures.ts';
import { clientErrorHandler, fromFramework, listenError } from './framework-error.ts';
import { type Access, Gate, lambdaAccess } from './gate.ts';
import { InvokeEndpoint } from './invoke-endpoint.ts';
import { metricsContentType, metricsText } from './metrics.ts';
import type { Operation } from './operation.ts';
import { notOffered, offered, routePath, unknownOperation } from './operation-table.ts';
import { SignatureVerifier, type SignatureVerifierOptions, type SignedRequest } from './signature/verifier.ts';
import { answerTarget, targetContentType, targetSigningNames } from './target-protocol.ts';
import { UrlEndpoint } from './urls/endpoint.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route; default: who signs for `lambda`. */
    readonly access?: Access;
    /** For messages. */
    readonly operation?: string;
  }
}

export interface ServerOptions {
  readonly engine: Engine;
  /** Told of errors that are nobody's known failure, with the request id that the client got. */
  readonly onUnexpected?: (error: unknown, requestId: string) => void;
  /** What each function did, for `isotherm top`; absent where nobody counts. */
  readonly figures?: FunctionFigures;
  /** Lines that whoever writes the log had to drop, for the metrics. */
  readonly logLinesDropped?: () => number;
  /** Whose requests are served. Absent: everybody's on this machine, and the server listens on loopback only. */
  readonly signatures?: Omit<SignatureVerifierOptions, 'region'>;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
  /** For tests; default: httpConnectionsMax and httpBodyBytesMax. */
  readonly admission?: AdmissionLimits;
  /** How long a request may take to come in; for tests. */
  readonly timeouts?: { readonly headersMs: number; readonly requestMs: number };
}

const defaultTimeouts = { headersMs: limits.httpHeadersTimeoutMs, requestMs: limits.httpRequestTimeoutMs };

export interface ApiServer extends AsyncDisposable {
  /** Resolves to the URL when connections are accepted. @throws EngineError PortInUse, InvalidParameterValueException */
  listen(options: { readonly host: string; readonly port: number }): Promise<string>;
  /** For tests: a request without a socket. Invoke needs one. */
  readonly inject: FastifyInstance['inject'];
  /** Takes no more connections, lets running requests end. Idempotent. */
  close(): Promise<void>;
}

export function createServer(options: ServerOptions): ApiServer {
  const { engine, onUnexpected, signatures, timeouts = defaultTimeouts, clock = systemClock } = options;
  const server = createHttpServer({
    maxHeaderSize: limits.httpHeaderBytesMax,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: limits.httpKeepAliveMs,
    connectionsCheckingInterval: Math.min(timeouts.headersMs, timeouts.requestMs),
    // An answer of a warm function is there within a millisecond: waiting to fill a segment would be the longest part.
    noDelay: true,
  });
  // One more than is taken, so that too many are told from as many as may be.
  server.maxHeadersCount = limits.httpHeadersMax + 1;
  const admission = new Admission(server, options.admission);
  const app = fastify({
    serverFactory: (handler) =>
      server.on('request', (request, response) => {
        if (!admission.admit(request, response)) return;
        // Then this, because behind the host name of a URL every path is the function's own.
        if (urlEndpoint.take(request, response)) return;
        if (!invokeEndpoint.take(request, response)) handler(request, response);
      }),
    bodyLimit: limits.controlRequestBytesMax,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: limits.httpPathLabelLengthMax, querystringParser },
    exposeHeadRoutes: false,
    clientErrorHandler,
    frameworkErrors: (error, request, reply) => refuse(request, reply, error),
  });
  const drain = new Drain(server, () => app.close());
  const links = signatures && new CodeLinks(signatures.clock);
  const verifier = signatures && new SignatureVerifier(signatures);
  const gate = new Gate({ verifier, links });
  const urlEndpoint = new UrlEndpoint({ engine, drain, verifier, onUnexpected, clock });
  const invokeEndpoint = new InvokeEndpoint({ engine, drain, gate, clock, onUnexpected });

  // Bodies are bytes whatever the client calls them; operations parse their own.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const signedRequests = new WeakMap<FastifyRequest, SignedRequest>();
  app.addHook('onRequest', (request, _reply, done) => {
    const signed = gate.open(request.raw, request.routeOptions.config.access ?? lambdaAccess);
    if (signed !== undefined) signedRequests.set(request, signed);
    assertPlain(request.raw.headers);
    done();
  });
  app.addHook('preHandler', (request, reply, done) => {
    signedRequests.get(request)?.verify(request.body instanceof Uint8Array ? request.body : noBytes);
    drain.begun(reply.raw);
    done();
  });
  app.setErrorHandler((error, request, reply) => refuse(request, reply, error));
  app.setNotFoundHandler((request, reply) => {
    refuse(request, reply, unknownOperation(request.method, pathOf(request.url)));
  });

  for (const operation of offered) addOperation(app, engine, operation, (path) => links?.sign(path) ?? path);
  for (const [name, method, path] of notOffered) {
    app.route({
      method,
      url: routePath(path),
      handler: () => {
        throw new EngineError('NotImplementedException', `isotherm does not offer ${name} yet`);
      },
    });
  }
  addTargetRoute(app, engine, onUnexpected);
  app.get(figuresPath, (_request, reply) =>
    reply.header('content-type', 'application/json').send(jsonBytes(figuresText(engine, options.figures))),
  );
  addOwnRoutes(app, engine, () => {
    const eventsTooLong = invokeEndpoint.eventsTooLong + urlEndpoint.eventsTooLong;
    return metricsText(engine.stats(), {
      eventsTooLong,
      logEventsLost: engine.logs.lostEvents,
      logLinesDropped: options.logLinesDropped?.(),
    });
  });

  function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
    const requestId = randomUUID();
    const answer = errorAnswer(fromFramework(error, request));
    if (answer.isUnexpected) onUnexpected?.(error, requestId);
    reply.code(answer.status).headers(errorHeaders(answer, requestId));
    reply.send(jsonBytes(answer.body));
  }

  return {
    async listen({ host, port }) {
      gate.assertMayListen(host);
      try {
        // For a name fastify opens a server for each address; one is enough, and clients try both.
        const url = await app.listen({ host: host === 'localhost' ? '127.0.0.1' : host, port });
        // Of all addresses fastify names the first, which is loopback: that is not what was asked for.
        return isEveryAddress(host) ? url.replace(/\/\/[^/]*:/, `//${host === '::' ? '[::]' : host}:`) : url;
      } catch (error) {
        throw listenError(error, host, port);
      }
    },
    inject: app.inject.bind(app),
    close: () => drain.close(),
    [Symbol.asyncDispose]: () => drain.close(),
  };
}

function addOperation(
  app: FastifyInstance,
  engine: Engine,
  operation: Operation,
  signLink: (path: string) => string,
): void {
  app.route<{ Params: Record<string, string>; Querystring: Record<string, string>; Body: Uint8Array | undefined }>({
    method: operation.method,
    url: routePath(operation.path),
    bodyLimit: operation.requestBytesMax ?? limits.controlRequestBytesMax,
    config: { operation: operation.name },
    handler: async (request, reply) => {
      const answer = await operation.run({
        engine,
        labels: request.params,
        query: request.query,
        queryAll: (name) => new URLSearchParams(request.url.slice(pathOf(request.url).length)).getAll(name),
        body: request.body ?? noBytes,
        host: request.host,
        link: (path) => `http://${request.host}${signLink(path)}`,
      });
      reply.code(answer.status).header('x-amzn-RequestId', randomUUID());
      if (answer.body === undefined) return reply.send();
      return reply.header('content-type', 'application/json').send(jsonBytes(JSON.stringify(answer.body)));
    },
  });
}

/** Of every service that is called by a name in a header. */
function addTargetRoute(app: FastifyInstance, engine: Engine, onUnexpected: ServerOptions['onUnexpected']): void {
  app.route<{ Body: Uint8Array | undefined }>({
    method: 'POST',
    url: '/',
    bodyLimit: limits.targetRequestBytesMax,
    config: { access: { services: targetSigningNames } },
    handler: async (request, reply) => {
      const target = request.headers['x-amz-target'];
      if (typeof target !== 'string') throw unknownOperation(request.method, pathOf(request.url));
      const requestId = randomUUID();
      const answer = await answerTarget(engine, target, request.body ?? noBytes);
      if (answer.error !== undefined) onUnexpected?.(answer.error, requestId);
      reply.code(answer.status).header('x-amzn-RequestId', requestId);
      if (answer.errorType !== undefined) reply.header('x-amzn-ErrorType', answer.errorType);
      return reply.header('content-type', targetContentType).send(jsonBytes(answer.body));
    },
  });
}

function addOwnRoutes(app: FastifyInstance, engine: Engine, metrics: () => string): void {
  app.get('/healthz', { config: { access: 'open' } }, (_request, reply) =>
    reply.header('content-type', 'application/json').send(jsonBytes('{"status":"ok"}')),
  );
  app.get('/metrics', (_request, reply) => reply.header('content-type', metricsContentType).send(metrics()));
  app.get<{ Params: { FunctionName: string }; Querystring: { Qualifier?: string } }>(
    codeRoutePath,
    { config: { access: 'link' } },
    async (request, reply) => {
      const bytes = await codeZip(engine.functions, request.params.FunctionName, request.query.Qualifier);
      return reply.header('content-type', 'application/zip').send(bytesOf(bytes));
    },
  );
  app.get<{ Params: { LayerName: string; VersionNumber: string } }>(
    layerRoutePath,
    { config: { access: 'link' } },
    async (request, reply) => {
      const bytes = await engine.functions.layers.zip(request.params.LayerName, Number(request.params.VersionNumber));
      return reply.header('content-type', 'application/zip').send(bytesOf(bytes));
    },
  );
}

/** The same bytes as fastify takes them. */
function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** As bytes, because fastify adds a charset to the content type of a text, which AWS does not. */
function jsonBytes(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

const noBytes = new Uint8Array();
const noQuery: Readonly<Record<string, string>> = Object.freeze({});

/** One value for each name, the last one given; the one operation that takes a list asks for all. */
function querystringParser(text: string): Record<string, string> {
  return text === '' ? noQuery : Object.fromEntries(new URLSearchParams(text));
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
