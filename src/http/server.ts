/**
 * The server of the Lambda API: routes, limits, errors, listening. What an operation does is in `operations/`; who may call
 * from where is in `loopback.ts`. It closes connections, never the engine.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { type ErrorAnswer, errorAnswer, ProtocolError } from './api-error.ts';
import { codeRoutePath, codeZip } from './code-location.ts';
import { assertLoopback, foreignRequest } from './loopback.ts';
import { metricsContentType, metricsText } from './metrics.ts';
import type { Operation } from './operation.ts';
import { notOffered, offered, routePath, unknownOperation } from './operation-table.ts';
import { invoke, invokeHeaders, invokeRoute } from './operations/invoke.ts';

export interface ServerOptions {
  readonly engine: Engine;
  /** Told of errors that are nobody's known failure, with the request id that the client got. */
  readonly onUnexpected?: (error: unknown, requestId: string) => void;
}

export interface ApiServer extends AsyncDisposable {
  /** Resolves to the URL when connections are accepted. @throws EngineError PortInUse, InvalidParameterValueException */
  listen(options: { readonly host: string; readonly port: number }): Promise<string>;
  /** For tests: a request without a socket. */
  readonly inject: FastifyInstance['inject'];
  /** Takes no more connections, lets running requests end. Idempotent. */
  close(): Promise<void>;
}

export function createServer({ engine, onUnexpected }: ServerOptions): ApiServer {
  const app = fastify({
    bodyLimit: limits.controlRequestBytesMax,
    requestTimeout: limits.httpRequestTimeoutMs,
    keepAliveTimeout: limits.httpKeepAliveMs,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: limits.httpPathLabelLengthMax, querystringParser },
    exposeHeadRoutes: false,
    http: {
      maxHeaderSize: limits.httpHeaderBytesMax,
      headersTimeout: limits.httpHeadersTimeoutMs,
      // An answer of a warm function is there within a millisecond: waiting to fill a segment would be the longest part.
      noDelay: true,
    },
    clientErrorHandler,
    frameworkErrors: (error, request, reply) => refuse(request, reply, error),
  });

  // Bodies are bytes whatever the client calls them; operations parse their own.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.addHook('onRequest', (request, _reply, done) => {
    const reason = foreignRequest(request.raw.headers);
    done(reason === undefined ? undefined : new EngineError('AccessDeniedException', reason));
  });
  app.setErrorHandler((error, request, reply) => refuse(request, reply, error));
  app.setNotFoundHandler((request, reply) => {
    refuse(request, reply, unknownOperation(request.method, pathOf(request.url)));
  });

  addInvoke(app, engine, refuse);
  for (const operation of offered) addOperation(app, engine, operation);
  for (const [name, method, path] of notOffered) {
    app.route({
      method,
      url: routePath(path),
      handler: () => {
        throw new EngineError('NotImplementedException', `isotherm does not offer ${name} yet`);
      },
    });
  }
  addOwnRoutes(app, engine);

  function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
    const requestId = randomUUID();
    const answer = errorAnswer(fromFramework(error, request));
    if (answer.isUnexpected) onUnexpected?.(error, requestId);
    reply
      .code(answer.status)
      .header('content-type', 'application/json')
      .header('x-amzn-RequestId', requestId)
      .header('x-amzn-ErrorType', answer.errorType);
    if (answer.retryAfter !== undefined) reply.header('retry-after', answer.retryAfter);
    reply.send(answer.body);
  }

  return {
    async listen({ host, port }) {
      assertLoopback(host);
      try {
        return await app.listen({ host, port });
      } catch (error) {
        throw listenError(error, host, port);
      }
    },
    inject: app.inject.bind(app),
    close: () => app.close(),
    [Symbol.asyncDispose]: () => app.close(),
  };
}

type Refuse = (request: FastifyRequest, reply: FastifyReply, error: unknown) => void;

