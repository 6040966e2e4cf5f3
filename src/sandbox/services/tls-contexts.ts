/** Secure contexts of one incarnation: making one costs up to some milliseconds, and connections of a pool share theirs. */
import type { SecureContext } from 'node:tls';
import { limits } from '../../model/limits.ts';
import { nodeCrypto, nodeTls } from './node-tls.ts';
import { type Fields, readContextOptions } from './tls-settings.ts';

export class TlsContexts {
  /** The one used longest ago comes first. */
  readonly #contexts = new Map<string, SecureContext>();

  /** @throws what Node and OpenSSL say of settings that they do not accept */
  get(settings: Fields): SecureContext {
    const key = nodeCrypto().createHash('sha256').update(JSON.stringify(settings)).digest('base64');
    const context = this.#contexts.get(key) ?? nodeTls().createSecureContext(readContextOptions(settings));
    this.#contexts.delete(key);
    this.#contexts.set(key, context);
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= limits.tlsContextsMax) break;
      this.#contexts.delete(oldest);
    }
    return context;
  }

  clear(): void {
    this.#contexts.clear();
  }
}

/** The warning that Node would print of them, or ''. @throws as `get` */
export function checkContext(settings: Fields): string {
  let warned = '';
  const { emitWarning } = process;
  // Node warns of weak parameters through the process. The guest prints it, this process prints nothing.
  process.emitWarning = (warning: string | Error) => {
    warned = String(warning);
  };
  try {
    nodeTls().createSecureContext(readContextOptions(settings));
  } finally {
    process.emitWarning = emitWarning;
  }
  return warned;
}
