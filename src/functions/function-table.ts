/**
 * The functions of one registry by name, and where they are kept. Whoever changes a function goes through here, so that memory
 * and store say the same: the store first, because it may refuse.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../model/errors.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import type { FunctionFacts } from '../model/function-facts.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { functionNotFound, parseFunctionName } from './function-reference.ts';
import type { Stamp } from './function-state.ts';
import type { FunctionStore } from './function-store.ts';
import type { PublishedVersion } from './published-version.ts';
import type { FunctionReference } from './registry.ts';

export interface FunctionTableOptions {
  readonly store: FunctionStore;
  readonly clock: Clock;
  /** Makes revision ids. */
  readonly newId?: () => string;
}

export interface UrlOwner {
  readonly deployed: DeployedFunction;
  readonly qualifier: string;
}

export class FunctionTable {
  readonly store: FunctionStore;
  readonly newId: () => string;
  readonly #clock: Clock;
  readonly #functions = new Map<string, DeployedFunction>();
  readonly #urls = new Map<string, UrlOwner>();
  isClosed = false;

  constructor({ store, clock, newId = randomUUID }: FunctionTableOptions) {
    this.store = store;
    this.newId = newId;
    this.#clock = clock;
  }

  get(functionName: string): DeployedFunction | undefined {
    return this.#functions.get(functionName);
  }

  all(): Iterable<DeployedFunction> {
    return this.#functions.values();
  }

  /** Sorted by code unit. */
  names(): string[] {
    return [...this.#functions.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  add(added: DeployedFunction): void {
    this.#functions.set(added.functionName, added);
    this.#indexUrls(added, {}, added.facts.urls);
  }

  remove(functionName: string): void {
    this.store.remove(functionName);
    const removed = this.#functions.get(functionName);
    if (removed !== undefined) this.#indexUrls(removed, removed.facts.urls, {});
    this.#functions.delete(functionName);
  }

  /** Whose function URL has this id: every request to one asks. */
  urlOwner(urlId: string): UrlOwner | undefined {
    return this.#urls.get(urlId);
  }

  /** Not deleted meanwhile, nor made again. */
  holds(deployed: DeployedFunction): boolean {
    return this.#functions.get(deployed.functionName) === deployed;
  }

  /** The function of operations that take no qualifier, however its name is written. @throws EngineError */
  named(functionName: string): DeployedFunction {
    const name = parseFunctionName(functionName);
    const found = this.#functions.get(name);
    if (found === undefined) throw functionNotFound(name);
    return found;
  }

  /** What a client names, with the version that its qualifier stands for: none for `$LATEST`. @throws EngineError */
  find(reference: FunctionReference): {
    readonly found: DeployedFunction;
    readonly version: PublishedVersion | undefined;
  } {
    const { functionName, qualifier, qualified } = reference;
    const found = this.#functions.get(functionName);
    if (found !== undefined) {
      if (qualifier === '$LATEST') return { found, version: undefined };
      const named = found.named.get(qualifier);
      if (named !== undefined) return { found, version: named.kind === 'alias' ? named.main : named };
    }
    throw functionNotFound(functionName, qualified ? qualifier : undefined);
  }

  /**
   * A change that its environments do not see: of what the function is now, and of what it goes back to when the update that is under
   * way fails.
   */
  amend(deployed: DeployedFunction, change: (record: FunctionRecord) => FunctionRecord, facts = deployed.facts): void {
    const record = change(deployed.record);
    this.store.save({ record, pack: deployed.pack, facts });
    deployed.record = record;
    deployed.facts = facts;
    const { active } = deployed;
    if (active !== undefined) deployed.active = { ...active, record: change(active.record) };
  }

  /** What was set for a qualifier, and the URL that leads to it, are gone with it. */
  forgetQualifier(deployed: DeployedFunction, qualifier: string): void {
    const {
      provisioned: allProvisioned = {},
      urls: allUrls = {},
      eventInvokeConfigs: allConfigs = {},
      ...facts
    } = deployed.facts;
    const { [qualifier]: policy, ...policies } = facts.policies;
    const { [qualifier]: setting, ...provisioned } = allProvisioned;
    const { [qualifier]: url, ...urls } = allUrls;
    const { [qualifier]: config, ...eventInvokeConfigs } = allConfigs;
    if ([policy, setting, url, config].every((each) => each === undefined)) return;
    this.recordFacts(deployed, {
      ...facts,
      policies,
      ...(Object.keys(provisioned).length > 0 && { provisioned }),
      ...(Object.keys(urls).length > 0 && { urls }),
      ...(Object.keys(eventInvokeConfigs).length > 0 && { eventInvokeConfigs }),
    });
  }

  recordFacts(deployed: DeployedFunction, facts: FunctionFacts): void {
    this.store.save({ record: deployed.record, pack: deployed.pack, facts });
    const { urls: before } = deployed.facts;
    deployed.facts = facts;
    if (before !== facts.urls) this.#indexUrls(deployed, before, facts.urls);
  }

  /** What every mutation gives anew (LAMBDA.md C1.12), for one that is no change of code or settings. */
  revised(record: FunctionRecord): FunctionRecord {
    return { ...record, revisionId: this.newId() };
  }

  stamp(): Stamp {
    return { revisionId: this.newId(), epochMs: this.#clock.epochMs() };
  }

  #indexUrls(deployed: DeployedFunction, before: FunctionFacts['urls'] = {}, after: FunctionFacts['urls'] = {}): void {
    for (const { urlId } of Object.values(before)) this.#urls.delete(urlId);
    for (const [qualifier, { urlId }] of Object.entries(after)) this.#urls.set(urlId, { deployed, qualifier });
  }

  /** @throws EngineError EngineClosed */
  assertOpen(): void {
    if (this.isClosed) throw new EngineError('EngineClosed', 'The engine is closed.');
  }
}
