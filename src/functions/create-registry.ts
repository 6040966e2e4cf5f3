/**
 * The functions of one engine (see `registry.ts` for the contract). Everything a mutation needs from the client is checked,
 * and the package is on disk, before it returns; bundling goes on behind it, and only its end makes the new version answer.
 */
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import type { FunctionConfiguration, FunctionRecord } from '../model/function-configuration.ts';
import { noFacts } from '../model/function-facts.ts';
import { type GuestLimits, guestLimitsDefault } from '../model/guest-limits.ts';
import type { LayerReference } from '../model/layer-version.ts';
import { limits } from '../model/limits.ts';
import type { NetworkCredentials } from '../model/network-credentials.ts';
import { networkCredentials } from '../model/network-settings.ts';
import { changedConfiguration, newConfiguration } from '../model/validate-function.ts';
import { Aliases } from './aliases.ts';
import type { AsyncFunctions } from './bundle.ts';
import { CodePreparer, type Preparation } from './code-preparer.ts';
import { CodeStore } from './code-store.ts';
import { Concurrency } from './concurrency.ts';
import { checkDeadLetter } from './dead-letter.ts';
import { pick } from './deployed-alias.ts';
import { activeVersion, DeployedFunction } from './deployed-function.ts';
import { EventInvokeConfigs } from './event-invoke-configs.ts';
import { functionNotFound, parseNewFunctionName } from './function-reference.ts';
import {
  activeRecord,
  failedRecord,
  pendingRecord,
  restoringRecord,
  transition,
  updateFailedRecord,
  updatingRecord,
} from './function-state.ts';
import type { FunctionStore } from './function-store.ts';
import { FunctionTable } from './function-table.ts';
import { LayerPolicies } from './layer-policies.ts';
import { LayerVersions } from './layer-versions.ts';
import { checkCombinedSize, packLayers } from './layers.ts';
import { handlerDefault, packCode } from './package-input.ts';
import { page } from './page.ts';
import { Policies } from './policies.ts';
import type { CodePack } from './prepared-code.ts';
import { Provisioning } from './provisioning.ts';
import { PublishedVersion } from './published-version.ts';
import { Recursion } from './recursion.ts';
import type {
  AccountUsage,
  CreateFunctionInput,
  DeployedVersion,
  FunctionReference,
  FunctionRegistry,
  PublishVersionInput,
  UpdateCodeInput,
  UpdateConfigurationInput,
} from './registry.ts';
import { Tags } from './tags.ts';
import { Urls } from './urls.ts';
import { Versions } from './versions.ts';

export interface RegistryOptions {
  /** Whoever opened it closes it, after the registry. */
  readonly store: FunctionStore;
  /** Packages are kept in `<dataDirectory>/code`. Absent: in a private temporary directory, until `close`. */
  readonly dataDirectory?: string;
  readonly clock: Clock;
  /** Of functions that name none. */
  readonly isolation?: 'domain' | 'function';
  /** What the engine holds every function to; a function's own limits are stricter. */
  readonly guestLimits?: Partial<GuestLimits>;
  /** What the sandboxes need; see `BundleRequest`. */
  readonly asyncFunctions?: AsyncFunctions;
  /** Invocations at once of the whole engine, of which functions may reserve some. Default: limits.concurrencyDefault. */
  readonly concurrency?: number;
  /** Whether there is something behind an ARN of a destination. Default: there always is. */
  readonly hasTarget?: (arn: string) => boolean;
  /** Makes revision ids. */
  readonly newId?: () => string;
  /** Chooses between the two versions of an alias: 0 up to but not 1. */
  readonly random?: () => number;
}

/** @throws EngineError DataDirectoryUnusable */
export async function createFunctionRegistry(options: RegistryOptions): Promise<FunctionRegistry> {
  const code = await CodeStore.open(options.dataDirectory);
  const registry = new Registry(options, code);
  await registry.restore();
  return registry;
}

