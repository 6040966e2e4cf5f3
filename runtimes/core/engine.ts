/**
 * What V8 gives a guest, put right: built-ins that cannot work here, because they wait for tasks of an idle isolate that
 * nobody runs, are replaced or removed.
 */
const { ObjectDefineProperty, PromiseResolve, ReflectDeleteProperty } = primordials;

export function finishEngine(): void {
  ReflectDeleteProperty(Atomics, 'waitAsync');
  replaceAsyncWebAssembly();
  Error.stackTraceLimit = 10;
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
