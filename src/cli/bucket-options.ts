/** `--bucket NAME=DIR` and `--notify NAME=FUNCTION[,...]` as the engine's option. Which names and events there are is the engine's to say. */
import type { BucketNotification, BucketOptions } from '../model/bucket.ts';
import { UsageError } from './exit-status.ts';

const notifyForm = 'NAME=FUNCTION[,event=s3:ObjectCreated:*][,prefix=in/][,suffix=.png]';

export function bucketsOption(
  buckets: readonly string[],
  notifications: readonly string[],
): { readonly buckets?: Readonly<Record<string, BucketOptions>> } {
  if (buckets.length === 0 && notifications.length === 0) return {};
  const found = new Map<string, { readonly directory: string; readonly notifications: BucketNotification[] }>();
  for (const text of buckets) {
    const [name, directory] = halves(text);
    if (name === '' || directory === '') {
      throw new UsageError(`--bucket must be NAME=DIR, such as uploads=/srv/uploads, got ${JSON.stringify(text)}`);
    }
    found.set(name, { directory, notifications: [] });
  }
  for (const text of notifications) {
    const [name, rest] = halves(text);
    const bucket = found.get(name);
    if (bucket === undefined) {
      throw new UsageError(`--notify names a bucket that --bucket gives, got ${JSON.stringify(text)}`);
    }
    bucket.notifications.push(notification(rest, text));
  }
  return { buckets: Object.fromEntries(found) };
}

function notification(rest: string, text: string): BucketNotification {
  const [functionName = '', ...settings] = rest.split(',');
  const events: string[] = [];
  const filter: { prefix?: string; suffix?: string } = {};
  for (const setting of settings) {
    const [name, value] = halves(setting);
    if (name === 'event') events.push(value);
    else if (name === 'prefix' || name === 'suffix') filter[name] = value;
    else throw new UsageError(`--notify must be ${notifyForm}, got ${JSON.stringify(text)}`);
  }
  if (functionName === '') throw new UsageError(`--notify must be ${notifyForm}, got ${JSON.stringify(text)}`);
  // The engine refuses events that there are not, with those that there are.
  return { functionName, ...filter, ...(events.length > 0 && { events: events as BucketNotification['events'] & {} }) };
}

function halves(text: string): readonly [before: string, after: string] {
  const equals = text.indexOf('=');
  return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}
