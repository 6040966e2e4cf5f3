/** When a schedule fires next. Pure: it reads no clock. */
import type { CronDays, CronExpression } from './cron-expression.ts';
import type { ScheduleExpression } from './schedule-expression.ts';
import type { TimeZone } from './time-zone.ts';

export interface FiringRule {
  readonly expression: ScheduleExpression;
  readonly zone: TimeZone;
  /** What rates count from: the first firing is one period later. */
  readonly anchorMs: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** The first instant behind `afterMs` at which it fires; undefined when there is none any more. */
export function nextFiring({ expression, zone, anchorMs }: FiringRule, afterMs: number): number | undefined {
  switch (expression.kind) {
    case 'rate': {
      const periods = Math.max(0, Math.floor((afterMs - anchorMs) / expression.periodMs));
      return anchorMs + (periods + 1) * expression.periodMs;
    }
    case 'at': {
      const instantMs = zone.instantOf(expression.localMs);
      return instantMs !== undefined && instantMs > afterMs ? instantMs : undefined;
    }
    case 'cron': {
      const fromLocalMs = (Math.floor(zone.localOf(afterMs) / minuteMs) + 1) * minuteMs;
      for (const localMs of wallClockTimes(expression, fromLocalMs)) {
        const instantMs = zone.instantOf(localMs);
        // One that was left out does not fire; one that comes for the second time has fired.
        if (instantMs !== undefined && instantMs > afterMs) return instantMs;
      }
      return undefined;
    }
    default:
      return expression satisfies never;
  }
}

/** The wall-clock times of an expression from one on, rising. Their instants rise too, because of each pair only the first counts. */
function* wallClockTimes(cron: CronExpression, fromLocalMs: number): Generator<number> {
  const from = new Date(fromLocalMs);
  for (const year of cron.years) {
    if (year < from.getUTCFullYear()) continue;
    for (const month of cron.months) {
      if (Date.UTC(year, month, 1) <= fromLocalMs) continue;
      for (const date of datesOf(cron.days, year, month)) {
        const midnightMs = Date.UTC(year, month - 1, date);
        if (midnightMs + dayMs <= fromLocalMs) continue;
        for (const hour of cron.hours) {
          for (const minute of cron.minutes) {
            const localMs = midnightMs + (hour * 60 + minute) * minuteMs;
            if (localMs >= fromLocalMs) yield localMs;
          }
        }
      }
    }
  }
}

/** Rising. @param month from 1 */
function datesOf(days: CronDays, year: number, month: number): readonly number[] {
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const dayOf = (date: number): number => new Date(Date.UTC(year, month - 1, date)).getUTCDay() + 1;
  switch (days.kind) {
    case 'dates':
      return days.dates.filter((date) => date <= length);
    case 'last-date':
      return [length];
    case 'last-weekday':
      return [nearestWeekday(length, length, dayOf)];
    case 'nearest-weekday':
      return days.date <= length ? [nearestWeekday(days.date, length, dayOf)] : [];
    case 'days-of-week': {
      const dates = Array.from({ length }, (_, index) => index + 1);
      return dates.filter((date) => days.days.includes(dayOf(date)));
    }
    case 'last-of-month':
      return [length - ((dayOf(length) - days.day + 7) % 7)];
    case 'nth-of-month': {
      const date = 1 + ((days.day - dayOf(1) + 7) % 7) + 7 * (days.nth - 1);
      return date <= length ? [date] : [];
    }
    default:
      return days satisfies never;
  }
}

/** Monday to Friday, in the same month. */
function nearestWeekday(date: number, length: number, dayOf: (date: number) => number): number {
  const day = dayOf(date);
  if (day === 7) return date > 1 ? date - 1 : date + 2;
  if (day === 1) return date < length ? date + 1 : date - 2;
  return date;
}
