/** An error of Node's as a guest may see it: its own members and no others, and no path of this program. */
import type { CryptoFailure } from '../../../bridge/crypto.ts';
import { limits } from '../../../model/limits.ts';

const shown = ['code', 'library', 'function', 'reason'] as const;

export function failureJson(error: unknown): string {
  return JSON.stringify(failureOf(error));
}

function failureOf(error: unknown): CryptoFailure {
  if (!(error instanceof Error)) return { type: 'Error', message: 'the operation failed' };
  const members: Record<string, unknown> = { ...error };
  const texts = Object.fromEntries(
    shown.flatMap((name) => {
      const value: unknown = Reflect.get(error, name);
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
  const stack = members.opensslErrorStack;
  return {
    type: error instanceof TypeError ? 'TypeError' : error instanceof RangeError ? 'RangeError' : 'Error',
    message: error.message.slice(0, limits.errorMessageCharsMax),
    ...texts,
    ...(Array.isArray(stack) ? { opensslErrorStack: stack.map(String) } : {}),
    ...(members.isGone === true ? { isGone: true } : {}),
  };
}
