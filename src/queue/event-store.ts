/** What is kept of asynchronous invocations, and the port to where it is kept. `store/` implements it on SQLite. Data only. */

/** Beside the event: what an invocation was sent with. The texts are the ones that the guest gets. */
export interface EventDetails {
  readonly clientContextJson?: string;
  readonly cognitoIdentityJson?: string;
  readonly traceId?: string;
}

export interface NewEvent {
  readonly queueId: number;
  readonly requestId: string;
  /** Undefined: the client named none. */
  readonly qualifier: string | undefined;
  readonly acceptedMs: number;
  /** Functions that were before it in a chain of destinations. */
  readonly hops: number;
  readonly details: EventDetails;
  readonly payload: Uint8Array;
}

/** An event without its payload. Times are milliseconds since the epoch. */
export interface WaitingEvent {
  readonly eventId: number;
  readonly requestId: string;
  readonly qualifier: string | undefined;
  readonly acceptedMs: number;
  readonly dueMs: number;
  /** Deliveries that were begun, with those that a killed host did not see the end of. */
  readonly attempts: number;
  /** Those that ended in an error of the function. */
  readonly failures: number;
  /** Those in a row that ended in a failure that was not the function's. */
  readonly setbacks: number;
  readonly hops: number;
  readonly bytes: number;
}

export interface PostponedEvent extends Pick<WaitingEvent, 'eventId' | 'dueMs' | 'attempts' | 'failures' | 'setbacks'> {
  readonly queueId: number;
}

/** How an asynchronous invocation ended, for a destination (LAMBDA.md D1.9). */
export type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency';

/** Something to be told to a destination or a dead-letter target. */
export interface NewRecord {
  /** ARN. */
  readonly target: string;
  readonly functionName: string;
  readonly requestId: string;
  readonly createdMs: number;
  readonly head: RecordHead;
  readonly body: Uint8Array;
}

/** What of a record is not its body. */
export type RecordHead =
  | { readonly kind: 'destination'; readonly condition: Condition; readonly source: string; readonly hops: number }
  | { readonly kind: 'dead-letter'; readonly errorMessage: string; readonly hops: number };

export interface WaitingRecord extends NewRecord {
  readonly recordId: number;
  readonly failures: number;
}

export interface EndedEvent {
  readonly queueId: number;
  readonly eventId: number;
  readonly bytes: number;
  /** Written with its end, or not at all. */
  readonly records: readonly NewRecord[];
}

/** Changes that are made together or not at all. */
export interface EventChanges {
  readonly accepted: readonly NewEvent[];
  readonly postponed: readonly PostponedEvent[];
  readonly ended: readonly EndedEvent[];
  readonly recordsPostponed: readonly {
    readonly recordId: number;
    readonly failures: number;
    readonly dueMs: number;
  }[];
  readonly recordsDone: readonly number[];
  /** Of what is no event of a queue. */
  readonly recordsNew: readonly NewRecord[];
}

export interface QueueSummary {
  readonly queueId: number;
  readonly functionName: string;
  readonly events: number;
  readonly bytes: number;
}

/** Synchronous but for `synced`. Every call is all or nothing. */
export interface EventStore {
  /** Those of functions that are, with how much waits or is under way. */
  queues(): readonly QueueSummary[];
  /** Its function was deleted: nothing of it is delivered any more. */
  retire(queueId: number): void;
  /** Queues of functions that were deleted, which are not empty yet. */
  retired(): readonly number[];
  /** Removes events of a retired queue of which nothing is under way, at most so many, and in the end itself. True: there are more. */
  purge(queueId: number, eventsMax: number): boolean;
  openQueue(functionName: string): number;

  /** What may be delivered now, in its order. */
  due(queueId: number, nowMs: number, eventsMax: number): readonly WaitingEvent[];
  /** When the first one is due that is not due by `afterMs`; undefined when there is none. */
  nextDueMs(queueId: number, afterMs: number): number | undefined;
  /** Their next delivery is under way from now on, also for whoever starts after this process was killed. */
  begin(eventIds: readonly number[]): void;
  content(eventId: number): { readonly details: EventDetails; readonly payload: Uint8Array };
  /** When the oldest event that is there was accepted. */
  oldestMs(): number | undefined;

  /** Targets that records wait for, and when the next one is due. */
  targets(): readonly { readonly target: string; readonly dueMs: number }[];
  dueRecords(target: string, nowMs: number, recordsMax: number): readonly WaitingRecord[];
  /** When the next one is due. */
  nextRecordMs(target: string): number | undefined;

  /** Outlives the process when it returns. */
  write(changes: EventChanges): void;
  /** What was written until now outlives a power cut when it resolves. */
  synced(): Promise<void>;
  close(): void;
}
