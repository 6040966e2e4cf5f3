/**
 * The published versions of functions: publishing, finding the code to run, deleting (LAMBDA.md C3.15 to C3.17). What `$LATEST` is
 * doing meanwhile is the registry's business.
 */
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import { limits } from '../model/limits.ts';
import { Constraints } from '../model/validation.ts';
import type { CodePreparer, Preparation } from './code-preparer.ts';
import type { CodeStore } from './code-store.ts';
import { activeVersion, type DeployedFunction, inState } from './deployed-function.ts';
import type { StoredVersion } from './function-store.ts';
import type { FunctionTable } from './function-table.ts';
import { page } from './page.ts';
import type { CodePack } from './prepared-code.ts';
import { PublishedVersion, publishedFrom, publishedRecord } from './published-version.ts';
import type { DeployedVersion, FunctionRegistry, PublishVersionInput } from './registry.ts';

export class Versions {
  readonly #table: FunctionTable;
  readonly #code: CodeStore;
  readonly #preparer: CodePreparer;

  constructor(table: FunctionTable, code: CodeStore, preparer: CodePreparer) {
    this.#table = table;
    this.#code = code;
    this.#preparer = preparer;
  }

  publish({ functionName, codeSha256, revisionId, description }: PublishVersionInput): FunctionRecord {
    if (description !== undefined) {
      const constraints = new Constraints();
      constraints.text(description, 'description', { lengthMax: limits.descriptionLengthMax });
      constraints.throwIfViolated();
    }
    this.#table.assertOpen();
    const latest = this.#table.named(functionName);
    latest.assertChangeable(revisionId);
    const { active } = latest;
    if (active === undefined) throw inState(latest.record);
    if (codeSha256 !== undefined && codeSha256 !== latest.record.codeSha256) {
      throw new EngineError(
        'InvalidParameterValueException',
        `CodeSHA256 (${codeSha256}) is different from current CodeSHA256 in $LATEST (${latest.record.codeSha256}). ` +
          'Please try again with the CodeSHA256 in $LATEST.',
      );
    }
    const same = this.unchanged(latest, latest.record, latest.pack);
    if (same !== undefined) return same.record;

    const stored = this.next(latest, latest.record, latest.pack, description);
    // Publishing gives $LATEST another revision, too (recorded from AWS).
    const record = this.#table.revised(latest.record);
    const facts = { ...latest.facts, lastVersion: Number(stored.record.version) };
    this.#table.store.save({ record, pack: latest.pack, facts }, stored);
    latest.record = record;
    latest.facts = facts;
    latest.active = { ...active, record };
    const published = this.add(latest, stored);
    this.activate(latest, published, active.preparation);
    return published.record;
  }

  /** The version published last, if `$LATEST` with this record and pack would be the same again. */
  unchanged(latest: DeployedFunction, record: FunctionRecord, pack: CodePack): PublishedVersion | undefined {
    const last = latest.named.get(String(latest.facts.lastVersion));
    if (last?.kind !== 'version') return undefined;
    return last.stored.publishedFrom === publishedFrom(record, pack) ? last : undefined;
  }

  /** What is to be kept of the next version. */
  next(latest: DeployedFunction, record: FunctionRecord, pack: CodePack, description?: string): StoredVersion {
    const version = String(latest.facts.lastVersion + 1);
    return {
      record: publishedRecord(record, version, this.#table.stamp(), description),
      pack,
      publishedFrom: publishedFrom(record, pack),
    };
  }

  add(latest: DeployedFunction, stored: StoredVersion): PublishedVersion {
    const published = PublishedVersion.of(stored);
    published.networkCredentials = latest.networkCredentials;
    latest.named.set(published.version, published);
    return published;
  }

  activate({ creationId }: DeployedFunction, published: PublishedVersion, preparation: Preparation): DeployedVersion {
    const { record, pack } = published.stored;
    published.isPending = false;
    published.active = activeVersion(creationId, record, pack, preparation, published.networkCredentials);
    return published.active.deployed;
  }

  /** Its code cannot be prepared: it stays, and says why. */
  refuse(published: PublishedVersion, reason: string): void {
    published.isPending = false;
    const { lastUpdateStatus: _, ...record } = published.stored.record;
    const failed = { state: 'Failed', stateReason: reason, stateReasonCode: 'InternalError' } as const;
    this.#table.store.saveVersion(published.replaceRecord({ ...record, ...failed }));
  }

  /** @throws EngineError ResourceConflictException */
  answering(found: DeployedFunction, published: PublishedVersion): DeployedVersion | Promise<DeployedVersion> {
    if (published.active !== undefined) return published.active.deployed;
    const { record } = published;
    if (record.state !== 'Active') throw inState(record);
    const { handler, runtime } = record.configuration;
    const preparation = this.#preparer.prepared(published.pack, handler, runtime);
    if (preparation !== undefined) return this.activate(found, published, preparation);
    published.preparing ??= this.#prepareAgain(found, published);
    return published.preparing;
  }

  list(input: Parameters<FunctionRegistry['listVersions']>[0]): ReturnType<FunctionRegistry['listVersions']> {
    const found = this.#table.named(input.functionName);
    const { items, nextMarker } = page(
      input,
      ['$LATEST', ...[...found.versions()].map(({ version }) => version)],
      (version) => version,
      (version, marked) => order(version) > order(marked),
    );
    // Only those of this part are read.
    const versions = items.map((version) => this.recordOf(found, version));
    return { versions, ...(nextMarker !== undefined && { nextMarker }) };
  }

  recordOf(found: DeployedFunction, version: string): FunctionRecord {
    const named = found.named.get(version);
    return named?.kind === 'version' ? named.record : found.record;
  }

  /** Harmless for one that does not exist. @throws EngineError ResourceConflictException: an alias stands for it */
  remove(found: DeployedFunction, version: string): void {
    if (found.named.get(version)?.kind !== 'version') return;
    const aliases = [...found.aliases()].filter(
      ({ main, other }) => main?.version === version || other?.version.version === version,
    );
    if (aliases.length > 0) {
      const names = aliases.map(({ alias }) => alias.name).join(', ');
      throw new EngineError(
        'ResourceConflictException',
        `Unable to delete version because the following aliases reference it: [${names}]`,
      );
    }
    this.#table.store.removeVersion(found.functionName, version);
    found.named.delete(version);
    this.#table.forgetQualifier(found, version);
  }

  /** Several invocations that come meanwhile wait for the same. */
  async #prepareAgain(found: DeployedFunction, published: PublishedVersion): Promise<DeployedVersion> {
    const { configuration, version } = published.record;
    const { functionName, handler, runtime } = configuration;
    try {
      if (!this.#code.holds(published.pack)) throw new Error('it is missing from the data directory');
      return this.activate(found, published, await this.#preparer.prepare(published.pack, handler, runtime));
    } catch (error) {
      // Of the disk, or of a bundler that was updated: the next invocation tries again.
      const reason = errorMessage(error);
      const message = `The code of version ${version} of ${functionName} could not be prepared: ${reason}.`;
      throw new EngineError('ServiceException', message, { cause: error });
    } finally {
      published.preparing = undefined;
    }
  }
}

function order(version: string): number {
  return version === '$LATEST' ? 0 : Number(version);
}
