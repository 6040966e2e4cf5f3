/**
 * CommonJS modules of the package at run time: those that the bundle made at deploy does not contain. One cache for each guest;
 * `require`, its `resolve`, `cache` and `extensions`, and what a module gets to see of itself.
 */

import type { Files, PackageJsons } from './package-json.ts';
import { directoryOf, extensionOf, resolvePath } from './paths.ts';
import { isPath, type Resolver } from './resolve.ts';

const { ArrayPrototypeIndexOf, ArrayPrototypeJoin, ArrayPrototypePush, Error, FunctionPrototypeCall, JSONParse } =
  primordials;
const {
  ObjectCreate,
  ObjectDefineProperty,
  ObjectKeys,
  RegExpPrototypeExec,
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
} = primordials;

export interface UserRequire {
  (id: string): unknown;
  resolve: ((request: string, options?: { paths?: readonly string[] }) => string) & {
    paths(request: string): string[] | null;
  };
  main: undefined;
  extensions: Record<string, ExtensionHandler | undefined>;
  cache: Record<string, UserModule | undefined>;
}

export type ExtensionHandler = (module: UserModule, filename: string) => void;

/** What the core keeps to itself: captured before user code, or decided by its table of built-ins. */
export interface LoaderCore {
  evaluate(text: string): unknown;
  /** `import()` of what is evaluated works from now on, where it can. */
  serveImports(): void;
  /** Undefined when the request is no built-in. @throws ERR_UNKNOWN_BUILTIN_MODULE */
  builtin(request: string): { readonly exports: unknown } | undefined;
  /** The same question without loading it. */
  isBuiltin(request: string): boolean;
  /** Loads an ES module of that file name, which the bundle holds. Undefined when it holds none. */
  late(filename: string): (() => unknown) | undefined;
}

export interface ModuleFiles {
  requireOf(file: string, core: LoaderCore): UserRequire;
}

export interface LoaderErrors {
  invalidId(id: unknown): Error;
  invalidRequest(request: unknown): Error;
  requireEsm(file: string, parent: string | undefined, packageJson: string | undefined): Error;
}

export class UserModule {
  id: string;
  path: string;
  exports: unknown = {};
  filename: string;
  loaded = false;
  children: UserModule[] = [];
  paths: string[];
  declare readonly parent: UserModule | undefined;
  declare readonly require: (id: string) => unknown;

  constructor(filename: string, parent: UserModule | undefined, paths: string[]) {
    this.id = filename;
    this.path = directoryOf(filename);
    this.filename = filename;
    this.paths = paths;
    hide(this, 'parent', parent);
  }
}

export class Loader implements ModuleFiles {
  readonly #files: Files;
  readonly #packages: PackageJsons;
  readonly #resolver: Resolver;
  readonly #errors: LoaderErrors;
  readonly #cache = ObjectCreate(null) as Record<string, UserModule | undefined>;
  readonly extensions = ObjectCreate(null) as Record<string, ExtensionHandler | undefined>;

  constructor(files: Files, packages: PackageJsons, resolver: (loader: Loader) => Resolver, errors: LoaderErrors) {
    this.#files = files;
    this.#packages = packages;
    this.#errors = errors;
    this.#resolver = resolver(this);
  }

  requireOf(file: string, core: LoaderCore): UserRequire {
    this.#addExtensions(core);
    return this.#requireFor(new UserModule(file, undefined, this.#resolver.searchPaths([directoryOf(file)])), core);
  }

