/**
 * `internalBinding('async_context_frame')`: the value that AsyncLocalStorage keeps its stores in. Node's library sets it around
 * its own callbacks; that promises carry it on is V8's doing, which the native module gives access to.
 *
 * Without the module it is carried by a `then` of ours. A native `await` does not call it, so bundles that use
 * AsyncLocalStorage are then compiled without native async functions (see `functions/bundle`).
 */
import type { NativeFunctions } from '../../../src/bridge/native-module.ts';
import type { CoreContext } from '../context.ts';
import { nativeFunctions } from './native.ts';

const { ObjectDefineProperty, Promise, ReflectApply } = primordials;

export interface ContextFrame {
  getContinuationPreservedEmbedderData(): unknown;
  setContinuationPreservedEmbedderData(frame: unknown): void;
}

/** Nothing is loaded or patched before a frame is set: until then every promise rightly carries none. */
export function createContextFrame(context: CoreContext): ContextFrame {
  let current: Carrier | undefined;
  return {
    getContinuationPreservedEmbedderData: () => current?.getContext(),
    setContinuationPreservedEmbedderData(frame) {
      if (frame === undefined && current === undefined) return;
      current ??= nativeFunctions(context) ?? carryByThen(context);
      current.setContext(frame);
    },
  };
}

type Carrier = Pick<NativeFunctions, 'getContext' | 'setContext'>;
type Continuation = ((value: unknown) => unknown) | null | undefined;

function carryByThen(context: CoreContext): Carrier {
  let current: unknown;
  const carried = (continuation: Continuation, frame: unknown): Continuation => {
    if (typeof continuation !== 'function') return continuation;
    return (value) => {
      const before = current;
      current = frame;
      try {
        return continuation(value);
      } finally {
        current = before;
      }
    };
  };
  const originalThen = Promise.prototype.then;
  function then(this: Promise<unknown>, fulfilled: Continuation, rejected: Continuation): unknown {
    return ReflectApply(originalThen as never, this, [carried(fulfilled, current), carried(rejected, current)]);
  }
  ObjectDefineProperty(Promise.prototype, 'then', {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: then,
    configurable: true,
    writable: true,
  });
  warnOfNativeAwait(context);
  return {
    getContext: () => current,
    setContext(frame) {
      current = frame;
    },
  };
}

/** A module that waits at its top level cannot be compiled without native async functions. */
function warnOfNativeAwait({ settings, process }: CoreContext): void {
  if (settings.entry.kind !== 'bundle' || settings.entry.format !== 'esm') return;
  const { emitWarning } = process as unknown as { emitWarning(text: string, options: object): void };
  emitWarning(
    'AsyncLocalStorage loses its store at every await of this function: it has a top-level await, and the native module that ' +
      'would help is missing here (isotherm doctor says why)',
    { __proto__: null, type: 'Warning', code: 'ISOTHERM_ASYNC_CONTEXT' } as object,
  );
}
