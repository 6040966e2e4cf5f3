/**
 * The basic operations of Kinesis (`Kinesis_20131202`) on the engine's own streams. Streams are Active when they are made, are not
 * split or merged, and their iterators do not expire.
 */
import { EngineError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { notGiven } from '../../model/validation.ts';
import { parseSequenceNumber, sequenceNumber } from '../../queue/streams/sequence-number.ts';
import type { PutInput, StreamDescription, Streams } from '../../queue/streams/stream-log.ts';
import { streamNameIn } from '../../queue/streams/stream-source.ts';
import type { JsonReader } from '../json-reader.ts';
import type { TargetOperation, TargetService } from '../target-protocol.ts';

const createStream: TargetOperation = async ({ engine, body }) => {
  const isOnDemand = body.structure('StreamModeDetails')?.string('StreamMode') === 'ON_DEMAND';
  const shards = body.number('ShardCount') ?? (isOnDemand ? limits.streamShardsOnDemand : undefined);
  await engine.streams.create({ streamName: required(body, 'StreamName'), ...(shards !== undefined && { shards }) });
  return {};
};

const deleteStream: TargetOperation = async ({ engine, body }) => {
  await engine.streams.delete(streamOf(body));
  return {};
};

const describeStream: TargetOperation = async ({ engine, body }) => {
  const description = engine.streams.describe(streamOf(body));
  const first = firstShard(description, body.string('ExclusiveStartShardId'));
  const most = pageLimit(body.number('Limit'), limits.streamsPageMax);
  return {
    StreamDescription: {
      ...summaryOf(description),
      Shards: shardAnswers(description).slice(first, first + most),
      HasMoreShards: description.shards.length > first + most,
    },
  };
};

const describeStreamSummary: TargetOperation = async ({ engine, body }) => {
  const description = engine.streams.describe(streamOf(body));
  const { length } = description.shards;
  return {
    StreamDescriptionSummary: { ...summaryOf(description), OpenShardCount: length, ConsumerCount: 0 },
  };
};

const listStreams: TargetOperation = async ({ engine, body }) => {
  const after = body.string('ExclusiveStartStreamName') ?? decodeToken(body.string('NextToken'))?.at(0) ?? '';
  const most = pageLimit(body.number('Limit'), limits.streamsPageMax);
  const names = engine.streams.list().filter((name) => name > after);
  const taken = names.slice(0, most);
  const last = taken.at(-1);
  const hasMore = names.length > taken.length;
  return {
    StreamNames: taken,
    StreamSummaries: taken.map((name) => {
      const { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp } = summaryOf(
        engine.streams.describe(name),
      );
      return { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp };
    }),
    HasMoreStreams: hasMore,
    ...(hasMore && last !== undefined && { NextToken: encodeToken([last]) }),
  };
};

const listShards: TargetOperation = async ({ engine, body }) => {
  const token = decodeToken(body.string('NextToken'));
  const description = engine.streams.describe(token?.at(0) ?? streamOf(body));
  const first = firstShard(description, token?.at(1) ?? body.string('ExclusiveStartShardId'));
  const most = pageLimit(body.number('MaxResults'), limits.shardsPageMax);
  const taken = shardAnswers(description).slice(first, first + most);
  const last = taken.at(-1);
  const hasMore = description.shards.length > first + taken.length;
  return {
    Shards: taken,
    ...(hasMore && last !== undefined && { NextToken: encodeToken([description.streamName, last.ShardId]) }),
  };
};

const putRecord: TargetOperation = async ({ engine, body }) => {
  const [answer] = await engine.streams.put(streamOf(body), [recordOf(body)]);
  return {
    ShardId: answer?.shardId,
    SequenceNumber: sequenceNumber(answer?.position ?? 0),
    EncryptionType: 'NONE',
  };
};

const putRecords: TargetOperation = async ({ engine, body }) => {
  const entries = body.structures('Records');
  if (entries === undefined) throw notGiven({ records: undefined });
  assertBetween('Records', entries.length, 1, 'putRecordsMax');
  const records = entries.map(recordOf);
  const bytes = records.reduce((sum, { data, partitionKey }) => sum + data.byteLength + partitionKey.length, 0);
  assertBetween('Bytes of Records', bytes, 0, 'putRecordsBytesMax');
  const answers = await engine.streams.put(streamOf(body), records);
  return {
    FailedRecordCount: 0,
    Records: answers.map(({ shardId, position }) => ({ ShardId: shardId, SequenceNumber: sequenceNumber(position) })),
    EncryptionType: 'NONE',
  };
};

const getShardIterator: TargetOperation = async ({ engine, body }) => {
  const streamName = streamOf(body);
  const shardId = required(body, 'ShardId');
  const after = positionAfter(engine.streams, streamName, shardId, body);
  return { ShardIterator: encodeToken([streamName, shardId, String(after)]) };
};

const getRecords: TargetOperation = async ({ engine, body }) => {
  const [streamName, shardId, after] = decodeToken(required(body, 'ShardIterator')) ?? [];
  if (streamName === undefined || shardId === undefined || !/^\d{1,15}$/.test(after ?? '')) throw invalidIterator();
  const recordsMax = body.number('Limit') ?? limits.sourceReadRecordsMax;
  assertBetween('Limit', recordsMax, 1, 'sourceReadRecordsMax');
  const records = await engine.streams.read({ streamName, shardId, after: Number(after), recordsMax });
  const last = records.at(-1);
  const next = last?.position ?? Number(after);
  const behindMs = last === undefined || next >= engine.streams.positionOf(streamName, shardId, 'now') ? 0 : 1;
  return {
    Records: records.map(({ position, partitionKey, data, arrivedAtMs }) => ({
      SequenceNumber: sequenceNumber(position),
      ApproximateArrivalTimestamp: arrivedAtMs / 1_000,
      Data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
      PartitionKey: partitionKey,
      EncryptionType: 'NONE',
    })),
    NextShardIterator: encodeToken([streamName, shardId, String(next)]),
    // Clients only ask whether it is 0.
    MillisBehindLatest: behindMs,
  };
};

export const streams: TargetService = {
  prefix: 'Kinesis_20131202',
  signingName: 'kinesis',
  errorTypes: { InvalidParameterValueException: 'InvalidArgumentException' },
  operations: new Map([
    ['CreateStream', createStream],
    ['DeleteStream', deleteStream],
    ['DescribeStream', describeStream],
    ['DescribeStreamSummary', describeStreamSummary],
    ['ListStreams', listStreams],
    ['ListShards', listShards],
    ['PutRecord', putRecord],
    ['PutRecords', putRecords],
    ['GetShardIterator', getShardIterator],
    ['GetRecords', getRecords],
  ]),
  notOffered: [
    'AddTagsToStream',
    'DecreaseStreamRetentionPeriod',
    'DeleteResourcePolicy',
    'DeregisterStreamConsumer',
    'DescribeAccountSettings',
    'DescribeLimits',
    'DescribeStreamConsumer',
    'DisableEnhancedMonitoring',
    'EnableEnhancedMonitoring',
    'GetResourcePolicy',
    'IncreaseStreamRetentionPeriod',
    'ListStreamConsumers',
    'ListTagsForResource',
    'ListTagsForStream',
    'MergeShards',
    'PutResourcePolicy',
    'RegisterStreamConsumer',
    'RemoveTagsFromStream',
    'SplitShard',
    'StartStreamEncryption',
    'StopStreamEncryption',
    'SubscribeToShard',
    'TagResource',
    'UntagResource',
    'UpdateAccountSettings',
    'UpdateMaxRecordSize',
    'UpdateShardCount',
    'UpdateStreamMode',
    'UpdateStreamWarmThroughput',
  ],
};

function required(body: JsonReader, name: string): string {
  const value = body.string(name);
  if (value === undefined) throw notGiven({ [`${name.charAt(0).toLowerCase()}${name.slice(1)}`]: value });
  return value;
}

/** By name or ARN. */
function streamOf(body: JsonReader): string {
  const arn = body.string('StreamARN');
  if (arn === undefined) return required(body, 'StreamName');
  const streamName = streamNameIn(arn);
  if (streamName !== undefined) return streamName;
  throw new EngineError(
    'ResourceNotFoundException',
    `Stream ${arn.slice(0, limits.eventSourceArnLengthMax)} not found.`,
  );
}

function recordOf(entry: JsonReader): PutInput {
  const data = entry.bytes('Data');
  if (data === undefined) throw notGiven({ data });
  const explicitHashKey = entry.string('ExplicitHashKey');
  return {
    partitionKey: required(entry, 'PartitionKey'),
    data,
    ...(explicitHashKey !== undefined && { explicitHashKey }),
  };
}

function positionAfter(streams: Streams, streamName: string, shardId: string, body: JsonReader): number {
  const type = required(body, 'ShardIteratorType');
  // Also says whether there is such a shard.
  const latest = streams.positionOf(streamName, shardId, 'now');
  switch (type) {
    case 'TRIM_HORIZON':
      return 0;
    case 'LATEST':
      return latest;
    case 'AT_TIMESTAMP': {
      const seconds = body.number('Timestamp');
      if (seconds === undefined) throw invalidArgument('Timestamp must be given with AT_TIMESTAMP.');
      return streams.positionOf(streamName, shardId, { epochMs: seconds * 1_000 });
    }
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      const position = parseSequenceNumber(required(body, 'StartingSequenceNumber'));
      if (position === undefined) throw invalidArgument('StartingSequenceNumber is no sequence number of this stream.');
      return type === 'AFTER_SEQUENCE_NUMBER' ? position : Math.max(0, position - 1);
    }
    default:
      throw invalidArgument(
        `ShardIteratorType must be one of TRIM_HORIZON, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, received ${type.slice(0, 128)}.`,
      );
  }
}

