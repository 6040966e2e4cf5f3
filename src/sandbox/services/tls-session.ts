/** One TLS session: Node's own TLSSocket between the encrypted side and the guest. */
import type { SecureContext, TLSSocket } from 'node:tls';
import { type SecuredInfo, tlsEvents } from '../../bridge/tls.ts';
import { limits } from '../../model/limits.ts';
import type { ServiceLink } from '../service.ts';
import { BytesToGuest } from './bytes-to-guest.ts';
import { nodeTls } from './node-tls.ts';
import { tlsErrorOf } from './tls-error.ts';
import { bytes as bytesOf, type Fields, text } from './tls-settings.ts';
import type { CarriedStream, ConnectionStream } from './tls-streams.ts';

export interface TlsSessionOptions {
  readonly id: number;
  readonly link: ServiceLink;
  readonly settings: Fields;
  readonly context: SecureContext;
  readonly stream: ConnectionStream | CarriedStream;
  readonly resumed: ArrayBuffer | undefined;
  readonly onClose: () => void;
}

/** What Node's TLSSocket has under it, without types. */
interface Native {
  verifyError(): Error | undefined;
  getEphemeralKeyInfo(): object;
}

const portionBytes = limits.socketWindowBytes / 4;

export class TlsSession {
  readonly stream: ConnectionStream | CarriedStream;
  readonly socket: TLSSocket;
  readonly #id: number;
  readonly #link: ServiceLink;
  readonly #onClose: () => void;
  readonly #toGuest: BytesToGuest;
  #isSecure = false;
  /** Nothing is told any more. */
  #isOver = false;
  #inFlightBytes = 0;
  #writtenBytes = 0;

  /** @throws what Node says of settings that it does not accept */
  constructor({ id, link, settings, context, stream, resumed, onClose }: TlsSessionOptions) {
    this.#id = id;
    this.#link = link;
    this.#onClose = onClose;
    this.stream = stream;
    this.#toGuest = new BytesToGuest((piece) => link.emit(id, tlsEvents.data, piece));
    this.socket = createSocket(settings, context, stream, resumed);
    this.#listen(settings);
  }

