/** The native side of `X509Certificate` and `Certificate`: a certificate is its bytes, and the service reads them. */
import { cryptoOperations } from '../../../src/bridge/crypto.ts';
import { type Answer, Message, type View } from './crypto/message.ts';
import type { CryptoParts } from './crypto.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const { Date, Error, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeSlice } = primordials;

export function createX509Binding(parts: CryptoParts): Record<string, unknown> {
  const { service, data, keyTools, toBuffer } = parts;
  const { numbers } = data;
  let isX509Certificate: (value: unknown) => boolean;

  class NativeX509Certificate {
    readonly #answer: Answer;
    readonly #raw: Bytes;

    constructor(source: View | NativeX509Certificate) {
      if (typeof source === 'object' && #answer in source) {
        this.#answer = source.#answer;
      } else {
        this.#answer = service.ask(cryptoOperations.certificate, () => new Message().bytes('data', source as View));
      }
      this.#raw = this.#answer.bytes(0);
    }

    static {
      isX509Certificate = (value) => typeof value === 'object' && value !== null && #answer in value;
    }

    #member(name: string): unknown {
      return (this.#answer.head.members as Record<string, unknown>)[name];
    }

    subject(): unknown {
      return this.#member('subject');
    }
    subjectAltName(): unknown {
      return this.#member('subjectAltName');
    }
    issuer(): unknown {
      return this.#member('issuer');
    }
    infoAccess(): unknown {
      return this.#member('infoAccess');
    }
    validFrom(): unknown {
      return this.#member('validFrom');
    }
    validTo(): unknown {
      return this.#member('validTo');
    }
    validFromDate(): Date {
      return new Date(`${this.#member('validFrom')}`);
    }
    validToDate(): Date {
      return new Date(`${this.#member('validTo')}`);
    }
    fingerprint(): unknown {
      return this.#member('fingerprint');
    }
    fingerprint256(): unknown {
      return this.#member('fingerprint256');
    }
    fingerprint512(): unknown {
      return this.#member('fingerprint512');
    }
    serialNumber(): unknown {
      return this.#member('serialNumber');
    }
    signatureAlgorithm(): unknown {
      return this.#member('signatureAlgorithm');
    }
    signatureAlgorithmOid(): unknown {
      return this.#member('signatureAlgorithmOid');
    }
    keyUsage(): unknown {
      return this.#answer.head.keyUsage;
    }
    checkCA(): boolean {
      return this.#answer.head.ca === true;
    }
    pem(): string {
      return this.#answer.text('pem');
    }
    raw(): unknown {
      return toBuffer(TypedArrayPrototypeSlice(this.#raw));
    }
    /** Only a connection knows whose certificate signed it. */
    getIssuerCert(): undefined {
      return undefined;
    }

    publicKey(): object {
      const asymmetricKeyType = this.#answer.text('publicKeyType');
      if (asymmetricKeyType === '') throw new Error('the public key of this certificate is of an unknown kind');
      const details = this.#answer.head.publicKeyDetails as Record<string, unknown>;
      return keyTools().publicKeyHandle(this.#answer.bytes(1), asymmetricKeyType, details);
    }

    toLegacy(): object {
      const legacy: Record<string, unknown> = {};
      const members = this.#answer.head.legacy as readonly (readonly [string, string, unknown])[];
      for (let at = 0; at < members.length; at++) {
        const member = members[at];
        if (member === undefined) continue;
        const name = member[0];
        const value = member[2];
        legacy[name] =
          member[1] === 'bytes'
            ? toBuffer(this.#answer.bytes(value as number))
            : name === 'subject' || name === 'issuer'
              ? primordials.ObjectSetPrototypeOf(value as object, null)
              : (value ?? undefined);
      }
      return legacy;
    }

    #check(check: string, more: (message: Message, keys: 'by-id' | 'in-full') => Message): Answer {
      return service.ask(cryptoOperations.certificateCheck, (keys) =>
        more(new Message().set('check', check).bytes('data', this.#raw), keys),
      );
    }

    #checkName(check: string, value: string, flags: number): unknown {
      const has = (name: string): boolean => (flags & (numbers[name] ?? 0)) !== 0;
      const subject = has('X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT')
        ? 'always'
        : has('X509_CHECK_FLAG_NEVER_CHECK_SUBJECT')
          ? 'never'
          : 'default';
      return this.#check(check, (message) =>
        message
          .set('value', value)
          .set('subject', subject)
          .set('wildcards', !has('X509_CHECK_FLAG_NO_WILDCARDS'))
          .set('partialWildcards', !has('X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS'))
          .set('multiLabelWildcards', has('X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS'))
          .set('singleLabelSubdomains', has('X509_CHECK_FLAG_SINGLE_LABEL_SUBDOMAINS')),
      ).head.name;
    }

    checkHost(name: string, flags: number): unknown {
      return this.#checkName('host', name, flags);
    }
    checkEmail(email: string, flags: number): unknown {
      return this.#checkName('email', email, flags);
    }
    checkIP(ip: string, flags: number): unknown {
      return this.#checkName('ip', ip, flags);
    }

    checkIssued(other: NativeX509Certificate): boolean {
      return this.#check('issued', (message) => message.bytes('other', other.#raw)).head.isValid === true;
    }
    checkPrivateKey(handle: object): boolean {
      return this.#checkKey('privateKey', handle);
    }
    verify(handle: object): boolean {
      return this.#checkKey('signature', handle);
    }

    #checkKey(check: string, handle: object): boolean {
      const source = keyTools().sourceOf(handle);
      return (
        this.#check(check, (message, keys) => {
          keyTools().addSource(message, 'key', source, keys);
          return message;
        }).head.isValid === true
      );
    }
  }

  const spkac = (action: string, view: View): Answer =>
    service.ask(cryptoOperations.spkac, () => new Message().set('action', action).bytes('data', view));
  /** Node gives an empty string for nothing. */
  const bytesOrText = (bytes: Bytes): unknown => (TypedArrayPrototypeGetByteLength(bytes) === 0 ? '' : toBuffer(bytes));

  return {
    createX509CertificateClass: (create: (base: object) => object) => create(NativeX509Certificate),
    isX509Certificate: (value: unknown) => isX509Certificate(value),
    parseX509: (view: View) => new NativeX509Certificate(bytesOf(view)),
    certVerifySpkac: (view: View) => spkac('verify', view).head.isValid === true,
    certExportPublicKey: (view: View) => bytesOrText(spkac('publicKey', view).bytes()),
    certExportChallenge: (view: View) => bytesOrText(spkac('challenge', view).bytes()),
  };
}
