/** Reads the body of a request that becomes an event, for those that are served below fastify. */
import type { IncomingMessage } from 'node:http';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';

/** undefined when the client hung up before the end. @throws EngineError RequestEntityTooLargeException */
export function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const bytesMax = limits.requestPayloadBytesMax;
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return Promise.reject(tooLong);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes <= bytesMax) chunks.push(chunk);
    else {
      // Without a Content-Length only counting tells. The rest is read and forgotten.
      chunks.length = 0;
      reject(tooLong);
    }
  });
  request.on('end', () => {
    const [first] = chunks;
    resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
  });
  // After `end` it changes nothing any more.
  request.on('close', () => resolve(undefined));
  return promise;
}

/** One for all: it has no stack that anybody would read, and a client may send many. */
export const tooLong = new EngineError(
  'RequestEntityTooLargeException',
  `Request must be smaller than ${limits.requestPayloadBytesMax} bytes for the InvokeFunction operation`,
  { limit: { name: 'requestPayloadBytesMax', value: limits.requestPayloadBytesMax, reason: 'event-bytes' } },
);
