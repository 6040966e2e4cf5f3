/** A real registry behind an engine without processes: everything of the control plane is as it is, and nothing can be run. */
import { composeEngine } from '../../src/engine/compose-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { validOptions } from '../../src/engine/engine-options.ts';
import { createFunctionRegistry, type RegistryOptions } from '../../src/functions/create-registry.ts';
import { MemoryStore } from '../../src/functions/memory-store.ts';
import { ScriptedFleet } from '../engine/scripted-fleet.ts';
import { createFakeClock, type FakeClock } from '../fixtures/fake-clock.ts';

export function controlClock(): FakeClock {
  return createFakeClock({ epochMs: Date.UTC(2025, 10, 25, 2, 26, 54, 123) });
}

export async function controlEngine({
  clock = controlClock(),
  ...options
}: Partial<RegistryOptions> = {}): Promise<Engine> {
  const registry = await createFunctionRegistry({ clock, store: new MemoryStore(), ...options });
  return composeEngine({
    options: validOptions({ clock }),
    observe: undefined,
    fleet: new ScriptedFleet(),
    registry,
    release: () => registry.close(),
  });
}

export const source = (answer: number) => `export const handler = async () => ${answer}`;

/** With functions that are Active. */
export async function controlEngineWith(...names: readonly string[]): Promise<Engine> {
  const engine = await controlEngine();
  for (const functionName of names) await engine.createFunction({ functionName, code: { source: source(1) } });
  return engine;
}
