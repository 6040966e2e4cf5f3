/** Which shard a record belongs to: MD5 of its partition key, as a 128-bit number, in ranges of equal size, as Kinesis has it. */
import { createHash } from 'node:crypto';

const keys = 1n << 128n;

export const hashKeyMax = keys - 1n;

export function hashKeyOf(partitionKey: string): bigint {
  // MD5 spreads keys, as in the service whose clients compute it too; nothing is kept secret by it.
  return BigInt(`0x${createHash('md5').update(partitionKey, 'utf8').digest('hex')}`);
}

export interface HashKeyRange {
  readonly from: bigint;
  /** Inclusive. */
  readonly to: bigint;
}

export function hashKeyRange(shard: number, shards: number): HashKeyRange {
  const width = keys / BigInt(shards);
  const from = width * BigInt(shard);
  return { from, to: shard === shards - 1 ? hashKeyMax : from + width - 1n };
}

export function shardOf(hashKey: bigint, shards: number): number {
  // What division leaves over belongs to the last one.
  return Math.min(shards - 1, Number(hashKey / (keys / BigInt(shards))));
}

/** `shardId-000000000003` */
export function shardIdOf(shard: number): string {
  return `shardId-${String(shard).padStart(12, '0')}`;
}

export function parseShardId(shardId: string, shards: number): number | undefined {
  if (!/^shardId-\d{12}$/.test(shardId)) return undefined;
  const shard = Number(shardId.slice('shardId-'.length));
  return shard < shards ? shard : undefined;
}
