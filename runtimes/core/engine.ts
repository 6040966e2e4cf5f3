/**
 * What V8 gives a guest, put right before anything else is evaluated in it: what could not work here because it waits for tasks
 * of an idle isolate, what would run outside of every deadline, and memory that is shared or that nobody counts.
 */
import type { CoreContext } from './context.ts';
import { guardConstructor, replaceMethod, shareReplacement } from './guard.ts';
import { UncountedMemory } from './uncounted-memory.ts';
import { installWebAssembly } from './web-assembly.ts';

const {
  ArrayBufferPrototypeGetMaxByteLength,
  ArrayBufferPrototypeGetResizable,
  ArrayBufferPrototypeTransfer,
  Error,
  FunctionPrototypeCall,
  ReflectConstruct,
  ReflectDeleteProperty,
  SafeFinalizationRegistry,
  TypeError,
} = primordials;

export function finishEngine(context: CoreContext): void {
  const memory = new UncountedMemory(context);
  ReflectDeleteProperty(Atomics, 'waitAsync');
  replaceMethod(Atomics, 'wait', () => {
    throw new TypeError('Atomics.wait cannot be called in this context');
  });
  countSharedBuffers(memory);
  countResizableBuffers(memory);
  deferFinalizers(context);
  installWebAssembly(context, memory);
  Error.stackTraceLimit = 10;
}

/**
 * There is no second thread to share one with; packages make small ones at their top, though (pino's, to wait on). Growable ones
 * escape the memory limit (SECURITY.md 0.2).
 */
function countSharedBuffers(memory: UncountedMemory): void {
  guardConstructor(globalThis, 'SharedArrayBuffer', (Real, args, newTarget) => {
    const options: unknown = args[1];
    if (typeof options === 'object' && options !== null && 'maxByteLength' in options)
      throw new TypeError('a SharedArrayBuffer that grows is not available in isotherm');
    // Read once: an object could say something else the second time.
    const byteLength = +(args[0] as number);
    memory.assertRoom(byteLength, 'Array buffer allocation failed');
    const buffer = ReflectConstruct(Real, [byteLength], newTarget);
    memory.hold(buffer, byteLength);
    return buffer;
  });
}

/** isolated-vm counts what V8 asks its allocator for, and V8 does not ask for these (SECURITY.md 2.1 c). */
function countResizableBuffers(memory: UncountedMemory): void {
  guardConstructor(globalThis, 'ArrayBuffer', (Real, args, newTarget) => {
    const options: unknown = args[1];
    // Read once: a getter could say something else the second time.
    const asked: unknown =
      typeof options === 'object' && options !== null
        ? (options as { readonly maxByteLength?: unknown }).maxByteLength
        : undefined;
    if (asked === undefined) return ReflectConstruct(Real, [args[0]], newTarget);
    const maxByteLength = +(asked as number);
    memory.assertRoom(maxByteLength, 'Array buffer allocation failed');
    // A null prototype, so that nothing but this is read.
    const buffer = ReflectConstruct(Real, [args[0], { __proto__: null, maxByteLength }], newTarget);
    memory.hold(buffer, maxByteLength);
    return buffer;
  });
  // The new buffer has the memory of the old one.
  const transfer = (buffer: ArrayBuffer, newLength?: number): ArrayBuffer => {
    const bytes = ArrayBufferPrototypeGetResizable(buffer) ? ArrayBufferPrototypeGetMaxByteLength(buffer) : 0;
    const moved = ArrayBufferPrototypeTransfer(buffer, newLength);
    if (bytes > 0) {
      memory.release(buffer, bytes);
      memory.hold(moved, bytes);
    }
    return moved;
  };
  replaceMethod(ArrayBuffer.prototype, 'transfer', function (this: ArrayBuffer, newLength?: number) {
    return transfer(this, newLength);
  });
  shareReplacement('ArrayBufferPrototypeTransfer', transfer);
}

/**
 * V8 calls them back in a task of its own, which isolated-vm runs before a slice and under no deadline. Here that task only notes
 * what is to be called, and the slice that follows calls it.
 */
function deferFinalizers({ loop }: CoreContext): void {
  const deferred = (cleanup: unknown): unknown =>
    typeof cleanup !== 'function'
      ? cleanup
      : (held: unknown) => loop.enqueueFinalizer(() => FunctionPrototypeCall(cleanup as never, undefined, held));
  guardConstructor(globalThis, 'FinalizationRegistry', (Real, args, newTarget) =>
    ReflectConstruct(Real, [deferred(args[0])], newTarget),
  );
  shareReplacement('FinalizationRegistry', globalThis.FinalizationRegistry);
  // Node's own are of a class of their own, which was made of V8's.
  const holder = { SafeFinalizationRegistry };
  guardConstructor(holder, 'SafeFinalizationRegistry', (Real, args, newTarget) =>
    ReflectConstruct(Real, [deferred(args[0])], newTarget),
  );
  shareReplacement('SafeFinalizationRegistry', holder.SafeFinalizationRegistry);
}
