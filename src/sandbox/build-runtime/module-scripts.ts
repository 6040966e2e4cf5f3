/**
 * Wraps modules into scripts that a guest compiles at first use. Modules that practically always come together share one
 * script: each script costs 40 us to fetch, compile and hand over (2 cores, 2026-11).
 */
import type { ModuleScript } from './code-cache.ts';

/** What `events`, `util`, `buffer`, `timers` and `console` all need. Whoever loads one of these loads nearly all of them. */
const common: readonly string[] = [
  'internal/assert',
  'internal/errors',
  'internal/options',
  'internal/util',
  'internal/util/inspect',
  'internal/util/types',
  'internal/validators',
  'isotherm/bindings/base',
  'isotherm/data/base',
  'isotherm/data/constants',
  'isotherm/data/options',
];

const timers: readonly string[] = [
  'internal/async_context_frame',
  'internal/async_hooks',
  'internal/constants',
  'internal/linkedlist',
  'internal/priority_queue',
  'internal/timers',
  'internal/trace_events',
  'internal/util/debuglog',
  'isotherm/bindings/async',
  'timers',
];

const groups = [common, timers];

export function moduleScripts(sources: ReadonlyMap<string, string>): ModuleScript[] {
  const alone = [...sources.keys()].filter((id) => !groups.some((group) => group.includes(id)));
  return [
    ...alone.map((id) => ({ ids: [id], filename: `node:${id}`, source: `(${moduleFunction(sources, id)})` })),
    ...groups.map((ids) => ({
      ids,
      filename: `node:${ids[0] ?? ''}`,
      source: `({ ${ids.map((id) => `${JSON.stringify(id)}: ${moduleFunction(sources, id)}`).join(',\n')} })`,
    })),
  ];
}

function moduleFunction(sources: ReadonlyMap<string, string>, id: string): string {
  const source = sources.get(id);
  if (source === undefined) throw new Error(`this node's library has no ${id}`);
  return `function (exports, require, module, process, internalBinding, primordials) {${source}\n}`;
}
