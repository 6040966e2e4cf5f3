/**
 * Public modules that can be loaded and not used: `child_process`, `cluster` and the like. Many packages load them for features
 * that nobody asks for in a function. They have Node's shape (read from the node binary while the runtime is built), plain values
 * are Node's, and each function throws one error that names it.
 */
import type { CoreContext } from '../context.ts';
import { refusal, refuses } from '../modules/refusal.ts';

const { ObjectKeys, ObjectSetPrototypeOf, SymbolFor } = primordials;

/** One export: a function (with its properties), an object, a symbol, or a value of JSON. */
export type ModuleShape =
  | { readonly kind: 'function'; readonly members: Members }
  | { readonly kind: 'object'; readonly members: Members }
  | { readonly kind: 'symbol'; readonly description: string }
  | { readonly kind: 'value'; readonly value?: unknown };
type Members = Readonly<Record<string, ModuleShape>>;

type Exports = Record<string, unknown>;

export function createBindings({ library }: CoreContext): Record<string, object> {
  const shapes = library.require<Members>('isotherm/data/refused');
  return {
    refused: {
      exportsOf(id: string): unknown {
        const shape = shapes[id];
        if (shape === undefined) throw refusal(`node:${id}`);
        const exports = fromShape(shape, id, id) as Exports;
        finishers[id]?.(exports, library);
        return exports;
      },
    },
  };
}

function fromShape(shape: ModuleShape, path: string, name: string): unknown {
  switch (shape.kind) {
    case 'function':
      return addMembers(refuses(path, name), shape.members, path);
    case 'object':
      return addMembers({}, shape.members, path);
    case 'symbol':
      return SymbolFor(shape.description);
    case 'value':
      return shape.value;
    default:
      return shape satisfies never;
  }
}

function addMembers(target: object, members: Members, path: string): object {
  const names = ObjectKeys(members);
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    const member = members[name];
    if (member === undefined) continue;
    primordials.ObjectDefineProperty(target, name, {
      // @ts-expect-error descriptors are read through the prototype, which the user owns
      __proto__: null,
      value: fromShape(member, `${path}.${name}`, name),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return target;
}

/** What can be answered truthfully: nothing is inspected, traced or embedded, and there is one process. */
const finishers: Readonly<Record<string, ((exports: Exports, library: CoreContext['library']) => void) | undefined>> = {
  // @ts-expect-error a null prototype, so that a name like 'constructor' is not found
  __proto__: null,
  cluster(exports, library) {
    const EventEmitter = library.require<new () => object>('events');
    ObjectSetPrototypeOf(exports, new EventEmitter());
  },
  inspector(exports) {
    exports.url = () => undefined;
    exports.close = () => {};
    exports.console = globalThis.console;
  },
  'inspector/promises'(exports) {
    exports.url = () => undefined;
    exports.close = () => {};
    exports.console = globalThis.console;
  },
  sea(exports) {
    exports.isSea = () => false;
  },
  trace_events(exports) {
    exports.getEnabledCategories = () => undefined;
  },
};

declare const globalThis: { readonly console: unknown };
