/** A registry with a clock, ids and chance of the test's own, and functions that are deployed. */
import type { ExecutionContext } from 'ava';
import { createFunctionRegistry, type RegistryOptions } from '../../src/functions/create-registry.ts';
import { parseFunctionReference } from '../../src/functions/function-reference.ts';
import { MemoryStore } from '../../src/functions/memory-store.ts';
import type { CreateFunctionInput, FunctionRegistry } from '../../src/functions/registry.ts';
import { EngineError, type EngineErrorCode } from '../../src/model/errors.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

export const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
export const source = (answer: number) => `export const handler = async () => ${answer};`;

export async function openRegistry(t: ExecutionContext, options: Partial<RegistryOptions> = {}) {
  let ids = 0;
  const registry = await createFunctionRegistry({
    clock: createFakeClock({ epochMs: Date.UTC(2025, 10, 25, 2, 26, 54, 123) }),
    store: new MemoryStore(),
    newId: () => `id-${++ids}`,
    ...options,
  });
  t.teardown(() => registry.close());
  return registry;
}

/** With the function `f`, Active. */
export async function deployed(
  t: ExecutionContext,
  options: Partial<RegistryOptions> = {},
  more: Partial<CreateFunctionInput> = {},
): Promise<FunctionRegistry> {
  const registry = await openRegistry(t, options);
  await registry.create({ functionName: 'f', code: { source: source(1) }, ...more });
  await registry.settled('f');
  return registry;
}

export async function update(registry: FunctionRegistry, answer: number): Promise<void> {
  await registry.updateCode({ functionName: 'f', code: { source: source(answer) } });
  await registry.settled('f');
}

export const at = (qualifier: string) => parseFunctionReference('f', qualifier);

export async function refused(t: ExecutionContext, run: () => unknown, code: EngineErrorCode, message: string) {
  const error = await t.throwsAsync(async () => await run(), { instanceOf: EngineError });
  t.is(error?.code, code);
  t.is(error?.message, message);
}
