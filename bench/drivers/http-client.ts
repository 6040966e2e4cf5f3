/**
 * One way to speak HTTP to whatever serves it: a plain client over connections that are kept. Node's own takes more of the processor for
 * a call than the servers that are measured. It knows what they send: a length, or chunks, and no more than one answer at a time.
 */
import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | undefined;
}

export interface HttpClient extends Disposable {
  send(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<HttpAnswer>;
}

const emptyLine = Buffer.from('\r\n\r\n');
/** As many as calls that may be under way; a call over it fails. */
const connectionsMax = 10_000;

export function createHttpClient(port: number): HttpClient {
  const idle: Connection[] = [];
  const open = new Set<Connection>();
  return {
    async send(method, path, body = '', headers = {}) {
      let connection = idle.pop();
      while (connection !== undefined && !connection.isReusable) connection = idle.pop();
      connection ??= new Connection(port, open);
      if (open.size > connectionsMax) throw new Error(`more than ${connectionsMax} connections`);
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${lines.join('')}\r\n`;
      const answer = await connection.exchange(head + body);
      if (connection.isReusable) idle.push(connection);
      return answer;
    },
    [Symbol.dispose]() {
      for (const connection of open) connection.close();
    },
  };
}

class Connection {
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  #waiting: PromiseWithResolvers<HttpAnswer> | undefined;
  #isOpen = true;
  #keptUntilMs = Number.POSITIVE_INFINITY;

  constructor(port: number, open: Set<Connection>) {
    open.add(this);
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        const answer = this.#reader.take(chunk);
        if (answer === undefined) return;
        if (answer.header('connection') === 'close') this.#isOpen = false;
        this.#keptUntilMs = performance.now() + keptMs(answer.header('keep-alive'));
        const waiting = this.#waiting;
        this.#waiting = undefined;
        waiting?.resolve(answer);
      } catch (error) {
        this.#waiting?.reject(error);
        this.close();
      }
    });
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => {
      this.#isOpen = false;
      open.delete(this);
      this.#waiting?.reject(new Error('the server closed the connection'));
    });
  }

  async exchange(request: string): Promise<HttpAnswer> {
    this.#waiting = Promise.withResolvers();
    if (this.#isOpen) this.#socket.write(request);
    else this.#waiting.reject(new Error('the server closed the connection'));
    return await this.#waiting.promise;
  }

  /** Not when its server is about to close it: what is sent then gets no answer. */
  get isReusable(): boolean {
    return this.#isOpen && performance.now() < this.#keptUntilMs;
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }
}

/** Of `timeout=5`, without its last second; a server that says nothing is taken to keep it. */
function keptMs(keepAlive: string | undefined): number {
  const seconds = /timeout=(\d+)/.exec(keepAlive ?? '')?.[1];
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000 - 1000;
}

/** The answers of one connection, one after the other. */
export class AnswerReader {
  #bytes: Buffer[] = [];
  #length = 0;
  #head:
    | { readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly bodyAt: number }
    | undefined;

  /** The answer that this part completes, or undefined. @throws Error for what is no HTTP */
  take(chunk: Buffer): HttpAnswer | undefined {
    this.#bytes.push(chunk);
    this.#length += chunk.length;
    this.#head ??= this.#readHead();
    if (this.#head === undefined) return undefined;
    const { status, headers, bodyAt } = this.#head;
    const length = headers.get('content-length');
    let body: Buffer | undefined;
    if (status === 204 || status === 304) body = Buffer.alloc(0);
    else if (length !== undefined) {
      if (this.#length < bodyAt + Number(length)) return undefined;
      body = this.#whole().subarray(bodyAt, bodyAt + Number(length));
    } else if (headers.get('transfer-encoding') === 'chunked') {
      // Only when this can be the end of the last chunk is all of it looked through.
      if (chunk.at(-1) !== 0x0a) return undefined;
      body = dechunked(this.#whole().subarray(bodyAt));
      if (body === undefined) return undefined;
    } else {
      throw new Error(`an answer of status ${status} has neither length nor chunks`);
    }
    this.#bytes = [];
    this.#length = 0;
    this.#head = undefined;
    return { status, text: body.toString(), header: (name) => headers.get(name) };
  }

  #whole(): Buffer {
    const [first] = this.#bytes;
    if (this.#bytes.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(this.#bytes, this.#length);
    this.#bytes = [whole];
    return whole;
  }

  #readHead() {
    const whole = this.#whole();
    const end = whole.indexOf(emptyLine);
    if (end < 0) return undefined;
    const [first = '', ...lines] = whole.toString('latin1', 0, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    if (!Number.isInteger(status)) throw new Error(`no answer of HTTP: ${first.slice(0, 100)}`);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    return { status, headers, bodyAt: end + emptyLine.length };
  }
}

/** The body of chunks, or undefined while the last one is missing. */
function dechunked(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('a chunk has no size');
    const from = lineEnd + 2;
    if (bytes.length < from + size + 2) return undefined;
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
}
