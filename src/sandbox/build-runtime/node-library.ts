/**
 * Reads the source text of Node's own library out of the running node binary and finds which files the offered modules
 * need. Nothing of it is ever written into this repository. Works only in a process started with `--expose-internals`.
 */
import { createRequire } from 'node:module';
import { offeredModules } from '../../bridge/node-modules.ts';

/** Never included, whoever asks: not reachable by a guest, or replaced by `runtimes/core`. */
const excluded =
  /^internal\/(deps|test_runner|bench_runner|test|main|repl|debugger|quic|dtls|ffi|cluster|inspector|policy|modules|vfs|crypto|legacy|source_map|v8_prof\w*|http2?|tls|dns|child_process|vm|wasm_web_api|navigator|streams\/lazy_transform|process\/(pre_execution|execution|esm_loader|finalization|report|signal|worker_thread_only)|watch_mode|main|util\/inspector|util\/parse_args|bootstrap)(\/|$)/;

/** Needed by our own core and bindings, whoever else asks for them. */
const ownNeeds = [
  'internal/per_context/domexception',
  'internal/abort_controller',
  'internal/console/global',
  'internal/encoding',
  'internal/event_target',
  'internal/process/per_thread',
  'internal/process/task_queues',
  'internal/process/warning',
  'internal/repl/history',
  'internal/util/parse_args/parse_args',
  'internal/util/parse_args/utils',
];

export interface NodeLibrary {
  /** Source text by module id, of everything that an offered module may load. */
  readonly sources: ReadonlyMap<string, string>;
  readonly primordialsSource: string;
  readonly primordialNames: ReadonlySet<string>;
  internalBinding(name: string): Record<string, unknown>;
  requireInternal(id: string): Record<string, unknown>;
}

export function readNodeLibrary(): NodeLibrary {
  const require = createRequire(import.meta.url);
  const { internalBinding, primordials } = require('internal/test/binding') as InternalAccess;
  const natives = internalBinding('builtins').natives as Record<string, string>;
  const primordialsSource = natives['internal/per_context/primordials'];
  if (primordialsSource === undefined) throw new Error('this node binary carries no sources of its library');
  return {
    sources: closure(natives),
    primordialsSource,
    primordialNames: new Set(Reflect.ownKeys(primordials).map(String)),
    internalBinding,
    requireInternal: (id) => require(id),
  };
}

interface InternalAccess {
  internalBinding(name: string): Record<string, unknown>;
  readonly primordials: object;
}

function closure(natives: Record<string, string>): Map<string, string> {
  const sources = new Map<string, string>();
  const wanted = [...offeredModules, ...ownNeeds].reverse() as string[];
  for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
    const text = natives[id];
    if (text === undefined || sources.has(id)) continue;
    if (excluded.test(id) && !ownNeeds.includes(id)) continue;
    if (isPublic(id) && !(offeredModules as readonly string[]).includes(id)) continue;
    sources.set(id, adapted(id, text));
    for (const match of text.matchAll(/\brequire\('([^']+)'\)/g)) {
      if (match[1] !== undefined) wanted.push(match[1]);
    }
  }
  return sources;
}

function isPublic(id: string): boolean {
  return !id.startsWith('internal/');
}

const privateAssignment = /([\w.]+)\[(\w+_private_symbol)\] = ([^;]+);/g;

/**
 * V8's private symbols are invisible; ours are plain symbols, so what is kept under them must not be enumerable. The scripts
 * that Node runs once for each context get their parameters from the bindings instead.
 */
function adapted(id: string, text: string): string {
  const hidden = text.replace(
    privateAssignment,
    (_, target: string, symbol: string, value: string) =>
      `primordials.ObjectDefineProperty(${target}, ${symbol}, { __proto__: null, value: ${value}, configurable: true, writable: true });`,
  );
  if (!id.startsWith('internal/per_context/')) return hidden;
  return hidden.replace(
    "'use strict';",
    "'use strict';\nconst { privateSymbols } = internalBinding('util');\nconst perIsolateSymbols = internalBinding('symbols');",
  );
}
