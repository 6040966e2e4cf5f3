/** What a schedule is: EventBridge's rule with a schedule expression, and its targets. */
import { accountId, region } from '../../model/function-configuration.ts';

export interface Schedule {
  readonly name: string;
  /** As it was given. */
  readonly expression: string;
  /** IANA name; rules of EventBridge have UTC only. */
  readonly timeZone: string;
  readonly state: 'ENABLED' | 'DISABLED';
  readonly description?: string;
  readonly roleArn?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly targets: readonly ScheduleTarget[];
  /** Milliseconds since the epoch. When it was made, changed or switched on: what rates count from, and nothing before it fires. */
  readonly anchorMs: number;
}

export interface ScheduleTarget {
  readonly id: string;
  readonly functionArn: string;
  /** JSON text that the function gets instead of the scheduled event. */
  readonly input?: string;
  readonly roleArn?: string;
  /** How old an event may get before it is accepted; seconds. */
  readonly maximumEventAge?: number;
  readonly maximumRetryAttempts?: number;
}

export function scheduleArn(name: string): string {
  return `arn:aws:events:${region}:${accountId}:rule/${name}`;
}
