/**
 * The registry as clients get it: the same, but the engine hears when a function has changed, so that environments of the old
 * code end at once and not at the next invocation.
 */
import type { FunctionRegistry } from '../functions/registry.ts';

export interface RegistryListener {
  /** The last mutation of the function is done. */
  changed(functionName: string): void;
  deleted(functionName: string): void;
}

export function observedRegistry(registry: FunctionRegistry, listener: RegistryListener): FunctionRegistry {
  const tellWhenSettled = (functionName: string): void => {
    registry.settled(functionName).then(
      () => listener.changed(functionName),
      // It was deleted before it settled; `delete` tells of that.
      () => undefined,
    );
  };
  return {
    create: (input) => registry.create(input),
    get: (reference) => registry.get(reference),
    async updateCode(input) {
      const record = await registry.updateCode(input);
      if (input.dryRun !== true) tellWhenSettled(record.configuration.functionName);
      return record;
    },
    async updateConfiguration(input) {
      const record = await registry.updateConfiguration(input);
      tellWhenSettled(record.configuration.functionName);
      return record;
    },
    async delete(reference) {
      await registry.delete(reference);
      listener.deleted(reference.functionName);
    },
    list: (options) => registry.list(options),
    codeZip: (reference) => registry.codeZip(reference),
    resolve: (reference) => registry.resolve(reference),
    settled: (functionName) => registry.settled(functionName),
    close: () => registry.close(),
  };
}
