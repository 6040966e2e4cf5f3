/**
 * What a key is made of. The guest keeps it, and owns it anyway: a secret key's bytes, an asymmetric key's DER. The service keeps
 * asymmetric keys ready under the numbers that are given here, and is told the rest when it has forgotten one.
 */
import type { Bytes } from '../encodings.ts';
import type { Message } from './message.ts';

export type KeyMaterial = SecretMaterial | AsymmetricMaterial;

export interface SecretMaterial {
  readonly type: 'secret';
  readonly bytes: Bytes;
}

export interface AsymmetricMaterial {
  readonly type: 'public' | 'private';
  readonly id: number;
  readonly der: Bytes;
  readonly asymmetricKeyType: string;
  /** As Node's `asymmetricKeyDetails`; a big integer is in hexadecimal digits. */
  readonly details: Readonly<Record<string, unknown>>;
}

let latestId = 0;

export function nextKeyId(): number {
  latestId += 1;
  return latestId;
}

export function addKey(message: Message, name: string, key: AsymmetricMaterial, keys: 'by-id' | 'in-full'): void {
  const inner = message.inner(name).set('id', key.id);
  if (keys === 'in-full') inner.set('type', key.type).bytes('der', key.der);
}
