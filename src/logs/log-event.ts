/** What is kept of a function's output, and how it is asked for, in the terms of CloudWatch Logs. Data only. */

export interface LogEvent {
  /** Milliseconds since the epoch, when the engine received it. Never falls within a stream. */
  readonly timestamp: number;
  /** As the function or the platform wrote it, with its newline. */
  readonly message: string;
  readonly logStream: string;
  /** Unique in its group, 56 digits, rising with the time. */
  readonly eventId: string;
}

export interface LogGroupSummary {
  readonly logGroup: string;
  readonly createdMs: number;
  /** Absent: as long as the engine keeps any. */
  readonly retentionDays?: number;
  readonly storedBytes: number;
}

export interface LogStreamSummary {
  readonly logStream: string;
  readonly createdMs: number;
  readonly firstEventMs?: number;
  readonly lastEventMs?: number;
  readonly storedBytes: number;
}

/** Where events are looked for, and which. */
export interface LogFilter {
  readonly logGroup: string;
  /** Only these; not together with a prefix. */
  readonly logStreams?: readonly string[];
  readonly logStreamPrefix?: string;
  /** From this time on, and before that one. */
  readonly startMs?: number;
  readonly endMs?: number;
  /** As CloudWatch Logs writes patterns (docs/logs.md). */
  readonly pattern?: string;
}

export interface LogPageInput extends LogFilter {
  readonly limit?: number;
  /** `nextToken` of the page before. */
  readonly nextToken?: string;
}

export interface LogPage {
  /** By time, of all streams. May be empty although there is more: a page looks through so many bytes at most. */
  readonly events: readonly LogEvent[];
  readonly nextToken?: string;
}

export interface LogStreamPageInput {
  readonly logGroup: string;
  readonly logStream: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly limit?: number;
  /** Which end to begin at when there is no token. */
  readonly from?: 'head' | 'tail';
  readonly nextToken?: string;
}

export interface LogStreamPage {
  readonly events: readonly LogEvent[];
  /** The same as was given when there is nothing further in that direction. */
  readonly forwardToken: string;
  readonly backwardToken: string;
}

export interface LogTailInput extends LogFilter {
  /** Ends the tail. */
  readonly signal?: AbortSignal;
}

export interface NamePageInput {
  readonly prefix?: string;
  readonly limit?: number;
  readonly nextToken?: string;
}

/** How many events were not kept. */
export interface LogLoss {
  readonly events: number;
  readonly bytes: number;
  readonly reason: string;
}
