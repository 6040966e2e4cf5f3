import test from 'ava';
import fc from 'fast-check';
import {
  hashKeyMax,
  hashKeyOf,
  hashKeyRange,
  parseShardId,
  shardIdOf,
  shardOf,
} from '../../../src/queue/streams/hash-key.ts';
import { parseSequenceNumber, sequenceNumber } from '../../../src/queue/streams/sequence-number.ts';

test('a partition key hashes to its MD5 as a number', (t) => {
  t.is(hashKeyOf('').toString(16), 'd41d8cd98f00b204e9800998ecf8427e');
});

test('the ranges of the shards follow each other and hold every hash key', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.bigInt({ min: 0n, max: hashKeyMax }), (shards, hashKey) => {
      const { from, to } = hashKeyRange(shardOf(hashKey, shards), shards);
      t.true(from <= hashKey && hashKey <= to);
      t.is(hashKeyRange(0, shards).from, 0n);
      t.is(hashKeyRange(shards - 1, shards).to, hashKeyMax);
      for (let shard = 1; shard < shards; shard += 1) {
        t.is(hashKeyRange(shard, shards).from, hashKeyRange(shard - 1, shards).to + 1n);
      }
    }),
    { numRuns: 50 },
  );
});

test('a shard is found by its id, and by no other text', (t) => {
  t.is(shardIdOf(3), 'shardId-000000000003');
  t.is(parseShardId('shardId-000000000003', 4), 3);
  for (const id of ['shardId-000000000004', 'shardId-3', 'shardId-0000000000003', '', '3']) {
    t.is(parseShardId(id, 4), undefined);
  }
});

test('sequence numbers order as texts and as numbers', (t) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (one, other) => {
      const [first, second] = [sequenceNumber(one), sequenceNumber(other)];
      t.is(first < second, one < other);
      t.is(BigInt(first) < BigInt(second), one < other);
      t.is(parseSequenceNumber(first), one);
    }),
  );
  for (const text of ['', '0', '49', 'x'.repeat(56), `49${'9'.repeat(54)}`]) t.is(parseSequenceNumber(text), undefined);
});
