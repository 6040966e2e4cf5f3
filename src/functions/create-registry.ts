/**
 * The functions of one engine (see `registry.ts` for the contract). Everything a mutation needs from the client is checked,
 * and the package is on disk, before it returns; bundling goes on behind it, and only its end makes the new version answer.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import type { FunctionConfiguration, FunctionRecord } from '../model/function-configuration.ts';
import { type GuestLimits, guestLimitsDefault } from '../model/guest-limits.ts';
import { limits } from '../model/limits.ts';
import type { NetworkCredentials } from '../model/network-credentials.ts';
import { networkCredentials } from '../model/network-settings.ts';
import { changedConfiguration, newConfiguration } from '../model/validate-function.ts';
import { Constraints } from '../model/validation.ts';
import type { AsyncFunctions } from './bundle.ts';
import { CodePreparer, type Preparation } from './code-preparer.ts';
import { CodeStore } from './code-store.ts';
import { activeVersion, DeployedFunction } from './deployed-function.ts';
import { functionNotFound, parseFunctionReference, parseNewFunctionName } from './function-reference.ts';
import {
  activeRecord,
  failedRecord,
  pendingRecord,
  restoringRecord,
  type Stamp,
  transition,
  updateFailedRecord,
  updatingRecord,
} from './function-state.ts';
import type { FunctionStore } from './function-store.ts';
import { checkCombinedSize, packLayers } from './layers.ts';
import { handlerDefault, packCode } from './package-input.ts';
import type { CodePack } from './prepared-code.ts';
import type {
  CreateFunctionInput,
  DeployedVersion,
  FunctionReference,
  FunctionRegistry,
  UpdateCodeInput,
  UpdateConfigurationInput,
} from './registry.ts';

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
  /** Makes revision ids. */
  readonly newId?: () => string;
}

/** @throws EngineError DataDirectoryUnusable */
export async function createFunctionRegistry(options: RegistryOptions): Promise<FunctionRegistry> {
  const code = await CodeStore.open(options.dataDirectory);
  const registry = new Registry(options, code);
  await registry.restore();
  return registry;
}

class Registry implements FunctionRegistry {
  readonly #store: FunctionStore;
  readonly #clock: Clock;
  readonly #isolation: 'domain' | 'function';
  readonly #guestLimits: GuestLimits;
  readonly #newId: () => string;
  readonly #code: CodeStore;
  readonly #preparer: CodePreparer;
  readonly #functions = new Map<string, DeployedFunction>();
  /** Names of functions whose code is being read: taken, though there is nothing to show yet. */
  readonly #reserved = new Set<string>();
  /** Packages between being written and being some function's: nobody may remove them. */
  readonly #arriving = new Set<Promise<unknown>>();
  #removal: Promise<void> = Promise.resolve();
  #removalTimer: Disposable | undefined;
  #isClosed = false;

