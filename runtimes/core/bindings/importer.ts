/**
 * `import()` in code that is evaluated at run time, which no bundler sees: `new Function('name', 'return import(name)')`, `eval`, files
 * that are required by a computed name. V8 asks whoever serves it; only the native module can. It leads to what `require` leads to.
 */
import type { CoreContext } from '../context.ts';
import { nativeFunctions } from './native.ts';

const { ObjectDefineProperty, ObjectFreeze, ObjectKeys, StringPrototypeStartsWith, SymbolToStringTag } = primordials;

type CreateRequire = (place: string) => (id: string) => unknown;

export function createBindings(context: CoreContext): Record<string, object> {
  const { library, settings } = context;
  const entry = settings.entry.kind === 'bundle' ? settings.entry.file : '/var/task/index.js';
  // Native async functions make native promises, whatever the user did to `Promise`.
  nativeFunctions(context)?.setImporter(async (specifier, referrer) => {
    const { createRequire } = library.require<{ createRequire: CreateRequire }>('module');
    const { fileURLToPath } = library.require<{ fileURLToPath(url: string): string }>('internal/url');
    const isFile = typeof referrer === 'string' && StringPrototypeStartsWith(referrer, '/var/task/');
    const name = StringPrototypeStartsWith(specifier, 'file:') ? fileURLToPath(specifier) : specifier;
    return namespaceOf(createRequire(isFile ? referrer : entry)(name));
  });
  return { importer: {} };
}

/** As Node's of a CommonJS module: what it exports, and under its own names. */
function namespaceOf(exports: unknown): object {
  const namespace: object = { __proto__: null } as object;
  const define = (name: string, get: () => unknown): void => {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    ObjectDefineProperty(namespace, name, { __proto__: null, get, enumerable: true, configurable: false });
  };
  if ((typeof exports === 'object' && exports !== null) || typeof exports === 'function') {
    const names = ObjectKeys(exports);
    for (let at = 0; at < names.length; at++) {
      const name = names[at] ?? '';
      if (name !== 'default') define(name, () => (exports as Record<string, unknown>)[name]);
    }
  }
  define('default', () => exports);
  // @ts-expect-error descriptors are read through the prototype, which the user owns
  ObjectDefineProperty(namespace, SymbolToStringTag, { __proto__: null, value: 'Module' });
  return ObjectFreeze(namespace);
}
