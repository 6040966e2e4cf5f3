/** What functions were told of so far. A fingerprint says which content of an object that was. */
export interface StoredBucket {
  readonly directory: string;
  /** The last one that was given. */
  readonly sequencer: number;
  /** Fingerprints by key. */
  readonly objects: ReadonlyMap<string, string>;
}

export interface ObjectUpdate {
  readonly key: string;
  /** Undefined: it is gone. */
  readonly fingerprint: string | undefined;
}

/** Port to durable storage; `store/` has the one on SQLite. Every call is one commit, durable when it returns. */
export interface BucketStore {
  load(bucketName: string): StoredBucket | undefined;
  /** Forgets what was known of it. */
  begin(bucketName: string, bucket: StoredBucket): void;
  update(bucketName: string, sequencer: number, updates: readonly ObjectUpdate[]): void;
}

/** For engines without a data directory: it ends with the process. */
export class MemoryBucketStore implements BucketStore {
  readonly #buckets = new Map<string, StoredBucket>();

  load(bucketName: string): StoredBucket | undefined {
    return this.#buckets.get(bucketName);
  }

  begin(bucketName: string, bucket: StoredBucket): void {
    this.#buckets.set(bucketName, { ...bucket, objects: new Map(bucket.objects) });
  }

  update(bucketName: string, sequencer: number, updates: readonly ObjectUpdate[]): void {
    const bucket = this.#buckets.get(bucketName);
    if (bucket === undefined) return;
    const objects = new Map(bucket.objects);
    for (const { key, fingerprint } of updates) {
      if (fingerprint === undefined) objects.delete(key);
      else objects.set(key, fingerprint);
    }
    this.#buckets.set(bucketName, { ...bucket, sequencer, objects });
  }
}
