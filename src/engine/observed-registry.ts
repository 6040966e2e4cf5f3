/**
 * The registry as clients get it: the same, but the engine hears when a function has changed, so that environments of the old
 * code end at once and not at the next invocation.
 */
import { parseFunctionReference } from '../functions/function-reference.ts';
import type { FunctionRegistry } from '../functions/registry.ts';

export interface RegistryListener {
  /** The last mutation of the function is done. */
  changed(functionName: string): void;
  deleted(functionName: string): void;
  versionDeleted(functionName: string, version: string): void;
  /** It has another reserve of concurrency; undefined: none. */
  reserved(functionName: string, concurrency: number | undefined): void;
}

export function observedRegistry(registry: FunctionRegistry, listener: RegistryListener): FunctionRegistry {
  const tellWhenSettled = (functionName: string): void => {
    registry.settled(functionName).then(
      () => listener.changed(functionName),
      // It was deleted before it settled; `delete` tells of that.
      () => undefined,
    );
  };
  const tellReserve = (functionName: string): void => {
    const { configuration } = registry.get(parseFunctionReference(functionName));
    listener.reserved(configuration.functionName, registry.concurrency.get(functionName));
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
      if (reference.qualified) listener.versionDeleted(reference.functionName, reference.qualifier);
      else listener.deleted(reference.functionName);
    },
    list: (options) => registry.list(options),
    publishVersion: (input) => registry.publishVersion(input),
    listVersions: (input) => registry.listVersions(input),
    aliases: registry.aliases,
    concurrency: {
      async put(functionName, reserved) {
        await registry.concurrency.put(functionName, reserved);
        tellReserve(functionName);
      },
      get: (functionName) => registry.concurrency.get(functionName),
      async delete(functionName) {
        await registry.concurrency.delete(functionName);
        tellReserve(functionName);
      },
      all: () => registry.concurrency.all(),
    },
    policies: registry.policies,
    tags: registry.tags,
    layers: registry.layers,
    usage: () => registry.usage(),
    codeZip: (reference) => registry.codeZip(reference),
    resolve: (reference) => registry.resolve(reference),
    settled: (functionName) => registry.settled(functionName),
    close: () => registry.close(),
  };
}