  constructor(options: RegistryOptions, code: CodeStore) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#isolation = options.isolation ?? 'domain';
    this.#guestLimits = { ...guestLimitsDefault, ...options.guestLimits };
    this.#newId = options.newId ?? randomUUID;
    this.#code = code;
    this.#preparer = new CodePreparer(code, options.clock, options.asyncFunctions);
  }

  /** Takes up what the store kept. Functions whose bundle is there answer at once; the others after it has been made. */
  async restore(): Promise<void> {
    for (const { record, pack } of this.#store.load()) {
      const { functionName, handler, runtime } = record.configuration;
      const restored = new DeployedFunction(this.#newId(), record, pack, 'creating');
      this.#functions.set(functionName, restored);
      if (record.state === 'Failed') {
        restored.phase = 'failed';
      } else if (!(await this.#holds(pack))) {
        this.#refuse(restored, 'The code of the function is missing from the data directory.');
      } else {
        const preparation = await this.#preparer.prepared(pack, handler, runtime);
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
    await this.#code.removeUnused(this.#neededCode());
  }

  async #holds(pack: CodePack): Promise<boolean> {
    return (await this.#code.holds(pack)) && (pack.layers === undefined || (await this.#code.holds(pack.layers)));
  }

  async create(input: CreateFunctionInput): Promise<FunctionRecord> {
    const functionName = parseNewFunctionName(input.functionName);
    const defaults = {
      handler: handlerDefault(input.code ?? {}),
      isolation: this.#isolation,
      guestLimits: this.#guestLimits,
    };
    const configuration = newConfiguration(functionName, input, defaults);
    if (this.#functions.has(functionName) || this.#reserved.has(functionName)) {
      throw new EngineError('ResourceConflictException', `Function already exist: ${functionName}`);
    }
    this.#reserved.add(functionName);
    try {
      const packed = async () =>
        withLayers(await packCode(this.#code, input.code), await packLayers(this.#code, input.layers ?? []));
      return await this.#withCode(packed, (pack) => {
        const record = pendingRecord(configuration, pack, this.#stamp());
        this.#store.save({ record, pack });
        const created = new DeployedFunction(this.#newId(), record, pack, 'creating');
        created.networkCredentials = networkCredentials(input.network ?? {}, this.#newId);
        this.#functions.set(functionName, created);
        created.mutation = this.#prepare(created);
        return record;
      });
    } finally {
      this.#reserved.delete(functionName);
    }
  }

  get(reference: FunctionReference): FunctionRecord {
    return this.#find(reference).record;
  }

  async updateCode(input: UpdateCodeInput): Promise<FunctionRecord> {
    const changed = this.#find(parseFunctionReference(input.functionName));
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
        if (this.#functions.get(changed.functionName) !== changed) throw functionNotFound(changed.functionName);
        return this.#change(changed, configuration, pack, changed.networkCredentials);
      });
    } finally {
      changed.isTaken = false;
      this.#removeUnusedLater();
    }
  }

  async updateConfiguration(input: UpdateConfigurationInput): Promise<FunctionRecord> {
    const changed = this.#find(parseFunctionReference(input.functionName));
    changed.assertChangeable(input.revisionId);
    const configuration = changedConfiguration(changed.record.configuration, input, this.#guestLimits);
    const before = changed.networkCredentials;
    const credentials = input.network === undefined ? before : networkCredentials(input.network, this.#newId);
    const { layers } = input;
    if (layers === undefined) return this.#change(changed, configuration, changed.pack, credentials);
    changed.isTaken = true;
    try {
      const packed = async () => withLayers(changed.pack, await packLayers(this.#code, layers));
      return await this.#withCode(packed, (pack) => {
        if (this.#functions.get(changed.functionName) !== changed) throw functionNotFound(changed.functionName);
        return this.#change(changed, configuration, pack, credentials);
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
    const { functionName } = reference;
    if (!this.#functions.has(functionName)) throw functionNotFound(functionName);
    if (reference.qualified) {
      // There are no versions but $LATEST; deleting one that does not exist succeeds (LAMBDA.md C3.17).
      if (/^\d+$/.test(reference.qualifier)) return;
      throw new EngineError('InvalidParameterValueException', 'Deletion of aliases is not currently supported.');
    }
    this.#store.remove(functionName);
    this.#functions.delete(functionName);
    this.#removeUnusedLater();
  }

  list(options: { readonly marker?: string; readonly maxItems?: number }): {
    readonly functions: readonly FunctionRecord[];
    readonly nextMarker?: string;
  } {
    const { marker, maxItems } = options;
    if (maxItems !== undefined) {
      const constraints = new Constraints();
      constraints.integer(maxItems, 'maxItems', { min: 1, max: limits.maxItemsMax });
      constraints.throwIfViolated();
    }
    const after = marker === undefined || marker === '' ? '' : markedName(marker);
    const names = [...this.#functions.keys()].filter((name) => name > after).sort(byCodeUnit);
    const page = names.slice(0, Math.min(maxItems ?? limits.functionsPageMax, limits.functionsPageMax));
    const functions = page.flatMap((name) => this.#functions.get(name)?.record ?? []);
    const last = page.at(-1);
    return last === undefined || page.length === names.length
      ? { functions }
      : { functions, nextMarker: markerOf(last) };
  }

  async codeZip(reference: FunctionReference): Promise<Uint8Array> {
    return await this.#code.zip(this.#find(reference).pack);
  }

  resolve(reference: FunctionReference): DeployedVersion {
    const found = this.#functions.get(reference.functionName);
    // An invocation always names a version in its answer, if only the implicit one (recorded from AWS).
    if (found === undefined || reference.qualifier !== '$LATEST') {
      throw functionNotFound(reference.functionName, reference.qualifier);
    }
    return found.answering();
  }

  async settled(functionName: string): Promise<FunctionRecord> {
    const awaited = this.#find(parseFunctionReference(functionName));
    await awaited.mutation;
    if (this.#functions.get(awaited.functionName) !== awaited) throw functionNotFound(awaited.functionName);
    return awaited.record;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#removalTimer?.[Symbol.dispose]();
    this.#preparer.close();
    await Promise.allSettled(this.#arriving);
    await Promise.all([...this.#functions.values()].map((each) => each.mutation));
    await this.#removal;
    await this.#code.close();
  }

  /** Reads and packs code, then runs `use`, synchronously, while the package is still guarded from removal. */
  async #withCode(packed: () => Promise<CodePack>, use: (pack: CodePack) => FunctionRecord): Promise<FunctionRecord> {
    this.#assertOpen();
    const arrival = this.#removal.then(async () => {
      const pack = await packed();
      this.#assertOpen();
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
  ): FunctionRecord {
    this.#assertOpen();
    const phase = transition(changed.phase, 'changed');
    const make = phase === 'creating' ? pendingRecord : updatingRecord;
    const record = make(configuration, pack, this.#stamp());
    this.#store.save({ record, pack });
    changed.phase = phase;
    changed.record = record;
    changed.pack = pack;
    changed.networkCredentials = credentials;
    changed.mutation = this.#prepare(changed);
    return record;
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
    return !this.#isClosed && this.#functions.get(changed.functionName) === changed;
  }

  #activate(changed: DeployedFunction, preparation: Preparation): void {
    const record = activeRecord(changed.record, this.#newId());
    this.#store.save({ record, pack: changed.pack });
    changed.phase = transition(changed.phase, 'prepared');
    changed.record = record;
    const { creationId, pack, networkCredentials: credentials } = changed;
    changed.active = activeVersion(creationId, record, pack, preparation, credentials);
  }

  #refuse(changed: DeployedFunction, reason: string): void {
    const before = changed.active;
    changed.phase = transition(changed.phase, 'refused');
    if (before === undefined) {
      changed.record = failedRecord(changed.record, this.#newId(), reason);
    } else {
      changed.record = updateFailedRecord(before.record, this.#newId(), reason);
      changed.pack = before.deployed.code.pack;
      changed.networkCredentials = before.deployed.networkCredentials;
    }
    try {
      this.#store.save({ record: changed.record, pack: changed.pack });
    } catch {
      // A store that cannot save is often why we are here. The record in memory says so; the next start tries anew.
    }
  }

  #find(reference: FunctionReference): DeployedFunction {
    const found = this.#functions.get(reference.functionName);
    if (found === undefined || reference.qualifier !== '$LATEST') {
      throw functionNotFound(reference.functionName, reference.qualified ? reference.qualifier : undefined);
    }
    return found;
  }

  #stamp(): Stamp {
    return { revisionId: this.#newId(), epochMs: this.#clock.epochMs() };
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new EngineError('EngineClosed', 'The engine is closed.');
  }

  #neededCode(): ReadonlySet<string> {
    const needed = new Set<string>();
    for (const { pack, active } of this.#functions.values()) {
      for (const each of [pack, active?.deployed.code.pack]) {
        if (each === undefined) continue;
        needed.add(each.codeSha256);
        if (each.layers !== undefined) needed.add(each.layers.codeSha256);
      }
    }
    return needed;
  }

  #removeUnusedLater(): void {
    if (this.#isClosed) return;
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

/** A change of settings alone keeps the bundle. */
function reusable(changed: DeployedFunction, record: FunctionRecord): Preparation | undefined {
  const before = changed.active;
  if (before === undefined || before.record.codeSha256 !== record.codeSha256) return undefined;
  const { handler, runtime } = before.record.configuration;
  const isSame = handler === record.configuration.handler && runtime === record.configuration.runtime;
  return isSame ? before.preparation : undefined;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** Opaque to clients: the last name of a page. The next one begins behind it, whatever was deleted meanwhile. */
function markerOf(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function markedName(marker: string): string {
  const name = Buffer.from(marker, 'base64url').toString();
  if (/^[a-zA-Z0-9-_]+$/.test(name) && markerOf(name) === marker) return name;
  throw new EngineError('InvalidParameterValueException', `Invalid marker: ${marker.slice(0, 200)}`);
}
