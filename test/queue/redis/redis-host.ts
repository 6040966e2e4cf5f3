/** A program that polls a Redis stream for a function that writes what it gets into a file, for tests that kill it. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../src/base/clock.ts';
import { redisStreamArn, validRedisStreams } from '../../../src/model/redis-stream.ts';
import { redisSourceKind } from '../../../src/queue/redis/redis-source.ts';
import { MappingPoller } from '../../../src/queue/sources/mapping-poller.ts';
import { sourceStorage } from '../../../src/store/source-storage.ts';
import { mappingOf } from './mapping.ts';

const [port = '', directory = '', log = ''] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const { mappings } = sourceStorage(directory).open();
const mapping = mappingOf(redisStreamArn('orders'), { batchSize: 7 });
if (mappings.mappings().length === 0) await mappings.saveMapping(mapping);
const kind = redisSourceKind(
  validRedisStreams({ orders: { url: `redis://127.0.0.1:${port}`, keys: ['a', 'b'] } }),
  systemClock,
);
const poller = new MappingPoller({
  clock: systemClock,
  mapping,
  functions: {
    invoke: async (_target, payload) => {
      const { Records: records } = JSON.parse(Buffer.from(payload).toString());
      await delay(Math.random() * 5);
      for (const { redis } of records) appendFileSync(log, `${redis.stream} ${redis.fields.n}\n`);
      return { statusCode: 200, payload: new Uint8Array(), requestId: 'r' };
    },
    describe: () => ({ role: 'r', arn: 'arn' }),
  },
  destinations: { check: () => undefined, send: async () => undefined },
  checkpoints: mappings,
  observe: undefined,
  delayScale: 0.01,
  open: (signal) => kind.open(mapping.eventSourceArn, signal),
  told: () => undefined,
});
await poller.positioned;
console.log('polling');
setInterval(() => {}, 1_000_000);