  #listen(settings: Fields): void {
    const { socket } = this;
    const isServer = settings.isServer === true;
    socket.on(isServer ? 'secure' : 'secureConnect', () => this.#secured());
    socket.on('data', (chunk: Buffer) => {
      this.#toGuest.add(chunk);
      if (this.#toGuest.byteLength >= limits.socketWindowBytes) socket.pause();
    });
    socket.on('end', () => this.#toGuest.afterLast(() => this.#emit(tlsEvents.ended)));
    socket.on('error', (error) => this.#fail(error));
    // A server's session tells errors of the handshake so.
    socket.on('_tlsError', (error: Error) => this.#fail(error));
    socket.on('close', () => {
      // Without an error before it, the guest finds an end: also where there was none.
      if (!this.#isOver && !socket.readableEnded) this.#toGuest.afterLast(() => this.#emit(tlsEvents.ended));
      this.#onClose();
    });
    if (settings.wantsSession === true)
      socket.on('session', (session) => this.#emit(tlsEvents.session, exactly(session)));
    if (settings.wantsKeylog === true) socket.on('keylog', (line) => this.#emit(tlsEvents.keylog, exactly(line)));
    if (settings.requestOCSP === true) {
      socket.on('OCSPResponse', (response) => this.#emit(tlsEvents.ocsp, response ? exactly(response) : undefined));
    }
  }

  #secured(): void {
    if (this.#isSecure) return;
    this.#isSecure = true;
    this.#emit(tlsEvents.secured, JSON.stringify(describe(this.socket)));
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    // OpenSSL had a last word for a stream that was over: an end like others.
    if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_WRITE_AFTER_END') {
      this.#toGuest.afterLast(() => this.#emit(tlsEvents.ended));
      return;
    }
    // The peer went before there was a session. The guest's library has the words for it, and knows whom it called.
    if (!this.#isSecure && (error as NodeJS.ErrnoException).code === 'ECONNRESET') {
      this.#emit(tlsEvents.ended);
    } else {
      this.#toGuest.flush();
      this.#emit(tlsEvents.failed, JSON.stringify(tlsErrorOf(error)));
    }
    this.#isOver = true;
  }

  /** The connection below is gone. What came before is still read. */
  broken(code: string): void {
    if (this.#isOver) return;
    this.#toGuest.flush();
    this.#emit(tlsEvents.broken, code);
    this.#isOver = true;
  }

  write(bytes: ArrayBuffer): void {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    const { byteLength } = bytes;
    this.#inFlightBytes += byteLength;
    if (this.#inFlightBytes > limits.socketWindowBytes) {
      this.close('reset');
      this.#emit(tlsEvents.broken, 'ECONNRESET');
      return;
    }
    this.socket.write(new Uint8Array(bytes), (error) => {
      if (!error) this.#confirm(byteLength);
    });
  }

  /** In portions, and when all is written: few events for a guest that is frozen. */
  #confirm(bytes: number): void {
    this.#inFlightBytes -= bytes;
    this.#writtenBytes += bytes;
    if (this.#writtenBytes < portionBytes && this.#inFlightBytes > 0) return;
    const written = this.#writtenBytes;
    this.#writtenBytes = 0;
    this.#emit(tlsEvents.written, written);
  }

  end(): void {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    this.socket.end(() => this.#emit(tlsEvents.shutdown));
  }

  took(bytes: number): void {
    if (this.#toGuest.took(bytes) && this.#toGuest.byteLength < limits.socketWindowBytes) this.socket.resume();
  }

  close(mode: 'orderly' | 'reset'): void {
    this.#isOver = true;
    // What the guest wrote is on its way, as it would be in the kernel's buffers.
    if (mode === 'orderly' && this.#inFlightBytes > 0 && this.#isSecure && !this.socket.destroyed)
      this.socket.destroySoon();
    else this.socket.destroy();
  }

  #emit(kind: number, value?: string | number | ArrayBuffer): void {
    if (!this.#isOver) this.#link.emit(this.#id, kind, value);
  }
}

function createSocket(
  settings: Fields,
  secureContext: SecureContext,
  stream: ConnectionStream | CarriedStream,
  resumed: ArrayBuffer | undefined,
): TLSSocket {
  const tls = nodeTls();
  const alpn = text(settings, 'alpnProtocols');
  const ALPNProtocols = alpn === undefined ? {} : { ALPNProtocols: bytesOf(alpn) };
  if (settings.isServer === true) {
    const requestCert = settings.requestCert === true;
    const rejectUnauthorized = settings.rejectUnauthorized === true;
    return new tls.TLSSocket(stream, {
      isServer: true,
      secureContext,
      requestCert,
      rejectUnauthorized,
      ...ALPNProtocols,
    });
  }
  const servername = text(settings, 'servername');
  return tls.connect({
    socket: stream,
    secureContext,
    ...(servername === undefined ? {} : { servername }),
    ...ALPNProtocols,
    ...(resumed === undefined ? {} : { session: Buffer.from(resumed) }),
    ...(settings.requestOCSP === true ? { requestOCSP: true } : {}),
    // The guest's own library judges the certificate and the length of the key exchange, by what `describe` tells it.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    minDHSize: 1,
  });
}

function describe(socket: TLSSocket): SecuredInfo {
  const native = (socket as unknown as { readonly _handle: Native })._handle;
  const verifyError = native.verifyError();
  return {
    protocol: socket.getProtocol(),
    cipher: socket.getCipher(),
    alpnProtocol: socket.alpnProtocol ?? false,
    servername: (socket as unknown as { readonly servername: string | false | null }).servername,
    isSessionReused: socket.isSessionReused(),
    hasPeerCertificate: socket.getPeerX509Certificate() !== undefined,
    ephemeralKey: native.getEphemeralKeyInfo(),
    sharedSigalgs: socket.getSharedSigalgs(),
    ...(verifyError === undefined || verifyError === null ? {} : { verifyError: tlsErrorOf(verifyError) }),
  };
}

function exactly(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}
