/** `nextFiring` beside an oracle that knows no calendar arithmetic: it looks at every minute. */
import test from 'ava';
import fc from 'fast-check';
import { nextFiring } from '../../../src/queue/schedules/next-firing.ts';
import { parseScheduleExpression } from '../../../src/queue/schedules/schedule-expression.ts';
import { timeZone } from '../../../src/queue/schedules/time-zone.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** The first firings behind an instant, as ISO texts without seconds. */
function firings(text: string, after: string, count: number, zoneName = 'UTC'): readonly string[] {
  const rule = { expression: parseScheduleExpression(text), zone: timeZone(zoneName), anchorMs: Date.parse(after) };
  const found: string[] = [];
  for (
    let at = nextFiring(rule, Date.parse(after));
    at !== undefined && found.length < count;
    at = nextFiring(rule, at)
  ) {
    found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

test('the examples of the documentation', (t) => {
  t.deepEqual(firings('cron(0 10 * * ? *)', '2026-01-01T10:00Z', 2), ['2026-01-02T10:00', '2026-01-03T10:00']);
  t.deepEqual(firings('cron(0 18 ? * MON-FRI *)', '2026-11-20T18:00Z', 2), ['2026-11-23T18:00', '2026-11-24T18:00']);
  t.deepEqual(firings('cron(0 8 1 * ? *)', '2026-11-20T18:00Z', 2), ['2026-12-01T08:00', '2027-01-01T08:00']);
  t.deepEqual(firings('cron(0/15 * * * ? *)', '2026-11-20T18:50Z', 2), ['2026-11-20T19:00', '2026-11-20T19:15']);
  t.deepEqual(firings('cron(0 9 ? * 2#1 *)', '2026-11-20T00:00Z', 2), ['2026-12-07T09:00', '2027-01-04T09:00']);
  t.deepEqual(firings('cron(15 10 ? * 6L 2022-2023)', '2023-11-01T00:00Z', 9), [
    '2023-11-24T10:15',
    '2023-12-29T10:15',
  ]);
});

test('W is the nearest weekday of the same month', (t) => {
  // August 1, 2026 is a Saturday and May 31, 2026 a Sunday.
  t.deepEqual(firings('cron(0 0 1W 8 ? *)', '2026-01-01T00:00Z', 1), ['2026-08-03T00:00']);
  t.deepEqual(firings('cron(0 0 31W 5 ? *)', '2026-01-01T00:00Z', 1), ['2026-05-29T00:00']);
  t.deepEqual(firings('cron(0 0 LW 5 ? *)', '2026-01-01T00:00Z', 1), ['2026-05-29T00:00']);
  t.deepEqual(firings('cron(0 0 31W 4 ? *)', '2026-01-01T00:00Z', 1), []);
});

test('a date that does not come is waited for, and one that never comes is not', (t) => {
  t.deepEqual(firings('cron(0 0 29 2 ? *)', '2096-03-01T00:00Z', 2), ['2104-02-29T00:00', '2108-02-29T00:00']);
  t.deepEqual(firings('cron(0 0 30 2 ? *)', '2026-01-01T00:00Z', 1), []);
  t.deepEqual(firings('cron(0 0 1 1 ? 2020)', '2026-01-01T00:00Z', 1), []);
  t.deepEqual(firings('cron(* * * * ? *)', '2199-12-31T23:58:30Z', 9), ['2199-12-31T23:59']);
});

test('a rate counts from its anchor, however late one looks', (t) => {
  const rule = { expression: parseScheduleExpression('rate(5 minutes)'), zone: timeZone('UTC'), anchorMs: 1_000 };
  t.is(nextFiring(rule, 1_000), 301_000);
  t.is(nextFiring(rule, 0), 301_000);
  t.is(nextFiring(rule, 301_000), 601_000);
  t.is(nextFiring(rule, 900_999), 901_000);
});

test('at fires once, and not for a time that was left out', (t) => {
  t.deepEqual(firings('at(2026-11-20T13:00:05)', '2026-11-20T00:00Z', 9), ['2026-11-20T13:00']);
  t.deepEqual(firings('at(2026-11-20T13:00:00)', '2026-11-20T13:00Z', 9), []);
  t.deepEqual(firings('at(2026-11-20T13:00:00)', '2026-11-20T00:00Z', 9, 'Asia/Tokyo'), ['2026-11-20T04:00']);
  t.deepEqual(firings('at(2026-03-08T02:30:00)', '2026-01-01T00:00Z', 9, 'America/New_York'), []);
});

test('a time that clocks leave out is skipped, one that comes twice fires once', (t) => {
  // New York: 2026-03-08 has no 02:30; on 2026-11-01 01:30 is at 05:30Z and again at 06:30Z.
  const spring = firings('cron(30 2 * * ? *)', '2026-03-07T00:00Z', 2, 'America/New_York');
  t.deepEqual(spring, ['2026-03-07T07:30', '2026-03-09T06:30']);
  const autumn = firings('cron(30 1 * * ? *)', '2026-10-31T12:00Z', 2, 'America/New_York');
  t.deepEqual(autumn, ['2026-11-01T05:30', '2026-11-02T06:30']);
  const looked = firings('cron(30 1 * * ? *)', '2026-11-01T06:10Z', 1, 'America/New_York');
  t.deepEqual(looked, ['2026-11-02T06:30'], 'nor when one starts to look between the two');
  const often = firings('cron(0/30 * * * ? *)', '2026-11-01T05:00Z', 3, 'America/New_York');
  t.deepEqual(
    often,
    ['2026-11-01T05:30', '2026-11-01T07:00', '2026-11-01T07:30'],
    'the repeated hour passes in silence',
  );
});

test('a day that a zone left out is skipped', (t) => {
  // Samoa crossed the date line: 2011-12-30 did not happen there.
  t.deepEqual(firings('cron(0 12 30,31 12 ? 2011)', '2011-12-01T00:00Z', 9, 'Pacific/Apia'), ['2011-12-30T22:00']);
});

for (const name of ['', '+01:00', 'Mars/Olympus', 'Europe/Paris\0', 'CET and more']) {
  test(`${JSON.stringify(name)} is no time zone`, (t) => {
    t.throws(() => timeZone(name), { code: 'ValidationException', message: /^timeZone must be a name of the IANA/ });
  });
}

/** One field: its text, and which values it lets pass, said without looking at the text. */
interface Field {
  readonly text: string;
  readonly has: (value: number) => boolean;
}

/** @param first what `*` begins with, where that is not worth trying */
function field(min: number, max: number, first = min): fc.Arbitrary<Field> {
  const value = fc.integer({ min, max });
  const item = fc.oneof(
    value.map((each): Field => ({ text: `${each}`, has: (at) => at === each })),
    fc.tuple(value, value).map(([a, b]): Field => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      return { text: `${from}-${to}`, has: (at) => from <= at && at <= to };
    }),
    fc
      .tuple(value, fc.integer({ min: 1, max: Math.min(max, 20) }))
      .map(([from, step]): Field => ({ text: `${from}/${step}`, has: (at) => at >= from && (at - from) % step === 0 })),
    fc
      .integer({ min: 1, max: Math.min(max, 20) })
      .map((step): Field => ({ text: `*/${step}`, has: (at) => (at - first) % step === 0 })),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<Field>({ text: '*', has: () => true }) },
    {
      weight: 2,
      arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map(
        (items): Field => ({
          text: items.map(({ text }) => text).join(','),
          has: (at) => items.some(({ has }) => has(at)),
        }),
      ),
    },
  );
}