class Registry implements FunctionRegistry {
  readonly aliases: Aliases;
  readonly concurrency: Concurrency;
  readonly provisioned: Provisioning;
  readonly recursion: Recursion;
  readonly policies: Policies;
  readonly urls: Urls;
  readonly eventInvokeConfigs: EventInvokeConfigs;
  readonly tags: Tags;
  readonly layers: LayerVersions;
  readonly layerPolicies: LayerPolicies;
  readonly #store: FunctionStore;
  readonly #clock: Clock;
  readonly #isolation: 'domain' | 'function';
  readonly #guestLimits: GuestLimits;
  readonly #random: () => number;
  readonly #hasTarget: (arn: string) => boolean;
  readonly #code: CodeStore;
  readonly #preparer: CodePreparer;
  readonly #table: FunctionTable;
  readonly #versions: Versions;
  /** Names of functions whose code is being read: taken, though there is nothing to show yet. */
  readonly #reserved = new Set<string>();
  /** Packages between being written and being some function's: nobody may remove them. */
  readonly #arriving = new Set<Promise<unknown>>();
  #removal: Promise<void> = Promise.resolve();
  #removalTimer: Disposable | undefined;

  constructor(options: RegistryOptions, code: CodeStore) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#isolation = options.isolation ?? 'domain';
    this.#guestLimits = { ...guestLimitsDefault, ...options.guestLimits };
    this.#random = options.random ?? Math.random;
    this.#hasTarget = options.hasTarget ?? (() => true);
    this.#code = code;
    this.#preparer = new CodePreparer(code, options.clock, options.asyncFunctions);
    this.#table = new FunctionTable(options);
    this.#versions = new Versions(this.#table, code, this.#preparer);
    this.aliases = new Aliases(this.#table);
    this.concurrency = new Concurrency(this.#table, options.concurrency ?? limits.concurrencyDefault);
    this.provisioned = new Provisioning(this.#table, this.concurrency);
    this.recursion = new Recursion(this.#table);
    this.policies = new Policies(this.#table, this.aliases);
    this.urls = new Urls(this.#table);
    const epochMs = () => options.clock.epochMs();
    this.eventInvokeConfigs = new EventInvokeConfigs(this.#table, this.#hasTarget, epochMs);
    this.tags = new Tags(this.#table);
    this.layers = new LayerVersions(this.#table, code, (packed, use) => this.#withCode(packed, use));
    this.layerPolicies = new LayerPolicies(this.#table, this.layers);
  }

  /** Takes up what the store kept. Functions whose bundle is there answer at once; the others after it has been made. */
  async restore(): Promise<void> {
    const versions = this.#store.versions();
    for (const stored of this.#store.load()) {
      const restored = new DeployedFunction(this.#table.newId(), stored, 'creating');
      const { functionName } = restored;
      for (const version of versions.get(functionName) ?? []) {
        restored.named.set(version, PublishedVersion.kept(this.#store, functionName, version));
      }
      this.#table.add(restored);
      this.#restore(restored);
    }
    this.aliases.restore();
    this.layers.restore();
    await this.#code.removeUnused(this.#neededCode());
  }

  #restore(restored: DeployedFunction): void {
    const { record, pack } = restored;
    const { handler, runtime } = record.configuration;
    if (record.state === 'Failed') {
      restored.phase = 'failed';
    } else if (!this.#code.holds(pack)) {
      this.#refuse(restored, 'The code of the function is missing from the data directory.');
    } else {
      const preparation = this.#preparer.prepared(pack, handler, runtime);
      if (preparation === undefined) {
        restored.record = restoringRecord(record);
        restored.mutation = this.#prepare(restored);
      } else if (record.lastUpdateStatus === 'InProgress' || record.state === 'Pending') {
        this.#activate(restored, preparation);
      } else {
        restored.phase = transition(restored.phase, 'prepared');
        restored.active = activeVersion(restored.creationId, record, pack, preparation, undefined);
      }
    }
  }

  async create(input: CreateFunctionInput): Promise<FunctionRecord> {
    const functionName = parseNewFunctionName(input.functionName);
    const defaults = {
      handler: handlerDefault(input.code ?? {}),
      isolation: this.#isolation,
      guestLimits: this.#guestLimits,
    };
    const { publish, ...settings } = input;
    const layers = this.layers.resolve(input.layers ?? []);
    const configuration = withNamed(newConfiguration(functionName, settings, defaults), layers.named);
    checkDeadLetter(configuration, this.#hasTarget);
    if (this.#table.get(functionName) !== undefined || this.#reserved.has(functionName)) {
      throw new EngineError('ResourceConflictException', `Function already exist: ${functionName}`);
    }
    this.#reserved.add(functionName);
    try {
      const packed = async () =>
        withLayers(await packCode(this.#code, input.code), await packLayers(this.#code, layers.inputs));
      return await this.#withCode(packed, (pack) => {
        const record = pendingRecord(configuration, pack, this.#table.stamp());
        const stored = { record, pack, facts: noFacts };
        const created = new DeployedFunction(this.#table.newId(), stored, 'creating');
        created.networkCredentials = networkCredentials(input.network ?? {}, this.#table.newId);
        const published = this.#save(created, record, pack, publish);
        this.#table.add(created);
        created.mutation = this.#prepare(created);
        // AWS answers with the version's number and the function's revision (LAMBDA.md C3.5).
        return published === undefined ? record : { ...record, version: published.version };
      });
    } finally {
      this.#reserved.delete(functionName);
    }
  }

  get(reference: FunctionReference): FunctionRecord {
    const { found, version } = this.#table.find(reference);
    return version?.record ?? found.record;
  }

  async updateCode(input: UpdateCodeInput): Promise<FunctionRecord> {
    const changed = this.#table.named(input.functionName);
    changed.assertChangeable(input.revisionId);
    const { architectures } = input;
    const configuration = changedConfiguration(
      changed.record.configuration,
      architectures === undefined ? {} : { architectures },
    );
    changed.isTaken = true;
    try {
      const packed = async () => withLayers(await packCode(this.#code, input.code), changed.pack.layers);
      return await this.#withCode(packed, (pack) => {
        if (input.dryRun === true) return changed.record;
        if (!this.#table.holds(changed)) throw functionNotFound(changed.functionName);
        return this.#change(changed, configuration, pack, changed.networkCredentials, input.publish);
      });
    } finally {
      changed.isTaken = false;
      this.#removeUnusedLater();
    }
  }

  async updateConfiguration(input: UpdateConfigurationInput): Promise<FunctionRecord> {
    const changed = this.#table.named(input.functionName);
    changed.assertChangeable(input.revisionId);
    const configuration = changedConfiguration(changed.record.configuration, input, this.#guestLimits);
    checkDeadLetter(configuration, this.#hasTarget);
    const before = changed.networkCredentials;
    const credentials = input.network === undefined ? before : networkCredentials(input.network, this.#table.newId);
    if (input.layers === undefined) return this.#change(changed, configuration, changed.pack, credentials);
    const layers = this.layers.resolve(input.layers);
    const renamed = withNamed(configuration, layers.named);
    changed.isTaken = true;
    try {
      const packed = async () => withLayers(changed.pack, await packLayers(this.#code, layers.inputs));
      return await this.#withCode(packed, (pack) => {
        if (!this.#table.holds(changed)) throw functionNotFound(changed.functionName);
        return this.#change(changed, renamed, pack, credentials);
      });
    } finally {
      changed.isTaken = false;
      this.#removeUnusedLater();
    }
  }

  async delete(reference: FunctionReference): Promise<void> {
    if (reference.qualified && reference.qualifier === '$LATEST') {
      throw new EngineError(
        'InvalidParameterValueException',
        '$LATEST version cannot be deleted without deleting the function.',
      );
    }
    const { functionName, qualifier, qualified } = reference;
    const found = this.#table.get(functionName);
    if (found === undefined) throw functionNotFound(functionName);
    if (!qualified) this.#table.remove(functionName);
    else if (/^\d+$/.test(qualifier)) this.#versions.remove(found, qualifier);
    else throw new EngineError('InvalidParameterValueException', 'Deletion of aliases is not currently supported.');
    this.#removeUnusedLater();
  }

  list(input: Parameters<FunctionRegistry['list']>[0]): ReturnType<FunctionRegistry['list']> {
    const all = this.#table.names().flatMap((name) => {
      const versions = input.versions === 'all' ? (this.#table.get(name)?.versions() ?? []) : [];
      return [{ name, version: 0 }, ...[...versions].map(({ version }) => ({ name, version: Number(version) }))];
    });
    const { items, nextMarker } = page(input, all, listKey, (key, marked) => isListedAfter(key, marked));
    const functions = items.flatMap(({ name, version }) => {
      const found = this.#table.get(name);
      return found === undefined ? [] : this.#versions.recordOf(found, String(version));
    });
    return { functions, ...(nextMarker !== undefined && { nextMarker }) };
  }

  async publishVersion(input: PublishVersionInput): Promise<FunctionRecord> {
    return this.#versions.publish(input);
  }

  listVersions(input: Parameters<FunctionRegistry['listVersions']>[0]): ReturnType<FunctionRegistry['listVersions']> {
    return this.#versions.list(input);
  }

  usage(): AccountUsage {
    return {
      functionCount: this.#table.names().length,
      totalCodeBytes: this.#store.codeBytes(),
      concurrency: this.concurrency.total,
      unreservedConcurrency: this.concurrency.unreserved(),
    };
  }

  async codeZip(reference: FunctionReference): Promise<Uint8Array> {
    const { found, version } = this.#table.find(reference);
    return await this.#code.zip((version ?? found).pack);
  }

  /** On the way of every invocation: the function by its name, and one look more for a qualifier. */
  resolve(reference: FunctionReference): DeployedVersion | Promise<DeployedVersion> {
    const { functionName, qualifier } = reference;
    const found = this.#table.get(functionName);
    if (found !== undefined) {
      if (qualifier === '$LATEST') return found.answering();
      const named = found.named.get(qualifier);
      const version = named?.kind === 'alias' ? pick(named, this.#random) : named;
      if (version !== undefined) return this.#versions.answering(found, version);
      if (named !== undefined) return found.answering();
    }
    // An invocation always names a version in its answer, if only the implicit one (recorded from AWS).
    throw functionNotFound(functionName, qualifier);
  }

  async settled(functionName: string): Promise<FunctionRecord> {
    const awaited = this.#table.named(functionName);
    await awaited.mutation;
    if (!this.#table.holds(awaited)) throw functionNotFound(awaited.functionName);
    return awaited.record;
  }

  async close(): Promise<void> {
    if (this.#table.isClosed) return;
    this.#table.isClosed = true;
    this.#removalTimer?.[Symbol.dispose]();
    this.#preparer.close();
    await Promise.allSettled(this.#arriving);
    await Promise.all([...this.#table.all()].map((each) => each.mutation));
    await this.#removal;
    await this.#code.close();
  }

  /** Reads and packs code, then runs `use`, synchronously, while the package is still guarded from removal. */
  async #withCode<Result>(packed: () => Promise<CodePack>, use: (pack: CodePack) => Result): Promise<Result> {
    this.#table.assertOpen();
    const arrival = this.#removal.then(async () => {
      const pack = await packed();
      this.#table.assertOpen();
      return use(pack);
    });
    this.#arriving.add(arrival);
    try {
      return await arrival;
    } finally {
      this.#arriving.delete(arrival);
    }
  }

  #change(
    changed: DeployedFunction,
    configuration: FunctionConfiguration,
    pack: CodePack,
    credentials: NetworkCredentials | undefined,
    publish?: boolean,
  ): FunctionRecord {
    this.#table.assertOpen();
    const phase = transition(changed.phase, 'changed');
    const make = phase === 'creating' ? pendingRecord : updatingRecord;
    // Tags are no part of an update, and may have changed while its package was unpacked.
    const { tags } = changed.record.configuration;
    const record = make(Object.freeze({ ...configuration, tags }), pack, this.#table.stamp());
    const published = this.#save(changed, record, pack, publish, credentials);
    changed.phase = phase;
    changed.record = record;
    changed.pack = pack;
    changed.networkCredentials = credentials;
    changed.mutation = this.#prepare(changed);
    if (published === undefined) return record;
    const { version, stored } = published;
    return published.isPending ? { ...record, version, revisionId: stored.record.revisionId } : published.record;
  }

  /** Keeps a mutation, and the version to be published with it: a new one that is pending, or the last one if it is the same. */
  #save(
    changed: DeployedFunction,
    record: FunctionRecord,
    pack: CodePack,
    publish = false,
    credentials = changed.networkCredentials,
  ): PublishedVersion | undefined {
    const same = publish ? this.#versions.unchanged(changed, record, pack) : undefined;
    if (!publish || same !== undefined) {
      this.#store.save({ record, pack, facts: changed.facts });
      return same;
    }
    const stored = this.#versions.next(changed, record, pack);
    const facts = { ...changed.facts, lastVersion: Number(stored.record.version) };
    this.#store.save({ record, pack, facts }, stored);
    changed.facts = facts;
    changed.publishing = this.#versions.add(changed, stored);
    changed.publishing.isPending = true;
    changed.publishing.networkCredentials = credentials;
    return changed.publishing;
  }

  /** The part of a mutation that goes on behind its answer. Never rejects: how it ends is in the record. */
  async #prepare(changed: DeployedFunction): Promise<void> {
    const { record, pack } = changed;
    const { handler, runtime } = record.configuration;
    try {
      const preparation = reusable(changed, record) ?? (await this.#preparer.prepare(pack, handler, runtime));
      if (this.#isCurrent(changed)) this.#activate(changed, preparation);
    } catch (error) {
      // Of a package that cannot be bundled, or of the disk. A function that cannot run says why, and others go on.
      if (!this.#isCurrent(changed)) return;
      const reason = errorMessage(error);
      this.#refuse(changed, `The code could not be prepared: ${reason}.`);
    }
  }

  /** Deleted meanwhile, perhaps made again: then nobody waits for the outcome. After closing, the next start prepares again. */
  #isCurrent(changed: DeployedFunction): boolean {
    return !this.#table.isClosed && this.#table.holds(changed);
  }

  #activate(changed: DeployedFunction, preparation: Preparation): void {
    const { creationId, pack, facts, networkCredentials: credentials, publishing } = changed;
    const record = activeRecord(changed.record, this.#table.newId());
    this.#store.save({ record, pack, facts });
    changed.phase = transition(changed.phase, 'prepared');
    changed.record = record;
    changed.active = activeVersion(creationId, record, pack, preparation, credentials);
    changed.publishing = undefined;
    if (publishing !== undefined) this.#versions.activate(changed, publishing, preparation);
  }

  #refuse(changed: DeployedFunction, reason: string): void {
    const { active: before, publishing } = changed;
    changed.phase = transition(changed.phase, 'refused');
    changed.publishing = undefined;
    if (before === undefined) {
      changed.record = failedRecord(changed.record, this.#table.newId(), reason);
    } else {
      changed.record = updateFailedRecord(before.record, this.#table.newId(), reason);
      changed.pack = before.deployed.code.pack;
      changed.networkCredentials = before.deployed.networkCredentials;
    }
    try {
      this.#store.save({ record: changed.record, pack: changed.pack, facts: changed.facts });
      if (publishing !== undefined) this.#versions.refuse(publishing, reason);
    } catch {
      // A store that cannot save is often why we are here. The record in memory says so; the next start tries anew.
    }
  }

  #neededCode(): ReadonlySet<string> {
    // What the store has, and what is only in memory: a version that answers until the update behind it is done.
    const needed = new Set(this.#store.codeInUse());
    for (const { pack, active } of this.#table.all()) {
      for (const each of [pack, active?.deployed.code.pack]) {
        if (each === undefined) continue;
        needed.add(each.codeSha256);
        if (each.layers !== undefined) needed.add(each.layers.codeSha256);
      }
    }
    return needed;
  }

  #removeUnusedLater(): void {
    if (this.#table.isClosed) return;
    this.#removalTimer?.[Symbol.dispose]();
    this.#removalTimer = this.#clock.after(limits.codeRemovalDelayMs, () => {
      if (this.#arriving.size > 0) return this.#removeUnusedLater();
      // What cannot be removed now is found again at the next start.
      this.#removal = this.#code.removeUnused(this.#neededCode()).catch(() => undefined);
    });
  }
}

/** @throws EngineError InvalidParameterValueException: too large together */
function withLayers({ layers: _, ...code }: CodePack, layers: CodePack | undefined): CodePack {
  const pack = { ...code, ...(layers !== undefined && { layers }) };
  checkCombinedSize(pack);
  return pack;
}

function withNamed(
  { layers: _, ...configuration }: FunctionConfiguration,
  named: readonly LayerReference[],
): FunctionConfiguration {
  return Object.freeze({ ...configuration, ...(named.length > 0 && { layers: named }) });
}

/** A change of settings alone keeps the bundle. */
function reusable(changed: DeployedFunction, record: FunctionRecord): Preparation | undefined {
  const before = changed.active;
  if (before === undefined || before.record.codeSha256 !== record.codeSha256) return undefined;
  const { handler, runtime } = before.record.configuration;
  const isSame = handler === record.configuration.handler && runtime === record.configuration.runtime;
  return isSame ? before.preparation : undefined;
}

interface Listed {
  readonly name: string;
  /** 0: `$LATEST`. */
  readonly version: number;
}

function listKey({ name, version }: Listed): string {
  return version === 0 ? name : `${name}:${version}`;
}

function isListedAfter(key: string, marked: string): boolean {
  const [name = '', version = '0'] = key.split(':');
  const [markedName = '', markedVersion = '0'] = marked.split(':');
  return name === markedName ? Number(version) > Number(markedVersion) : name > markedName;
}
