/**
 * Node leaves OpenSSL's error of some functions for whoever fails next, or only works next: perhaps another guest, whose signature then
 * fails with an error that is not its own. Reading a key clears them.
 */
import { createPrivateKey } from 'node:crypto';

export function forgetErrors(): void {
  try {
    createPrivateKey('');
  } catch {
    // It is no key.
  }
}
