/** Errors of fastify, of node:http and of the socket below, put in the terms of the API. */
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { errorText, ProtocolError } from './api-error.ts';

/** Errors that fastify makes before an operation sees the request, in AWS's terms. Others pass. */
export function fromFramework(error: unknown, request: FastifyRequest): unknown {
  const code = errorCode(error);
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new EngineError(
        'RequestEntityTooLargeException',
        `Request must be smaller than ${request.routeOptions.bodyLimit} bytes for the ${operationName(request)} operation`,
      );
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new EngineError(
        'ValidationException',
        `1 validation error detected: a label of the path failed to satisfy constraint: Member must have length less than or equal to ${limits.httpPathLabelLengthMax}`,
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
  return request.routeOptions.config.operation ?? 'requested';
}

/** What node:http could not even parse, or waited for in vain. There is no request to answer, only a socket. */
export function clientErrorHandler(error: Error, socket: Socket): void {
  if (errorCode(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(errorText(unparsable(error)));
}

function unparsable(error: Error): ProtocolError {
  switch (errorCode(error)) {
    case 'HPE_HEADER_OVERFLOW':
      return new ProtocolError(
        'RequestHeaderSectionTooLargeException',
        `Request headers must be smaller than ${limits.httpHeaderBytesMax} bytes (httpHeaderBytesMax) and at most ${limits.httpHeadersMax} (httpHeadersMax)`,
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

export function listenError(error: unknown, host: string, port: number): unknown {
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

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
