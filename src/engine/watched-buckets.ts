/** The directories that an engine watches as buckets, and the functions that it invokes for them. */
import type { Clock } from '../base/clock.ts';
import type { Bucket } from '../model/bucket.ts';
import type { InvokeInput, InvokeResult } from '../model/invocation.ts';
import type { Observe } from '../model/platform-event.ts';
import type { BucketStore } from '../queue/buckets/bucket-store.ts';
import { WatchedBucket } from '../queue/buckets/watched-bucket.ts';

export interface WatchedBucketsOptions {
  readonly buckets: readonly Bucket[];
  readonly clock: Clock;
  readonly store: BucketStore;
  readonly observe: Observe | undefined;
  readonly invoke: (input: InvokeInput) => Promise<InvokeResult>;
}

/** Resolves when all are watched; they are until it is disposed. @throws EngineError InvalidParameterValueException, DataDirectoryUnusable */
export async function watchBuckets(options: WatchedBucketsOptions): Promise<AsyncDisposable> {
  const { buckets, invoke, ...common } = options;
  await using watched = new AsyncDisposableStack();
  const deliver = async (functionName: string, payload: string): Promise<void> => {
    await invoke({ functionName, payload, invocationType: 'Event' });
  };
  for (const bucket of buckets) await watched.use(new WatchedBucket({ ...common, bucket, deliver })).start();
  return watched.move();
}
