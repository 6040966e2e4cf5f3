/** A handler's result as the payload's JSON (LAMBDA.md A3.14, A4.6). What a result's `toJSON` does is the user's business. */
import type { ErrorDialect } from './error-json.ts';
import { BuiltinError, stringify } from './primordials.ts';
import { RuntimeError } from './runtime-error.ts';

/** @throws RuntimeError or Error when JSON cannot express the result. */
export function answerJson(result: unknown, dialect: ErrorDialect): string {
  let json: unknown;
  try {
    json = stringify(result === undefined ? null : result);
  } catch {
    // A cycle, a BigInt, a throwing toJSON or getter.
    const message = 'Unable to stringify response body';
    throw dialect === 'promise' ? new RuntimeError('Runtime.JSONStringifyError', message) : new BuiltinError(message);
  }
  // JSON has no text at all for a function or a symbol.
  return typeof json === 'string' ? json : 'null';
}