/** The fields of days, and whether a day, as its midnight, is one of them. */
interface Days {
  readonly dates: string;
  readonly weekdays: string;
  readonly has: (midnightMs: number) => boolean;
}

const dateOf = (ms: number): number => new Date(ms).getUTCDate();
const monthOf = (ms: number): number => new Date(ms).getUTCMonth();
const weekdayOf = (ms: number): number => new Date(ms).getUTCDay() + 1;
const isWorkday = (ms: number): boolean => weekdayOf(ms) !== 1 && weekdayOf(ms) !== 7;
const isLast = (ms: number): boolean => monthOf(ms + dayMs) !== monthOf(ms);

/** Looks for the day itself, then one day around it, then two, never outside of the month. */
function isNearest(date: number, ms: number): boolean {
  const wanted = ms + (date - dateOf(ms)) * dayMs;
  const candidates = [0, -1, 1, -2, 2].map((days) => wanted + days * dayMs);
  const nearest = candidates.find((day) => monthOf(day) === monthOf(wanted) && isWorkday(day));
  return monthOf(wanted) === monthOf(ms) && nearest === ms;
}

const days: fc.Arbitrary<Days> = fc.oneof(
  field(1, 31).map(({ text, has }): Days => ({ dates: text, weekdays: '?', has: (ms) => has(dateOf(ms)) })),
  fc.constant<Days>({ dates: 'L', weekdays: '?', has: isLast }),
  fc
    .integer({ min: 1, max: 31 })
    .map((date): Days => ({ dates: `${date}W`, weekdays: '?', has: (ms) => isNearest(date, ms) })),
  fc
    .uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 })
    .map((list): Days => ({ dates: '?', weekdays: list.join(','), has: (ms) => list.includes(weekdayOf(ms)) })),
  fc.integer({ min: 1, max: 7 }).map(
    (day): Days => ({
      dates: '?',
      weekdays: `${day}L`,
      has: (ms) => weekdayOf(ms) === day && monthOf(ms + 7 * dayMs) !== monthOf(ms),
    }),
  ),
  fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 5 })).map(
    ([day, nth]): Days => ({
      dates: '?',
      weekdays: `${day}#${nth}`,
      has: (ms) => weekdayOf(ms) === day && Math.ceil(dateOf(ms) / 7) === nth,
    }),
  ),
);

