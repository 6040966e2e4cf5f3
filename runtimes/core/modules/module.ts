/**
 * `require('module')`: what packages use of it at run time. Finding and evaluating files is `user-require`'s business.
 */
import { offeredModules, schemeOnlyModules } from '../../../src/bridge/node-modules.ts';
import type { CoreContext } from '../context.ts';
import { directoryOf, nameOf, resolvePath } from '../require/paths.ts';

const { ArrayPrototypeIncludes, ArrayPrototypePush, StringPrototypeStartsWith } = primordials;

type Require = (id: string) => unknown;

/** `Module` is a function that carries everything else, in Node too. */
export function createModuleModule({ library }: CoreContext, createRequireFor: (file: string) => Require): object {
  function Module(this: object, id = ''): void {
    Object.assign(this, { id, exports: {}, loaded: false, children: [] });
  }
  const toPath = (place: unknown): string => {
    if (typeof place === 'string' && StringPrototypeStartsWith(place, '/')) return place;
    const { fileURLToPath } = library.require<{ fileURLToPath(url: unknown): string }>('internal/url');
    return fileURLToPath(place);
  };
  const { isBuiltin } = library.require<{ BuiltinModule: { isBuiltin(id: string): boolean } }>(
    'internal/bootstrap/realm',
  ).BuiltinModule;
  const unavailable = (name: string) => (): never => {
    throw new Error(`module.${name}() is not available in isotherm`);
  };
  return Object.assign(Module, {
    Module,
    builtinModules: builtinModules(),
    createRequire: (place: unknown) => createRequireFor(toPath(place)),
    isBuiltin: (id: unknown) => typeof id === 'string' && isBuiltin(id),
    findSourceMap: () => undefined,
    findPackageJSON: () => undefined,
    enableCompileCache: () => ({ status: 3 }),
    getCompileCacheDir: () => undefined,
    syncBuiltinESMExports: () => {},
    wrap: (script: string) => `(function (exports, require, module, __filename, __dirname) { ${script}\n});`,
    register: unavailable('register'),
    registerHooks: unavailable('registerHooks'),
    _nodeModulePaths: nodeModulePaths,
    _cache: {},
    _extensions: {},
    _pathCache: {},
    globalPaths: [],
  });
}

/** Where a package would be looked for by a file in `from`, nearest first. */
function nodeModulePaths(from: string): string[] {
  const paths: string[] = [];
  for (let directory = resolvePath('/', from); ; directory = directoryOf(directory)) {
    if (nameOf(directory) !== 'node_modules') {
      ArrayPrototypePush(paths, directory === '/' ? '/node_modules' : `${directory}/node_modules`);
    }
    if (directory === '/') return paths;
  }
}

/** Under the names that load them. */
function builtinModules(): string[] {
  const names: string[] = [];
  for (let at = 0; at < offeredModules.length; at++) {
    const id = offeredModules[at] ?? '';
    ArrayPrototypePush(names, ArrayPrototypeIncludes(schemeOnlyModules, id) ? `node:${id}` : id);
  }
  return names;
}
