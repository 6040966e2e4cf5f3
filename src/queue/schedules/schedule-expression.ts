/**
 * `rate(...)`, `cron(...)` and `at(...)` as EventBridge and its Scheduler write them. `at` is Scheduler's; rules of EventBridge have the
 * other two.
 */
import { limits } from '../../model/limits.ts';
import { type CronExpression, parseCron } from './cron-expression.ts';
import { scheduleProblem } from './schedule-problem.ts';

export type ScheduleExpression =
  | { readonly kind: 'rate'; readonly periodMs: number }
  /** A wall-clock time of the schedule's zone, as milliseconds of a clock that knows no zones. */
  | { readonly kind: 'at'; readonly localMs: number }
  | CronExpression;

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** @throws EngineError ValidationException */
export function parseScheduleExpression(text: string): ScheduleExpression {
  const { scheduleExpressionLengthMax } = limits;
  if (text.length > scheduleExpressionLengthMax) {
    throw scheduleProblem('an expression', `has at most ${scheduleExpressionLengthMax} characters`, text);
  }
  const [, kind, inner = ''] = /^(rate|cron|at)\((.*)\)$/.exec(text) ?? [];
  switch (kind) {
    case 'rate':
      return rate(inner);
    case 'cron':
      return parseCron(inner);
    case 'at':
      return at(inner);
    default:
      throw scheduleProblem('an expression', 'is rate(5 minutes), cron(0 12 * * ? *) or at(2030-01-31T12:00:00)', text);
  }
}

function rate(text: string): ScheduleExpression {
  const [, digits = '', unit = '', plural] = /^\s*(\d+)\s+(minute|hour|day)(s?)\s*$/.exec(text) ?? [];
  const perUnit = unitMs[unit];
  if (perUnit === undefined) throw scheduleProblem('rate', 'is a whole number and minutes, hours or days', text);
  const value = Number(digits);
  const { scheduleRateMax } = limits;
  if (value < 1 || value > scheduleRateMax) {
    throw scheduleProblem('rate', `has a number from 1 to ${scheduleRateMax}`, text);
  }
  if ((value === 1) !== (plural === '')) {
    throw scheduleProblem(
      'rate',
      value === 1 ? `of 1 is written 1 ${unit}` : `of ${value} is written ${value} ${unit}s`,
      text,
    );
  }
  return { kind: 'rate', periodMs: value * perUnit };
}

function at(text: string): ScheduleExpression {
  const isWhole = /^(19[7-9]\d|20\d\d|21\d\d)-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text);
  const localMs = isWhole ? Date.parse(`${text}Z`) : Number.NaN;
  // Date.parse turns February 30 into March 2 in some engines and into NaN in others.
  if (Number.isNaN(localMs) || new Date(localMs).toISOString().slice(0, 19) !== text) {
    throw scheduleProblem('at', 'is a date from 1970 to 2199 and a time, without a zone: 2030-01-31T12:00:00', text);
  }
  return { kind: 'at', localMs };
}
