/** Entries of a Redis stream: their ids, and how their fields become a record. */
import { isUtf8 } from 'node:buffer';
import type { SourceRecord } from '../sources/source.ts';
import { bytesOf, listOf, type Reply, textOf } from './resp.ts';

/** What an entry holds, as a function gets it. */
export interface EntryData {
  /** The last one of each name. */
  readonly fields: Readonly<Record<string, string>>;
  /** Base64 of values that are no UTF-8. */
  readonly binaryFields?: Readonly<Record<string, string>>;
}

/** `milliseconds-number`. Before all others, and behind all of a millisecond. */
export const firstId = '0-0';
export const lastNumber = '18446744073709551615';

/** Entries that carry this field are told apart by it for `ParallelizationFactor`; the others are one by one. */
const partitionField = 'partitionKey';

/** @param key of the stream. Undefined: it is no entry. */
export function recordOf(reply: Reply, key: string): SourceRecord | undefined {
  const [id, pairs] = listOf(reply);
  const sequence = textOf(id);
  if (!isEntryId(sequence)) return undefined;
  const fields = new Map<string, string>();
  const binaryFields = new Map<string, string>();
  const list = listOf(pairs);
  for (let index = 0; index + 1 < list.length; index += 2) {
    const name = textOf(list[index]);
    const value = bytesOf(list[index + 1]);
    const isText = isUtf8(value);
    (isText ? fields : binaryFields).set(name, value.toString(isText ? 'utf8' : 'base64'));
    (isText ? binaryFields : fields).delete(name);
  }
  const data: EntryData = {
    fields: Object.fromEntries(fields),
    ...(binaryFields.size > 0 && { binaryFields: Object.fromEntries(binaryFields) }),
  };
  return {
    sequence,
    partitionKey: fields.get(partitionField) ?? key,
    data: Buffer.from(JSON.stringify(data)),
    arrivedAtMs: Number(sequence.slice(0, sequence.indexOf('-'))),
  };
}

export function isEntryId(text: string): boolean {
  return /^\d{1,20}-\d{1,20}$/.test(text);
}

/** Both parts are 64 bits wide. */
export function compareIds(one: string, other: string): number {
  const [oneMs = '0', oneNumber = '0'] = one.split('-');
  const [otherMs = '0', otherNumber = '0'] = other.split('-');
  const difference = BigInt(oneMs) - BigInt(otherMs) || BigInt(oneNumber) - BigInt(otherNumber);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
