/**
 * `SecureContext` of `internalBinding('crypto')`: what a context is to be, in plain data. The sandbox makes the real one when a
 * session begins; what could be wrong about it is asked at once, where Node's library expects the error.
 */
import { type ContextSettings, tlsOperations } from '../../../../src/bridge/tls.ts';
import type { CoreContext } from '../../context.ts';
import { answered } from './error.ts';

const { ArrayPrototypeSlice, JSONStringify, Number, StringFromCharCode } = primordials;

type Settings = { -readonly [Key in keyof ContextSettings]: ContextSettings[Key] };
type Bytes = string | ArrayBufferView;

interface BufferModule {
  readonly Buffer: {
    from(bytes: ArrayBufferLike | ArrayBufferView, offset?: number, length?: number): { latin1Slice(): string };
    from(text: string, encoding: string): Uint8Array;
  };
}

/** Authorities that the guest trusts: its own, instead of Node's, and what it was given beside them. */
export interface Trust {
  readonly own: readonly string[] | undefined;
  readonly extra: readonly string[];
}

export type SecureContextClass = ReturnType<typeof createSecureContextClass>;

export function createSecureContextClass({ library, services }: CoreContext, trust: () => Trust) {
  const { Buffer } = library.require<BufferModule>('buffer');
  const latin1 = (value: Bytes): string =>
    typeof value === 'string'
      ? Buffer.from(Buffer.from(value, 'utf8')).latin1Slice()
      : Buffer.from(value.buffer, value.byteOffset, value.byteLength).latin1Slice();
  const check = (settings: Settings): string => `${answered(services.ask('tls', tlsOperations.check, text(settings)))}`;

  return class SecureContext {
    readonly #settings: Settings = { __proto__: null } as Settings;
    #cipherList = '';
    #cipherSuites = '';

    /** @param context by parameter: of ours, or this throws */
    static settingsOf(context: SecureContext): ContextSettings {
      return context.#settings;
    }

    static isSecureContext(value: unknown): value is SecureContext {
      return typeof value === 'object' && value !== null && #settings in value;
    }

    init(secureProtocol: string | undefined, minVersion: number, maxVersion: number): void {
      this.setMinProto(minVersion);
      this.setMaxProto(maxVersion);
      if (secureProtocol === undefined || secureProtocol === null || secureProtocol === '') return;
      this.#settings.secureProtocol = `${secureProtocol}`;
      check({ secureProtocol: this.#settings.secureProtocol, ca: [] });
    }

    setMinProto(version: number): boolean {
      this.#settings.minVersion = version;
      return true;
    }

    setMaxProto(version: number): boolean {
      this.#settings.maxVersion = version;
      return true;
    }

    getMinProto(): number {
      return this.#settings.minVersion ?? 0;
    }

    getMaxProto(): number {
      return this.#settings.maxVersion ?? 0;
    }

    setOptions(options: number): void {
      this.#settings.secureOptions = Number(options);
    }

    setCipherSuites(suites: string): void {
      this.#cipherSuites = suites;
      this.#setCiphers();
    }

    setCiphers(list: string): void {
      this.#cipherList = list;
      this.#setCiphers();
    }

    /** Node's own list needs no look. */
    #setCiphers(): void {
      const list = this.#cipherList;
      const suites = this.#cipherSuites;
      const all = list === '' ? suites : suites === '' ? list : `${suites}:${list}`;
      if (all === '') return;
      this.#settings.ciphers = all;
      if (!isDefaultCiphers(library, list, suites)) check({ ciphers: all, ca: [] });
    }

    setSigalgs(sigalgs: string): void {
      check({ sigalgs, ca: [] });
      this.#settings.sigalgs = sigalgs;
    }

    setECDHCurve(ecdhCurve: string): void {
      if (ecdhCurve !== 'auto') check({ ecdhCurve, ca: [] });
      this.#settings.ecdhCurve = ecdhCurve;
    }

    /** Node's warning of a weak one, if any. */
    setDHParam(parameters: true | Bytes): string | undefined {
      const dhparam = parameters === true ? 'auto' : latin1(parameters);
      const warning = dhparam === 'auto' ? '' : check({ dhparam, ca: [] });
      this.#settings.dhparam = dhparam;
      return warning === '' ? undefined : warning;
    }

    addCACert(certificate: Bytes): void {
      const ca = latin1(certificate);
      check({ ca: [ca] });
      this.#settings.ca = appended(this.#settings.ca, ca);
    }

    /** What the guest trusts by default. */
    addRootCerts(): void {
      const { own, extra } = trust();
      if (own !== undefined) this.#settings.ca = own;
      else if (extra.length > 0) this.#settings.extraCa = extra;
    }

    setAllowPartialTrustChain(): void {
      this.#settings.allowPartialTrustChain = true;
    }

    setCert(certificate: Bytes): void {
      const cert = appended(this.#settings.cert, latin1(certificate));
      check({ ...this.#strength(), cert, ca: [] });
      this.#settings.cert = cert;
    }

    setKey(pem: Bytes, passphrase?: string): void {
      const entry = typeof passphrase === 'string' ? { pem: latin1(pem), passphrase } : { pem: latin1(pem) };
      const key = appended(this.#settings.key, entry);
      const { cert } = this.#settings;
      check({ ...this.#strength(), ...(cert === undefined ? {} : { cert }), key, ca: [] });
      this.#settings.key = key;
    }

    loadPKCS12(bytes: ArrayBufferView, passphrase?: ArrayBufferView): void {
      const buf = latin1(bytes);
      // Node made bytes of it: back to the text that its public interface takes.
      const entry = passphrase === undefined ? { buf } : { buf, passphrase: utf8(passphrase) };
      const pfx = appended(this.#settings.pfx, entry);
      check({ ...this.#strength(), pfx, ca: [] });
      this.#settings.pfx = pfx;
    }

    addCRL(list: Bytes): void {
      const crl = latin1(list);
      check({ crl: [crl], ca: [] });
      this.#settings.crl = appended(this.#settings.crl, crl);
    }

    /** Ciphers may lower the level of security that keys and certificates are judged by. */
    #strength(): Settings {
      return this.#settings.ciphers === undefined ? {} : { ciphers: this.#settings.ciphers };
    }

    setSessionIdContext(context: string): void {
      this.#settings.sessionIdContext = context;
    }

    setSessionTimeout(seconds: number): void {
      this.#settings.sessionTimeout = seconds;
    }

    setTicketKeys(keys: ArrayBufferView): boolean {
      this.#settings.ticketKeys = latin1(keys);
      return true;
    }

    getTicketKeys(): Uint8Array {
      this.#settings.ticketKeys ??= randomText(library, 48);
      return Buffer.from(this.#settings.ticketKeys, 'latin1');
    }

    setCertificateCompression(): void {}

    enableTicketKeyCallback(): void {}

    /** Of use only for questions of OCSP, which servers in a guest are not asked. */
    getCertificate(): undefined {}

    getIssuer(): undefined {}

    close(): void {}
  };

  function utf8(bytes: ArrayBufferView): string {
    return library
      .require<{ Buffer: { from(bytes: ArrayBufferLike, offset: number, length: number): { utf8Slice(): string } } }>(
        'buffer',
      )
      .Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      .utf8Slice();
  }
}

function appended<Item>(list: readonly Item[] | undefined, item: Item): Item[] {
  const all = list === undefined ? [] : ArrayPrototypeSlice(list);
  all[all.length] = item;
  return all;
}

export function text(settings: object): string {
  return JSONStringify(settings) ?? '{}';
}

function isDefaultCiphers(library: CoreContext['library'], list: string, suites: string): boolean {
  const { getOptionValue } = library.require<{ getOptionValue(name: string): string }>('internal/options');
  const standard = getOptionValue('--tls-cipher-list');
  return (
    standard === `${suites}:${list}` ||
    standard === list ||
    standard === suites ||
    (list === '' && primordials.StringPrototypeStartsWith(standard, suites))
  );
}

function randomText(library: CoreContext['library'], byteCount: number): string {
  const bytes = library.require<{ randomBytes(count: number): Uint8Array }>('crypto').randomBytes(byteCount);
  let text = '';
  for (let at = 0; at < byteCount; at++) text += StringFromCharCode(bytes[at] ?? 0);
  return text;
}
