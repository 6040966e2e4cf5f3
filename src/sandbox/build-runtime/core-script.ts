/**
 * Composes the two scripts that make a context a guest: the base (Node's primordials; the snapshot is taken of it) and the
 * core (our guest script), which is run on top of it in each new context.
 */
import { compact } from './compact.ts';
import type { CoreData } from './constants.ts';
import { strict } from './module-scripts.ts';
import type { NodeLibrary } from './node-library.ts';

const handOver = 'globalThis.__isothermPrimordials';

export function baseScript(library: NodeLibrary, usedPrimordials: readonly string[], extraCode: string): string {
  // Node freezes them; ours are trimmed first, and completed in the core.
  const source = library.primordialsSource.replace('ObjectFreeze(primordials);', '');
  return `(function () {
'use strict';
${engineStandIns}
const primordials = {};
(function (exports, primordials, privateSymbols, perIsolateSymbols) {${compact(source)}
})({}, primordials, {}, {});
const used = new Set(${JSON.stringify(usedPrimordials)});
for (const name of Reflect.ownKeys(primordials)) if (!used.has(name)) Reflect.deleteProperty(primordials, name);
for (const name of standIns) delete globalThis[name];
Object.defineProperty(globalThis, '__isothermPrimordials', { value: primordials, configurable: true });
${extraCode}
})();
`;
}

/** V8 installs these after it restored a snapshot, so they are missing while one is made. Node's primordials expect some. */
const engineStandIns = `const standIns = ['SharedArrayBuffer', 'DisposableStack', 'AsyncDisposableStack', 'SuppressedError', 'WebAssembly', 'Temporal'].filter((name) => !(name in globalThis));
for (const name of standIns) globalThis[name] = { [name]: class {} }[name];`;

export function coreScript(data: CoreData, guest: string): string {
  return `(function () {
${strict}
const primordials = ${handOver};
delete ${handOver};
${compact(guest)}
isothermGuest.install(${JSON.stringify(data)});
})();
`;
}

/** Primordials that some module or our own code names. The others are dropped: they cost each start 0.2 ms. */
export function primordialsIn(texts: Iterable<string>, known: ReadonlySet<string>): string[] {
  const used = new Set<string>();
  for (const text of texts) {
    for (const match of text.matchAll(/[A-Za-z_$][\w$]*/g)) {
      if (known.has(match[0])) used.add(match[0]);
    }
  }
  return [...used].sort();
}
