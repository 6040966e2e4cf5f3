/** `--since`: how far back, or from when. */
import { UsageError } from './exit-status.ts';

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds since the epoch. @throws UsageError */
export function sinceOption(name: string, value: string, nowMs: number): number {
  const [, amount, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(value) ?? [];
  const unitMs = unitsMs[unit];
  if (amount !== undefined && unitMs !== undefined) return Math.max(0, nowMs - Number(amount) * unitMs);
  const atMs = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN;
  if (atMs >= 0) return atMs;
  throw new UsageError(
    `${name} must be a time like 30s, 5m, 2h, 1d or 2026-01-31T12:00:00Z, got ${JSON.stringify(value)}`,
  );
}
