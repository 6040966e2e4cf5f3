/**
 * The six fields of EventBridge's `cron(...)` (docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html), taken
 * apart: which values each field allows. When a schedule fires is said in `next-firing.ts`.
 *
 * What that page leaves open is decided here: a range rises, may have a step (`8-18/2`), `LW` is the last weekday of a month, `6L` the
 * last Friday, and `W`, `L` and `#` stand alone in their field.
 */
import { scheduleProblem } from './schedule-problem.ts';

export interface CronExpression {
  readonly kind: 'cron';
  /** Each rising, without repeats, and never empty. */
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  readonly years: readonly number[];
  readonly days: CronDays;
}

/** Which days of a month. Days of the week count from 1, Sunday. */
export type CronDays =
  | { readonly kind: 'dates'; readonly dates: readonly number[] }
  | { readonly kind: 'last-date' }
  | { readonly kind: 'last-weekday' }
  | { readonly kind: 'nearest-weekday'; readonly date: number }
  | { readonly kind: 'days-of-week'; readonly days: readonly number[] }
  | { readonly kind: 'last-of-month'; readonly day: number }
  | { readonly kind: 'nth-of-month'; readonly day: number; readonly nth: number };

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
  /** Whether `/` is allowed. */
  readonly steps: boolean;
}

const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const minute: Field = { name: 'minutes', min: 0, max: 59, names: [], steps: true };
const hour: Field = { name: 'hours', min: 0, max: 23, names: [], steps: true };
const dayOfMonth: Field = { name: 'day-of-month', min: 1, max: 31, names: [], steps: true };
const month: Field = { name: 'month', min: 1, max: 12, names: monthNames, steps: true };
const dayOfWeek: Field = { name: 'day-of-week', min: 1, max: 7, names: dayNames, steps: false };
const year: Field = { name: 'year', min: 1970, max: 2199, names: [], steps: true };

/** @param text what stands between the parentheses. @throws EngineError ValidationException */
export function parseCron(text: string): CronExpression {
  const parts = text.trim().split(/\s+/);
  const [minutes, hours, dates, months, weekdays, years] = parts;
  if (
    parts.length !== 6 ||
    minutes === undefined ||
    hours === undefined ||
    dates === undefined ||
    months === undefined ||
    weekdays === undefined ||
    years === undefined
  ) {
    const found = text.trim() === '' ? 0 : parts.length;
    throw scheduleProblem(
      'cron',
      'has six fields: minutes hours day-of-month month day-of-week year',
      `${found} fields`,
    );
  }
  return {
    kind: 'cron',
    minutes: valuesOf(minute, minutes),
    hours: valuesOf(hour, hours),
    months: valuesOf(month, months),
    years: valuesOf(year, years),
    days: daysOf(dates, weekdays),
  };
}

function daysOf(dates: string, weekdays: string): CronDays {
  if ((dates === '?') === (weekdays === '?')) {
    throw scheduleProblem(
      'day-of-month and day-of-week',
      'are never both given: exactly one of them is ?',
      `${dates} and ${weekdays}`,
    );
  }
  return weekdays === '?' ? daysOfMonth(dates) : daysOfWeek(weekdays);
}

function daysOfMonth(text: string): CronDays {
  const upper = text.toUpperCase();
  if (upper === 'L') return { kind: 'last-date' };
  if (upper === 'LW') return { kind: 'last-weekday' };
  const nearest = /^(\d{1,2})W$/.exec(upper)?.[1];
  if (nearest !== undefined) return { kind: 'nearest-weekday', date: numberOf(dayOfMonth, nearest) };
  assertWithout(dayOfMonth, text, /[LW]/i, 'has L, LW or 15W alone, beside no other value');
  return { kind: 'dates', dates: valuesOf(dayOfMonth, text) };
}

function daysOfWeek(text: string): CronDays {
  const upper = text.toUpperCase();
  if (upper === 'L') return { kind: 'days-of-week', days: [7] };
  const last = /^([1-7]|[A-Z]{3})L$/.exec(upper)?.[1];
  if (last !== undefined) return { kind: 'last-of-month', day: numberOf(dayOfWeek, last) };
  const [, day, nth] = /^(\w+)#(\w+)$/.exec(upper) ?? [];
  if (day !== undefined && nth !== undefined) {
    if (!/^[1-5]$/.test(nth)) throw scheduleProblem(dayOfWeek.name, 'has a week from 1 to 5 behind #', text);
    return { kind: 'nth-of-month', day: numberOf(dayOfWeek, day), nth: Number(nth) };
  }
  assertWithout(dayOfWeek, text, /#|L(?=,|$)/i, 'has one of L, 6L or 3#2 alone, beside no other value');
  return { kind: 'days-of-week', days: valuesOf(dayOfWeek, text) };
}

function assertWithout({ name }: Field, text: string, wrong: RegExp, rule: string): void {
  if (wrong.test(text)) throw scheduleProblem(name, rule, text);
}

function valuesOf(field: Field, text: string): readonly number[] {
  const values = new Set<number>();
  for (const item of text.split(',')) for (const value of itemValues(field, item, text)) values.add(value);
  return [...values].sort((a, b) => a - b);
}

// `*`, `5`, `1-5`, and each with a step: `*/10`, `5/10` (from 5 to the end), `1-30/10`.
function itemValues(field: Field, item: string, text: string): number[] {
  const [range = '', stepText, ...more] = item.split('/');
  if (more.length > 0 || item === '') throw scheduleProblem(field.name, allowed(field), text);
  if (stepText !== undefined && !field.steps) throw scheduleProblem(field.name, `${allowed(field)}; it has no /`, text);
  const [from, to] = bounds(field, range, stepText !== undefined, text);
  const step = stepText === undefined ? 1 : stepOf(field, stepText, text);
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

function bounds(field: Field, range: string, isStepped: boolean, text: string): readonly [from: number, to: number] {
  if (range === '*') return [field.min, field.max];
  const [first = '', last, ...more] = range.split('-');
  if (more.length > 0) throw scheduleProblem(field.name, allowed(field), text);
  const from = numberOf(field, first, text);
  if (last === undefined) return [from, isStepped ? field.max : from];
  const to = numberOf(field, last, text);
  if (to < from) throw scheduleProblem(field.name, 'has ranges that rise', text);
  return [from, to];
}

function stepOf(field: Field, stepText: string, text: string): number {
  const step = /^\d{1,4}$/.test(stepText) ? Number(stepText) : 0;
  if (step >= 1 && step <= field.max) return step;
  throw scheduleProblem(field.name, `has a step from 1 to ${field.max} behind /`, text);
}

function numberOf(field: Field, value: string, text = value): number {
  const named = field.names.indexOf(value.toUpperCase());
  if (named >= 0) return named + field.min;
  const number = /^\d{1,4}$/.test(value) ? Number(value) : -1;
  if (number >= field.min && number <= field.max) return number;
  throw scheduleProblem(field.name, allowed(field), text);
}

function allowed({ min, max, names }: Field): string {
  const [first] = names;
  return `has values from ${min} to ${max}${first === undefined ? '' : ` or ${first} to ${names.at(-1)}`}`;
}
