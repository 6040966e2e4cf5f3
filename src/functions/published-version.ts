/**
 * A published version of a function: never changed, its code prepared when somebody first invokes it. After a restart nothing of
 * it but its number is in memory until somebody asks.
 */
import { createHash } from 'node:crypto';
import { invariant } from '../base/invariant.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import type { NetworkCredentials } from '../model/network-credentials.ts';
import type { ActiveVersion } from './deployed-function.ts';
import { lastModified, type Stamp } from './function-state.ts';
import type { FunctionStore, StoredVersion } from './function-store.ts';
import type { CodePack } from './prepared-code.ts';
import type { DeployedVersion } from './registry.ts';

export class PublishedVersion {
  readonly kind = 'version';
  readonly version: string;
  readonly #read: () => StoredVersion;
  #stored: StoredVersion | undefined;
  /** Published with an update whose code is still being prepared. */
  isPending = false;
  active: ActiveVersion | undefined;
  /** Its code is being prepared again, because the bundle that was made once is gone or outdated. */
  preparing: Promise<DeployedVersion> | undefined;
  /** Of its network settings; not kept across restarts. */
  networkCredentials: NetworkCredentials | undefined;

  private constructor(version: string, read: () => StoredVersion, stored?: StoredVersion) {
    this.version = version;
    this.#read = read;
    this.#stored = stored;
  }

  static of(stored: StoredVersion): PublishedVersion {
    return new PublishedVersion(stored.record.version, () => stored, stored);
  }

  static kept(store: FunctionStore, functionName: string, version: string): PublishedVersion {
    return new PublishedVersion(version, () => {
      const stored = store.loadVersion(functionName, version);
      invariant(stored, 'a version is kept until it is deleted');
      return stored;
    });
  }

  get stored(): StoredVersion {
    this.#stored ??= this.#read();
    return this.#stored;
  }

  get pack(): CodePack {
    return this.stored.pack;
  }

  /** As clients see it. */
  get record(): FunctionRecord {
    const { record } = this.stored;
    if (!this.isPending) return record;
    const { lastUpdateStatus: _, ...pending } = record;
    const stateReason = 'The function is being created.';
    return { ...pending, state: 'Pending', stateReason, stateReasonCode: 'Creating' };
  }

  /** Another revision or state; nothing else of a version can change. */
  replaceRecord(record: FunctionRecord): StoredVersion {
    this.#stored = { ...this.stored, record };
    return this.#stored;
  }
}

/** What becomes of `$LATEST` when it is published as it is. */
export function publishedRecord(
  latest: FunctionRecord,
  version: string,
  { revisionId, epochMs }: Stamp,
  description: string | undefined,
): FunctionRecord {
  const { configuration, codeSha256, codeBytes } = latest;
  return {
    configuration: description === undefined ? configuration : Object.freeze({ ...configuration, description }),
    version,
    codeSha256,
    codeBytes,
    revisionId,
    lastModified: lastModified(epochMs),
    state: 'Active',
    lastUpdateStatus: 'Successful',
  };
}

/** The same for the same code and settings. Tags belong to the function, not to a version (LAMBDA.md C3.16). */
export function publishedFrom({ configuration }: FunctionRecord, pack: CodePack): string {
  const { tags: _, ...settings } = configuration;
  const seen = [settings, pack.codeSha256, pack.layers?.codeSha256];
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 32);
}
