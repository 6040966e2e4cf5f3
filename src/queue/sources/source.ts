/**
 * What an ordered stream is to an event source mapping: shards that are read from a position on, and the form of its records in
 * an event. A source keeps no position of its own and knows no functions; the pollers beside this file do the rest: batches,
 * retries, checkpoints, filters.
 */

/** Where a mapping begins to read a shard that it has not read yet. */
export type StartingPosition =
  | { readonly type: 'trim-horizon' }
  | { readonly type: 'latest' }
  | { readonly type: 'at-timestamp'; readonly epochMs: number };

/** One ordered part of a stream. Records of one partition key are all in the same one. */
export interface Shard {
  /** Unique in its stream for ever; part of checkpoints and, for functions, of event ids. */
  readonly shardId: string;
}

export interface SourceRecord {
  /** Unique in its shard; identifies the record to functions (`itemIdentifier`) and is a position to go on after. */
  readonly sequence: string;
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** Milliseconds since the epoch, as the source tells it. */
  readonly arrivedAtMs: number;
}

export interface ReadRequest {
  readonly shardId: string;
  /** Read what comes after it: the sequence of a record, also of one that is gone meanwhile, or what `locate` or a read answered. */
  readonly after: string;
  readonly recordsMax: number;
  /** Of data in all. A first record that is larger is read alone. */
  readonly bytesMax: number;
  /** How long to wait for a first record when there is none. 0: not at all. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

export interface ReadAnswer {
  /** In order. None: nothing came within `waitMs`. */
  readonly records: readonly SourceRecord[];
  /** Where to read on: what came before it needs no reading again. Without records it may still have moved. */
  readonly after: string;
  /** The shard is closed, and these are its last records. */
  readonly isEnded: boolean;
}

/** For the event that a function gets. */
export interface RecordContext {
  readonly shardId: string;
  /** The function's role (`invokeIdentityArn`). */
  readonly role: string;
}

/**
 * An open stream. Everything that can wait ends early with the signal's reason when the signal is aborted, and rejects with a
 * SourceError for what can go wrong with the source.
 */
export interface EventSource extends AsyncDisposable {
  readonly arn: string;
  /** The member of failure records that describes the batch (LAMBDA.md D3.7): `KinesisBatchInfo`. */
  readonly batchInfoName: string;
  /** Those of now. A shard that has ended and of which no record is left may be missing. */
  shards(signal: AbortSignal): Promise<readonly Shard[]>;
  /**
   * The position that a reader begins at. `latest` is fixed by this call: a record that is put after it was answered is read.
   */
  locate(shardId: string, position: StartingPosition, signal: AbortSignal): Promise<string>;
  /** At most one at a time for each shard. */
  read(request: ReadRequest): Promise<ReadAnswer>;
  /** JSON text of the member of `Records` (D3.11). */
  eventRecord(record: SourceRecord, context: RecordContext): string;
  /**
   * What filter patterns are matched against (D2.6): the names that AWS offers for such a source, with `data` parsed if it is JSON.
   * Data comes from anyone: it may be anything.
   */
  filterSubject(record: SourceRecord): unknown;
  /** Which of two positions of one shard comes first: negative, zero or positive. */
  compare(one: string, other: string): number;
  /** Records older than that are no longer in the stream. Undefined: it is not known. */
  retentionMs(): number | undefined;
}

/** A kind of source, and the names that it answers to. */
export interface SourceKind {
  /** `kinesis`, `redis`; for messages. */
  readonly name: string;
  /** Whether an `EventSourceArn` is one of its. */
  accepts(arn: string): boolean;
  /**
   * Opens the stream. For a mapping that is being created this decides whether it is accepted.
   * @throws SourceError; a final one's message is what the client is told, for example `Stream not found: <arn>`
   */
  open(arn: string, signal: AbortSignal): Promise<EventSource>;
}

/** `temporary`: worth another try soon. `final`: nothing will change unless somebody does something; tried again rarely. */
export type SourceFault = 'temporary' | 'final';

export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly fault: SourceFault;

  constructor(fault: SourceFault, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.fault = fault;
  }
}
