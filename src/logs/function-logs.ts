/** The logs of an engine's functions, as embedders and the API ask for them (docs/logs.md). */
import type {
  LogEvent,
  LogGroupSummary,
  LogPage,
  LogPageInput,
  LogStreamPage,
  LogStreamPageInput,
  LogStreamSummary,
  LogTailInput,
  NamePageInput,
} from './log-event.ts';

export interface FunctionLogs {
  /** Sorted by name. */
  groups(input?: NamePageInput): Promise<{ readonly groups: readonly LogGroupSummary[]; readonly nextToken?: string }>;
  /** Sorted by name, or the one with the latest event first. @throws EngineError ResourceNotFoundException */
  streams(
    input: NamePageInput & {
      readonly logGroup: string;
      readonly order?: 'name' | 'latest' | 'name-descending' | 'earliest';
    },
  ): Promise<{ readonly streams: readonly LogStreamSummary[]; readonly nextToken?: string }>;
  /** Of one stream. @throws EngineError ResourceNotFoundException */
  events(input: LogStreamPageInput): Promise<LogStreamPage>;
  /**
   * Of all streams of a group, by time. A page may be empty and have a token: go on until there is none.
   * @throws EngineError ResourceNotFoundException, InvalidParameterValueException
   */
  filter(input: LogPageInput): Promise<LogPage>;
  /**
   * What is kept from `startMs` on (default: now), then what comes, until the signal aborts. The group need not exist yet.
   *
   * @example
   * for await (const { message } of engine.logs.tail({ logGroup: '/aws/lambda/greet' })) process.stdout.write(message);
   */
  tail(input: LogTailInput): AsyncIterable<LogEvent>;
  /** @throws EngineError ResourceConflictException when it exists */
  createGroup(logGroup: string, tags?: Readonly<Record<string, string>>): Promise<void>;
  deleteGroup(logGroup: string): Promise<void>;
  deleteStream(logGroup: string, logStream: string): Promise<void>;
  /** `days` undefined: as long as the engine keeps any. */
  putRetention(logGroup: string, days: number | undefined): Promise<void>;
  tags(logGroup: string): Promise<Readonly<Record<string, string>>>;
  putTags(logGroup: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Events that were not kept because the disk did not take them. */
  readonly lostEvents: number;
  /** Of all that is kept. */
  readonly storedBytes: number;
}