  #requireFor(module: UserModule, core: LoaderCore): UserRequire {
    const require = (id: string): unknown => {
      if (typeof id !== 'string' || id === '') throw this.#errors.invalidId(id);
      const builtin = core.builtin(id);
      return builtin === undefined ? this.#load(this.#find(id, module), module, core) : builtin.exports;
    };
    const resolve = (request: string, options?: { paths?: readonly string[] }): string => {
      if (typeof request !== 'string') throw this.#errors.invalidRequest(request);
      return core.isBuiltin(request) ? request : this.#find(request, module, options?.paths);
    };
    const paths = (request: string): string[] | null => {
      if (core.isBuiltin(request)) return null;
      return isPath(request) ? [module.path] : this.#resolver.searchPaths([module.path]);
    };
    hide(module, 'require', require);
    const made = require as UserRequire;
    made.resolve = resolve as UserRequire['resolve'];
    made.resolve.paths = paths;
    made.main = undefined;
    made.extensions = this.extensions;
    made.cache = this.#cache;
    return made;
  }

  #find(request: string, parent: UserModule, bases?: readonly string[]): string {
    const found = this.#resolver.resolve(request, parent.filename, bases);
    if (found === undefined) throw notFound(request, parent);
    return found;
  }

  #load(filename: string, parent: UserModule, core: LoaderCore): unknown {
    const known = this.#cache[filename];
    if (known !== undefined) {
      if (ArrayPrototypeIndexOf(parent.children, known) === -1) ArrayPrototypePush(parent.children, known);
      return known.exports;
    }
    const module = new UserModule(filename, parent, this.#resolver.searchPaths([directoryOf(filename)]));
    this.#requireFor(module, core);
    this.#cache[filename] = module;
    ArrayPrototypePush(parent.children, module);
    try {
      const handler = this.extensions[extensionOf(filename)] ?? this.extensions['.js'];
      handler?.(module, filename);
      module.loaded = true;
    } finally {
      // As in Node: what failed is tried again by the next require.
      if (!module.loaded) delete this.#cache[filename];
    }
    return module.exports;
  }

  #addExtensions(core: LoaderCore): void {
    if (this.extensions['.js'] !== undefined) return;
    this.extensions['.js'] = (module, filename) => this.#script(module, filename, core);
    this.extensions['.json'] = (module, filename) => {
      const text = withoutByteOrderMark(this.#files.readText(filename));
      try {
        module.exports = JSONParse(text);
      } catch (error) {
        if (error instanceof Error) error.message = `${filename}: ${error.message}`;
        throw error;
      }
    };
    this.extensions['.node'] = (_module, filename) => {
      throw coded('ERR_DLOPEN_FAILED', `${filename}: native add-ons cannot be loaded`);
    };
  }

  #script(module: UserModule, filename: string, core: LoaderCore): void {
    const late = core.late(filename);
    if (late !== undefined) {
      module.exports = late();
      return;
    }
    this.#refuseEsm(module, filename);
    const source = withoutShebang(withoutByteOrderMark(this.#files.readText(filename)));
    if (RegExpPrototypeExec(importCall, source) !== null) core.serveImports();
    const header = '(function (exports, require, module, __filename, __dirname) { ';
    const wrapper = core.evaluate(`${header}${source}\n})\n//# sourceURL=${filename}`) as (
      ...args: unknown[]
    ) => unknown;
    const { exports } = module;
    FunctionPrototypeCall(wrapper, exports, exports, module.require, module, filename, module.path);
  }

  #refuseEsm(module: UserModule, filename: string): void {
    const extension = extensionOf(filename);
    if (extension === '.mjs') throw this.#errors.requireEsm(filename, module.parent?.filename, undefined);
    if (extension !== '.js') return;
    const scope = this.#packages.scopeOf(filename);
    if (scope?.type !== 'module') return;
    throw this.#errors.requireEsm(filename, module.parent?.filename, resolvePath(scope.directory, 'package.json'));
  }
}

const importCall = /\bimport\s*\(/;

export function extensionsOf(loader: Loader): readonly string[] {
  return ObjectKeys(loader.extensions);
}

export function coded(code: string, message: string, more: { readonly path?: string } = {}): Error {
  const error = new Error(message);
  show(error, 'code', code);
  if (more.path !== undefined) show(error, 'path', more.path);
  return error;
}

function notFound(request: string, parent: UserModule): Error {
  const requireStack: string[] = [];
  for (let module: UserModule | undefined = parent; module !== undefined; module = module.parent) {
    ArrayPrototypePush(requireStack, module.filename);
  }
  const stack = ArrayPrototypeJoin(requireStack, '\n- ');
  const error = coded('MODULE_NOT_FOUND', `Cannot find module '${request}'\nRequire stack:\n- ${stack}`);
  show(error, 'requireStack', requireStack);
  return error;
}

function withoutByteOrderMark(text: string): string {
  return text.length > 0 && StringPrototypeCharCodeAt(text, 0) === 0xfeff ? StringPrototypeSlice(text, 1) : text;
}

function withoutShebang(text: string): string {
  return StringPrototypeStartsWith(text, '#!') ? `//${StringPrototypeSlice(text, 2)}` : text;
}

function show(target: object, name: string, value: unknown): void {
  define(target, name, value, 'shown');
}

function hide(target: object, name: string, value: unknown): void {
  define(target, name, value, 'hidden');
}

function define(target: object, name: string, value: unknown, visibility: 'shown' | 'hidden'): void {
  ObjectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    configurable: true,
    enumerable: visibility === 'shown',
    writable: true,
  });
}
