/**
 * What a poller knows of one shard: which records wait, in which lane, what is under way, and up to where everything is handled.
 * Records of one partition key go through one lane, one batch of a lane is under way at a time, so their order is kept (LAMBDA.md
 * D3.1). It decides what runs next and what a checkpoint may say; it reads no clock, waits for nothing and stores nothing.
 */
import { invariant } from '../../base/invariant.ts';
import type { Consequence, Part } from './after-attempt.ts';

export interface BatchPolicy {
  readonly batchSize: number;
  readonly windowMs: number;
  readonly payloadBytesMax: number;
  /** ParallelizationFactor. */
  readonly lanes: number;
  /** Infinity: records do not grow too old. */
  readonly recordAgeMsMax: number;
}

/** A record on its way. Its data is in `text` already: the member of the event's `Records`. */
export interface QueuedRecord {
  readonly sequence: string;
  readonly partitionKey: string;
  readonly arrivedAtMs: number;
  readonly text: string;
}

/**
 * Up to where a shard is handled, durably. What was handled beyond `after` is told by `lanes`: in each everything up to its position,
 * so that a restart repeats nothing that was recorded. '' in a lane: nothing beyond `after`.
 */
export interface Checkpoint {
  readonly after: string;
  readonly lanes: readonly string[];
}

export interface Batch extends Part {
  readonly lane: number;
  readonly queued: readonly QueuedRecord[];
  /** Attempts that ran with these records in it. */
  readonly invocations: number;
}

export type Step =
  /** Nothing of the lane waits, or something of it is under way. */
  | { readonly type: 'idle' }
  | { readonly type: 'wait'; readonly untilMs: number }
  | { readonly type: 'run'; readonly batch: Batch }
  /** Its records have grown too old. */
  | { readonly type: 'expired'; readonly batch: Batch };

interface Entry {
  readonly sequence: string;
  isHandled: boolean;
}

interface Waiting extends QueuedRecord {
  readonly entry: Entry;
  readonly bytes: number;
  readonly readAtMs: number;
}

interface Segment extends Part {
  readonly waiting: readonly Waiting[];
  readonly invocations: number;
}

interface Lane {
  /** What is left of a batch that failed; before everything that waits. */
  readonly parts: Segment[];
  readonly waiting: Waiting[];
  underWay: Segment | undefined;
  notBeforeMs: number;
  /** The last record that was handled, everything of the lane before it included. '' when that is no news beside `after`. */
  handled: string;
}

export interface ShardProgressOptions {
  readonly policy: BatchPolicy;
  readonly checkpoint: Checkpoint;
  readonly compare: (one: string, other: string) => number;
}

export class ShardProgress {
  readonly #policy: BatchPolicy;
  readonly #compare: (one: string, other: string) => number;
  readonly #lanes: readonly Lane[];
  /** Read and not yet behind `after`, in order. */
  #entries: Entry[] = [];
  #after: string;
  /** Up to where was read. */
  #readAfter: string;
  /** Of an earlier life, perhaps with another number of lanes. */
  readonly #handledBefore: readonly string[];
  #records = 0;
  #bytes = 0;

