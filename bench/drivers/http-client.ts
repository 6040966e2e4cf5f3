/** One way to speak HTTP to whatever serves it: Node's own client with connections that are kept. */
import { Agent, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | undefined;
}

export interface HttpClient extends Disposable {
  send(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<HttpAnswer>;
}

export function createHttpClient(port: number): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 256 });
  return {
    send(method, path, body = '', headers = {}) {
      const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
      const length = { 'content-length': Buffer.byteLength(body) };
      const outgoing = request({ host: '127.0.0.1', port, agent, method, path, headers: { ...headers, ...length } });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            text: Buffer.concat(chunks).toString(),
            header: (name) => String(incoming.headers[name] ?? '') || undefined,
          });
        });
      });
      outgoing.end(body);
      return promise;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
