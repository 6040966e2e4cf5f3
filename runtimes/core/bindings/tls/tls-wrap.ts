/**
 * `internalBinding('tls_wrap')`: what `internal/tls/wrap` lays over a stream. The session itself is in the sandbox (see
 * `bridge/tls.ts`). Over a connection of the network it is joined to it there; over anything else this guest carries the bytes; and
 * where the host adds credentials the host speaks TLS.
 */
import type { BridgeValue } from '../../../../src/bridge/services.ts';
import {
  type ContextSettings,
  type SecuredInfo,
  type SessionSettings,
  tlsOperations,
} from '../../../../src/bridge/tls.ts';
import { limits } from '../../../../src/model/limits.ts';
import type { CoreContext } from '../../context.ts';
import { bytesOf, decodeLatin1 } from '../encodings.ts';
import { ByteQueue, copyOf } from '../net/byte-queue.ts';
import type { NetworkSocket } from '../net/network-socket.ts';
import type { LibuvStreamWrap, ShutdownWrap } from '../net/stream-wrap.ts';
import type { NetParts } from '../net.ts';
import { Carrier } from './carrier.ts';
import { certificateFrom } from './certificate.ts';
import { type ClientHello, readClientHello } from './client-hello.ts';
import { answered, errorFrom } from './error.ts';
import type { SecureContextClass } from './secure-context.ts';
import { Session, type SessionSink } from './session.ts';

const { TypedArrayPrototypeGetBuffer, TypeError, Uint8Array } = primordials;

interface BufferModule {
  readonly Buffer: {
    from(bytes: ArrayBufferLike | Uint8Array): Uint8Array;
  };
}

type Phase =
  /** `start` has not been called, or a server has not read yet. */
  | 'new'
  /** A server's callbacks want to know what the client says first. */
  | 'hello'
  | 'open'
  | 'destroyed';

type SecureContext = InstanceType<SecureContextClass>;

/** No protocol has this name: a server that answers with it alone agrees to none. */
const noProtocol = '\x01\x00';

