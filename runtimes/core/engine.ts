/**
 * What V8 gives a guest, put right at boot: built-ins that do not exist while a snapshot is made are added to the primordials,
 * and those that cannot work here (they wait for tasks of an idle isolate, which nobody runs) are replaced or removed.
 */
const { ObjectDefineProperty, PromiseResolve, ReflectDeleteProperty } = primordials;

export function finishEngine(): void {
  addLatePrimordials();
  ReflectDeleteProperty(Atomics, 'waitAsync');
  replaceAsyncWebAssembly();
  Error.stackTraceLimit = 10;
}

/** V8 installs these after it restored a snapshot. Names as Node's primordials would have them. */
function addLatePrimordials(): void {
  const late: Record<string, unknown> = {
    AtomicsPause: Reflect.get(Atomics, 'pause'),
    ErrorIsError: Reflect.get(Error, 'isError'),
    ErrorStackTraceLimit: Error.stackTraceLimit,
    MapPrototypeGetOrInsert: uncurried(Map.prototype, 'getOrInsert'),
    MapPrototypeGetOrInsertComputed: uncurried(Map.prototype, 'getOrInsertComputed'),
    PromiseTry: Promise.try.bind(Promise),
    RegExpEscape: Reflect.get(RegExp, 'escape'),
    Uint8ArrayFromBase64: Reflect.get(Uint8Array, 'fromBase64'),
    Uint8ArrayFromHex: Reflect.get(Uint8Array, 'fromHex'),
    Uint8ArrayPrototypeSetFromBase64: uncurried(Uint8Array.prototype, 'setFromBase64'),
    Uint8ArrayPrototypeSetFromHex: uncurried(Uint8Array.prototype, 'setFromHex'),
    Uint8ArrayPrototypeToBase64: uncurried(Uint8Array.prototype, 'toBase64'),
    Uint8ArrayPrototypeToHex: uncurried(Uint8Array.prototype, 'toHex'),
  };
  for (const name in late) {
    if (!(name in primordials)) ObjectDefineProperty(primordials, name, { value: late[name], enumerable: true });
  }
}

function uncurried(prototype: object, name: string): unknown {
  const method: unknown = Reflect.get(prototype, name);
  return typeof method === 'function' ? Function.prototype.call.bind(method) : undefined;
}

/** Asynchronous compilation ends in a task of the isolate's foreground queue, which runs at the next call only: it would hang. */
function replaceAsyncWebAssembly(): void {
  const { Instance, Module } = WebAssembly;
  const instantiated = (module: WebAssembly.Module, imports?: WebAssembly.Imports): WebAssembly.Instance =>
    imports === undefined ? new Instance(module) : new Instance(module, imports);
  const replacements = {
    async compile(bytes: BufferSource): Promise<WebAssembly.Module> {
      await PromiseResolve();
      return new Module(bytes);
    },
    async instantiate(source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports): Promise<unknown> {
      await PromiseResolve();
      if (source instanceof Module) return instantiated(source, imports);
      const module = new Module(source);
      return { module, instance: instantiated(module, imports) };
    },
  };
  for (const name of ['compile', 'instantiate'] as const) {
    ObjectDefineProperty(WebAssembly, name, {
      value: replacements[name],
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  for (const name of ['compileStreaming', 'instantiateStreaming']) ReflectDeleteProperty(WebAssembly, name);
}

/** The parts of WebAssembly's types that are used here; TypeScript's own come with the DOM. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  class Module {
    constructor(bytes: BufferSource);
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
  }
}
type BufferSource = ArrayBuffer | ArrayBufferView;