/** Kept off the ordinary reply: its serialisers and hooks would cost the hot path more than the route itself. */
function addInvoke(app: FastifyInstance, engine: Engine, refuse: Refuse): void {
  app.route<{ Params: { FunctionName: string }; Querystring: { Qualifier?: string }; Body: Uint8Array | undefined }>({
    method: invokeRoute.method,
    url: routePath(invokeRoute.path),
    bodyLimit: limits.requestPayloadBytesMax,
    handler: (request, reply) => {
      const started = Promise.try(invoke, {
        engine,
        functionName: request.params.FunctionName,
        qualifier: request.query.Qualifier,
        headers: request.raw.headers,
        body: request.body,
      });
      started.then(
        (result) => {
          reply.hijack();
          // A client that hung up meanwhile is no error: the bytes go nowhere (LAMBDA.md C4.15).
          reply.raw.writeHead(result.statusCode, invokeHeaders(result));
          reply.raw.end(result.payload);
        },
        (error: unknown) => refuse(request, reply, error),
      );
    },
  });
}

function addOperation(app: FastifyInstance, engine: Engine, operation: Operation): void {
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
        body: request.body ?? new Uint8Array(),
        origin: `http://${request.host}`,
      });
      reply.code(answer.status).header('x-amzn-RequestId', randomUUID());
      if (answer.body === undefined) return reply.send();
      return reply.header('content-type', 'application/json').send(JSON.stringify(answer.body));
    },
  });
}

function addOwnRoutes(app: FastifyInstance, engine: Engine): void {
  app.get('/healthz', (_request, reply) => reply.header('content-type', 'application/json').send('{"status":"ok"}'));
  app.get('/metrics', (_request, reply) =>
    reply.header('content-type', metricsContentType).send(metricsText(engine.stats())),
  );
  app.get<{ Params: { FunctionName: string }; Querystring: { Qualifier?: string } }>(
    codeRoutePath,
    async (request, reply) => {
      const bytes = await codeZip(engine.functions, request.params.FunctionName, request.query.Qualifier);
      return reply.header('content-type', 'application/zip').send(Buffer.from(bytes));
    },
  );
}

/** Errors that fastify makes before an operation sees the request, in AWS's terms. Others pass. */
function fromFramework(error: unknown, request: FastifyRequest): unknown {
  const code = errorCode(error);
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new EngineError(
        'RequestEntityTooLargeException',
        `Request must be smaller than ${request.routeOptions.bodyLimit} bytes for the ${operationName(request)} operation`,
      );
    case 'FST_ERR_BAD_URL':
      return new ProtocolError('UnknownOperationException', `The path is not valid URL encoding: ${request.url}`);
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ProtocolError('SerializationException', 'The request body is not as long as its Content-Length says');
    default:
      return error;
  }
}

function operationName(request: FastifyRequest): string {
  const { config } = request.routeOptions;
  // AWS's message calls Invoke by this name (LAMBDA.md C4.9).
  return 'operation' in config && typeof config.operation === 'string' ? config.operation : 'InvokeFunction';
}

/** What node:http could not even parse, or waited for in vain. There is no request to answer, only a socket. */
function clientErrorHandler(error: Error, socket: Socket): void {
  if (errorCode(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, errorType, body }: ErrorAnswer = errorAnswer(unparsable(error));
  socket.end(
    `HTTP/1.1 ${status} ${errorType}\r\ncontent-type: application/json\r\nx-amzn-RequestId: ${randomUUID()}\r\n` +
      `x-amzn-ErrorType: ${errorType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function unparsable(error: Error): ProtocolError {
  switch (errorCode(error)) {
    case 'HPE_HEADER_OVERFLOW':
      return new ProtocolError(
        'RequestHeaderSectionTooLargeException',
        `Request headers must be smaller than ${limits.httpHeaderBytesMax} bytes`,
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProtocolError(
        'RequestTimeoutException',
        `The request was not complete within ${limits.httpRequestTimeoutMs} ms`,
      );
    default:
      return new ProtocolError('SerializationException', `The request is not HTTP/1.1: ${error.message}`);
  }
}

function listenError(error: unknown, host: string, port: number): unknown {
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new EngineError('PortInUse', `port ${port} on ${host} is in use by another program; choose another`, {
        cause: error,
      });
    case 'EACCES':
      return new EngineError('PortInUse', `port ${port} on ${host} may not be used by this user`, { cause: error });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new EngineError('InvalidParameterValueException', `host ${host} is no address of this machine`, {
        cause: error,
      });
    default:
      return error;
  }
}

const noQuery: Readonly<Record<string, string>> = Object.freeze({});

/** One value for each name, the last one given: no operation takes a list this way. */
function querystringParser(text: string): Record<string, string> {
  return text === '' ? noQuery : Object.fromEntries(new URLSearchParams(text));
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
