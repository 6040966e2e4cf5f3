/**
 * Finds which modules a guest loads while it requires each public one, by letting a guest do it. What always comes together
 * can then share a script, and what a function names can be brought into its isolate before it runs.
 */
import { type ModuleScript, type Scripts, warmedUp } from './code-cache.ts';

/** By public module: ids of all modules that requiring it loads, in order. */
export type Loads = ReadonlyMap<string, readonly string[]>;

export function loadsOf(
  scripts: Omit<Scripts, 'modules'>,
  sources: ReadonlyMap<string, string>,
  publicModules: readonly string[],
  scriptOf: (id: string) => ModuleScript,
): Loads {
  const modules = [...sources.keys()].map(scriptOf);
  return new Map(
    publicModules.map((name) => {
      const loaded: string[] = [];
      const bundle = `(function (exports, require) { require(${JSON.stringify(name)}); exports.handler = async () => {}; })`;
      warmedUp({ ...scripts, modules }, bundle, (id) => loaded.push(id)).guest.dispose();
      return [name, loaded];
    }),
  );
}

/** By public module: first ids of the scripts that hold what it loads. */
export function closuresOf(scripts: readonly ModuleScript[], loads: Loads): Record<string, string[]> {
  const firstOf = new Map(scripts.flatMap(({ ids }) => ids.map((id) => [id, ids[0] ?? id] as const)));
  return Object.fromEntries(
    [...loads].map(([name, ids]) => [name, [...new Set(ids.map((id) => firstOf.get(id) ?? id))]]),
  );
}
