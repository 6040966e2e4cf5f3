/**
 * The bindings under ticks, timers and async hooks.
 */
import type { CoreContext } from '../context.ts';
import { createAsyncWrap } from './async-wrap.ts';
import type { BaseData } from './base.ts';
import { createContextFrame } from './context-frame.ts';

const { PromisePrototypeThen, PromiseResolve } = primordials;

export function createBindings(context: CoreContext): Record<string, object> {
  const { library, loop } = context;
  const { constants, Providers } = library.require<BaseData>('isotherm/data/base').asyncWrap;
  const contextFrame = createContextFrame(context);
  const asyncWrap = createAsyncWrap(context, constants, Providers);
  loop.onSliceBegin = () => contextFrame.setContinuationPreservedEmbedderData(undefined);
  loop.onUncaught = () => {
    contextFrame.setContinuationPreservedEmbedderData(undefined);
    asyncWrap.clearAsyncIdStack();
  };
  return {
    async_context_frame: contextFrame,
    async_wrap: asyncWrap,
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
