/**
 * The registry as clients get it: the same, but the engine hears when a function has changed, so that environments of the old
 * code end at once and not at the next invocation.
 */
import { parseFunctionReference } from '../functions/function-reference.ts';
import type {
  FunctionAliases,
  FunctionProvisioning,
  FunctionRegistry,
  ProvisionedConfig,
} from '../functions/registry.ts';

export interface RegistryListener {
  /** The last mutation of the function is done. */
  changed(functionName: string): void;
  deleted(functionName: string): void;
  versionDeleted(functionName: string, version: string): void;
  /** It has another reserve of concurrency; undefined: none. */
  reserved(functionName: string, concurrency: number | undefined): void;
  /** An alias of it has changed. */
  aliasChanged(functionName: string): void;
  /** Other environments of it are to be provisioned. */
  provisioned(functionName: string): void;
}

/** Adds what exists to what is asked for. */
export type TellProvisioned = (config: ProvisionedConfig) => ProvisionedConfig;

export function observedRegistry(
  registry: FunctionRegistry,
  listener: RegistryListener,
  tell: TellProvisioned,
): FunctionRegistry {
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
    aliases: observedAliases(registry.aliases, listener),
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
    provisioned: observedProvisioning(registry.provisioned, listener, tell),
    recursion: registry.recursion,
    policies: registry.policies,
    urls: registry.urls,
    eventInvokeConfigs: registry.eventInvokeConfigs,
    tags: registry.tags,
    layers: registry.layers,
    layerPolicies: registry.layerPolicies,
    usage: () => registry.usage(),
    codeZip: (reference) => registry.codeZip(reference),
    resolve: (reference) => registry.resolve(reference),
    settled: (functionName) => registry.settled(functionName),
    close: () => registry.close(),
  };
}

function observedAliases(aliases: FunctionAliases, listener: RegistryListener): FunctionAliases {
  return {
    create: (input) => aliases.create(input),
    get: (functionName, name) => aliases.get(functionName, name),
    list: (input) => aliases.list(input),
    async update(input) {
      const alias = await aliases.update(input);
      listener.aliasChanged(alias.functionName);
      return alias;
    },
    async delete(functionName, name) {
      await aliases.delete(functionName, name);
      listener.aliasChanged(parseFunctionReference(functionName).functionName);
    },
  };
}

function observedProvisioning(
  provisioned: FunctionProvisioning,
  listener: RegistryListener,
  tell: TellProvisioned,
): FunctionProvisioning {
  return {
    async put(reference, requested) {
      const config = await provisioned.put(reference, requested);
      listener.provisioned(config.functionName);
      return tell(config);
    },
    get: (reference) => tell(provisioned.get(reference)),
    async delete(reference) {
      await provisioned.delete(reference);
      listener.provisioned(reference.functionName);
    },
    list(input) {
      const { configs, ...rest } = provisioned.list(input);
      return { configs: configs.map(tell), ...rest };
    },
    wanted: (functionName) => provisioned.wanted(functionName),
    wantedBy: (functionName, qualifier) => provisioned.wantedBy(functionName, qualifier),
    functionNames: () => provisioned.functionNames(),
  };
}
