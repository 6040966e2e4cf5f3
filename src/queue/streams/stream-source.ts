/** The engine's own streams as a source of event source mappings, with the events of Kinesis (LAMBDA.md D3.11). */
import { EngineError } from '../../model/errors.ts';
import { region } from '../../model/function-configuration.ts';
import {
  type EventSource,
  type ReadAnswer,
  type ReadRequest,
  type RecordContext,
  type Shard,
  SourceError,
  type SourceKind,
  type SourceRecord,
  type StartingPosition,
} from '../sources/source.ts';
import { parseSequenceNumber, sequenceNumber } from './sequence-number.ts';
import { type Streams, streamArn } from './stream-log.ts';

const hourMs = 3_600_000;

export function streamSourceKind(streams: Streams): SourceKind {
  return {
    name: 'kinesis',
    accepts: (arn) => streamNameIn(arn) !== undefined || /^arn:[^:]*:kinesis:/.test(arn),
    async open(arn) {
      const streamName = streamNameIn(arn);
      if (streamName === undefined || !streams.list().includes(streamName)) throw notFound(arn);
      return new StreamSource(streams, streamName);
    },
  };
}

/** Of this engine's region and account; others have no streams here. */
export function streamNameIn(arn: string): string | undefined {
  const streamName = arn.slice(arn.lastIndexOf('/') + 1);
  return arn === streamArn(streamName) ? streamName : undefined;
}

class StreamSource implements EventSource {
  readonly arn: string;
  readonly batchInfoName = 'KinesisBatchInfo';
  readonly #streams: Streams;
  readonly #streamName: string;

  constructor(streams: Streams, streamName: string) {
    this.#streams = streams;
    this.#streamName = streamName;
    this.arn = streamArn(streamName);
  }

  async shards(): Promise<readonly Shard[]> {
    return this.#attempt(() => this.#streams.describe(this.#streamName).shards);
  }

  async locate(shardId: string, position: StartingPosition): Promise<string> {
    return this.#attempt(() => {
      switch (position.type) {
        case 'trim-horizon':
          return sequenceNumber(0);
        case 'latest':
          return sequenceNumber(this.#streams.positionOf(this.#streamName, shardId, 'now'));
        case 'at-timestamp': {
          const { epochMs } = position;
          return sequenceNumber(this.#streams.positionOf(this.#streamName, shardId, { epochMs }));
        }
        default:
          return position satisfies never;
      }
    });
  }

  async read({ shardId, after, recordsMax, bytesMax, waitMs, signal }: ReadRequest): Promise<ReadAnswer> {
    const position = parseSequenceNumber(after);
    if (position === undefined) throw new SourceError('final', `${after} is no sequence number of ${this.arn}.`);
    const streamName = this.#streamName;
    const read = { streamName, shardId, after: position, recordsMax, bytesMax, waitMs, signal };
    const records = await this.#attempt(() => this.#streams.read(read));
    return {
      records: records.map((record) => ({
        sequence: sequenceNumber(record.position),
        partitionKey: record.partitionKey,
        data: record.data,
        arrivedAtMs: record.arrivedAtMs,
      })),
      after: sequenceNumber(records.at(-1)?.position ?? position),
      isEnded: false,
    };
  }

  eventRecord(record: SourceRecord, { shardId, role }: RecordContext): string {
    return JSON.stringify({
      kinesis: kinesisMembers(record, base64(record.data)),
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId}:${record.sequence}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: role,
      awsRegion: region,
      eventSourceARN: this.arn,
    });
  }

  filterSubject(record: SourceRecord): unknown {
    return kinesisMembers(record, parsed(record.data));
  }

  compare(one: string, other: string): number {
    return (parseSequenceNumber(one) ?? 0) - (parseSequenceNumber(other) ?? 0);
  }

  retentionMs(): number | undefined {
    try {
      return this.#streams.describe(this.#streamName).retentionHours * hourMs;
    } catch (error) {
      // It was deleted; the next read says so.
      if (!(error instanceof EngineError)) throw error;
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It holds nothing open.
  }

  async #attempt<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code === 'ResourceNotFoundException') throw notFound(this.arn, error);
      throw new SourceError('temporary', error.message, { cause: error });
    }
  }
}

function kinesisMembers({ partitionKey, sequence, arrivedAtMs }: SourceRecord, data: unknown) {
  return {
    kinesisSchemaVersion: '1.0',
    partitionKey,
    sequenceNumber: sequence,
    data,
    approximateArrivalTimestamp: arrivedAtMs / 1_000,
  };
}

function base64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}

/** JSON if it is, else the text. */
function parsed(data: Uint8Array): unknown {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse throws a SyntaxError and nothing else: filters see it as what it is.
    return text;
  }
}

function notFound(arn: string, cause?: unknown): SourceError {
  return new SourceError('final', `Stream not found: ${arn}`, { cause });
}
