/**
 * One connection of a guest: a socket of the host between the guest's window and the network. It opens to the very address that
 * was judged, copies bytes with flow control both ways, and ends with its guest. Whether it may exist, its caller decided.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { TokenBucket } from '../base/token-bucket.ts';
import { limits } from '../model/limits.ts';
import type { NetworkEvent } from '../protocol/network.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { ReadWindow } from './read-window.ts';
import { RefusedError } from './refused-error.ts';
import { WriteQueue } from './write-queue.ts';

/** What the host does on this connection beyond copying bytes. */
export interface Relay {
  /** Whether the guest must ask with `secure` before anything is sent. */
  readonly hostSpeaksTls: boolean;
  /** TLS over `socket`, as `servername`. @throws RefusedError */
  secure(socket: Socket, servername: string): SecureStream;
  /** The guest's bytes as they go out. @throws RefusedError */
  outgoing(bytes: Uint8Array): Uint8Array;
}

export interface SecureStream {
  readonly stream: Duplex;
  readonly secured: Promise<{ readonly alpnProtocol: string; readonly protocol: string; readonly cipher: string }>;
}

/** Where it leads. */
export interface Destination {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  readonly relay: Relay | undefined;
}

export interface ConnectionOptions {
  readonly id: number;
  readonly clock: Clock;
  /** Bytes both ways of all connections of the guest. */
  readonly rate: TokenBucket | undefined;
  readonly send: (event: NetworkEvent, body?: Uint8Array) => void;
  readonly onConnected: () => void;
  readonly onRefused: (reason: string) => void;
  /** `failed` was sent: nothing else comes. */
  readonly onFailed: () => void;
  /** It holds no descriptor any more. */
  readonly onReleased: () => void;
}

