/**
 * One function of a registry: the record and package of `$LATEST`, the version of it that answers, and what was published.
 * Decides what it may be asked; does nothing itself.
 */
import { EngineError } from '../model/errors.ts';
import { type FunctionRecord, functionArn } from '../model/function-configuration.ts';
import type { FunctionFacts } from '../model/function-facts.ts';
import type { NetworkCredentials } from '../model/network-credentials.ts';
import type { Preparation } from './code-preparer.ts';
import type { DeployedAlias } from './deployed-alias.ts';
import { assertRevision, type FunctionPhase } from './function-state.ts';
import type { StoredFunction } from './function-store.ts';
import type { CodePack, PreparedCode } from './prepared-code.ts';
import type { PublishedVersion } from './published-version.ts';
import type { DeployedVersion } from './registry.ts';
import { versionKey } from './version-key.ts';

/** A version that answers, with what it takes to go back to it. */
export interface ActiveVersion {
  readonly deployed: DeployedVersion;
  readonly record: FunctionRecord;
  readonly preparation: Preparation;
}

export class DeployedFunction {
  /** Tells a function from another that had its name before. */
  readonly creationId: string;
  record: FunctionRecord;
  pack: CodePack;
  facts: FunctionFacts;
  phase: FunctionPhase;
  /** Published versions, rising, and aliases, by the qualifier that names them. */
  readonly named = new Map<string, PublishedVersion | DeployedAlias>();
  /** Published with the mutation that is under way. */
  publishing: PublishedVersion | undefined;
  active: ActiveVersion | undefined;
  /** Of the record's network settings. */
  networkCredentials: NetworkCredentials | undefined;
  /** A mutation has begun and not yet come to its new record: code is being read. */
  isTaken = false;
  /** Settles, and never rejects, when the last mutation is done. */
  mutation: Promise<void> = Promise.resolve();

  constructor(creationId: string, { record, pack, facts }: StoredFunction, phase: FunctionPhase) {
    this.creationId = creationId;
    this.record = record;
    this.pack = pack;
    this.facts = facts;
    this.phase = phase;
  }

  get functionName(): string {
    return this.record.configuration.functionName;
  }

  *versions(): Generator<PublishedVersion> {
    for (const each of this.named.values()) if (each.kind === 'version') yield each;
  }

  *aliases(): Generator<DeployedAlias> {
    for (const each of this.named.values()) if (each.kind === 'alias') yield each;
  }

  /** @throws EngineError ResourceConflictException (LAMBDA.md C3.9), PreconditionFailedException (C3.14) */
  assertChangeable(revisionId: string | undefined): void {
    if (this.isTaken || this.phase === 'updating') {
      throw new EngineError(
        'ResourceConflictException',
        `The operation cannot be performed at this time. An update is in progress for resource: ${functionArn(this.functionName)}`,
      );
    }
    if (this.phase === 'creating') throw inState(this.record);
    assertRevision(revisionId, this.record.revisionId);
  }

  /** @throws EngineError ResourceConflictException */
  answering(): DeployedVersion {
    if (this.active === undefined) throw inState(this.record);
    return this.active.deployed;
  }
}

/** C3.9. */
export function inState({ state }: FunctionRecord): EngineError {
  return new EngineError(
    'ResourceConflictException',
    `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
  );
}

export function activeVersion(
  creationId: string,
  record: FunctionRecord,
  pack: CodePack,
  preparation: Preparation,
  networkCredentials: NetworkCredentials | undefined,
): ActiveVersion {
  const { configuration, version, codeSha256 } = record;
  const key = versionKey(
    configuration,
    version,
    codeSha256,
    creationId,
    networkCredentials?.id,
    pack.layers?.codeSha256,
  );
  const code = preparedCode(key, pack, preparation);
  const deployed = { configuration, version, code, ...(networkCredentials !== undefined && { networkCredentials }) };
  return { deployed, record, preparation };
}

function preparedCode(key: string, pack: CodePack, preparation: Preparation): PreparedCode {
  const { entry, problem, bundle, sourceMap } = preparation;
  const common = { versionKey: key, entry, pack, ...(problem === undefined ? {} : { problem }) };
  if (bundle === undefined || sourceMap === undefined) return common;
  return {
    ...common,
    get bundle() {
      return bundle.read();
    },
    get sourceMap() {
      return sourceMap.read();
    },
  };
}
