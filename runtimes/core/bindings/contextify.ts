/**
 * `internalBinding('contextify')` for the one realm that a guest has: scripts and functions are compiled by the engine's own
 * `eval`. That costs three of V8's finer points: top-level `let` and `const` of a script stay inside it, its positions are known
 * by a file name without white space only, and a script cannot be interrupted. Other contexts are refused, and so is a time limit.
 */
import type { CoreContext } from '../context.ts';
import { refusal } from '../modules/refusal.ts';

const { ArrayPrototypeJoin, ArrayPrototypePush, Function, MathMin, ReflectConstruct, RegExpPrototypeExec } =
  primordials;
const { SafeWeakMap, StringPrototypeRepeat } = primordials;

interface ContextifyData {
  readonly contextify: { readonly constants: object };
}

interface BufferModule {
  readonly Buffer: { alloc(byteLength: number): object };
}

/** Blank lines that stand in for an offset. Beyond this many the offset is not kept. */
const lineOffsetMax = 10_000;

export function createBindings({ library }: CoreContext): Record<string, object> {
  const { constants } = library.require<ContextifyData>('isotherm/data/machine').contextify;
  const evaluate = library.require<{ runInNewContext(text: string): unknown }>('isotherm/realm').runInNewContext;
  const programs = new SafeWeakMap<object, string>();
  const noCache = (): object => library.require<BufferModule>('buffer').Buffer.alloc(0);

  class ContextifyScript {
    sourceMapURL: string | undefined = undefined;
    declare cachedData: object;
    declare cachedDataProduced: boolean;
    declare cachedDataRejected: boolean;

    constructor(
      code: string,
      filename: string,
      lineOffset: number,
      columnOffset: number,
      cachedData: object | undefined,
      produceCachedData: boolean,
      parsingContext: object | undefined,
    ) {
      if (parsingContext !== undefined) throw refusal('a vm context');
      parse(code, evaluate);
      programs.set(this, placed(code, filename, lineOffset, columnOffset));
      if (cachedData !== undefined) this.cachedDataRejected = true;
      if (produceCachedData) this.cachedDataProduced = false;
    }

    runInContext(context: object | null, timeoutMs: number): unknown {
      if (context !== null) throw refusal('vm.Script.runInContext()');
      if (timeoutMs !== -1) throw refusal("vm's option timeout");
      const program = programs.get(this);
      if (program === undefined) throw new primordials.TypeError('Illegal invocation');
      return evaluate(program);
    }

    createCachedData(): object {
      return noCache();
    }
  }

  return {
    contextify: {
      constants,
      ContextifyScript,
      compileFunction(
        code: string,
        filename: string,
        lineOffset: number,
        columnOffset: number,
        cachedData: object | undefined,
        produceCachedData: boolean,
        parsingContext: object | undefined,
        extensions: readonly object[] | undefined,
        params: readonly string[] | undefined,
      ): object {
        if (parsingContext !== undefined) throw refusal("vm.compileFunction()'s option parsingContext");
        if (extensions !== undefined && extensions.length > 0) {
          throw refusal("vm.compileFunction()'s option contextExtensions");
        }
        const names: string[] = [];
        for (let at = 0; params !== undefined && at < params.length; at++) ArrayPrototypePush(names, params[at] ?? '');
        const text = `(function (${ArrayPrototypeJoin(names, ',')}) {${code}\n})`;
        // The constructor checks the parts one by one, so that none of them can end the function early.
        ArrayPrototypePush(names, code);
        ReflectConstruct(Function as never, names);
        return {
          function: evaluate(placed(text, filename, lineOffset, columnOffset)),
          sourceMapURL: undefined,
          ...(cachedData === undefined ? {} : { cachedDataRejected: true }),
          ...(produceCachedData ? { cachedDataProduced: false } : {}),
        };
      },
      containsModuleSyntax: () => false,
      makeContext(): never {
        throw refusal('vm.createContext()');
      },
      measureMemory(): never {
        throw refusal('vm.measureMemory()');
      },
      startSigintWatchdog: () => {},
      stopSigintWatchdog: () => false,
      watchdogHasPendingSigint: () => false,
    },
  };
}

/** Errors of the text belong to the constructor, effects to the run. */
function parse(code: string, evaluate: (text: string) => unknown): void {
  try {
    ReflectConstruct(Function as never, [code]);
  } catch (error) {
    // As the body of a function it has no end of its own; as a script it says what is wrong. It does not get to run.
    try {
      evaluate(`throw undefined;${code}`);
    } catch (better) {
      throw better ?? error;
    }
  }
}

const whiteSpace = /\s/;

function placed(code: string, filename: string, lineOffset: number, columnOffset: number): string {
  const lines = StringPrototypeRepeat('\n', lineOffset > 0 && lineOffset <= lineOffsetMax ? lineOffset : 0);
  const columns = StringPrototypeRepeat(' ', columnOffset > 0 ? MathMin(columnOffset, lineOffsetMax) : 0);
  const named = filename === '' || RegExpPrototypeExec(whiteSpace, filename) !== null;
  return `${lines}${columns}${code}${named ? '' : `\n//# sourceURL=${filename}`}`;
}
