/**
 * Composes the script that is run before a snapshot is taken, or at each start without one: Node's primordials, the few
 * modules that nearly each function uses, and our guest script on top.
 */
import { compact } from './compact.ts';
import type { CoreData } from './constants.ts';
import type { NodeLibrary } from './node-library.ts';

/** Run while the snapshot is made. Each costs every environment time and memory: measure before adding one. */
const coreModules: readonly string[] = [];

const moduleParameters = 'exports, require, module, process, internalBinding, primordials';

/** A module as a function expression. Not parenthesised where it is stored: V8 compiles a parenthesised function at once. */
export function moduleFunction(source: string): string {
  return `function (${moduleParameters}) {${compact(source)}\n}`;
}

/** Source of one lazily compiled module: its value is the factory. */
export function moduleScript(source: string): string {
  return `(${moduleFunction(source)})`;
}

export function coreScript(
  library: NodeLibrary,
  data: CoreData,
  guest: string,
  usedPrimordials: readonly string[],
): string {
  const modules = coreModules.map((id) => `${JSON.stringify(id)}: ${moduleFunction(library.sources.get(id) ?? '')}`);
  return `(function () {
'use strict';
${engineStandIns}
const all = {};
(function (exports, primordials, privateSymbols, perIsolateSymbols) {${compact(library.primordialsSource)}
})({}, all, {}, {});
const primordials = { __proto__: null };
for (const name of ${JSON.stringify(usedPrimordials)}) {
  if (name in all) Object.defineProperty(primordials, name, { __proto__: null, value: all[name], configurable: true, enumerable: true, writable: true });
}
for (const name of standIns) delete globalThis[name];
(function (primordials, resources) {
${guest}
isothermGuest.install(resources);
})(primordials, { modules: { __proto__: null, ${modules.join(',\n')} }, data: ${JSON.stringify(data)} });
})();
`;
}

/** V8 installs these after it restored a snapshot, so they are missing while one is made. Node's primordials expect some. */
const engineStandIns = `const standIns = ['SharedArrayBuffer', 'DisposableStack', 'AsyncDisposableStack', 'SuppressedError', 'WebAssembly', 'Temporal'].filter((name) => !(name in globalThis));
for (const name of standIns) globalThis[name] = { [name]: class {} }[name];`;

/** Primordials that some module or our own code names. The others are dropped: two thousand functions cost 0.2 ms each start. */
export function primordialsIn(texts: Iterable<string>, known: ReadonlySet<string>): string[] {
  const used = new Set<string>();
  for (const text of texts) {
    for (const match of text.matchAll(/[A-Za-z_$][\w$]*/g)) {
      if (known.has(match[0])) used.add(match[0]);
    }
  }
  return [...used].sort();
}
