/**
 * Loads modules of Node's library (and our own lazy ones) in a guest, through the host, which compiles them with their code
 * cache. A module's source is in no heap before its first use.
 */
import type { NativeFunctions } from '../../src/bridge/native-module.ts';
import { bindingsModule, offeredModules, schemeOnlyModules } from '../../src/bridge/node-modules.ts';
import type { CoreContext, ModuleFactory } from './context.ts';

const {
  ArrayPrototypeIncludes,
  FunctionPrototypeCall,
  ObjectDefineProperty,
  ObjectKeys,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
  ArrayPrototype,
  ObjectPrototype,
  ObjectSetPrototypeOf,
  ReflectDefineProperty,
  ReflectDeleteProperty,
  ReflectGetOwnPropertyDescriptor,
  ReflectOwnKeys,
  SymbolIterator,
} = primordials;

const arrayIterator = ArrayPrototype[SymbolIterator];
const objectKeys = ReflectOwnKeys(ObjectPrototype);

/**
 * Node loads its library before any user code, so it iterates over arrays and writes plain descriptors while it is loaded. Here the
 * user came first: how arrays are iterated, and what was added to all objects, is put aside until a module is evaluated.
 */
function putAside(): (() => void) | undefined {
  const { [SymbolIterator]: usersIterator } = ArrayPrototype;
  const keys = ReflectOwnKeys(ObjectPrototype);
  if (usersIterator === arrayIterator && keys.length === objectKeys.length) return undefined;
  if (usersIterator !== arrayIterator) ArrayPrototype[SymbolIterator] = arrayIterator;
  let restore = (): void => {
    if (usersIterator !== arrayIterator) ArrayPrototype[SymbolIterator] = usersIterator;
  };
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at];
    if (key === undefined || ArrayPrototypeIncludes(objectKeys, key)) continue;
    const property = ReflectGetOwnPropertyDescriptor(ObjectPrototype, key);
    if (property === undefined || !ReflectDeleteProperty(ObjectPrototype, key)) continue;
    const before = restore;
    restore = () => {
      before();
      ReflectDefineProperty(ObjectPrototype, key, ObjectSetPrototypeOf(property, null));
    };
  }
  return restore;
}

interface LoadedModule {
  exports: unknown;
  readonly id: string;
  loaded: boolean;
}

export class Library {
  readonly #context: CoreContext;
  readonly #modules: Record<string, LoadedModule | undefined> = Object.create(null);
  readonly #bindings: Record<string, object | undefined> = Object.create(null);
  /** What the loaded files of `bindings/` made, by binding: some of it makes itself when it is read. */
  readonly #created: Record<string, Record<string, object> | undefined> = Object.create(null);
  readonly #overrides: Record<string, (() => unknown) | undefined> = Object.create(null);
  readonly #observers: Record<string, ((exports: never) => void) | undefined> = Object.create(null);
  /** Compiled by the host and not evaluated yet. */
  readonly #received: Record<string, ModuleFactory | undefined> = Object.create(null);
  #native: NativeFunctions | undefined;
  #table = 0;

  constructor(context: CoreContext) {
    this.#context = context;
    this.require = this.require.bind(this);
    this.internalBinding = this.internalBinding.bind(this);
  }

  /** `exports` stands in for Node's module of that id. */
  override(id: string, exports: () => unknown): void {
    this.#overrides[id] = exports;
  }

  /** Calls back once, right after the module was evaluated. */
  onceLoaded<Exports>(id: string, observer: (exports: Exports) => void): void {
    this.#observers[id] = observer;
  }

  /** What the host compiled for `loadBuiltin`, which is about to return: one module's factory, or several by id. */
  receive(id: string, compiled: ModuleFactory | Readonly<Record<string, ModuleFactory>>): void {
    if (typeof compiled === 'function') {
      this.#received[id] = compiled;
      return;
    }
    const ids = ObjectKeys(compiled);
    for (let at = 0; at < ids.length; at++) {
      const each = ids[at] ?? '';
      this.#received[each] = compiled[each];
    }
  }

  isLoaded(id: string): boolean {
    return this.#modules[id] !== undefined;
  }

  /** @throws Error when the library has no such module: a mistake of ours, users go through `requirePublic`. */
  require<Exports>(request: string): Exports;
  require(request: string): unknown {
    const id = StringPrototypeStartsWith(request, 'node:') ? StringPrototypeSlice(request, 5) : request;
    const known = this.#modules[id];
    if (known !== undefined) return known.exports;
    const override = this.#overrides[id];
    if (override !== undefined) {
      const exports = override();
      this.#modules[id] = { exports, id, loaded: true };
      return exports;
    }
    return this.#evaluate(id);
  }

