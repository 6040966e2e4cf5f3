/**
 * One directory, watched as a bucket. The kernel says where to look; what changed is decided by comparing what is there with what
 * functions were told of, which is kept: so nothing is missed that happened while nobody watched. A change is told when it has lasted, and
 * written down behind the acceptance of its events, so each is told at least once. One step at a time; what waits is in maps.
 */
import type { BigIntStats } from 'node:fs';
import { Alarm } from '../../base/alarm.ts';
import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-text.ts';
import type { Bucket } from '../../model/bucket.ts';
import { EngineError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { Observe } from '../../model/platform-event.ts';
import { isRefusedForGood } from '../refusal.ts';
import { OpenDirectory } from './beneath.ts';
import { bucketEvent, interested, type ObjectChange } from './bucket-event.ts';
import type { BucketStore, ObjectUpdate } from './bucket-store.ts';
import { contentOf, fingerprint } from './object-content.ts';

export interface WatchedBucketOptions {
  readonly bucket: Bucket;
  readonly store: BucketStore;
  readonly clock: Clock;
  readonly observe: Observe | undefined;
  /** Resolves when the event is on disk. */
  readonly deliver: (functionName: string, event: string) => Promise<void>;
  /** Stricter ones, for tests. */
  readonly bounds?: Partial<BucketBounds>;
}

export interface BucketBounds {
  readonly stableMs: number;
  readonly rescanMs: number;
  readonly objectsMax: number;
  readonly directoriesMax: number;
}

const boundsDefault: BucketBounds = {
  stableMs: limits.bucketStableMs,
  rescanMs: limits.bucketRescanMs,
  objectsMax: limits.bucketObjectsMax,
  directoriesMax: limits.bucketDirectoriesMax,
};

interface Directory {
  /** Fingerprints of what functions were told of, by name. */
  readonly files: Map<string, string>;
  readonly directories: Set<string>;
  watcher: { readonly close: () => void } | undefined;
}

interface Pending {
  /** Undefined: it is gone. */
  seen: string | undefined;
  /** Of the monotonic clock. */
  sinceMs: number;
}

const retryLimits = { minMs: limits.feedRetryMsMin, maxMs: limits.feedRetryMsMax };

export class WatchedBucket implements AsyncDisposable {
  readonly #options: WatchedBucketOptions;
  readonly #bounds: BucketBounds;
  readonly #alarm: Alarm;
  readonly #directories = new Map<string, Directory>();
  /** Names to look at, by directory. */
  readonly #suspects = new Map<string, Set<string> | 'all'>();
  /** What differs from what functions were told of, by key. */
  readonly #pending = new Map<string, Pending>();
  readonly #problems = new Set<string>();
  #objects = 0;
  #sequencer = 0;
  #failures = 0;
  #retryAtMs = 0;
  #rescanAtMs = Number.POSITIVE_INFINITY;
  #working: Promise<void> | undefined;
  #phase: 'starting' | 'watching' | 'closed' = 'starting';

  constructor(options: WatchedBucketOptions) {
    this.#options = options;
    this.#bounds = { ...boundsDefault, ...options.bounds };
    this.#alarm = new Alarm(options.clock, () => this.#wake());
  }

  /**
   * What is in a directory that was not watched before is no news; what comes once this has resolved is.
   * @throws EngineError InvalidParameterValueException, DataDirectoryUnusable
   */
  async start(): Promise<void> {
    const { bucket, store } = this.#options;
    await using root = await OpenDirectory.open(bucket.directory, '').catch((error: unknown) => {
      throw this.#unusable(errorMessage(error));
    });
    if (root === undefined) throw this.#unusable('there is no such directory');
    const stored = store.load(bucket.name);
    const isKnown = stored?.directory === bucket.directory;
    this.#sequencer = stored?.sequencer ?? 0;
    this.#suspects.set('', 'all');
    if (isKnown) {
      // Looked at behind the start, which a large directory would hold up: whatever comes meanwhile differs from what is kept.
      for (const [key, each] of stored.objects) this.#tell(key, each);
    } else {
      await this.#inspectAll();
      const objects = new Map<string, string>();
      for (const [key, { seen }] of this.#pending) if (seen !== undefined) objects.set(key, seen);
      store.begin(bucket.name, { directory: bucket.directory, sequencer: this.#sequencer, objects });
      for (const [key, each] of objects) this.#tell(key, each);
      this.#pending.clear();
    }
    this.#rescanAtMs = Math.min(this.#rescanAtMs, this.#options.clock.nowMs() + this.#bounds.rescanMs);
    if (this.#phase === 'starting') this.#phase = 'watching';
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#phase = 'closed';
    this.#alarm.cancel();
    await this.#working;
    for (const { watcher } of this.#directories.values()) watcher?.close();
  }

  #wake(): void {
    if (this.#phase !== 'watching' || this.#working !== undefined) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      this.#arm();
    });
  }

  #arm(): void {
    if (this.#phase !== 'watching') return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#suspects.size > 0) this.#alarm.ensure(nowMs + limits.bucketGatherMs, nowMs);
    for (const { sinceMs } of this.#pending.values()) {
      this.#alarm.ensure(Math.max(sinceMs + this.#bounds.stableMs, this.#retryAtMs), nowMs);
    }
    this.#alarm.ensure(this.#rescanAtMs, nowMs);
  }

  async #work(): Promise<void> {
    try {
      if (this.#options.clock.nowMs() >= this.#rescanAtMs) {
        for (const path of this.#directories.keys()) this.#suspects.set(path, 'all');
        this.#suspects.set('', 'all');
        this.#rescanAtMs = this.#options.clock.nowMs() + this.#bounds.rescanMs;
      }
      await this.#inspectAll();
      await this.#settleAll();
    } catch (error) {
      if (this.#phase === 'closed') return;
      // Of the file system or of the store: neither is for good, and nothing is lost by looking again.
      this.#problem(errorMessage(error));
      this.#setback();
    }
  }

  async #inspectAll(): Promise<void> {
    for (const [path, names] of this.#suspects) {
      if (this.#phase === 'closed') return;
      this.#suspects.delete(path);
      try {
        await using directory = await OpenDirectory.open(this.#options.bucket.directory, path);
        if (directory !== undefined) await this.#inspect(directory, path, names);
        // A root that is gone is a disk that is not mounted, rather than everything deleted.
        else if (path === '') this.#problem('its directory is not there');
        else this.#forget(path);
      } catch (error) {
        // Of the file system: no permission, no descriptor left. It is looked at again with everything else.
        this.#problem(
          `${path === '' ? 'its directory' : JSON.stringify(path)} cannot be looked into: ${errorMessage(error)}`,
        );
        this.#rescanAtMs = Math.min(this.#rescanAtMs, this.#options.clock.nowMs() + limits.feedRetryMsMax);
      }
    }
  }

  async #inspect(directory: OpenDirectory, path: string, suspects: Set<string> | 'all'): Promise<void> {
    const known = this.#directory(path);
    if (known === undefined) return;
    // Watched before it is read: what comes in between is told by one of them.
    known.watcher ??= this.#watch(directory, path);
    const names =
      suspects === 'all'
        ? new Set([...(await directory.names()), ...known.files.keys(), ...known.directories])
        : suspects;
    for await (const [name, stats] of statsOf(directory, [...names])) {
      const key = path === '' ? name : `${path}/${name}`;
      if (stats?.isDirectory() === true) {
        known.directories.add(name);
        this.#renew(key);
      } else if (known.directories.delete(name)) this.#forget(key);
      this.#compare(key, known.files.get(name), stats?.isFile() === true ? fingerprint(stats) : undefined);
    }
  }

  /** It may be another directory of the same name. */
  #renew(path: string): void {
    const known = this.#directories.get(path);
    known?.watcher?.close();
    if (known !== undefined) known.watcher = undefined;
    this.#suspects.set(path, 'all');
  }

  #compare(key: string, known: string | undefined, seen: string | undefined): void {
    if (known === seen) {
      this.#pending.delete(key);
      return;
    }
    const pending = this.#pending.get(key);
    const sinceMs = this.#options.clock.nowMs();
    if (pending === undefined) {
      if (known === undefined && !this.#hasRoomFor(key)) return;
      this.#pending.set(key, { seen, sinceMs });
    } else if (pending.seen !== seen) {
      pending.seen = seen;
      pending.sinceMs = sinceMs;
    }
  }

  #hasRoomFor(key: string): boolean {
    const { bucketKeyBytesMax } = limits;
    const { objectsMax } = this.#bounds;
    if (Buffer.byteLength(key) > bucketKeyBytesMax) {
      this.#problem(`paths of more than ${bucketKeyBytesMax} bytes (bucketKeyBytesMax) are passed over`);
      return false;
    }
    if (this.#objects + this.#pending.size < objectsMax) return true;
    this.#problem(`it has more than ${objectsMax} files (bucketObjectsMax), and the others are passed over`);
    return false;
  }

  /** Everything below a directory that went away is gone. */
  #forget(path: string): void {
    const known = this.#directories.get(path);
    this.#suspects.delete(path);
    if (known === undefined) return;
    known.watcher?.close();
    known.watcher = undefined;
    for (const [name, each] of known.files) this.#compare(`${path}/${name}`, each, undefined);
    // Those that nobody was told of.
    for (const key of this.#pending.keys()) {
      if (key.startsWith(`${path}/`)) this.#compare(key, this.#told(key), undefined);
    }
    for (const name of known.directories) this.#forget(`${path}/${name}`);
    known.directories.clear();
    if (known.files.size === 0) this.#directories.delete(path);
  }

  #watch(directory: OpenDirectory, path: string): Directory['watcher'] {
    try {
      return directory.watch((name) => this.#suspect(path, name));
    } catch (error) {
      // The kernel has a maximum for each user. What is not watched is looked at again now and then.
      this.#problem(
        `some directories are looked at every ${this.#bounds.rescanMs / 1_000} s only: ${errorMessage(error)}`,
      );
      return undefined;
    }
  }

  #suspect(path: string, name: string | undefined): void {
    const names = this.#suspects.get(path);
    if (name === undefined) this.#suspects.set(path, 'all');
    else if (names === undefined) this.#suspects.set(path, new Set([name]));
    else if (names !== 'all') names.add(name);
    const { clock } = this.#options;
    if (this.#phase === 'watching' && this.#working === undefined)
      this.#alarm.ensure(clock.nowMs() + limits.bucketGatherMs);
  }

  async #settleAll(): Promise<void> {
    const { clock } = this.#options;
    if (clock.nowMs() < this.#retryAtMs) return;
    const lastMs = clock.nowMs() - this.#bounds.stableMs;
    const ready = [...this.#pending].filter(([, { sinceMs }]) => sinceMs <= lastMs).map(([key]) => key);
    for (let from = 0; from < ready.length && this.#phase === 'watching'; from += limits.bucketEventsAtOnceMax) {
      const settled = await Promise.all(
        ready.slice(from, from + limits.bucketEventsAtOnceMax).map((key) => this.#settle(key)),
      );
      const updates = settled.filter((update) => update !== undefined);
      if (updates.length > 0) this.#write(updates);
      // Whoever refused one would refuse the next.
      if (clock.nowMs() < this.#retryAtMs) return;
    }
  }

  /** Tells of one change that has lasted; undefined when it has not, or nobody took it. */
  async #settle(key: string): Promise<ObjectUpdate | undefined> {
    const { bucket, clock, deliver } = this.#options;
    const slash = key.lastIndexOf('/');
    const path = slash === -1 ? '' : key.slice(0, slash);
    await using directory = await OpenDirectory.open(bucket.directory, path);
    if (directory === undefined && path === '') {
      this.#setback();
      return undefined;
    }
    const content = await (directory && contentOf(directory, key.slice(slash + 1)));
    if (this.#pending.get(key)?.seen !== content?.fingerprint) {
      this.#compare(key, this.#told(key), content?.fingerprint);
      return undefined;
    }
    const change: ObjectChange =
      content === undefined
        ? { kind: 'removed', key }
        : { kind: 'created', key, bytes: content.bytes, eTag: content.eTag };
    // Rising also when the clock is set back, and after a restart.
    this.#sequencer = Math.max(this.#sequencer + 1, Math.round(clock.epochMs()) * 1_000);
    const sequencer = this.#sequencer;
    for (const { id: notificationId, functionName } of interested(bucket, change)) {
      const details = { bucketName: bucket.name, notificationId, timeMs: clock.epochMs(), sequencer };
      try {
        await deliver(functionName, bucketEvent(change, details));
      } catch (error) {
        if (!isRefusedForGood(error)) {
          this.#setback();
          return undefined;
        }
        this.#options.observe?.({
          type: 'bucket.problem',
          bucket: bucket.name,
          key,
          problem: `${functionName} was not told of it: ${errorMessage(error)}`,
        });
      }
    }
    this.#failures = 0;
    return { key, fingerprint: content?.fingerprint };
  }

  #write(updates: readonly ObjectUpdate[]): void {
    this.#options.store.update(this.#options.bucket.name, this.#sequencer, updates);
    for (const { key, fingerprint: told } of updates) {
      this.#tell(key, told);
      // What came while it was being told of waits on.
      const pending = this.#pending.get(key);
      if (pending?.seen === told) this.#pending.delete(key);
    }
  }

  /** What functions know of it. */
  #told(key: string): string | undefined {
    const slash = key.lastIndexOf('/');
    return this.#directories.get(slash === -1 ? '' : key.slice(0, slash))?.files.get(key.slice(slash + 1));
  }

  /** Functions know of it from now on. */
  #tell(key: string, told: string | undefined): void {
    const slash = key.lastIndexOf('/');
    const path = slash === -1 ? '' : key.slice(0, slash);
    const directory = this.#directories.get(path) ?? this.#newDirectory(path);
    const name = key.slice(slash + 1);
    this.#objects += Number(told !== undefined) - Number(directory.files.has(name));
    if (told !== undefined) directory.files.set(name, told);
    else if (
      directory.files.delete(name) &&
      path !== '' &&
      directory.files.size === 0 &&
      directory.watcher === undefined
    ) {
      // The last object of a directory that is gone.
      this.#directories.delete(path);
    }
  }

  /** Undefined: there are too many. */
  #directory(path: string): Directory | undefined {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const { directoriesMax } = this.#bounds;
    if (this.#directories.size < directoriesMax) return this.#newDirectory(path);
    this.#problem(
      `it has more than ${directoriesMax} directories (bucketDirectoriesMax), and the others are passed over`,
    );
    return undefined;
  }

  #newDirectory(path: string): Directory {
    const made: Directory = { files: new Map(), directories: new Set(), watcher: undefined };
    this.#directories.set(path, made);
    // What is known of it is looked for when the one above it is looked at.
    const slash = path.lastIndexOf('/');
    if (path !== '') {
      const above = slash === -1 ? '' : path.slice(0, slash);
      const parent = this.#directories.get(above) ?? this.#newDirectory(above);
      parent.directories.add(path.slice(slash + 1));
    }
    return made;
  }

  #setback(): void {
    this.#retryAtMs = this.#options.clock.nowMs() + backoffMs(this.#failures, retryLimits);
    this.#failures += 1;
  }

  /** Each is told once. */
  #problem(problem: string): void {
    if (this.#problems.has(problem) || this.#problems.size === limits.bucketProblemsMax) return;
    this.#problems.add(problem);
    this.#options.observe?.({ type: 'bucket.problem', bucket: this.#options.bucket.name, problem });
  }

  #unusable(reason: string): EngineError {
    const { name, directory } = this.#options.bucket;
    return new EngineError(
      'InvalidParameterValueException',
      `buckets.${name}.directory must be a directory that can be read, received ${JSON.stringify(directory)}: ${reason}`,
    );
  }
}

/** Some at a time: one after the other would wait for each. */
async function* statsOf(
  directory: OpenDirectory,
  names: readonly string[],
): AsyncGenerator<readonly [name: string, stats: BigIntStats | undefined]> {
  for (let from = 0; from < names.length; from += limits.bucketEventsAtOnceMax) {
    const some = names.slice(from, from + limits.bucketEventsAtOnceMax);
    yield* await Promise.all(some.map(async (name) => [name, await directory.stat(name)] as const));
  }
}
