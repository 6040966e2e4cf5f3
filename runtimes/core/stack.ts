/**
 * The text of `error.stack`: frames of the user's bundle are shown at their place in the user's sources, frames of this
 * runtime itself are left out. A user's own `Error.prepareStackTrace` replaces this function, as in Node.
 */
import { scriptNames } from '../../src/bridge/script-names.ts';
import { bundlePlace } from './bundle-place.ts';
import type { CoreContext } from './context.ts';

const {
  ArrayPrototypeJoin,
  ArrayPrototypePush,
  FunctionPrototypeCall,
  ObjectDefineProperty,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
} = primordials;
const ErrorPrototypeToString = Error.prototype.toString;

interface CallSite {
  getScriptNameOrSourceURL(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  toString(): string;
}

const bundlePosition = `${scriptNames.bundle}:`;
const ownScripts = 'node:internal/isotherm';
const ownModules = 'node:isotherm/';

export function installStackTraces(context: CoreContext): void {
  ObjectDefineProperty(Error, 'prepareStackTrace', {
    // @ts-expect-error descriptors are read through the prototype, which the user will own
    __proto__: null,
    configurable: true,
    enumerable: false,
    writable: true,
    value: function prepareStackTrace(error: unknown, frames: readonly CallSite[]): string {
      const lines = [title(error)];
      for (let at = 0; at < frames.length; at++) {
        const frame = frames[at];
        const line = frame && describe(context, frame);
        if (line !== undefined) ArrayPrototypePush(lines, `    at ${line}`);
      }
      return ArrayPrototypeJoin(lines, '\n');
    },
  });
}

function title(error: unknown): string {
  try {
    return FunctionPrototypeCall(ErrorPrototypeToString, error) as string;
  } catch {
    // A getter of the user's threw, or a name that is no string: Node prints this too.
    return '<error>';
  }
}

function describe(context: CoreContext, frame: CallSite): string | undefined {
  // `getFileName` is null for what was compiled from a code cache.
  const file = frame.getScriptNameOrSourceURL() ?? '';
  if (StringPrototypeStartsWith(file, ownScripts) || StringPrototypeStartsWith(file, ownModules)) return undefined;
  const text = frame.toString();
  const place = bundlePlace(context, file, frame.getLineNumber() ?? 0, frame.getColumnNumber() ?? 0);
  if (place === undefined) return text;
  // Everything before the position is V8's: `async f (`, `new C (`, `Object.<anonymous> (`.
  const at = StringPrototypeIndexOf(text, bundlePosition);
  if (at < 0) return text;
  const close = StringPrototypeSlice(text, -1) === ')' ? ')' : '';
  return `${StringPrototypeSlice(text, 0, at)}${place}${close}`;
}
