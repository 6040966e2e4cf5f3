/** Who may call: ids of access keys and their secrets. The one place that holds secrets; what leaves it is made from them, never they. */
import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { EngineError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export class AccessKeys {
  readonly #secrets: ReadonlyMap<string, string>;
  /** The key of one day, region and service is used for all requests of that day, and takes four rounds to make. */
  readonly #signingKeys = new Map<string, Buffer>();

  /** @throws EngineError InvalidParameterValueException */
  constructor(keys: readonly AccessKey[]) {
    const secrets = new Map<string, string>();
    for (const { accessKeyId, secretAccessKey } of keys) {
      assertKey(accessKeyId, secretAccessKey);
      if (secrets.has(accessKeyId)) throw invalidKey(`access key ${accessKeyId} is given twice`);
      secrets.set(accessKeyId, secretAccessKey);
    }
    if (secrets.size > limits.accessKeysMax) {
      throw invalidKey(
        `access keys must be at most accessKeysMax, which is ${limits.accessKeysMax}; got ${secrets.size}`,
      );
    }
    this.#secrets = secrets;
  }

  get size(): number {
    return this.#secrets.size;
  }

  has(accessKeyId: string): boolean {
    return this.#secrets.has(accessKeyId);
  }

  /** Of a key that is known, for a scope that was checked: whoever asks with others would fill the table. */
  signingKey(accessKeyId: string, day: string, region: string, service: string): Buffer {
    const name = `${accessKeyId}/${day}/${region}/${service}`;
    const kept = this.#signingKeys.get(name);
    if (kept !== undefined) return kept;
    const start = `AWS4${this.#secrets.get(accessKeyId) ?? ''}`;
    const key = [day, region, service, 'aws4_request'].reduce(
      (last, part) => createHmac('sha256', last).update(part).digest(),
      Buffer.from(start, 'utf8'),
    );
    // Days pass; what is needed again is made again.
    if (this.#signingKeys.size >= limits.signingKeysMax) this.#signingKeys.clear();
    this.#signingKeys.set(name, key);
    return key;
  }

  /** However somebody prints what holds it. */
  [inspect.custom](): string {
    return `AccessKeys(${this.size})`;
  }
}

/** The secret is never in the message. */
function assertKey(accessKeyId: string, secret: string): void {
  if (!/^\w+$/.test(accessKeyId) || accessKeyId.length > limits.accessKeyIdLengthMax) {
    throw invalidKey(
      `the id of an access key must be 1 to ${limits.accessKeyIdLengthMax} letters, digits or underscores, got ${JSON.stringify(accessKeyId.slice(0, limits.accessKeyIdLengthMax))}`,
    );
  }
  if (
    secret.length < limits.secretKeyLengthMin ||
    secret.length > limits.secretKeyLengthMax ||
    !/^[!-~]+$/.test(secret)
  ) {
    throw invalidKey(
      `the secret of access key ${accessKeyId} must be ${limits.secretKeyLengthMin} to ${limits.secretKeyLengthMax} printable ASCII characters without spaces, got ${secret.length} characters`,
    );
  }
}

function invalidKey(message: string): EngineError {
  return new EngineError('InvalidParameterValueException', message);
}
