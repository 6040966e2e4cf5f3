/**
 * WebAssembly as guests have it. Asynchronous compilation ends in a task of the isolate's foreground queue, which runs at the next
 * call only: it would hang, so it is made of the synchronous one. Memories are private, and each is bounded by the function's
 * memory size. Suspending on promises is off: each suspended call has a stack of a megabyte that nobody counts.
 */
import type { CoreContext } from './context.ts';
import { guardConstructor, redefine } from './guard.ts';
import type { BoundedModule, WasmBinary } from './modules/wasm-binary.ts';
import type { UncountedMemory } from './uncounted-memory.ts';

const {
  ArrayBufferPrototypeGetByteLength,
  BigInt,
  FunctionPrototypeCall,
  FunctionPrototypeSymbolHasInstance,
  MathFloor,
  MathMin,
  ObjectGetOwnPropertyDescriptor,
  ObjectKeys,
  PromiseResolve,
  ReflectConstruct,
  ReflectDeleteProperty,
  SafeWeakMap,
  SafeWeakSet,
  TypeError,
} = primordials;

/** Memories that are looked at already. */
type Counted = Pick<WeakSet<object>, 'add' | 'has'>;

const wasmPageBytes = 65_536;
const noRoom = 'WebAssembly: the memory does not fit into the memory size of the function';
const absent = ['compileStreaming', 'instantiateStreaming', 'Suspending', 'SuspendError', 'promising'];

export function installWebAssembly(context: CoreContext, memory: UncountedMemory): void {
  for (let at = 0; at < absent.length; at++) ReflectDeleteProperty(WebAssembly, absent[at] ?? '');
  const counted: Counted = new SafeWeakSet();
  boundMemories(memory, counted);
  boundModules(context, memory, counted);
  replaceAsyncWebAssembly();
}

/** Bytes of one memory, whatever the user has done to its prototype; undefined when it is none. */
const bytesOf = ((): ((memory: object) => number | undefined) => {
  const getBuffer = ObjectGetOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer')?.get;
  return (memory) => {
    try {
      return getBuffer && ArrayBufferPrototypeGetByteLength(FunctionPrototypeCall(getBuffer as never, memory));
    } catch {
      // No memory.
      return undefined;
    }
  };
})();

function boundMemories(memory: UncountedMemory, counted: Counted): void {
  guardConstructor(WebAssembly, 'Memory', (Real, args, newTarget) => {
    const asked = args[0];
    if (typeof asked !== 'object' || asked === null) return ReflectConstruct(Real, [asked], newTarget);
    // Each is read once, and made a number once: a getter or a `valueOf` could say something else the second time.
    const { address, initial, minimum, maximum, shared } = asked as Readonly<Record<string, unknown>>;
    if (shared) throw new TypeError('WebAssembly.Memory(): shared memory is not available in isotherm');
    const pagesMax = MathFloor(memory.limitBytes / wasmPageBytes);
    const first = pages(initial === undefined ? minimum : initial);
    const most = pages(maximum);
    memory.assertRoom((first ?? 0) * wasmPageBytes, noRoom);
    const last = most === undefined || most > pagesMax ? pagesMax : most;
    const cast = address === 'i64' ? BigInt : (value: number): number => value;
    const descriptor = {
      __proto__: null,
      ...(first === undefined ? {} : { initial: cast(first) }),
      // Less than it begins with is for V8 to refuse.
      maximum: cast(last),
      ...(address === undefined ? {} : { address }),
    };
    const made = ReflectConstruct(Real, [descriptor], newTarget);
    counted.add(made);
    memory.holdGrowing(made, (found) => bytesOf(found) ?? 0);
    return made;
  });
}

/** As V8 takes them, `NaN` included; what is no number of pages is refused there. */
function pages(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'bigint' ? primordials.Number(value) : +(value as number);
}

/** Memories that a module brings itself get their bound in its bytes: its instructions ask nobody. */
function boundModules(context: CoreContext, memory: UncountedMemory, counted: Counted): void {
  const modules = new SafeWeakMap<object, BoundedModule>();
  const pagesMax = (): number => MathFloor(memory.limitBytes / wasmPageBytes);
  guardConstructor(WebAssembly, 'Module', (Real, args, newTarget) => {
    const { bounded } = context.library.require<WasmBinary>('isotherm/modules/wasm-binary');
    const found = bounded(args[0], pagesMax());
    const module = ReflectConstruct(Real, [found?.bytes ?? args[0]], newTarget);
    if (found !== undefined) modules.set(module, found);
    return module;
  });
  guardConstructor(WebAssembly, 'Instance', (Real, args, newTarget) => {
    const { 0: module, 1: imports } = args;
    const found = typeof module === 'object' && module !== null ? modules.get(module) : undefined;
    if (found !== undefined) memory.assertRoom(found.pagesMin * wasmPageBytes, noRoom);
    const instance = ReflectConstruct(Real, imports === undefined ? [module] : [module, imports], newTarget);
    if (found === undefined) return instance;
    const { exports } = instance as WebAssembly.Instance;
    const names = ObjectKeys(exports);
    let hidden = found.count;
    for (let at = 0; at < names.length; at++) {
      const exported = exports[names[at] ?? ''];
      if (typeof exported !== 'object' || exported === null || bytesOf(exported) === undefined) continue;
      // One that it imported is none of its own.
      if (counted.has(exported)) continue;
      counted.add(exported);
      memory.holdGrowing(exported, (owner) => bytesOf(owner) ?? 0);
      hidden--;
    }
    if (hidden > 0) {
      // Those that nobody can look at count as large as they can become.
      const hiddenBytes = MathMin(found.pagesMax, hidden * pagesMax()) * wasmPageBytes;
      memory.assertRoom(hiddenBytes, noRoom);
      memory.hold(instance, hiddenBytes);
    }
    return instance;
  });
}

function replaceAsyncWebAssembly(): void {
  const { Instance, Module } = WebAssembly;
  const isModule = (source: unknown): source is WebAssembly.Module =>
    FunctionPrototypeSymbolHasInstance(Module, source);
  const instantiated = (module: WebAssembly.Module, imports?: WebAssembly.Imports): WebAssembly.Instance =>
    imports === undefined ? new Instance(module) : new Instance(module, imports);
  const replacements = {
    async compile(bytes: BufferSource): Promise<WebAssembly.Module> {
      await PromiseResolve();
      return new Module(bytes);
    },
    async instantiate(source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports): Promise<unknown> {
      await PromiseResolve();
      if (isModule(source)) return instantiated(source, imports);
      const module = new Module(source);
      return { module, instance: instantiated(module, imports) };
    },
  };
  for (const name of ['compile', 'instantiate'] as const) redefine(WebAssembly, name, replacements[name]);
}

/** The parts of WebAssembly's types that are used here; TypeScript's own come with the DOM. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: BufferSource);
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
type BufferSource = ArrayBuffer | ArrayBufferView;