export function createTlsWrap(core: CoreContext, parts: NetParts, SecureContext: SecureContextClass) {
  const { AsyncWrap, LibuvStreamWrap, NetworkSocket } = parts;
  const { library, loop } = core;
  const uv = library.internalBinding('uv') as Readonly<Record<string, number>>;
  const eof = uv.UV_EOF ?? 0;
  const errnos = {
    eof,
    pipe: uv.UV_EPIPE ?? 0,
    errnoOf: (code: string) => uv[`UV_${code}`] ?? uv.UV_UNKNOWN ?? 0,
  };
  const { Buffer } = library.require<BufferModule>('buffer');
  const buffer = (bytes: BridgeValue): Uint8Array | undefined =>
    bytes instanceof ArrayBuffer ? Buffer.from(bytes) : undefined;

  class TLSWrap extends LibuvStreamWrap implements SessionSink {
    declare onhandshakestart: unknown;
    declare onhandshakedone: unknown;
    declare onerror: unknown;
    declare onnewsession: unknown;
    declare onkeylog: unknown;
    declare onocspresponse: unknown;
    declare oncertcb: unknown;
    declare ALPNCallback: unknown;
    declare sni_context: unknown;

    readonly #parent: LibuvStreamWrap;
    #context: SecureContext;
    readonly #isServer: boolean;
    readonly #session: Session;
    #phase: Phase = 'new';
    #carrier: Carrier | undefined;
    /** Until the writes of whoever had the stream before are through. */
    #isBehindOthers: boolean;
    #isStartDue = false;
    /** Encrypted bytes that came before the session was open. */
    readonly #early = new ByteQueue();
    /** How they ended, if they did. */
    #earlyEnd: number | undefined;
    #afterEnd: (() => void) | undefined;
    #hello: ClientHello | undefined;
    #info: SecuredInfo | undefined;
    #isHostSpeaking = false;

    #servername: string | undefined;
    #alpnProtocols: string | undefined;
    #requestCert = false;
    #rejectUnauthorized = false;
    #requestOCSP = false;
    #wantsSession = false;
    #wantsKeylog = false;
    #hasCertCallback = false;
    #hasAlpnCallback = false;
    #resumed: ArrayBuffer | undefined;

    constructor(parent: LibuvStreamWrap, context: SecureContext, isServer: boolean, isBehindOthers: boolean) {
      super();
      this.#parent = parent;
      this.#context = context;
      this.#isServer = isServer;
      this.#isBehindOthers = isBehindOthers;
      this.#session = new Session(core, this, errnos);
      this.attach(this.#session);
      this.layOver(parent);
      // From here on what the stream below reads is ours, also where its user has begun to read.
      parent.setListener({ onRead: (read) => this.#receiveBelow(read) });
      if (parent.isReading) super.readStart();
    }

    #receiveBelow(read: Uint8Array | number): void {
      if (this.#carrier !== undefined) {
        this.#carrier.received(read);
        return;
      }
      if (this.#phase === 'destroyed') return;
      if (typeof read === 'number') this.#earlyEnd = read;
      else this.#early.push(read);
      if (this.#phase === 'hello') this.#readHello();
      else if (this.#phase === 'open') this.#feedEarly();
      else if (this.#isServer) this.#begin();
    }

    override readStart(): number {
      const failed = super.readStart();
      if (failed === 0 && this.#isServer) this.#begin();
      return failed;
    }

    start(): void {
      this.#begin();
    }

    /** A client that was made by hand and connected begins with its first words. */
    override dispatch(bytes: Uint8Array): ReturnType<LibuvStreamWrap['dispatch']> {
      this.#begin();
      return super.dispatch(bytes);
    }

    writesIssuedByPrevListenerDone(): void {
      this.#isBehindOthers = false;
      if (this.#isStartDue) this.#begin();
    }

    #begin(): void {
      if (this.#phase !== 'new') return;
      this.#isStartDue = true;
      if (this.#isBehindOthers) return;
      const below = LibuvStreamWrap.transportOf(this.#parent);
      if (below instanceof NetworkSocket) {
        if (below.hostSpeaksTls) this.#letHostSpeak(below);
        else this.#openOver(below);
        return;
      }
      if (this.#isServer && (this.#hasCertCallback || this.#hasAlpnCallback)) this.#awaitHello();
      else this.#openCarried();
    }

    #openOver(below: NetworkSocket): void {
      this.#phase = 'open';
      this.#session.open(this.#settings(), below.id, this.#resumed);
      below.handOver((bytes) => {
        core.services.start('tls', tlsOperations.feed, this.#session.id, bytes);
      });
      this.#feedEarly();
    }

    #openCarried(): void {
      if (this.#phase === 'destroyed') return;
      this.#phase = 'open';
      this.#session.open(this.#settings(), 0, this.#resumed);
      this.#carrier = new Carrier({
        core,
        parts,
        parent: this.#parent,
        sessionId: this.#session.id,
        onBroken: (errno) => this.#session.broken(errno),
        eof,
        createShutdown: () => new (library.internalBinding('stream_wrap') as Shutdowns).ShutdownWrap(),
      });
      this.#carrier.start();
      this.#feedEarly();
    }

    #feedEarly(): void {
      while (this.#early.byteLength > 0) this.#feed(this.#early.take(limits.socketChunkBytesMax));
      const end = this.#earlyEnd;
      this.#earlyEnd = undefined;
      if (end !== undefined) this.#carrier?.received(end);
    }

    #feed(bytes: Uint8Array): void {
      if (this.#carrier !== undefined) this.#carrier.feed(bytes);
      else if (this.#session.id !== 0) {
        core.services.start('tls', tlsOperations.feed, this.#session.id, TypedArrayPrototypeGetBuffer(bytes));
      }
    }

    /** Called by Node's library when the stream below has closed (see build-runtime/part-tls). */
    afterWhatCame(then: () => void): void {
      this.#afterEnd = then;
      this.ended();
    }

    ended(): void {
      const then = this.#afterEnd;
      const isBehind = this.#carrier?.hasEnded === true && !this.#session.isAtEnd;
      if (then === undefined || ((isBehind || this.isShuttingDown) && this.#phase !== 'destroyed')) return;
      this.#afterEnd = undefined;
      // Its readers get a turn first.
      library.require<{ setImmediate(run: () => void): void }>('timers').setImmediate(then);
    }

    override shutDown(status: number): void {
      super.shutDown(status);
      this.ended();
    }

    /** Encrypted bytes that the stream's user had read already. */
    receive(bytes: ArrayBufferView): void {
      const view = bytesOf(bytes);
      this.#receiveBelow(copyOf(view, 0, view.length));
    }

    #awaitHello(): void {
      this.#phase = 'hello';
      this.#parent.readStart();
      this.#readHello();
    }

    #readHello(): void {
      if (this.#phase !== 'hello' || this.#hello !== undefined) return;
      const bytes = this.#early.take(this.#early.byteLength);
      this.#early.push(bytes);
      const hello = readClientHello(bytes);
      if (hello === 'more' && this.#earlyEnd === undefined) return;
      if (hello === 'more') {
        this.#openCarried();
        return;
      }
      if (hello === 'other') {
        this.#openCarried();
        return;
      }
      this.#hello = hello;
      if (this.#hasAlpnCallback && hello.alpnProtocols !== undefined) {
        const offered = Buffer.from(hello.alpnProtocols);
        const offset = AsyncWrap.call(this, this.ALPNCallback, [offered]);
        this.#alpnProtocols =
          typeof offset === 'number'
            ? decodeLatin1(hello.alpnProtocols, offset, offset + 1 + (hello.alpnProtocols[offset] ?? 0))
            : noProtocol;
      }
      if (this.#hasCertCallback) {
        AsyncWrap.call(this, this.oncertcb, [{ servername: hello.servername, OCSPRequest: false }]);
      } else {
        this.#openCarried();
      }
    }

    certCbDone(): void {
      if (this.#phase !== 'hello') return;
      const chosen = this.sni_context;
      if (SecureContext.isSecureContext(chosen)) this.#context = chosen;
      else if (chosen !== undefined && chosen !== null) {
        this.failed(new TypeError('Invalid SNI context'));
        return;
      }
      this.#openCarried();
    }

    /** The host adds credentials that the guest must not see: what is written here is encrypted there. */
    #letHostSpeak(below: NetworkSocket): void {
      this.#phase = 'open';
      this.#isHostSpeaking = true;
      below.redirect(this);
      below.secure(
        this.#servername ?? '',
        (alpnProtocol, protocol, cipher) => {
          this.attach(below);
          this.writable('soon');
          this.secured({
            protocol,
            cipher: { name: cipher, standardName: cipher, version: protocol },
            alpnProtocol: alpnProtocol === '' ? false : alpnProtocol,
            servername: this.#servername ?? false,
            // The host has judged the certificate: there is none that the guest could look at.
            isSessionReused: true,
            hasPeerCertificate: true,
            ephemeralKey: {},
            sharedSigalgs: [],
          });
        },
        (errno) => this.#session.broken(errno),
      );
    }

    #settings(): SessionSettings {
      const context: ContextSettings = SecureContext.settingsOf(this.#context);
      return {
        // @ts-expect-error a null prototype, so that JSON finds no toJSON of the user's
        __proto__: null,
        isServer: this.#isServer,
        context,
        requestCert: this.#requestCert,
        rejectUnauthorized: this.#rejectUnauthorized,
        ...(this.#servername === undefined ? {} : { servername: this.#servername }),
        ...(this.#alpnProtocols === undefined ? {} : { alpnProtocols: this.#alpnProtocols }),
        ...(this.#requestOCSP ? { requestOCSP: true } : {}),
        ...(this.#wantsSession && !this.#isServer ? { wantsSession: true } : {}),
        ...(this.#wantsKeylog ? { wantsKeylog: true } : {}),
      };
    }

    secured(info: SecuredInfo): void {
      this.#info = info;
      AsyncWrap.call(this, this.onhandshakestart, [loop.nowMs()]);
      AsyncWrap.call(this, this.onhandshakedone, []);
    }

    failed(error: Error): void {
      AsyncWrap.call(this, this.onerror, [error]);
    }

    session(bytes: ArrayBuffer): void {
      AsyncWrap.call(this, this.onnewsession, [undefined, Buffer.from(bytes)]);
    }

    keylog(line: ArrayBuffer): void {
      AsyncWrap.call(this, this.onkeylog, [Buffer.from(line)]);
    }

    ocsp(response: ArrayBuffer | undefined): void {
      AsyncWrap.call(this, this.onocspresponse, [response === undefined ? null : Buffer.from(response)]);
    }

    encrypted(bytes: ArrayBuffer): void {
      this.#carrier?.send(bytes);
    }

    encryptedEnd(): void {
      this.#carrier?.end();
    }

    fed(bytes: number): void {
      this.#carrier?.fed(bytes);
    }

    destroySSL(): void {
      if (this.#phase === 'destroyed') return;
      this.#phase = 'destroyed';
      this.#carrier?.stop();
      this.readStop();
      this.onClosing();
      this.#session.close('orderly');
    }

    setVerifyMode(requestCert: boolean, rejectUnauthorized: boolean): void {
      this.#requestCert = requestCert;
      this.#rejectUnauthorized = rejectUnauthorized;
    }

    setServername(name: string): void {
      this.#servername = name;
    }

    getServername(): string | false | null {
      if (this.#info !== undefined) return this.#info.servername;
      return this.#hello !== undefined && this.#hello.servername !== '' ? this.#hello.servername : false;
    }

    setALPNProtocols(protocols: Uint8Array): void {
      const bytes = bytesOf(protocols);
      this.#alpnProtocols = decodeLatin1(bytes, 0, bytes.length);
    }

    getALPNNegotiatedProtocol(): string | false {
      return this.#info?.alpnProtocol ?? false;
    }

    setSession(session: Uint8Array): void {
      const bytes = bytesOf(session);
      const copy = new Uint8Array(bytes.length);
      primordials.TypedArrayPrototypeSet(copy, bytes);
      this.#resumed = TypedArrayPrototypeGetBuffer(copy);
    }

    getSession(): Uint8Array | undefined {
      return buffer(answered(this.#session.ask(tlsOperations.session)) as BridgeValue);
    }

    isSessionReused(): boolean {
      return this.#info?.isSessionReused ?? false;
    }

    setKeyCert(context: SecureContext): void {
      if (SecureContext.isSecureContext(context)) this.#context = context;
    }

    requestOCSP(): void {
      this.#requestOCSP = true;
    }

    enableSessionCallbacks(): void {
      this.#wantsSession = true;
    }

    enableKeylogCallback(): void {
      this.#wantsKeylog = true;
    }

    enableCertCb(): void {
      this.#hasCertCallback = true;
    }

    enableALPNCb(): void {
      this.#hasAlpnCallback = true;
    }

    enableTrace(): void {}

    verifyError(): Error | undefined {
      const error = this.#info?.verifyError;
      return error && errorFrom(error);
    }

    getProtocol(): string | null {
      return this.#info?.protocol ?? null;
    }

    getCipher(): object | undefined {
      return this.#info?.cipher;
    }

    /** Nothing on servers. */
    getEphemeralKeyInfo(): object | null {
      if (this.#isServer) return null;
      return this.#info?.ephemeralKey ?? {};
    }

    getSharedSigalgs(): readonly string[] {
      return this.#info?.sharedSigalgs ?? [];
    }

    hasPeerCertificate(): boolean {
      return this.#info?.hasPeerCertificate ?? false;
    }

    getPeerCertificate(isDetailed?: boolean): object | undefined {
      return this.#certificate(isDetailed === true ? 2 : 1);
    }

    getCertificate(): object | undefined {
      return this.#certificate(0);
    }

    #certificate(which: number): Record<string, unknown> | undefined {
      if (this.#isHostSpeaking) return undefined;
      return certificateFrom(`${answered(this.#session.ask(tlsOperations.certificate, which)) ?? ''}`, library);
    }

    getPeerX509Certificate(): object | undefined {
      return this.#x509(this.#certificate(1));
    }

    getX509Certificate(): object | undefined {
      return this.#x509(this.#certificate(0));
    }

    #x509(certificate: Record<string, unknown> | undefined): object | undefined {
      if (certificate === undefined) return undefined;
      return (library.internalBinding('crypto') as CertificateParser).parseX509(certificate.raw as Uint8Array);
    }

    getFinished(): Uint8Array | undefined {
      return buffer(answered(this.#session.ask(tlsOperations.finished, 0)) as BridgeValue);
    }

    getPeerFinished(): Uint8Array | undefined {
      return buffer(answered(this.#session.ask(tlsOperations.finished, 1)) as BridgeValue);
    }

    getTLSTicket(): undefined {}

    exportKeyingMaterial(length: number, label: string, context?: ArrayBufferView): Uint8Array | undefined {
      let bytes: ArrayBuffer | undefined;
      if (context !== undefined) {
        const copy = new Uint8Array(bytesOf(context).length);
        primordials.TypedArrayPrototypeSet(copy, bytesOf(context));
        bytes = TypedArrayPrototypeGetBuffer(copy);
      }
      return buffer(answered(this.#session.ask(tlsOperations.keyingMaterial, length, label, bytes)) as BridgeValue);
    }

    /** Node's own bounds. Records are as long as OpenSSL makes them all the same. */
    setMaxSendFragment(size: number): number {
      return size >= 512 && size <= 16_384 ? 1 : 0;
    }

    /** Only protocols before TLS 1.3 know it, and servers refuse it. */
    renegotiate(): void {
      throw errorFrom({
        message: 'error:0A00010A:SSL routines::wrong ssl version',
        library: 'SSL routines',
        reason: 'wrong ssl version',
        code: 'ERR_SSL_WRONG_SSL_VERSION',
      });
    }

    loadSession(): void {}

    clientHelloDone(): void {}

    newSessionDone(): void {}

    setOCSPResponse(): void {}
  }

  return {
    TLSWrap,
    wrap: (parent: LibuvStreamWrap, context: SecureContext, isServer: boolean, isBehindOthers: boolean) =>
      new TLSWrap(parent, context, isServer, isBehindOthers),
  };
}

interface Shutdowns extends Record<string, unknown> {
  readonly ShutdownWrap: new () => ShutdownWrap;
}

interface CertificateParser extends Record<string, unknown> {
  parseX509(der: Uint8Array): object;
}
