/** One connection to a Redis server, one command at a time. It does not connect again: whoever needs it makes another one. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-text.ts';
import { limits } from '../../model/limits.ts';
import type { RedisEndpoint } from '../../model/redis-stream.ts';
import { SourceError } from '../sources/source.ts';
import { encodeCommand, RedisReplyError, type Reply, RespError, RespReader } from './resp.ts';

export interface CommandOptions {
  readonly signal: AbortSignal;
  /** How long the server itself may wait before it answers. */
  readonly waitMs?: number;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

export class RedisConnection implements Disposable {
  readonly #clock: Clock;
  readonly #place: string;
  readonly #socket: Socket;
  readonly #reader = new RespReader();
  #waiting: Waiting | undefined;
  #ended: SourceError | undefined;

  private constructor(socket: Socket, place: string, clock: Clock) {
    this.#socket = socket;
    this.#place = place;
    this.#clock = clock;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, limits.redisKeepAliveMs);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#end(this.#temporary(errorMessage(error), error)));
    socket.on('close', () => this.#end(this.#temporary('it closed the connection')));
  }

  /** Connected, authenticated, at the right database. @throws SourceError; the signal's reason */
  static async open(endpoint: RedisEndpoint, clock: Clock, signal: AbortSignal): Promise<RedisConnection> {
    signal.throwIfAborted();
    const { host, port, isTls, user, password, database } = endpoint;
    const socket = isTls
      ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
      : connectTcp({ host, port });
    const connection = new RedisConnection(socket, `${host}:${port}`, clock);
    try {
      // Sent before there is a connection, answered when there is one.
      if (password === undefined) await connection.command(['PING'], { signal });
      else await connection.command(['AUTH', ...(user === undefined ? [] : [user]), password], { signal });
      if (database !== 0) await connection.command(['SELECT', String(database)], { signal });
      return connection;
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** An abort, and a server that does not answer in time, end the connection. @throws SourceError; the signal's reason */
  async command(
    parts: readonly string[],
    { signal, waitMs = 0 }: CommandOptions,
  ): Promise<Exclude<Reply, RedisReplyError>> {
    signal.throwIfAborted();
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#waiting !== undefined) throw new SourceError('temporary', `${this.#place} is asked two things at once`);
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#waiting = { resolve, reject };
    const onAbort = (): void => {
      reject(signal.reason);
      this[Symbol.dispose]();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    using _timer = this.#clock.after(limits.redisAnswerMsMax + waitMs, () => {
      this.#end(this.#temporary(`it did not answer within ${limits.redisAnswerMsMax} ms (redisAnswerMsMax)`));
    });
    this.#socket.write(encodeCommand(parts));
    try {
      const reply = await promise;
      if (reply instanceof RedisReplyError) throw this.#refused(reply);
      return reply;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  [Symbol.dispose](): void {
    this.#end(this.#temporary('the connection was closed'));
  }

  #take(chunk: Buffer): void {
    try {
      for (const reply of this.#reader.push(chunk)) {
        const waiting = this.#waiting;
        this.#waiting = undefined;
        if (waiting === undefined) throw new RespError('a reply to nothing');
        waiting.resolve(reply);
      }
    } catch (error) {
      if (!(error instanceof RespError)) throw error;
      this.#end(new SourceError('temporary', `Redis at ${this.#place} sent ${error.message}`, { cause: error }));
    }
  }

  #end(reason: SourceError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#socket.destroy();
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }

  #temporary(reason: string, cause?: unknown): SourceError {
    return new SourceError('temporary', `Redis at ${this.#place} cannot be reached: ${reason}`, { cause });
  }

  /** A server that is loading, or a replica that has lost its master, answers again soon. */
  #refused(reply: RedisReplyError): SourceError {
    const fault = soonOver.includes(reply.code) ? 'temporary' : 'final';
    return new SourceError(fault, `Redis at ${this.#place} refuses: ${reply.message.slice(0, 200)}`, { cause: reply });
  }
}

const soonOver: readonly string[] = ['LOADING', 'BUSY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN'];
