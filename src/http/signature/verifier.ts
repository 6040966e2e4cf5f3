/**
 * AWS Signature Version 4, the side that checks (AWS, "AWS Signature Version 4 for API requests"). It signs the request again with the
 * secret that it knows and compares. Nothing of a request is acted on before; the body is not read for whom no key is known.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { region as ownRegion } from '../../model/function-configuration.ts';
import { limits } from '../../model/limits.ts';
import type { AccessKeys } from './access-keys.ts';
import { canonicalRequest } from './canonical-request.ts';
import { type Claim, claimOf, cut, timestamp } from './claim.ts';
import { headerValues, type IndexedHead, indexed, type RequestHead } from './request-head.ts';
import { invalid, mismatch, unknownClient } from './signature-error.ts';

/** Who signed a request. */
export interface Caller {
  readonly accessKeyId: string;
}

/** A request whose head is in order as far as that can be told without its body. */
export interface SignedRequest {
  /** To be called with the whole body, before anything is done for it. @throws SignatureError */
  verify(body: Uint8Array): Caller;
}

export interface SignatureVerifierOptions {
  readonly keys: AccessKeys;
  readonly clock: Pick<Clock, 'epochMs'>;
  /** Default: the one of our ARNs. */
  readonly region?: string;
}

const unsignedPayload = 'UNSIGNED-PAYLOAD';
const skewMs = limits.signatureSkewMs;

export class SignatureVerifier {
  readonly #keys: AccessKeys;
  readonly #clock: Pick<Clock, 'epochMs'>;
  readonly #region: string;

  constructor({ keys, clock, region = ownRegion }: SignatureVerifierOptions) {
    this.#keys = keys;
    this.#clock = clock;
    this.#region = region;
  }

  /**
   * Checks what a head says, for one of the services by the names that clients sign with (`lambda`, `logs`, `kinesis`).
   * @throws SignatureError
   */
  open(request: RequestHead, services: readonly string[]): SignedRequest {
    const head = indexed(request);
    const claim = claimOf(head);
    this.#check(claim, head, services);
    const announced = headerValues(head, 'x-amz-content-sha256')[0];
    if (announced === undefined || !isSaid(announced)) {
      return {
        verify: (body) => {
          // Some clients announce what they have not hashed, or not yet: what came in is what counts.
          this.#compare(claim, head, sha256(body));
          return { accessKeyId: claim.accessKeyId };
        },
      };
    }
    this.#compare(claim, head, announced);
    return {
      verify: (body) => {
        if (announced !== unsignedPayload && !isSame(announced, sha256(body))) throw mismatch();
        return { accessKeyId: claim.accessKeyId };
      },
    };
  }

  /** Both steps at once, where the body is there already. @throws SignatureError */
  verify(head: RequestHead, services: readonly string[], body: Uint8Array): Caller {
    return this.open(head, services).verify(body);
  }

  #check(
    { accessKeyId, scope, hasSessionToken, ...claim }: Claim,
    head: IndexedHead,
    services: readonly string[],
  ): void {
    // There are no sessions here: whoever sends a token means another account.
    if (!this.#keys.has(accessKeyId) || hasSessionToken) throw unknownClient();
    const [day, region, service, terminator] = scope;
    if (terminator !== 'aws4_request') {
      throw invalid(`Credential should be scoped with a valid terminator: 'aws4_request', not '${cut(terminator)}'.`);
    }
    if (region !== this.#region) {
      throw invalid(
        `Credential should be scoped to a valid region, not '${cut(region)}'. This one is '${this.#region}'.`,
      );
    }
    if (!services.includes(service)) {
      const names = services.map((name) => `'${name}'`).join(' or ');
      throw invalid(`Credential should be scoped to correct service: ${names}.`);
    }
    if (day !== claim.signedAt.slice(0, 8)) {
      throw invalid(
        `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${cut(day)}' != ` +
          `'${claim.signedAt.slice(0, 8)}', from '${claim.signedAt}'.`,
      );
    }
    this.#checkTime(claim);
    checkSignedHeaders(claim.signedHeaders, head);
  }

  #checkTime({
    signedAt,
    signedAtMs,
    expiresSeconds,
  }: Pick<Claim, 'signedAt' | 'signedAtMs' | 'expiresSeconds'>): void {
    const nowMs = this.#clock.epochMs();
    const validMs = expiresSeconds === undefined ? skewMs : expiresSeconds * 1_000;
    if (signedAtMs < nowMs - validMs) {
      throw invalid(
        `Signature expired: ${signedAt} is now earlier than ${timestamp(nowMs - validMs)} (${timestamp(nowMs)} - ${minutes(validMs)}).`,
      );
    }
    if (signedAtMs > nowMs + skewMs) {
      throw invalid(
        `Signature not yet current: ${signedAt} is still later than ${timestamp(nowMs + skewMs)} (${timestamp(nowMs)} + ${minutes(skewMs)}).`,
      );
    }
  }

  #compare(
    { accessKeyId, scope, signedAt, signedHeaders, signature }: Claim,
    head: IndexedHead,
    bodyHash: string,
  ): void {
    const [day, region, service] = scope;
    const request = Buffer.from(canonicalRequest({ head, signedHeaders, bodyHash }), 'latin1');
    const text = `AWS4-HMAC-SHA256\n${signedAt}\n${scope.join('/')}\n${hash('sha256', request, 'hex')}`;
    const key = this.#keys.signingKey(accessKeyId, day, region, service);
    if (!isSame(signature, createHmac('sha256', key).update(text).digest('hex'))) throw mismatch();
  }
}

/** Headers that change what a request means must be signed; so must the host, or a request could be sent to another server. */
function checkSignedHeaders(signedHeaders: readonly string[], { headers }: IndexedHead): void {
  if (!signedHeaders.includes('host')) {
    throw invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  if (signedHeaders.length > limits.httpHeadersMax) throw mismatch();
  for (const name of headers.keys()) {
    if (name.startsWith('x-amz-') && !signedHeaders.includes(name)) {
      throw invalid(`'${cut(name)}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
}

/** In a time that does not tell where they differ. */
function isSame(given: string, expected: string): boolean {
  const bytes = Buffer.from(given, 'latin1');
  const expectedBytes = Buffer.from(expected, 'latin1');
  return bytes.byteLength === expectedBytes.byteLength && timingSafeEqual(bytes, expectedBytes);
}

function isSaid(announced: string): boolean {
  return announced === unsignedPayload || /^[0-9a-f]{64}$/.test(announced);
}

function sha256(body: Uint8Array): string {
  return hash('sha256', body, 'hex');
}

function minutes(durationMs: number): string {
  return `${durationMs / 60_000} min.`;
}
