/**
 * A thrown value as the JSON that Lambda answers with (LAMBDA.md A7.1 to A7.5, A1.10). The value is hostile: a Proxy, a class
 * whose getters throw, a message of a hundred megabytes. Each property is read once, inside a `try`, checked to be a string and
 * cut before anything else is done with it. Getters do run: `get name()` is how many libraries name their errors, and what runs
 * here runs under the same deadline as the handler.
 *
 * The JSON is put together from quoted strings. Serialising an object would consult `toJSON` on prototypes that the user owns.
 */
import { limits } from '../../src/model/limits.ts';
import {
  asString,
  BuiltinError,
  getProperty,
  indexOf,
  isInstance,
  slice,
  startsWith,
  stringify,
} from './primordials.ts';

/** What counts as an error, and which keys the payload has, changed from model to model. */
export type ErrorDialect = '2014' | 'callback' | 'promise';

export type ErrorReport =
  | { readonly kind: 'error'; readonly errorType: string; readonly errorMessage: string; readonly stack: string }
  /** A thrown value that is no error: it has a type and a text. */
  | { readonly kind: 'value'; readonly errorType: string; readonly errorMessage: string }
  /** Reading it threw (A7.4). */
  | { readonly kind: 'unreadable'; readonly errorType: string; readonly errorMessage: string };

let messageCharsMax: number = limits.errorMessageCharsMax;
let stackCharsMax: number = limits.errorStackCharsMax;
/** The longest text that was cut since somebody last asked. */
let longestCut = 0;

/** Called at boot, before user code. */
export function boundErrors(errorChars: number): void {
  messageCharsMax = errorChars;
  stackCharsMax = 2 * errorChars;
}

/** Characters of the longest text that was cut since the last question; 0 when none was. */
export function takeLongestCut(): number {
  const found = longestCut;
  longestCut = 0;
  return found;
}

const unreadable: ErrorReport = {
  kind: 'unreadable',
  errorType: 'handled',
  errorMessage:
    'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
};

/** What the payload says of a thrown value. Never throws. */
export function describeError(value: unknown, dialect: ErrorDialect): ErrorReport {
  try {
    if (isError(value)) return readError(value) ?? unreadable;
    const lookAlike = dialect === 'callback' ? readLookAlike(value) : undefined;
    if (lookAlike !== undefined) return lookAlike;
    return { kind: 'value', errorType: typeof value, errorMessage: cut(asString(value), messageCharsMax) };
  } catch {
    // A getter, a Proxy's trap or a toString of the user threw.
    return unreadable;
  }
}

/** The payload's JSON. */
export function errorJson(report: ErrorReport, dialect: ErrorDialect): string {
  const type = stringify(report.errorType);
  const message = stringify(report.errorMessage);
  if (dialect === '2014') return errorJson2014(report, type, message);
  // The callback runtimes leave `trace` out here, the promise ones have it (A7.4).
  if (report.kind === 'unreadable' && dialect === 'callback') return `{"errorType":${type},"errorMessage":${message}}`;
  const trace = report.kind === 'error' ? linesJson(report.stack) : '[]';
  return `{"errorType":${type},"errorMessage":${message},"trace":${trace}}`;
}

/** Another key order, `stackTrace` instead of `trace`, without the first line and without `at` (A1.10); a mere value has a message only. */
function errorJson2014(report: ErrorReport, type: string, message: string): string {
  if (report.kind !== 'error') return `{"errorMessage":${message}}`;
  const frames = indexOf(report.stack, framePrefix);
  const stackTrace = frames === -1 ? '[]' : linesJson(slice(report.stack, frames), framePrefix);
  return `{"errorMessage":${message},"errorType":${type},"stackTrace":${stackTrace}}`;
}

const framePrefix = '    at ';

/** A text's lines as a JSON array of strings, each without `prefix`; `[]` for no text. */
export function linesJson(text: string, prefix = ''): string {
  if (text === '') return '[]';
  let json = '';
  for (let start = 0; start <= text.length; ) {
    const newline = indexOf(text, '\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = slice(text, start, end);
    json += (start === 0 ? '' : ',') + stringify(startsWith(line, prefix) ? slice(line, prefix.length) : line);
    start = end + 1;
  }
  return `[${json}]`;
}

/** The type as the platform hears it beside the payload; LAMBDA.md B5.9 says what it keeps of it. */
export function platformErrorType(report: ErrorReport): string {
  return slice(report.errorType, 0, limits.errorTypeCharsMax);
}

/** An Error by its brand or by its prototype. A Proxy's trap may make it throw. */
export function isError(value: unknown): value is Error {
  return hasErrorBrand(value) || isInstance(BuiltinError, value);
}

let hasErrorBrand: (value: unknown) => boolean = () => false;

/** Called at boot, before user code: V8 installs `Error.isError` only after a snapshot was restored. */
export function captureErrorBrand(): void {
  const isBranded: unknown = getProperty(BuiltinError, 'isError');
  if (typeof isBranded === 'function') hasErrorBrand = (value) => isBranded(value) === true;
}

function readError(error: Error): ErrorReport | undefined {
  const { name, message, stack }: { name: unknown; message: unknown; stack?: unknown } = error;
  if (typeof name !== 'string' || typeof message !== 'string') return undefined;
  if (typeof stack !== 'string' && stack !== undefined) return undefined;
  return report(name, message, stack ?? '');
}

/** RIC3 takes any object with a name, a message and a stack, none of them empty, for an error (A7.2). */
function readLookAlike(value: unknown): ErrorReport | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const name: unknown = getProperty(value, 'name');
  const message: unknown = getProperty(value, 'message');
  const stack: unknown = getProperty(value, 'stack');
  if (typeof name !== 'string' || typeof message !== 'string' || typeof stack !== 'string') return undefined;
  return name === '' || message === '' || stack === '' ? undefined : report(name, message, stack);
}

function report(name: string, message: string, stack: string): ErrorReport {
  return {
    kind: 'error',
    errorType: cut(name, messageCharsMax),
    errorMessage: cut(message, messageCharsMax),
    stack: cut(stack, stackCharsMax),
  };
}

/** Lambda carries the type in an HTTP header, which DEL would break; the runtime escapes it in all three texts (A7.2). */
function cut(text: string, charsMax: number): string {
  const short = slice(text, 0, charsMax);
  if (text.length > charsMax && text.length > longestCut) longestCut = text.length;
  let escaped = '';
  let start = 0;
  for (let at = indexOf(short, '\x7f'); at !== -1; at = indexOf(short, '\x7f', start)) {
    escaped += `${slice(short, start, at)}%7F`;
    start = at + 1;
  }
  return start === 0 ? short : escaped + slice(short, start);
}