interface Case {
  readonly text: string;
  readonly hasDay: (midnightMs: number) => boolean;
  readonly hasTime: (minuteOfDay: number) => boolean;
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(field(0, 59), field(0, 23), days, field(1, 12), field(2020, 2032, 1970))
  .map(([minutes, hours, each, months, years]) => ({
    text: `cron(${minutes.text} ${hours.text} ${each.dates} ${months.text} ${each.weekdays} ${years.text})`,
    hasDay: (ms) => years.has(new Date(ms).getUTCFullYear()) && months.has(monthOf(ms) + 1) && each.has(ms),
    hasTime: (minute) => hours.has(Math.floor(minute / 60)) && minutes.has(minute % 60),
  }));

const horizonDays = 500;

test('4,000 expressions fire next where looking at every minute finds them', (t) => {
  const zone = timeZone('UTC');
  const after = fc.integer({ min: Date.UTC(2019, 11, 1), max: Date.UTC(2031, 0, 1) });
  fc.assert(
    fc.property(cases, after, ({ text, hasDay, hasTime }, afterMs) => {
      const oracle = (): number | undefined => {
        const firstDay = Math.floor(afterMs / dayMs) * dayMs;
        for (let day = firstDay; day < firstDay + horizonDays * dayMs; day += dayMs) {
          if (!hasDay(day)) continue;
          for (let minute = 0; minute < 1_440; minute += 1) {
            if (day + minute * minuteMs > afterMs && hasTime(minute)) return day + minute * minuteMs;
          }
        }
        return undefined;
      };
      const expected = oracle();
      const found = nextFiring({ expression: parseScheduleExpression(text), zone, anchorMs: 0 }, afterMs);
      if (expected !== undefined) return found === expected;
      return found === undefined || found >= Math.floor(afterMs / dayMs) * dayMs + horizonDays * dayMs;
    }),
    { numRuns: 4_000 },
  );
  t.pass();
});

/** Every minute of some days around a change of clocks, with its wall-clock time as the operating system's texts have it. */
function minutesAround(zoneName: string, from: string): readonly { readonly atMs: number; readonly localMs: number }[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zoneName, dateStyle: 'short', timeStyle: 'short' });
  return Array.from({ length: 3 * 1_440 }, (_, index) => {
    const atMs = Date.parse(from) + index * minuteMs;
    return { atMs, localMs: Date.parse(`${format.format(atMs).replace(' ', 'T')}Z`) };
  });
}

const changes: readonly (readonly [zone: string, from: string])[] = [
  ['America/New_York', '2026-03-07T00:00Z'],
  ['America/New_York', '2026-10-31T00:00Z'],
  ['Europe/Berlin', '2026-03-28T00:00Z'],
  ['Europe/Berlin', '2026-10-24T00:00Z'],
  // Half an hour, at two in the morning.
  ['Australia/Lord_Howe', '2026-04-03T12:00Z'],
  ['Australia/Lord_Howe', '2026-10-02T12:00Z'],
  // No change at all, and an offset of 45 minutes.
  ['Asia/Kathmandu', '2026-01-01T00:00Z'],
];

for (const [zoneName, from] of changes) {
  test(`300 expressions in ${zoneName} around ${from} fire at the first of each wall-clock time that there is`, (t) => {
    const zone = timeZone(zoneName);
    const table = minutesAround(zoneName, from);
    const times = fc.tuple(field(0, 59), field(0, 5));
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: table.length - 1 }), ([minutes, hours], start) => {
        const seen = new Set<number>();
        const expected = table.filter(({ localMs }, index) => {
          const isFirst = !seen.has(localMs);
          seen.add(localMs);
          const time = new Date(localMs);
          return index > start && isFirst && hours.has(time.getUTCHours()) && minutes.has(time.getUTCMinutes());
        });
        const expression = parseScheduleExpression(`cron(${minutes.text} ${hours.text} * * ? *)`);
        let afterMs = table[start]?.atMs ?? 0;
        for (const { atMs } of expected.slice(0, 20)) {
          const found = nextFiring({ expression, zone, anchorMs: 0 }, afterMs);
          if (found !== atMs) return false;
          afterMs = found;
        }
        return true;
      }),
      { numRuns: 300 },
    );
    t.pass();
  });
}