  #evaluate(id: string): unknown {
    const factory = this.#compile(id);
    const module: LoadedModule = { exports: {}, id, loaded: false };
    this.#modules[id] = module;
    const { process } = this.#context;
    const restore = putAside();
    try {
      FunctionPrototypeCall(
        factory,
        undefined,
        module.exports,
        this.require,
        module,
        process,
        this.internalBinding,
        primordials,
      );
      module.loaded = true;
    } finally {
      restore?.();
      // As in Node: a module that failed is tried again.
      if (!module.loaded) this.#modules[id] = undefined;
    }
    const observer = this.#observers[id];
    if (observer !== undefined) observer(module.exports as never);
    return module.exports;
  }

  #compile(id: string): ModuleFactory {
    if (this.#received[id] === undefined) this.#bringIn(id);
    const factory = this.#received[id];
    if (factory === undefined) throw notOffered(id);
    this.#received[id] = undefined;
    return factory;
  }

  #bringIn(id: string): void {
    const made = this.#native?.builtin(this.#table, id);
    if (made !== undefined) this.receive(id, made as ModuleFactory);
    else this.#context.host.loadBuiltin(id);
  }

  /** Before there is a host: the native module compiles what is missing. */
  useNative(native: NativeFunctions, table: number): void {
    this.#native = native;
    this.#table = table;
  }

  /** Node's `internalBinding`, over `bindings/`: one lazy module for each group of bindings. */
  internalBinding(name: string): object {
    const known = this.#bindings[name];
    if (known !== undefined) return known;
    if (this.#created[name] === undefined) {
      const file = bindingFiles[name] ?? name;
      const { createBindings } = this.require<BindingModule>(`isotherm/bindings/${file}`);
      const created = createBindings(this.#context);
      for (const key in created) this.#created[key] ??= created;
    }
    const binding = this.#created[name]?.[name];
    if (binding === undefined) throw new Error(`isotherm has no binding '${name}'`);
    this.#bindings[name] = binding;
    return binding;
  }
}

/** What a file of `bindings/` exports. */
export interface BindingModule {
  createBindings(context: CoreContext): Record<string, object>;
}

/** Bindings that share a file; the others are in the file of their own name. */
const bindingFiles: Readonly<Record<string, string | undefined>> = {
  // @ts-expect-error a null prototype, so that a name like 'constructor' is not found
  __proto__: null,
  async_context_frame: 'async',
  async_wrap: 'async',
  task_queue: 'async',
  timers: 'async',
  builtins: 'base',
  config: 'base',
  constants: 'base',
  errors: 'base',
  icu: 'base',
  encoding_binding: 'encoding',
  string_decoder: 'base',
  fs_dir: 'fs',
  fs_event_wrap: 'fs',
  module_wrap: 'base',
  mksnapshot: 'base',
  options: 'base',
  permission: 'base',
  block_list: 'block-list',
  net_parts: 'net',
  stream_wrap: 'net',
  js_stream: 'tls',
  tls_wrap: 'tls',
  secure_context: 'tls',
  tcp_wrap: 'net',
  pipe_wrap: 'net',
  cares_wrap: 'cares',
  symbols: 'base',
  trace_events: 'base',
  types: 'base',
  util: 'base',
  uv: 'base',
  credentials: 'process',
  process_methods: 'process',
  os: 'process',
  diagnostics_channel: 'base',
  wasm_web_api: 'base',
  http_parser: 'http-parser',
  heap_utils: 'v8',
  internal_only_v8: 'v8',
  locks: 'worker',
  inspector: 'base',
  blob: 'base',
};

const offered: readonly string[] = offeredModules;
const schemeOnly: readonly string[] = schemeOnlyModules;

/** The library's id of what a user asked for, or undefined when it is no module of Node's (a file then, or nothing). */
export function publicModule(request: string): string | undefined {
  if (request === bindingsModule) return request;
  const withScheme = StringPrototypeStartsWith(request, 'node:');
  const id = withScheme ? StringPrototypeSlice(request, 5) : request;
  if (withScheme) return id;
  return ArrayPrototypeIncludes(offered, id) && !ArrayPrototypeIncludes(schemeOnly, id) ? id : undefined;
}

export function isOffered(id: string): boolean {
  return id === bindingsModule || ArrayPrototypeIncludes(offered, id);
}

/** Throws when isotherm does not offer the module, whether Node knows it or not. */
export function assertOffered(id: string): void {
  if (!isOffered(id)) throw notOffered(id);
}

function notOffered(id: string): Error {
  const error = new Error(`No such built-in module: node:${id}`);
  ObjectDefineProperty(error, 'code', {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: 'ERR_UNKNOWN_BUILTIN_MODULE',
    configurable: true,
    enumerable: true,
    writable: true,
  });
  return error;
}

/** Node's `BuiltinModule`, as far as its library asks: what exists, and what users may load. */
export function createBuiltinModules(library: Library, ids: readonly string[]): object {
  const withoutScheme: string[] = [];
  for (let at = 0; at < offered.length; at++) {
    const id = offered[at] ?? '';
    if (!ArrayPrototypeIncludes(schemeOnly, id)) withoutScheme[withoutScheme.length] = id;
  }
  const isBuiltin = (id: string): boolean => {
    const name = publicModule(id);
    return name !== undefined && isOffered(name);
  };
  return {
    exists: (id: string) => ArrayPrototypeIncludes(ids, id),
    canBeRequiredByUsers: isBuiltin,
    canBeRequiredByUsersWithoutScheme: isBuiltin,
    canBeRequiredWithoutScheme: isBuiltin,
    exposeInternals: () => {},
    getAllBuiltinModuleIds: () => offered,
    getCanBeRequiredByUsersWithoutSchemeList: () => withoutScheme,
    getSchemeOnlyModuleNames: () => schemeOnly,
    isBuiltin,
    normalizeRequirableId: (id: string) => (isBuiltin(id) ? publicModule(id) : undefined),
    map: { get: (id: string) => (isBuiltin(id) ? { compileForPublicLoader: () => library.require(id) } : undefined) },
  };
}
