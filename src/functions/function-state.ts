/**
 * The life of a function as clients see it (LAMBDA.md C3.3, C3.8, C3.24), and the record that shows it. Pure: times and ids
 * are given.
 */
import { invariant } from '../base/invariant.ts';
import { EngineError } from '../model/errors.ts';
import type { FunctionConfiguration, FunctionRecord } from '../model/function-configuration.ts';
import type { CodePack } from './prepared-code.ts';

/** `updating`: the version before the update still answers. `failed`: there has never been a version that could. */
export type FunctionPhase = 'creating' | 'ready' | 'updating' | 'failed';
export type FunctionEvent = 'changed' | 'prepared' | 'refused';

export function transition(phase: FunctionPhase, event: FunctionEvent): FunctionPhase {
  switch (phase) {
    case 'creating':
      if (event === 'prepared') return 'ready';
      if (event === 'refused') return 'failed';
      break;
    case 'ready':
      if (event === 'changed') return 'updating';
      break;
    case 'updating':
      // A refused update leaves what was there before.
      if (event === 'prepared' || event === 'refused') return 'ready';
      break;
    case 'failed':
      if (event === 'changed') return 'creating';
      break;
    default:
      return phase satisfies never;
  }
  invariant(false, `a function that is ${phase} cannot be ${event}`);
}

/** What every mutation gives anew (C1.12). */
export interface Stamp {
  readonly revisionId: string;
  readonly epochMs: number;
}

/** Who names a revision changes that one or nothing (C3.14). @throws EngineError PreconditionFailedException */
export function assertRevision(asked: string | undefined, latest: string): void {
  if (asked === undefined || asked === latest) return;
  throw new EngineError(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. ' +
      'Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
  );
}

/** C1.11: `2025-11-25T02:26:54.123+0000`. */
export function lastModified(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '+0000');
}

const creating = { reason: 'The function is being created.', reasonCode: 'Creating' } as const;
const restoring = { reason: 'The function is being restored.', reasonCode: 'Restoring' } as const;

export function pendingRecord(configuration: FunctionConfiguration, pack: CodePack, stamp: Stamp): FunctionRecord {
  return {
    ...identity(configuration, pack),
    revisionId: stamp.revisionId,
    lastModified: lastModified(stamp.epochMs),
    state: 'Pending',
    stateReason: creating.reason,
    stateReasonCode: creating.reasonCode,
  };
}

/** A function found in the data directory whose bundle has to be made anew. */
export function restoringRecord(record: FunctionRecord): FunctionRecord {
  return {
    ...bare(record),
    state: 'Pending',
    stateReason: restoring.reason,
    stateReasonCode: restoring.reasonCode,
  };
}

export function updatingRecord(configuration: FunctionConfiguration, pack: CodePack, stamp: Stamp): FunctionRecord {
  return {
    ...identity(configuration, pack),
    revisionId: stamp.revisionId,
    lastModified: lastModified(stamp.epochMs),
    state: 'Active',
    lastUpdateStatus: 'InProgress',
    // AWS says the same of an update as of a creation (C3.8).
    lastUpdateStatusReason: creating.reason,
    lastUpdateStatusReasonCode: creating.reasonCode,
  };
}

/** The background transition gives a new revision, too, but is no modification (C1.12). */
export function activeRecord(record: FunctionRecord, revisionId: string): FunctionRecord {
  return { ...bare(record), revisionId, state: 'Active', lastUpdateStatus: 'Successful' };
}

export function failedRecord(record: FunctionRecord, revisionId: string, reason: string): FunctionRecord {
  return { ...bare(record), revisionId, state: 'Failed', stateReason: reason, stateReasonCode: 'InternalError' };
}

/** `before`: the record of the version that goes on answering. */
export function updateFailedRecord(before: FunctionRecord, revisionId: string, reason: string): FunctionRecord {
  return {
    ...bare(before),
    revisionId,
    state: 'Active',
    lastUpdateStatus: 'Failed',
    lastUpdateStatusReason: reason,
    lastUpdateStatusReasonCode: 'InternalError',
  };
}

function identity(configuration: FunctionConfiguration, pack: CodePack) {
  return { configuration, version: '$LATEST', codeSha256: pack.codeSha256, codeBytes: pack.codeBytes };
}

/** The record without what belongs to a state. */
function bare(record: FunctionRecord) {
  const { configuration, version, codeSha256, codeBytes, revisionId, lastModified } = record;
  return { configuration, version, codeSha256, codeBytes, revisionId, lastModified };
}
