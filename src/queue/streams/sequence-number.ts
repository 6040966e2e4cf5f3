/**
 * Sequence numbers as clients see them: 56 digits, as those of Kinesis, so that what compares them as texts and what compares them as
 * numbers agree. Inside they are counted from 1 in each shard; 0 is before the first.
 */
const prefix = '49';
const digits = 54;

export function sequenceNumber(position: number): string {
  return prefix + String(position).padStart(digits, '0');
}

/** Undefined for what is no sequence number of ours. */
export function parseSequenceNumber(text: string): number | undefined {
  if (!/^49\d{54}$/.test(text)) return undefined;
  const position = Number(text.slice(prefix.length));
  return Number.isSafeInteger(position) ? position : undefined;
}
