/**
 * `require` as the user's code has it. Built-ins are answered here; files of the package, which only code that esbuild could
 * not resolve asks for, by `require/`, loaded when the first of them is needed.
 */
import type { CoreContext } from './context.ts';
import { assertOffered, isOffered, publicModule } from './library.ts';
import type { ModuleFiles, UserRequire } from './require/loader.ts';

const { ObjectDefineProperty } = primordials;

/** Compiles a script in the global scope. Taken while the core is made, before any user code. */
const evaluate: (text: string) => unknown = Reflect.get(globalThis, 'eval');

const fromLoader = ['resolve', 'main', 'extensions', 'cache'] as const;

export function createUserRequire(context: CoreContext, file: string): UserRequire {
  let fromFiles: UserRequire | undefined;
  const files = (): UserRequire => {
    if (fromFiles === undefined) {
      const loader = context.library.internalBinding('user-modules') as ModuleFiles;
      fromFiles = loader.requireOf(file, { evaluate, serveImports, builtin, isBuiltin, late });
    }
    return fromFiles;
  };
  const late = (name: string): (() => unknown) | undefined => context.lateModules?.[name];
  const serveImports = (): void => void context.library.internalBinding('importer');
  const builtin = (id: string): { readonly exports: unknown } | undefined => {
    const known = publicModule(id);
    if (known === undefined) return undefined;
    assertOffered(known);
    return { exports: context.library.require(known) };
  };

  // What is known but not offered is refused when it is loaded, with the reason.
  const isBuiltin = (id: string): boolean => {
    const known = publicModule(id);
    return known !== undefined && (isOffered(known) || known === id);
  };

  const require = (id: string): unknown => {
    const found = typeof id === 'string' ? builtin(id) : undefined;
    return found === undefined ? files()(id) : found.exports;
  };
  // The loader is not needed to have a require, only to ask it about files.
  for (let at = 0; at < fromLoader.length; at++) {
    const name = fromLoader[at];
    if (name === undefined) continue;
    ObjectDefineProperty(require, name, {
      // @ts-expect-error descriptors are read through the prototype, which the user owns
      __proto__: null,
      get: () => files()[name],
      configurable: true,
      enumerable: true,
    });
  }
  return require as UserRequire;
}