  constructor({ policy, checkpoint, compare }: ShardProgressOptions) {
    this.#policy = policy;
    this.#compare = compare;
    this.#after = checkpoint.after;
    this.#readAfter = checkpoint.after;
    this.#handledBefore = checkpoint.lanes;
    const keepsLanes = checkpoint.lanes.length === policy.lanes;
    this.#lanes = Array.from({ length: policy.lanes }, (_, index) => ({
      parts: [],
      waiting: [],
      underWay: undefined,
      notBeforeMs: 0,
      handled: keepsLanes ? (checkpoint.lanes[index] ?? '') : '',
    }));
  }

  /** Where to read on. */
  get readAfter(): string {
    return this.#readAfter;
  }

  /** Records that are read and not handled, and the bytes of their texts. */
  get held(): { readonly records: number; readonly bytes: number } {
    return { records: this.#records, bytes: this.#bytes };
  }

  /** Takes what was read. `undefined` for a record that a filter leaves out: it is handled by being read. */
  add(
    records: readonly { readonly sequence: string; readonly queued: QueuedRecord | undefined }[],
    readAfter: string,
    nowMs: number,
  ): void {
    for (const { sequence, queued } of records) {
      const entry = { sequence, isHandled: true };
      this.#entries.push(entry);
      if (queued === undefined || this.#isHandledBefore(queued)) continue;
      entry.isHandled = false;
      const bytes = Buffer.byteLength(queued.text);
      this.#lane(laneOf(queued.partitionKey, this.#lanes.length)).waiting.push({
        ...queued,
        entry,
        bytes,
        readAtMs: nowMs,
      });
      this.#records += 1;
      this.#bytes += bytes;
    }
    this.#readAfter = readAfter;
    this.#advance();
  }

  /** What the lane does next. `isEnded`: nothing more will come, so nothing is waited for. */
  next(lane: number, now: { readonly nowMs: number; readonly epochMs: number }, isEnded: boolean): Step {
    const state = this.#lane(lane);
    if (state.underWay !== undefined) return { type: 'idle' };
    const [part] = state.parts;
    if (part === undefined && state.waiting.length === 0) return { type: 'idle' };
    if (now.nowMs < state.notBeforeMs) return { type: 'wait', untilMs: state.notBeforeMs };
    const expired = this.#expired(part?.waiting ?? state.waiting, now.epochMs);
    if (expired > 0) return { type: 'expired', batch: this.#begin(lane, state, expired) };
    if (part !== undefined) return { type: 'run', batch: this.#begin(lane, state, part.waiting.length) };

    const { records, isFull } = this.#batchLength(state.waiting);
    const dueMs = (state.waiting[0]?.readAtMs ?? 0) + this.#policy.windowMs;
    if (!isFull && !isEnded && now.nowMs < dueMs) return { type: 'wait', untilMs: dueMs };
    return { type: 'run', batch: this.#begin(lane, state, records) };
  }

  /** An attempt with what `next` gave the lane has ended, and what was to be done for records that are given up is done. */
  settle(lane: number, { handled, givenUp, parts, delayMs }: Consequence, nowMs: number, ran: boolean): void {
    const state = this.#lane(lane);
    const { underWay } = state;
    invariant(underWay !== undefined, 'a lane is settled that has something under way');
    state.underWay = undefined;
    state.notBeforeMs = nowMs + delayMs;
    const done = handled + givenUp;
    for (const waiting of underWay.waiting.slice(0, done)) {
      waiting.entry.isHandled = true;
      this.#records -= 1;
      this.#bytes -= waiting.bytes;
      state.handled = waiting.sequence;
    }
    let from = done;
    const rest: Segment[] = parts.map((part) => {
      const waiting = underWay.waiting.slice(from, from + part.records);
      from += part.records;
      return { ...part, waiting, invocations: underWay.invocations + (ran ? 1 : 0) };
    });
    invariant(from === underWay.waiting.length, 'what becomes of a batch is said of all its records');
    state.parts.unshift(...rest);
    this.#advance();
  }

  /** What may be stored now: nothing before it will be needed again. */
  checkpoint(): Checkpoint {
    // One lane's position says nothing that `after` does not.
    const lanes = this.#lanes.length === 1 ? [] : this.#lanes.map(({ handled }) => handled);
    return { after: this.#after, lanes: lanes.some((handled) => handled !== '') ? lanes : [] };
  }

  #begin(lane: number, state: Lane, records: number): Batch {
    const [part] = state.parts;
    let segment: Segment;
    if (part === undefined) {
      segment = { waiting: state.waiting.splice(0, records), records, retries: 0, refusals: 0, invocations: 0 };
    } else {
      state.parts.shift();
      // Only what has expired is taken off a part; the rest of it stays first in line.
      if (records < part.waiting.length) {
        state.parts.unshift({ ...part, waiting: part.waiting.slice(records), records: part.waiting.length - records });
      }
      segment = { ...part, waiting: part.waiting.slice(0, records), records };
    }
    state.underWay = segment;
    const { waiting, retries, refusals, invocations } = segment;
    return { lane, queued: waiting, records, retries, refusals, invocations };
  }

  #batchLength(waiting: readonly Waiting[]): { readonly records: number; readonly isFull: boolean } {
    const { batchSize, payloadBytesMax } = this.#policy;
    let bytes = eventBytesAround;
    let records = 0;
    for (const { bytes: recordBytes } of waiting) {
      // The comma between two records counts too.
      bytes += recordBytes + 1;
      if (records > 0 && bytes > payloadBytesMax) return { records, isFull: true };
      records += 1;
      if (records === batchSize) return { records, isFull: true };
    }
    return { records, isFull: false };
  }

  /** How many of the first of them are too old. */
  #expired(waiting: readonly Waiting[], epochMs: number): number {
    const { recordAgeMsMax, batchSize } = this.#policy;
    if (recordAgeMsMax === Number.POSITIVE_INFINITY) return 0;
    let count = 0;
    for (const { arrivedAtMs } of waiting) {
      if (count === batchSize || epochMs - arrivedAtMs <= recordAgeMsMax) break;
      count += 1;
    }
    return count;
  }

  #isHandledBefore({ sequence, partitionKey }: QueuedRecord): boolean {
    if (this.#handledBefore.length === 0) return false;
    const upTo = this.#handledBefore[laneOf(partitionKey, this.#handledBefore.length)] ?? '';
    return upTo !== '' && this.#compare(sequence, upTo) <= 0;
  }

  #advance(): void {
    let handled = 0;
    while (this.#entries[handled]?.isHandled === true) handled += 1;
    if (handled > 0) {
      this.#after = this.#entries[handled - 1]?.sequence ?? this.#after;
      this.#entries = this.#entries.slice(handled);
    }
    // A read may have moved on over what is no record, or is gone.
    if (this.#entries.length === 0) this.#after = this.#readAfter;
    for (const lane of this.#lanes) {
      if (lane.handled !== '' && this.#compare(lane.handled, this.#after) <= 0) lane.handled = '';
    }
  }

  #lane(index: number): Lane {
    const lane = this.#lanes[index];
    invariant(lane !== undefined, 'lanes are named by their index');
    return lane;
  }
}

/** `{"Records":[` and `]}`. */
const eventBytesAround = 14;

/** The lane of a partition key, the same in every process: FNV-1a. */
export function laneOf(partitionKey: string, lanes: number): number {
  if (lanes === 1) return 0;
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < partitionKey.length; index += 1) {
    hash = Math.imul(hash ^ partitionKey.charCodeAt(index), 0x01_00_01_93);
  }
  return (hash >>> 0) % lanes;
}
