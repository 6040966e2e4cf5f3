/** Which groups, streams and segments there are: in memory, small, of all that is kept. It reads and writes nothing. */
import { type FoundSegment, type GroupFacts, nameHash, type SegmentHead } from './log-storage.ts';

export interface Segment extends SegmentHead {
  /** Of its records. */
  bytes: number;
  firstMs: number;
  lastMs: number;
}

export class LogStream {
  readonly group: string;
  readonly name: string;
  readonly createdMs: number;
  /** Orders events of one millisecond, and stands for the name in tokens and ids. */
  readonly key: string;
  /** Rising. */
  readonly segments: Segment[] = [];
  /** Where the next record goes. */
  end = 0;

  constructor(group: string, name: string, createdMs: number) {
    this.group = group;
    this.name = name;
    this.createdMs = createdMs;
    this.key = nameHash(name);
  }

  get firstMs(): number | undefined {
    return this.segments[0]?.firstMs;
  }

  get lastMs(): number | undefined {
    return this.segments.at(-1)?.lastMs;
  }

  get bytes(): number {
    let bytes = 0;
    for (const segment of this.segments) bytes += segment.bytes;
    return bytes;
  }
}

export class LogGroup {
  facts: GroupFacts;
  readonly streams = new Map<string, LogStream>();

  constructor(facts: GroupFacts) {
    this.facts = facts;
  }

  get bytes(): number {
    let bytes = 0;
    for (const stream of this.streams.values()) bytes += stream.bytes;
    return bytes;
  }
}

export class LogIndex {
  readonly groups = new Map<string, LogGroup>();
  /** Of all records. */
  bytes = 0;
  segments = 0;

  /** Made when it is not there. */
  stream(group: string, name: string, nowMs: number): LogStream {
    const known = this.group(group, nowMs);
    let stream = known.streams.get(name);
    if (stream === undefined) {
      stream = new LogStream(group, name, nowMs);
      known.streams.set(name, stream);
    }
    return stream;
  }

  group(name: string, nowMs: number): LogGroup {
    let group = this.groups.get(name);
    if (group === undefined) {
      group = new LogGroup({ group: name, createdMs: nowMs });
      this.groups.set(name, group);
    }
    return group;
  }

  add(stream: LogStream, segment: Segment): void {
    stream.segments.push(segment);
    stream.end = segment.base + segment.bytes;
    this.bytes += segment.bytes;
    this.segments += 1;
  }

  grown(stream: LogStream, segment: Segment, bytes: number, lastMs: number): void {
    segment.bytes += bytes;
    segment.lastMs = Math.max(segment.lastMs, lastMs);
    stream.end = segment.base + segment.bytes;
    this.bytes += bytes;
  }

  /** The stream goes with its last segment. */
  removed(segment: Segment): void {
    const group = this.groups.get(segment.group);
    const stream = group?.streams.get(segment.stream);
    const at = stream?.segments.indexOf(segment) ?? -1;
    if (group === undefined || stream === undefined || at === -1) return;
    stream.segments.splice(at, 1);
    this.bytes -= segment.bytes;
    this.segments -= 1;
    if (stream.segments.length === 0) group.streams.delete(segment.stream);
  }

  /** What lay there when the engine began, or has grown since it was looked for last. */
  found(groups: readonly GroupFacts[], segments: readonly FoundSegment[]): void {
    for (const facts of groups) {
      const known = this.groups.get(facts.group);
      if (known === undefined) this.groups.set(facts.group, new LogGroup(facts));
      else known.facts = { ...facts, createdMs: Math.min(facts.createdMs, known.facts.createdMs) };
    }
    for (const found of segments.toSorted((a, b) => a.base - b.base)) {
      const stream = this.stream(found.group, found.stream, found.createdMs);
      const known = stream.segments.find(({ base }) => base === found.base);
      if (known === undefined) this.add(stream, { ...found });
      else if (found.bytes > known.bytes) this.grown(stream, known, found.bytes - known.bytes, found.lastMs);
    }
  }

  *allSegments(): Generator<Segment> {
    for (const group of this.groups.values()) {
      for (const stream of group.streams.values()) yield* stream.segments;
    }
  }
}
