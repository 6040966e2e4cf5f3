/**
 * What a function's answer says about the records of its batch, for mappings with ReportBatchItemFailures (LAMBDA.md D3.5, D3.6).
 * A guest wrote it: its size is bounded before it is parsed, and of what was parsed only two members are read.
 */
import { limits } from '../../model/limits.ts';

export type BatchAnswer =
  | { readonly type: 'all-handled' }
  /** The first record of the batch that failed; those before it are done. */
  | { readonly type: 'failed-from'; readonly index: number }
  | { readonly type: 'all-failed' };

const allHandled: BatchAnswer = { type: 'all-handled' };
const allFailed: BatchAnswer = { type: 'all-failed' };

/** @param sequences of the batch, in order */
export function batchAnswer(payload: Uint8Array, sequences: readonly string[]): BatchAnswer {
  if (payload.byteLength === 0) return allHandled;
  if (payload.byteLength > limits.batchAnswerBytesMax) return allFailed;
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'));
  } catch {
    // JSON.parse throws a SyntaxError and nothing else; who answers with something else has not understood the contract.
    return allFailed;
  }
  if (answer === null || answer === '') return allHandled;
  if (Array.isArray(answer)) return answer.length === 0 ? allHandled : allFailed;
  if (typeof answer !== 'object') return allFailed;
  const failures = own(answer, 'batchItemFailures');
  if (failures === undefined || failures === null) return allHandled;
  if (!Array.isArray(failures)) return allFailed;

  const indexOf = new Map(sequences.map((sequence, index) => [sequence, index]));
  let first: number | undefined;
  for (const failure of failures) {
    const identifier = typeof failure === 'object' && failure !== null ? own(failure, 'itemIdentifier') : undefined;
    const index = typeof identifier === 'string' ? indexOf.get(identifier) : undefined;
    // One that names no record of this batch makes the whole answer worthless.
    if (index === undefined) return allFailed;
    first = Math.min(index, first ?? index);
  }
  return first === undefined ? allHandled : { type: 'failed-from', index: first };
}

function own(value: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
