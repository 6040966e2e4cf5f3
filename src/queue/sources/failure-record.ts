/** What a failure destination is told of records that were given up (LAMBDA.md D3.7, D3.8). Their data is not part of it. */

export type GiveUpCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** The last answer to the batch. Absent in records that grew too old. */
export interface LastAnswer {
  readonly statusCode: number;
  readonly executedVersion: string;
  /** null: the function answered, and named records that failed. */
  readonly functionError: string | null;
}

export interface FailureInput {
  readonly requestId: string;
  readonly functionArn: string;
  readonly condition: GiveUpCondition;
  readonly invocations: number;
  readonly answer: LastAnswer | undefined;
  readonly epochMs: number;
  readonly batchInfoName: string;
  readonly shardId: string;
  readonly streamArn: string;
  readonly records: readonly { readonly sequence: string; readonly arrivedAtMs: number }[];
}

export function failureRecord(input: FailureInput): Readonly<Record<string, unknown>> {
  const { requestId, functionArn, condition, invocations, answer, epochMs, batchInfoName, records } = input;
  const first = records[0];
  const last = records.at(-1);
  return {
    requestContext: {
      requestId,
      functionArn,
      condition,
      approximateInvokeCount: invocations,
    },
    ...(answer !== undefined && { responseContext: answer }),
    version: '1.0',
    timestamp: iso(epochMs),
    [batchInfoName]: {
      shardId: input.shardId,
      startSequenceNumber: first?.sequence,
      endSequenceNumber: last?.sequence,
      approximateArrivalOfFirstRecord: iso(first?.arrivedAtMs ?? epochMs),
      approximateArrivalOfLastRecord: iso(last?.arrivedAtMs ?? epochMs),
      batchSize: records.length,
      streamArn: input.streamArn,
    },
  };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
