/** A program that watches a bucket, for tests that kill it: every event is a line of a file before it is taken. */
import { appendFileSync } from 'node:fs';
import { systemClock } from '../../../src/base/clock.ts';
import { validBuckets } from '../../../src/model/bucket.ts';
import { WatchedBucket } from '../../../src/queue/buckets/watched-bucket.ts';
import { openDataDirectory } from '../../../src/store/data-directory.ts';

const [dataDirectory = '', directory = '', log = ''] = process.argv.slice(2);
const notification = { functionName: 'f', events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] } as const;
const [bucket] = validBuckets({ uploads: { directory, notifications: [notification] } });
if (bucket === undefined) throw new Error('there is one');
const watched = new WatchedBucket({
  bucket,
  store: openDataDirectory(dataDirectory).buckets,
  clock: systemClock,
  observe: undefined,
  deliver: async (_functionName, event) => {
    const [{ eventName, s3 }] = JSON.parse(event).Records;
    appendFileSync(log, `${eventName} ${s3.object.key} ${s3.object.eTag}\n`);
  },
  bounds: { stableMs: 20 },
});
await watched.start();
console.log('watching');
setInterval(() => {}, 1_000_000);
