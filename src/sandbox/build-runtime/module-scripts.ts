/**
 * Wraps modules into scripts that a guest compiles at first use. Modules that practically always come together share one
 * script: each script costs 40 us to fetch, compile and hand over (2 cores, 2026-11).
 */
import type { ModuleScript } from './code-cache.ts';
import type { Loads } from './loads.ts';

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
  'isotherm/bindings/native',
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

const always = [common, timers];

export function moduleScripts(sources: ReadonlyMap<string, string>, loads: Loads): ModuleScript[] {
  const together = [...always, ...alike(sources, loads)].filter((ids) => ids.length > 1);
  const shared = new Set(together.flat());
  const alone = [...sources.keys()].filter((id) => !shared.has(id));
  return [
    ...alone.map((id) => aloneScript(sources, id)),
    ...together.map((ids) => ({
      ids,
      filename: `node:${ids[0] ?? ''}`,
      source: `({ ${ids.map((id) => `${JSON.stringify(id)}: ${moduleFunction(sources, id)}`).join(',\n')} })`,
    })),
  ];
}

export function aloneScript(sources: ReadonlyMap<string, string>, id: string): ModuleScript {
  return { ids: [id], filename: `node:${id}`, source: `(${moduleFunction(sources, id)})` };
}

/** Modules that are loaded by exactly the same public ones: whoever needs one of them needs all. */
function alike(sources: ReadonlyMap<string, string>, loads: Loads): string[][] {
  const usersOf = new Map<string, string[]>();
  for (const [user, ids] of loads) {
    for (const id of ids) {
      if (sources.has(id) && !always.some((group) => group.includes(id)))
        usersOf.set(id, [...(usersOf.get(id) ?? []), user]);
    }
  }
  const groups = new Map<string, string[]>();
  for (const [id, users] of usersOf) groups.set(users.join(), [...(groups.get(users.join()) ?? []), id]);
  return [...groups.values()];
}

/**
 * Node's modules are strict by themselves, ours only when told: a sloppy function shows itself, its receiver and its arguments to
 * whom it calls (`CallSite.getFunction`, `function.caller`).
 */
export const strict = "'use strict';";

function moduleFunction(sources: ReadonlyMap<string, string>, id: string): string {
  const source = sources.get(id);
  if (source === undefined) throw new Error(`this node's library has no ${id}`);
  return `function (exports, require, module, process, internalBinding, primordials) {${strict}${source}\n}`;
}
