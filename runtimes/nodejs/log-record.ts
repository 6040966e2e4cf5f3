/**
 * The text of one record, in both of Lambda's formats (LAMBDA.md E2.1, E2.6, E2.7, E3.1, E3.2), without its final newline: the
 * platform keeps a message of many lines together. Values are the user's; formatting them may run user code and may throw.
 */
import { limits } from '../../src/model/limits.ts';
import type { Core } from '../core/core-api.ts';
import { isError } from './error-json.ts';
import { apply, asString, assign, BuiltinError, defineProperty, indexOf, slice, stringify } from './primordials.ts';

export interface RecordHead {
  readonly timestamp: string;
  readonly level: string;
  readonly requestId: string | undefined;
}

export function textRecord(core: Core, head: RecordHead, args: readonly unknown[]): string {
  return `${head.timestamp}\t${head.requestId}\t${head.level}\t${format(core, args)}`;
}

/** One argument keeps its type; several become text, plus the fields of the first error among them (E3.2). */
export function jsonRecord(core: Core, { timestamp, level, requestId }: RecordHead, args: readonly unknown[]): string {
  if (args.length === 1) {
    const message = args[0];
    try {
      return stringify({ timestamp, level, requestId, message }, replaceErrors(errorFields));
    } catch {
      // A cycle, a BigInt or a throwing getter: what inspect makes of it is shown instead.
      return stringify({ timestamp, level, requestId, message: core.format(message) });
    }
  }
  const record = { timestamp, level, requestId, message: format(core, args) };
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at];
    if (isError(argument)) return stringify(assign(record, stackFields(argument)));
  }
  return stringify(record);
}

/** An error as the runtime logs it in Text format: with `code` and whatever else is enumerable on it, `stack` last (E2.6). */
export function errorText(error: unknown): string {
  return stringify(intoError(error), replaceErrors(textFields));
}

/** In the log, unlike in the payload, a value that is no error is shown as one (E2.7). */
export function intoError(value: unknown): Error {
  if (isError(value)) return value;
  const message = asString(value);
  const error = new BuiltinError(message);
  // One line: where the runtime wrapped the value tells a user nothing.
  defineProperty(error, 'stack', { configurable: true, writable: true, value: `Error: ${message}` });
  return error;
}

/**
 * Shows errors by the fields that `convert` makes. Each is a new object, in which JSON finds no cycle: an error that leads back to
 * itself would be shown again and again until the stack is full, which takes seconds. So the number of them is bounded.
 */
function replaceErrors(convert: (error: Error) => object): (key: string, value: unknown) => unknown {
  let errors = 0;
  return (_key, value) => {
    if (!isError(value)) return value;
    errors += 1;
    if (errors > limits.errorsPerRecordMax) throw new BuiltinError('too many errors in one record');
    return convert(value);
  };
}

function errorFields(error: Error): object {
  return assign(stackFields(error), error);
}

/** The type here is the constructor's name, not `name` (E3.2). */
function stackFields(error: Error): { errorType: unknown; errorMessage: unknown; stackTrace: unknown } {
  const { message, stack }: { message: unknown; stack?: unknown } = error;
  const constructor: unknown = error.constructor;
  const errorType = typeof constructor === 'function' ? constructor.name : 'UnknownError';
  return { errorType, errorMessage: message, stackTrace: typeof stack === 'string' ? lines(stack) : [] };
}

function textFields(error: Error): object {
  const { name, message, code, stack }: { name: unknown; message: unknown; code?: unknown; stack?: unknown } = error;
  const fields: object = assign({ errorType: name, errorMessage: message, code }, error);
  if (typeof stack === 'string') define(fields, 'stack', lines(stack));
  return fields;
}

function lines(stack: string): string[] {
  const text = slice(stack, 0, limits.errorStackCharsMax);
  const found: string[] = [];
  for (let start = 0; start <= text.length; ) {
    const newline = indexOf(text, '\n', start);
    const end = newline === -1 ? text.length : newline;
    define(found, found.length, slice(text, start, end));
    start = end + 1;
  }
  return found;
}

/** Defined, not assigned: assigning would run a setter that a user put on a prototype. */
function define(target: object, key: string | number, value: unknown): void {
  defineProperty(target, key, { configurable: true, enumerable: true, writable: true, value });
}

/**
 * `util.format(...args)`. Plain strings and numbers, which is most of what functions log, are joined here: the first call of
 * the real one loads Node's inspect, which costs a cold start several milliseconds.
 */
function format(core: Core, args: readonly unknown[]): string {
  const first = args[0];
  if (args.length > 1 && typeof first === 'string' && indexOf(first, '%') !== -1) return apply(core.format, core, args);
  let text = '';
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at];
    if (!isPlain(argument)) return apply(core.format, core, args);
    text += at === 0 ? `${argument}` : ` ${argument}`;
  }
  return text;
}

/** Values that inspect shows as string conversion does. A string later in the list is shown bare, like the first. */
function isPlain(value: unknown): value is string | number | boolean | null | undefined {
  if (typeof value === 'number') return value !== 0 || 1 / value > 0;
  return typeof value === 'string' || typeof value === 'boolean' || value === undefined || value === null;
}
