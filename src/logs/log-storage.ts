/**
 * Where the bytes of log streams lie. A stream is kept in segments: its records from a position on. Names of groups and streams come
 * from clients and functions and never become paths: files are called after hashes of them, and say inside what they are called.
 *
 *     <dir>/<32 hex of the group>/group.json
 *     <dir>/<32 hex of the group>/<32 hex of the stream>.<position of its first record>.log
 *
 * A file begins with a line `isotherm-log-1 {"group":…,"stream":…,"createdMs":…}`; the records follow (record-line.ts).
 */
import { createHash } from 'node:crypto';

export interface SegmentHead {
  readonly group: string;
  readonly stream: string;
  readonly createdMs: number;
  /** Of its first record in the stream: bytes of all records before. */
  readonly base: number;
}

export interface GroupFacts {
  readonly group: string;
  readonly createdMs: number;
  readonly retentionDays?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A segment that was there at the start. */
export interface FoundSegment extends SegmentHead {
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface LogStorage {
  /** Writes records at a place in the segment, over what a failed write may have left there. @throws the system's error: ENOENT when it was there and is gone */
  write(segment: SegmentHead, at: number, bytes: Uint8Array): Promise<void>;
  /** Fewer bytes than fit where the segment ends, none where there is no segment any more. */
  read(segment: SegmentHead, at: number, into: Uint8Array): Promise<number>;
  remove(segment: SegmentHead): Promise<void>;
  putGroup(facts: GroupFacts): Promise<void>;
  removeGroup(group: string): Promise<void>;
  /** What an earlier process left. */
  find(): Promise<{ readonly groups: readonly GroupFacts[]; readonly segments: readonly FoundSegment[] }>;
  close(): void;
}

/** Also a key that is short, whatever the name. */
export function nameHash(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}
