/** What functions are told of an object: S3's event notification, version 2.1, with one record. */
import { createHash } from 'node:crypto';
import type { Bucket, BucketEventName, BucketNotification } from '../../model/bucket.ts';
import { region } from '../../model/function-configuration.ts';

/** What became of an object. */
export type ObjectChange =
  | { readonly kind: 'created'; readonly key: string; readonly bytes: number; readonly eTag: string }
  | { readonly kind: 'removed'; readonly key: string };

/** Notifications of a bucket that want to know of a change. */
export function interested(bucket: Bucket, change: ObjectChange): readonly Required<BucketNotification>[] {
  const names: readonly BucketEventName[] =
    change.kind === 'created'
      ? ['s3:ObjectCreated:*', 's3:ObjectCreated:Put']
      : ['s3:ObjectRemoved:*', 's3:ObjectRemoved:Delete'];
  return bucket.notifications.filter(
    ({ events, prefix, suffix }) =>
      change.key.startsWith(prefix) && change.key.endsWith(suffix) && events.some((event) => names.includes(event)),
  );
}

export interface BucketEventDetails {
  readonly bucketName: string;
  readonly notificationId: string;
  readonly timeMs: number;
  readonly sequencer: number;
}

/** JSON text. */
export function bucketEvent(change: ObjectChange, details: BucketEventDetails): string {
  const { bucketName, notificationId, timeMs, sequencer } = details;
  const hash = createHash('sha256').update(`${bucketName}\n${change.key}\n${sequencer}`).digest();
  const object = { key: encodedKey(change.key) };
  const record = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: region,
    eventTime: new Date(timeMs).toISOString(),
    eventName: change.kind === 'created' ? 'ObjectCreated:Put' : 'ObjectRemoved:Delete',
    userIdentity: { principalId: 'isotherm' },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: {
      'x-amz-request-id': hash.toString('hex', 0, 8).toUpperCase(),
      'x-amz-id-2': hash.toString('base64'),
    },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: notificationId,
      bucket: {
        name: bucketName,
        ownerIdentity: { principalId: 'isotherm' },
        arn: `arn:aws:s3:::${bucketName}`,
      },
      object: {
        ...object,
        ...(change.kind === 'created' && { size: change.bytes, eTag: change.eTag }),
        // Of one length, so that they compare as texts.
        sequencer: sequencer.toString(16).toUpperCase().padStart(16, '0'),
      },
    },
  };
  return JSON.stringify({ Records: [record] });
}

/** As a form would have it, with slashes as they are. */
function encodedKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
