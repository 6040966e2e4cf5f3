import test from 'ava';
import { parseScheduleExpression } from '../../../src/queue/schedules/schedule-expression.ts';

const wrong: readonly (readonly [expression: string, reason: string])[] = [
  ['', 'an expression is rate(5 minutes), cron(0 12 * * ? *) or at(2030-01-31T12:00:00), received ""'],
  ['CRON(0 12 * * ? *)', 'an expression is'],
  ['cron(0 12 * * ? *', 'an expression is'],
  ['cron()', 'cron has six fields: minutes hours day-of-month month day-of-week year, received "0 fields"'],
  ['cron(0 12 * * ?)', 'received "5 fields"'],
  ['cron(0 0 12 * * ? *)', 'received "7 fields"'],
  ['cron(60 12 * * ? *)', 'minutes has values from 0 to 59, received "60"'],
  ['cron(-1 12 * * ? *)', 'minutes has values from 0 to 59, received "-1"'],
  ['cron(1, 12 * * ? *)', 'minutes has values from 0 to 59, received "1,"'],
  ['cron(1.5 12 * * ? *)', 'minutes has values from 0 to 59, received "1.5"'],
  ['cron(? 12 * * ? *)', 'minutes has values from 0 to 59, received "?"'],
  ['cron(0 24 * * ? *)', 'hours has values from 0 to 23, received "24"'],
  ['cron(0 5-2 * * ? *)', 'hours has ranges that rise, received "5-2"'],
  ['cron(0/0 12 * * ? *)', 'minutes has a step from 1 to 59 behind /, received "0/0"'],
  ['cron(0/60 12 * * ? *)', 'minutes has a step from 1 to 59 behind /, received "0/60"'],
  ['cron(0/5/5 12 * * ? *)', 'minutes has values from 0 to 59, received "0/5/5"'],
  [
    'cron(0 12 * * * *)',
    'day-of-month and day-of-week are never both given: exactly one of them is ?, received "* and *"',
  ],
  ['cron(0 12 ? * ? *)', 'received "? and ?"'],
  ['cron(0 12 1 * 2 *)', 'received "1 and 2"'],
  ['cron(0 12 32 * ? *)', 'day-of-month has values from 1 to 31, received "32"'],
  ['cron(0 12 32W * ? *)', 'day-of-month has values from 1 to 31, received "32"'],
  ['cron(0 12 L,3 * ? *)', 'day-of-month has L, LW or 15W alone, beside no other value, received "L,3"'],
  ['cron(0 12 L-3 * ? *)', 'day-of-month has L, LW or 15W alone'],
  ['cron(0 12 1 13 ? *)', 'month has values from 1 to 12 or JAN to DEC, received "13"'],
  ['cron(0 12 1 JANUARY ? *)', 'month has values from 1 to 12 or JAN to DEC, received "JANUARY"'],
  ['cron(0 12 ? * 0 *)', 'day-of-week has values from 1 to 7 or SUN to SAT, received "0"'],
  ['cron(0 12 ? * 8L *)', 'day-of-week has one of L, 6L or 3#2 alone'],
  ['cron(0 12 ? * 3#6 *)', 'day-of-week has a week from 1 to 5 behind #, received "3#6"'],
  ['cron(0 12 ? * 3#1,6#3 *)', 'day-of-week has one of L, 6L or 3#2 alone, beside no other value, received "3#1,6#3"'],
  ['cron(0 12 ? * 2/2 *)', 'it has no /, received "2/2"'],
  ['cron(0 12 * * ? 1969)', 'year has values from 1970 to 2199, received "1969"'],
  ['cron(0 12 * * ? 2200)', 'year has values from 1970 to 2199'],
  ['rate(5)', 'rate is a whole number and minutes, hours or days, received "5"'],
  ['rate(5 seconds)', 'rate is a whole number and minutes, hours or days'],
  ['rate(0 minutes)', 'rate has a number from 1 to 1000000, received "0 minutes"'],
  ['rate(1000001 minutes)', 'rate has a number from 1 to 1000000'],
  ['rate(1 minutes)', 'rate of 1 is written 1 minute, received "1 minutes"'],
  ['rate(2 hour)', 'rate of 2 is written 2 hours, received "2 hour"'],
  ['at(2030-02-30T00:00:00)', 'at is a date from 1970 to 2199 and a time, without a zone: 2030-01-31T12:00:00'],
  ['at(2030-01-01T24:00:00)', 'at is a date'],
  ['at(2030-01-01T00:00:00Z)', 'at is a date'],
  [`rate(${' '.repeat(256)}1 day)`, 'an expression has at most 256 characters'],
];

for (const [expression, reason] of wrong) {
  test(`${JSON.stringify(expression.slice(0, 30))} is refused with what is wrong`, (t) => {
    const error = t.throws(() => parseScheduleExpression(expression), { code: 'ValidationException' });
    t.true(error?.message.startsWith('Parameter ScheduleExpression is not valid. Reason: '), error?.message);
    t.true(error?.message.includes(reason), error?.message);
  });
}

test('rates are numbers of minutes, hours or days', (t) => {
  t.deepEqual(parseScheduleExpression('rate(1 minute)'), { kind: 'rate', periodMs: 60_000 });
  t.deepEqual(parseScheduleExpression('rate(12 hours)'), { kind: 'rate', periodMs: 43_200_000 });
  t.deepEqual(parseScheduleExpression('rate(7 days)'), { kind: 'rate', periodMs: 604_800_000 });
});

test('names, lists, ranges and steps mean the values they stand for', (t) => {
  const cron = parseScheduleExpression('cron(1/20 8-18/5 ? JAN,mar-5 MON-FRI 2022-2023)');
  if (cron.kind !== 'cron') return t.fail();
  t.deepEqual(cron.minutes, [1, 21, 41]);
  t.deepEqual(cron.hours, [8, 13, 18]);
  t.deepEqual(cron.months, [1, 3, 4, 5]);
  t.deepEqual(cron.years, [2022, 2023]);
  t.deepEqual(cron.days, { kind: 'days-of-week', days: [2, 3, 4, 5, 6] });
});

const days: readonly (readonly [dates: string, weekdays: string, days: object])[] = [
  ['L', '?', { kind: 'last-date' }],
  ['LW', '?', { kind: 'last-weekday' }],
  ['3W', '?', { kind: 'nearest-weekday', date: 3 }],
  ['1,15', '?', { kind: 'dates', dates: [1, 15] }],
  ['?', 'L', { kind: 'days-of-week', days: [7] }],
  ['?', '6L', { kind: 'last-of-month', day: 6 }],
  ['?', 'friL', { kind: 'last-of-month', day: 6 }],
  ['?', 'TUE#2', { kind: 'nth-of-month', day: 3, nth: 2 }],
];

for (const [dates, weekdays, expected] of days) {
  test(`days ${dates} ${weekdays}`, (t) => {
    const cron = parseScheduleExpression(`cron(0 0 ${dates} * ${weekdays} *)`);
    t.deepEqual(cron.kind === 'cron' && cron.days, expected);
  });
}
