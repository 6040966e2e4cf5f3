/** Errors of OpenSSL and Node as data: the guest makes its own of them. */
import type { TlsError } from '../../bridge/tls.ts';
import { limits } from '../../model/limits.ts';

export function tlsErrorOf(error: unknown): TlsError {
  if (!(error instanceof Error)) return { message: String(error).slice(0, limits.errorMessageCharsMax) };
  const fields = error as Error & Readonly<Record<string, unknown>>;
  const text = (name: string): Readonly<Record<string, string>> => {
    const value = fields[name];
    return typeof value === 'string' ? { [name]: value.slice(0, limits.errorMessageCharsMax) } : {};
  };
  const stack = fields.opensslErrorStack;
  return {
    message: error.message.slice(0, limits.errorMessageCharsMax),
    name: error.name,
    ...(Array.isArray(stack) ? { opensslErrorStack: stack.map(String) } : {}),
    ...text('library'),
    ...text('function'),
    ...text('reason'),
    ...text('code'),
  };
}
