/**
 * The line of source that an error was made in, for what `assert.ok(value)` says when it fails. A frame of the bundle is looked
 * up at its place in the user's sources, as in stacks; the text is then read from the package.
 */

import { bundlePlace } from '../bundle-place.ts';
import type { CoreContext } from '../context.ts';

/** Taken when this file is loaded; what a user puts there instead gets no more than a path of his own. */
const { decodeURIComponent } = globalThis;
const { Error, RegExpPrototypeExec, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeStartsWith } =
  primordials;

interface CallSite {
  getScriptNameOrSourceURL(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}

export interface SourcePosition {
  readonly sourceLine?: string;
  readonly scriptResourceName?: string;
  readonly lineNumber?: number;
  /** From 0. */
  readonly startColumn?: number;
}

/** Of the first frame. Its stack must not have been read yet: V8 makes the text once. */
export function errorSource(context: CoreContext, error: { readonly stack?: unknown }): SourcePosition {
  const frame = firstFrame(error);
  const line = frame?.getLineNumber() ?? 0;
  const column = frame?.getColumnNumber() ?? 0;
  const script = frame?.getScriptNameOrSourceURL() ?? '';
  const place = bundlePlace(context, script, line, column) ?? `${script}:${line}:${column}`;
  const found = RegExpPrototypeExec(/^(.*):(\d+):(\d+)$/, place);
  const file = found?.[1] ?? '';
  const lineNumber = +(found?.[2] ?? 0);
  const sourceLine = lineOf(context, file, lineNumber);
  if (sourceLine === undefined) return {};
  // The loader puts a header in front of the first line of a module.
  const shift = lineNumber === 1 && script === file ? moduleHeaderLength : 0;
  return { sourceLine, scriptResourceName: file, lineNumber, startColumn: +(found?.[3] ?? 1) - 1 - shift };
}

const moduleHeaderLength = '(function (exports, require, module, __filename, __dirname) { '.length;

function firstFrame(error: { readonly stack?: unknown }): CallSite | undefined {
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_, sites) => sites;
    const { stack } = error;
    return typeof stack === 'object' && stack !== null ? (stack as readonly CallSite[])[0] : undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}

/** Undefined when the file cannot be read, or has no such line. */
function lineOf({ library }: CoreContext, file: string, lineNumber: number): string | undefined {
  const path = StringPrototypeStartsWith(file, 'file://') ? decodeURIComponent(StringPrototypeSlice(file, 7)) : file;
  if (!StringPrototypeStartsWith(path, '/')) return undefined;
  let text: string;
  try {
    text = library.require<{ readFileSync(path: string, encoding: string): string }>('fs').readFileSync(path, 'utf8');
  } catch {
    // Code without a file, by `new Function` or `eval` with a name of its own.
    return undefined;
  }
  let start = 0;
  for (let line = 1; line < lineNumber; line++) {
    const end = StringPrototypeIndexOf(text, '\n', start);
    if (end === -1) return undefined;
    start = end + 1;
  }
  const end = StringPrototypeIndexOf(text, '\n', start);
  return StringPrototypeSlice(text, start, end === -1 ? text.length : end);
}
