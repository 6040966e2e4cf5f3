/** The event of a schedule as EventBridge sends it. */
import { createHash } from 'node:crypto';
import { accountId, region } from '../../model/function-configuration.ts';
import { type Schedule, scheduleArn } from './schedule.ts';

/**
 * JSON text. Its id follows from schedule and instant alone: whoever is killed between handing it over and writing so down sends the
 * same event again, and a function can tell.
 */
export function scheduledEvent({ name, anchorMs }: Schedule, instantMs: number): string {
  const arn = scheduleArn(name);
  return JSON.stringify({
    version: '0',
    id: uuidOf(`${arn}\n${anchorMs}\n${instantMs}`),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: accountId,
    time: `${new Date(instantMs).toISOString().slice(0, 19)}Z`,
    region,
    resources: [arn],
    detail: {},
  });
}

/** RFC 9562, version 8: made from whatever its maker likes. */
function uuidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest().subarray(0, 16);
  hash[6] = 0x80 | ((hash[6] ?? 0) & 0x0f);
  hash[8] = 0x80 | ((hash[8] ?? 0) & 0x3f);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
