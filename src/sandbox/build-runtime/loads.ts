/**
 * Finds which modules a guest loads while it requires each public one, by letting a guest do it, and which of them can be
 * evaluated before a guest is booted. What always comes together can then share a script, and what a function names can be
 * brought into its isolate before it runs.
 */
import type { BuiltinIndex } from '../../protocol/image-manifest.ts';
import type { Ahead } from '../guest.ts';
import type { Context, Isolate, Reference } from '../ivm.ts';
import { type ModuleScript, openUnbooted, type Scripts, warmedUp } from './code-cache.ts';

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
      const bundle = `(function (exports, require) { require(${JSON.stringify(`node:${name}`)}); exports.handler = async () => {}; })`;
      warmedUp({ ...scripts, modules }, bundle, (id) => loaded.push(id)).guest.dispose();
      return [name, loaded];
    }),
  );
}

/** By public module: the scripts that hold what it loads, and the order in which that can be evaluated ahead. */
export function closuresOf(scripts: Scripts, loads: Loads): BuiltinIndex['closures'] {
  const scriptOf = new Map(scripts.modules.flatMap((script) => script.ids.map((id) => [id, script] as const)));
  const early = evaluatedAhead(scripts, loads);
  return Object.fromEntries(
    [...loads].map(([name, ids]) => {
      const order = steps(name, loads);
      const closure = {
        scripts: [...new Set(ids.flatMap((id) => scriptOf.get(id)?.ids[0] ?? []))],
        ahead: order.every((id) => early.has(id))
          ? [...order, ...usuallyCalled(name).filter((id) => early.has(id))]
          : [],
      };
      return [name, closure];
    }),
  );
}

/** What nearly each function that requires this module makes it load when it is called. */
function usuallyCalled(name: string): readonly string[] {
  return name === 'crypto' ? ['internal/crypto/hash'] : [];
}

/**
 * Public modules that lead to this one, those that load the least first: each is a step of a millisecond or so. Others are no
 * steps: they are made to be loaded by them, and circles among them come out differently from another side.
 */
function steps(name: string, loads: Loads): string[] {
  const within = (loads.get(name) ?? []).filter((id) => id !== name && loads.has(id));
  return [...bySize(within, loads), name];
}

function bySize(names: Iterable<string>, loads: Loads): string[] {
  const size = (id: string): number => loads.get(id)?.length ?? 0;
  return [...names].sort((one, other) => size(one) - size(other));
}

/** Modules that ask for the host or its settings while they are evaluated throw before a guest is booted: there is none yet. */
function evaluatedAhead(scripts: Scripts, loads: Loads): ReadonlySet<string> {
  const { isolate, context } = openUnbooted(scripts);
  const ahead: Reference<Ahead> = context.global.getSync('__isothermAhead', { reference: true });
  for (const script of scripts.modules) receive(isolate, context, ahead, script);
  const require: Reference = ahead.getSync('require', { reference: true });
  const early = new Set<string>();
  for (const name of bySize(loads.keys(), loads).flatMap((id) => [id, ...usuallyCalled(id)])) {
    try {
      require.applySync(undefined, [name]);
      early.add(name);
    } catch {
      // Whatever it throws: it is then evaluated when the guest asks for it, as ever.
    }
  }
  isolate.dispose();
  return early;
}

function receive(
  isolate: Isolate,
  context: Context,
  ahead: Reference<Ahead>,
  { ids, source, filename }: ModuleScript,
): void {
  const factory: Reference = isolate.compileScriptSync(source, { filename }).runSync(context, { reference: true });
  const receiver: Reference = ahead.getSync('receive', { reference: true });
  receiver.applySync(undefined, [ids[0], factory.derefInto({ release: true })]);
}
