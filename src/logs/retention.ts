/** Which segments have to go: those that are too old, and the oldest of all while there is too much. Pure. */
import { limits } from '../model/limits.ts';
import type { LogIndex, Segment } from './log-index.ts';

export interface Retention {
  readonly bytesMax: number;
  /** Absent: as long as there is room. */
  readonly ageMsMax?: number;
}

const dayMs = 86_400_000;

export function outdated(index: LogIndex, { bytesMax, ageMsMax }: Retention, nowMs: number): Segment[] {
  const gone: Segment[] = [];
  const kept: Segment[] = [];
  for (const segment of index.allSegments()) {
    const days = index.groups.get(segment.group)?.facts.retentionDays;
    const ageMs = Math.min(ageMsMax ?? Infinity, days === undefined ? Infinity : days * dayMs);
    (segment.lastMs < nowMs - ageMs ? gone : kept).push(segment);
  }
  let bytes = kept.reduce((sum, segment) => sum + segment.bytes, 0);
  let count = kept.length;
  if (bytes <= bytesMax && count <= limits.logStreamsMax) return gone;
  // A little more than must be, so that it is not looked through again at once.
  const bytesKept = bytesMax * 0.9;
  const countKept = limits.logStreamsMax * 0.9;
  for (const segment of kept.toSorted((a, b) => a.lastMs - b.lastMs)) {
    if (bytes <= bytesKept && count <= countKept) break;
    gone.push(segment);
    bytes -= segment.bytes;
    count -= 1;
  }
  return gone;
}
