/**
 * `internalBinding('async_wrap')`: ids of asynchronous operations and the hooks on them. Timers, ticks, `AsyncResource` and all
 * else that is JavaScript in Node's library tells its hooks itself. Promises are told of by V8, where the native module is there.
 */
import type { CoreContext } from '../context.ts';
import { nativeFunctions } from './native.ts';

const { ArrayPrototypePush, Float64Array, FinalizationRegistry, FinalizationRegistryPrototypeRegister } = primordials;
const { Uint32Array } = primordials;

type Constants = Readonly<Record<string, number>>;

/** What native code would call. */
interface NativeHooks {
  destroy(asyncId: number): void;
}

export function createAsyncWrap(context: CoreContext, constants: Constants, Providers: object) {
  const stackLength = constants.kStackLength ?? 7;
  const executionAsyncId = constants.kExecutionAsyncId ?? 0;
  const triggerAsyncId = constants.kTriggerAsyncId ?? 1;
  const hookFields = new Uint32Array(16);
  const idFields = new Float64Array(4);
  idFields[constants.kAsyncIdCounter ?? 2] = 1;
  idFields[constants.kDefaultTriggerAsyncId ?? 3] = -1;

  let destroyed: number[] = [];
  const queueDestroyAsyncId = (asyncId: number): void => {
    // As Node: hooks are told in a later turn, of all that have gone by then.
    if (ArrayPrototypePush(destroyed, asyncId) === 1) context.loop.enqueueImmediate(tellDestroyed);
  };
  const tellDestroyed = (): void => {
    const { nativeHooks } = context.library.require<{ nativeHooks: NativeHooks }>('internal/async_hooks');
    const ids = destroyed;
    destroyed = [];
    for (let at = 0; at < ids.length; at++) nativeHooks.destroy(ids[at] ?? 0);
  };
  let collected: FinalizationRegistry<Watched> | undefined;

  const wrap = {
    constants,
    Providers,
    async_hook_fields: hookFields,
    async_id_fields: idFields,
    async_ids_stack: new Float64Array(32),
    execution_async_resources: [] as unknown[],
    // Native code calls back through it; here all callbacks are the library's own.
    setCallbackTrampoline: () => {},
    registerDestroyHook(resource: object, asyncId: number, state?: { readonly destroyed: boolean }) {
      collected ??= new FinalizationRegistry(({ id, told }: Watched) => {
        if (told?.destroyed !== true) queueDestroyAsyncId(id);
      });
      FinalizationRegistryPrototypeRegister(collected, resource, { id: asyncId, told: state });
    },
    /** The library calls this when its stack of ids is full. */
    pushAsyncContext(asyncId: number, trigger: number) {
      const depth = hookFields[stackLength] ?? 0;
      const deeper = new Float64Array(4 * depth);
      for (let at = 0; at < 2 * depth; at++) deeper[at] = wrap.async_ids_stack[at] ?? 0;
      deeper[2 * depth] = idFields[executionAsyncId] ?? 0;
      deeper[2 * depth + 1] = idFields[triggerAsyncId] ?? 0;
      wrap.async_ids_stack = deeper;
      hookFields[stackLength] = depth + 1;
      idFields[executionAsyncId] = asyncId;
      idFields[triggerAsyncId] = trigger;
    },
    /** Called when ids do not pair. Node ends the process; a guest that mixed them up starts over with none. */
    popAsyncContext() {
      wrap.clearAsyncIdStack();
      return false;
    },
    executionAsyncResource: (index: number) => wrap.execution_async_resources[index],
    clearAsyncIdStack() {
      hookFields[stackLength] = 0;
      idFields[executionAsyncId] = 0;
      idFields[triggerAsyncId] = 0;
      wrap.execution_async_resources.length = 0;
    },
    queueDestroyAsyncId,
    setPromiseHooks(...functions: [unknown, unknown, unknown, unknown]) {
      nativeFunctions(context)?.setPromiseHooks(functions[0], functions[1], functions[2], functions[3]);
    },
    getPromiseHooks: () => [undefined, undefined, undefined, undefined],
  };
  return wrap;
}

interface Watched {
  readonly id: number;
  readonly told: { readonly destroyed: boolean } | undefined;
}
