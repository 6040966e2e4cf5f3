/** A mapping from a stream to a function, as clients made it: every default filled in, every value checked (LAMBDA.md D2.2, D2.4). */
export interface EventSourceMapping {
  readonly uuid: string;
  readonly eventSourceArn: string;
  readonly functionName: string;
  /** Absent: `$LATEST`, by the unqualified ARN. */
  readonly qualifier?: string;
  readonly enabled: boolean;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';
  /** Seconds since the epoch; with AT_TIMESTAMP. */
  readonly startingPositionTimestamp?: number;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly parallelizationFactor: number;
  /** -1: no maximum, as in the next two. */
  readonly retryAttemptsMax: number;
  readonly recordAgeSecondsMax: number;
  readonly bisectsOnError: boolean;
  readonly reportsItemFailures: boolean;
  /** ARN of where records go that are given up. */
  readonly onFailure?: string;
  /** Texts of patterns; a record that matches none of them is left out. Empty: there are no filters. */
  readonly filters: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly lastModifiedMs: number;
}

/** LAMBDA.md D2.2. What ends in -ing is under way. */
export type MappingState = 'Creating' | 'Enabling' | 'Enabled' | 'Disabling' | 'Disabled' | 'Updating' | 'Deleting';

/** A mapping and what it is doing. */
export interface MappingDescription {
  readonly mapping: EventSourceMapping;
  readonly state: MappingState;
  /** `No records processed`, `OK`, `PROBLEM: ...` (D2.3). */
  readonly lastProcessingResult: string;
}