function summaryOf({ streamName, streamArn, createdMs, retentionHours }: StreamDescription) {
  return {
    StreamName: streamName,
    StreamARN: streamArn,
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    RetentionPeriodHours: retentionHours,
    StreamCreationTimestamp: createdMs / 1_000,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
  };
}

function shardAnswers({ shards }: StreamDescription) {
  return shards.map(({ shardId, hashKeyFrom, hashKeyTo }) => ({
    ShardId: shardId,
    HashKeyRange: { StartingHashKey: hashKeyFrom, EndingHashKey: hashKeyTo },
    SequenceNumberRange: { StartingSequenceNumber: sequenceNumber(0) },
  }));
}

function firstShard({ shards }: StreamDescription, after: string | undefined): number {
  if (after === undefined) return 0;
  const index = shards.findIndex(({ shardId }) => shardId > after);
  return index === -1 ? shards.length : index;
}

function pageLimit(given: number | undefined, most: number): number {
  if (given === undefined) return most;
  if (!Number.isSafeInteger(given) || given < 1)
    throw invalidArgument(`A page has at least 1 item, received ${given}.`);
  return Math.min(given, most);
}

function assertBetween(
  what: string,
  asked: number,
  least: number,
  name: 'putRecordsMax' | 'putRecordsBytesMax' | 'sourceReadRecordsMax',
): void {
  const value = limits[name];
  if (Number.isSafeInteger(asked) && asked >= least && asked <= value) return;
  const message = `${what} must be from ${least} to ${value} (${name}), received ${asked}.`;
  throw new EngineError('InvalidParameterValueException', message, { limit: { name, value, asked } });
}

/** Opaque to clients, and of no power: they name what the client may ask for anyway. */
function encodeToken(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function decodeToken(token: string | undefined): readonly string[] | undefined {
  if (token === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(parts) && parts.every((part) => typeof part === 'string')) return parts;
  } catch {
    // JSON.parse throws a SyntaxError and nothing else.
  }
  throw invalidIterator();
}

function invalidIterator(): EngineError {
  return invalidArgument('Invalid ShardIterator or NextToken.');
}

function invalidArgument(message: string): EngineError {
  return new EngineError('InvalidParameterValueException', message);
}
