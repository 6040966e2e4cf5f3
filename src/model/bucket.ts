/** Directories that are watched as if they were buckets of S3, and who is told of what changes in them: as options give it, checked. */
import { resolve } from 'node:path';
import { shownValue } from '../base/shown-value.ts';
import { EngineError } from './errors.ts';
import { limits } from './limits.ts';

export const bucketEventNames = [
  's3:ObjectCreated:*',
  's3:ObjectCreated:Put',
  's3:ObjectRemoved:*',
  's3:ObjectRemoved:Delete',
] as const;

export type BucketEventName = (typeof bucketEventNames)[number];

export interface BucketNotification {
  /** Tells notifications of a bucket apart; functions see it as `configurationId`. Default: the function's name. */
  readonly id?: string;
  /** Name or ARN, each optionally with a version or an alias. */
  readonly functionName: string;
  /** Default: `s3:ObjectCreated:*`. */
  readonly events?: readonly BucketEventName[];
  /** Only keys that begin so. */
  readonly prefix?: string;
  /** Only keys that end so. */
  readonly suffix?: string;
}

export interface BucketOptions {
  /** The directory of the objects; a file below it is an object whose key is its path. */
  readonly directory: string;
  readonly notifications: readonly BucketNotification[];
}

export interface Bucket {
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  readonly notifications: readonly Required<BucketNotification>[];
}

/** @throws EngineError InvalidParameterValueException */
export function validBuckets(given: Readonly<Record<string, BucketOptions>>): readonly Bucket[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid('buckets', 'an object', given);
  const names = Object.keys(given);
  if (names.length > limits.bucketsMax) throw invalid('buckets', `at most ${limits.bucketsMax}`, names.length);
  return names.map((name) => validBucket(name, given[name]));
}

function validBucket(name: string, options: BucketOptions | undefined): Bucket {
  const path = `buckets.${name}`;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    throw invalid('the name of a bucket', '3 to 63 lower-case letters, digits, dots and hyphens', name);
  }
  if (typeof options !== 'object' || options === null) throw invalid(path, 'an object', options);
  const { directory, notifications } = options;
  if (typeof directory !== 'string' || directory === '' || directory.includes('\0')) {
    throw invalid(`${path}.directory`, 'a path', directory);
  }
  const { bucketNotificationsMax } = limits;
  if (!Array.isArray(notifications) || notifications.length > bucketNotificationsMax) {
    throw invalid(`${path}.notifications`, `a list of at most ${bucketNotificationsMax}`, notifications);
  }
  return {
    name,
    directory: resolve(directory),
    notifications: notifications.map((each, index) => validNotification(`${path}.notifications[${index}]`, each)),
  };
}

function validNotification(path: string, given: BucketNotification): Required<BucketNotification> {
  if (typeof given !== 'object' || given === null) throw invalid(path, 'an object', given);
  const { functionName, id = functionName, events = ['s3:ObjectCreated:*'], prefix = '', suffix = '' } = given;
  for (const [member, value] of Object.entries({ functionName, id, prefix, suffix })) {
    if (typeof value === 'string' && value.length <= limits.bucketKeyBytesMax) continue;
    throw invalid(`${path}.${member}`, `a text of at most ${limits.bucketKeyBytesMax} characters`, value);
  }
  if (functionName === '') throw invalid(`${path}.functionName`, 'the name of a function', functionName);
  if (!Array.isArray(events) || events.length === 0) throw invalid(`${path}.events`, 'a list of events', events);
  for (const event of events) {
    if (!bucketEventNames.includes(event)) {
      throw invalid(`${path}.events`, `some of ${bucketEventNames.join(', ')}`, event);
    }
  }
  return { id, functionName, events: [...events], prefix, suffix };
}

function invalid(name: string, rule: string, value: unknown): EngineError {
  return new EngineError('InvalidParameterValueException', `${name} must be ${rule}, received ${shownValue(value)}`);
}