type Phase = 'waiting' | 'connecting' | 'insecure' | 'securing' | 'open' | 'lingering' | 'over';

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  #stream: Duplex;
  #phase: Phase = 'waiting';
  #relay: Relay | undefined;
  #startedMs = 0;
  #activeMs = 0;
  bytesSent = 0;
  bytesReceived = 0;

  readonly #writes = new WriteQueue();
  /** Of the guest's writes, not confirmed yet. */
  #unconfirmedBytes = 0;
  #isWriting = false;
  #isEndAsked = false;
  #isEndSent = false;

  readonly #reads: ReadWindow;
  #isEndReceived = false;
  #isEndTold = false;

  #timer: Disposable | undefined;
  #rateTimer: Disposable | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#reads = new ReadWindow((bytes) => options.send({ kind: 'data', id: options.id }, bytes));
    this.#socket = new Socket({ allowHalfOpen: true });
    this.#stream = this.#socket;
    this.#socket.on('error', (error) => this.#broken(error));
    this.#socket.once('close', () => this.#released());
  }

  /** Once. What the guest wrote before waits. */
  start(destination: Destination): void {
    if (this.#phase !== 'waiting') return;
    const { clock } = this.#options;
    const { address, family, port, relay } = destination;
    this.#phase = 'connecting';
    this.#relay = relay;
    this.#startedMs = clock.nowMs();
    this.#activeMs = this.#startedMs;
    this.#timer = clock.after(limits.networkConnectTimeoutMs, () => this.#fail('ETIMEDOUT', 'connect'));
    this.#socket.once('connect', () => this.#connected(destination));
    // A literal: nothing is looked up. Small writes leave at once; the guest's own stream has put together what belongs together.
    this.#socket.setNoDelay(true);
    // A guest's connection is no reason for the embedder's program to go on.
    this.#socket.unref();
    this.#socket.connect({ host: address, family, port, autoSelectFamily: false });
  }

  get durationMs(): number {
    return this.#options.clock.nowMs() - this.#startedMs;
  }

  /** The function may not have it. */
  refuse(reason: string): void {
    this.#options.onRefused(reason);
    this.#fail('EACCES', this.#phase === 'waiting' ? 'connect' : 'write', reason);
  }

  /** @throws ProtocolError */
  write(body: Uint8Array): void {
    if (this.#isEndAsked) throw new ProtocolError('network.kind', 'no write after the end', 'write');
    this.#unconfirmedBytes += body.byteLength;
    if (this.#unconfirmedBytes > limits.socketWindowBytes) {
      throw new ProtocolError(
        'network.body',
        `within the window of ${limits.socketWindowBytes}`,
        this.#unconfirmedBytes,
      );
    }
    this.#writes.push(body);
    this.#pump();
  }

  /** @throws ProtocolError */
  end(): void {
    if (this.#isEndAsked) throw new ProtocolError('network.kind', 'one end', 'end');
    this.#isEndAsked = true;
    this.#pump();
  }

  /** @throws ProtocolError */
  credit(bytes: number): void {
    this.#reads.credit(bytes);
    this.#read();
  }

  /** @throws ProtocolError */
  secure(servername: string): void {
    const relay = this.#relay;
    if (relay?.hostSpeaksTls !== true || this.#phase !== 'insecure') {
      throw new ProtocolError('network.kind', 'something else: nothing is to be secured', 'secure');
    }
    this.#phase = 'securing';
    this.#attempt(() => {
      const { stream, secured } = relay.secure(this.#socket, servername);
      this.#stream = stream;
      stream.on('error', (error) => this.#broken(error));
      stream.once('close', () => this.#socket.destroy());
      secured.then(
        (session) => {
          if (this.#phase !== 'securing') return;
          this.#options.send({ kind: 'secured', id: this.#options.id, ...session });
          this.#open();
        },
        // Tells the same as the stream's error, if that was not first.
        (error) => this.#broken(error),
      );
    });
  }

  /** The guest does not want it any more. What it wrote still leaves, unless it resets. Nothing is told from now on. */
  close(how: 'orderly' | 'reset'): void {
    if (how === 'reset' || this.#phase !== 'open') {
      this.destroy(how);
      return;
    }
    this.#phase = 'lingering';
    this.#reads.clear();
    this.#stream.resume();
    this.#watch(limits.networkLingerMsMax, () => this.destroy('orderly'));
    this.#isEndAsked = true;
    this.#pump();
  }

  destroy(how: 'orderly' | 'reset'): void {
    this.#phase = 'over';
    this.#timer?.[Symbol.dispose]();
    this.#rateTimer?.[Symbol.dispose]();
    this.#writes.clear();
    this.#reads.clear();
    if (this.#stream !== this.#socket) this.#stream.destroy();
    if (how === 'reset') this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #connected({ address, family, port, relay }: Destination): void {
    if (this.#phase !== 'connecting') return;
    const { id, send, onConnected } = this.#options;
    onConnected();
    const hostSpeaksTls = relay?.hostSpeaksTls ?? false;
    send({
      kind: 'connected',
      id,
      // Which address this machine has on which network is not the guest's to know.
      local: { address: guestAddress[family], port: guestPortMin + (id % guestPorts), family },
      remote: { address, port, family },
      hostSpeaksTls,
    });
    if (hostSpeaksTls) {
      this.#phase = 'insecure';
      this.#beWatched();
      this.#pump();
    } else {
      this.#open();
    }
  }

  #open(): void {
    this.#phase = 'open';
    this.#beWatched();
    this.#stream.on('data', (chunk: Buffer) => this.#received(chunk));
    this.#stream.once('end', () => {
      this.#isEndReceived = true;
      this.#read();
    });
    this.#read();
    this.#pump();
  }

  // To the guest.

  #received(chunk: Buffer): void {
    if (this.#phase !== 'open') return;
    this.#activeMs = this.#options.clock.nowMs();
    this.bytesReceived += chunk.byteLength;
    this.#options.rate?.spend(chunk.byteLength);
    this.#reads.push(chunk);
    this.#read();
  }

  /** Goes on reading, if there is room and what was read is through. */
  #read(): void {
    if (this.#phase !== 'open') return;
    if (!this.#reads.isClear || !this.#mayTransfer()) {
      this.#stream.pause();
    } else if (!this.#isEndReceived) {
      this.#stream.resume();
    } else if (!this.#isEndTold) {
      this.#isEndTold = true;
      this.#options.send({ kind: 'ended', id: this.#options.id });
    }
  }

  // From the guest.

  #pump(): void {
    if (this.#phase === 'insecure' && this.#writes.byteLength > 0) {
      this.refuse(
        'the host adds credentials to requests on this connection, so it speaks TLS itself: connect with node:https, node:tls or fetch',
      );
      return;
    }
    if ((this.#phase !== 'open' && this.#phase !== 'lingering') || this.#isWriting) return;
    if (!this.#mayTransfer()) return;
    const batch = this.#writes.take();
    if (batch === undefined) this.#endIfAsked();
    else this.#attempt(() => this.#write(batch));
  }

  #write(batch: Uint8Array): void {
    const bytes = this.#relay?.outgoing(batch) ?? batch;
    this.#isWriting = true;
    this.#options.rate?.spend(batch.byteLength);
    const written = (error?: Error | null) => {
      // An error is told by the stream itself.
      if (error !== undefined && error !== null) return;
      this.#isWriting = false;
      this.#activeMs = this.#options.clock.nowMs();
      this.bytesSent += batch.byteLength;
      this.#unconfirmedBytes -= batch.byteLength;
      if (this.#phase === 'open') {
        this.#options.send({ kind: 'written', id: this.#options.id, bytes: batch.byteLength });
      }
      this.#pump();
    };
    // All of it may be the beginning of a head, which is held back.
    if (bytes.byteLength === 0) written();
    else this.#stream.write(bytes, written);
  }

  #endIfAsked(): void {
    if (!this.#isEndAsked || this.#isEndSent) return;
    this.#isEndSent = true;
    this.#stream.end(() => {
      if (this.#phase === 'open') this.#options.send({ kind: 'shutdown', id: this.#options.id });
      else if (this.#phase === 'lingering') this.destroy('orderly');
    });
  }

  /** False when the rate is used up; then both directions are looked at again as soon as it is not. */
  #mayTransfer(): boolean {
    const waitMs = this.#options.rate?.waitMs() ?? 0;
    if (waitMs === 0) return true;
    this.#rateTimer ??= this.#options.clock.after(waitMs, () => {
      this.#rateTimer = undefined;
      this.#read();
      this.#pump();
    });
    return false;
  }

  // The end.

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.refuse(error.message);
    }
  }

  #broken(error: NodeJS.ErrnoException): void {
    const syscall = this.#phase === 'waiting' || this.#phase === 'connecting' ? 'connect' : (error.syscall ?? 'read');
    this.#fail(error.code ?? 'ECONNRESET', syscall);
  }

  #fail(code: string, syscall: string, reason?: string): void {
    if (this.#phase === 'over') return;
    const isTold = this.#phase !== 'lingering';
    this.destroy('orderly');
    if (!isTold) return;
    this.#options.send({
      kind: 'failed',
      id: this.#options.id,
      code,
      syscall,
      ...(reason !== undefined && { reason }),
    });
    this.#options.onFailed();
  }

  #released(): void {
    this.#timer?.[Symbol.dispose]();
    this.#options.onReleased();
  }

  /** Ends it when nothing moves for too long, or when it is too old. */
  #beWatched(): void {
    const nowMs = this.#options.clock.nowMs();
    const idleMs = nowMs - this.#activeMs;
    const ageMs = nowMs - this.#startedMs;
    if (idleMs >= limits.networkIdleMsMax) {
      this.#fail('ETIMEDOUT', 'read', `nothing moved for ${limits.networkIdleMsMax} ms (networkIdleMsMax)`);
    } else if (ageMs >= limits.networkConnectionMsMax) {
      this.#fail('ETIMEDOUT', 'read', `it is ${limits.networkConnectionMsMax} ms old (networkConnectionMsMax)`);
    } else {
      const restMs = Math.min(limits.networkIdleMsMax - idleMs, limits.networkConnectionMsMax - ageMs);
      this.#watch(restMs, () => this.#beWatched());
    }
  }

  #watch(delayMs: number, callback: () => void): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.clock.after(delayMs, callback);
  }
}

/** Where a guest thinks it is: addresses that nobody has, of the block that Lambda's own environments live in. */
const guestAddress = { 4: '169.254.100.1', 6: 'fd00::1' } as const;
const guestPortMin = 32_768;
const guestPorts = 28_232;
