/**
 * The bindings under ticks, timers and async hooks. V8's promise hooks and its continuation data are not reachable from
 * JavaScript: `createHook` sees no promises, and the context of AsyncLocalStorage follows `then` but not a native `await`
 * (bundles that use it are compiled without native async functions).
 */
import type { CoreContext } from '../context.ts';
import type { BaseData } from './base.ts';

const { Promise, PromisePrototypeThen, PromiseResolve, ObjectDefineProperty, ReflectApply } = primordials;

export function createBindings(context: CoreContext): Record<string, object> {
  const { library, loop } = context;
  const { constants, Providers } = library.require<BaseData>('isotherm/data/base').asyncWrap;
  const contextFrame = createContextFrame();
  loop.resetAsyncContext = () => contextFrame.setContinuationPreservedEmbedderData(undefined);
  return {
    async_context_frame: contextFrame,
    async_wrap: createAsyncWrap(constants, Providers),
    task_queue: {
      tickInfo: loop.tickInfo,
      enqueueMicrotask: createEnqueueMicrotask(context),
      // Microtasks drain when the slice ends; nothing can run them before.
      runMicrotasks: () => {},
      setTickCallback: (run: () => void) => loop.useTicks(run),
      promiseRejectEvents: {
        kPromiseRejectWithNoHandler: 0,
        kPromiseHandlerAddedAfterReject: 1,
        kPromiseResolveAfterResolved: 2,
        kPromiseRejectAfterResolved: 3,
      },
      setPromiseRejectCallback: () => {},
    },
    timers: {
      immediateInfo: loop.immediateInfo,
      timeoutInfo: loop.timeoutInfo,
      timerInfo: loop.timeoutInfo,
      getLibuvNow: () => loop.nowMs(),
      scheduleTimer: (delayMs: number) => loop.scheduleTimer(delayMs),
      toggleTimerRef: () => loop.announce(),
      toggleImmediateRef: (referenced: boolean) => loop.immediateReferenced(referenced),
      setupTimers: () => {},
    },
  };
}

function createEnqueueMicrotask(context: CoreContext): (callback: () => void) => void {
  const resolved = PromiseResolve();
  return (callback) => {
    PromisePrototypeThen(resolved, () => {
      try {
        callback();
      } catch (error) {
        // As V8 does for Node: what a microtask throws is an uncaught exception, not a rejection.
        context.uncaughtException(error);
      }
    });
  };
}

type Continuation = ((value: unknown) => unknown) | null | undefined;

/** The current context. Node's library sets it around its own callbacks; promises carry it once someone uses it. */
function createContextFrame(): {
  getContinuationPreservedEmbedderData(): unknown;
  setContinuationPreservedEmbedderData(frame: unknown): void;
} {
  let current: unknown;
  let isCarried = false;
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
  const carryThroughPromises = (): void => {
    isCarried = true;
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
  };
  return {
    getContinuationPreservedEmbedderData: () => current,
    setContinuationPreservedEmbedderData(frame) {
      if (frame !== undefined && !isCarried) carryThroughPromises();
      current = frame;
    },
  };
}

function createAsyncWrap(constants: Readonly<Record<string, number>>, Providers: object): object {
  const hookFields = new Uint32Array(16);
  const idFields = new Float64Array(4);
  idFields[constants.kAsyncIdCounter ?? 2] = 1;
  idFields[constants.kDefaultTriggerAsyncId ?? 3] = -1;
  return {
    constants,
    Providers,
    async_hook_fields: hookFields,
    async_id_fields: idFields,
    async_ids_stack: new Float64Array(32),
    execution_async_resources: [],
    setupHooks: () => {},
    setCallbackTrampoline: () => {},
    registerDestroyHook: () => {},
    pushAsyncContext: () => {},
    popAsyncContext: () => (hookFields[constants.kStackLength ?? 7] ?? 0) > 0,
    executionAsyncResource: () => undefined,
    clearAsyncIdStack: () => {
      hookFields[constants.kStackLength ?? 7] = 0;
    },
    queueDestroyAsyncId: () => {},
    setPromiseHooks: () => {},
    getPromiseHooks: () => [undefined, undefined, undefined, undefined],
  };
}
