/** Schedules over a clock that moves when a test says so, and a queue that takes events or does not. */
import test from 'ava';
import { EngineError } from '../../../src/model/errors.ts';
import { functionArn } from '../../../src/model/function-configuration.ts';
import type { PlatformEvent } from '../../../src/model/platform-event.ts';
import { ScheduleFirings } from '../../../src/queue/schedules/schedule-firings.ts';
import { MemoryScheduleStore } from '../../../src/queue/schedules/schedule-store.ts';
import { type Schedules, ScheduleTable } from '../../../src/queue/schedules/schedules.ts';
import { createFakeClock } from '../../fixtures/fake-clock.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const midnight = Date.UTC(2026, 0, 1);

interface Delivery {
  readonly functionArn: string;
  readonly event: string;
  /** Minutes since midnight. */
  readonly at: number;
}

function world() {
  const clock = createFakeClock({ epochMs: midnight });
  const store = new MemoryScheduleStore();
  const deliveries: Delivery[] = [];
  const lost: Extract<PlatformEvent, { type: 'schedule.lost' }>[] = [];
  let answer: () => Promise<void> = async () => {};
  let firings: ScheduleFirings;
  let schedules: Schedules;
  function start(): void {
    firings = new ScheduleFirings({
      clock,
      store,
      observe: (event) => void (event.type === 'schedule.lost' && lost.push(event)),
      deliver: async (target, event) => {
        await answer();
        deliveries.push({ functionArn: target, event, at: (clock.epochMs() - midnight) / minuteMs });
      },
    });
    schedules = new ScheduleTable({ clock, store, listener: firings, functionArn: (name) => functionArn(name) });
  }
  start();
  return {
    clock,
    store,
    deliveries,
    lost,
    get schedules() {
      return schedules;
    },
    answerWith: (next: () => Promise<void>) => {
      answer = next;
    },
    /** In steps, with what waits for promises in between. */
    async pass(ms: number, stepMs = minuteMs / 2) {
      for (let left = ms; left > 0; left -= stepMs) {
        clock.advance(Math.min(left, stepMs));
        await settle();
        clock.advance(0);
      }
    },
    /** Nothing is written down any more, as after SIGKILL; the store stays. */
    kill: () => {
      clock.advance(0);
      const before = firings;
      start();
      // The killed one has timers that nobody can reach any more; they find it closed.
      void before[Symbol.asyncDispose]();
    },
    close: () => firings[Symbol.asyncDispose](),
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

const at = (deliveries: readonly Delivery[]) => deliveries.map((each) => each.at);

test('a rate fires every period from the moment it was made', async (t) => {
  const { schedules, pass, deliveries } = world();
  await pass(minuteMs / 2);
  schedules.put({ name: 'r', expression: 'rate(5 minutes)', targets: [{ functionName: 'f' }] });
  await pass(16 * minuteMs);
  t.deepEqual(at(deliveries), [5.5, 10.5, 15.5]);
});

test('the event is the one of EventBridge, and the given input replaces it', async (t) => {
  const { schedules, pass, deliveries } = world();
  const targets = [{ functionName: 'f' }, { functionName: 'g', input: '{"mine":1}' }];
  schedules.put({ name: 'daily', expression: 'cron(0 12 * * ? *)', targets });
  await pass(12 * hourMs);
  t.deepEqual(
    deliveries.map((each) => each.functionArn),
    [functionArn('f'), functionArn('g')],
  );
  const { id, ...event } = JSON.parse(deliveries[0]?.event ?? '{}');
  t.regex(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.deepEqual(event, {
    version: '0',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    time: '2026-01-01T12:00:00Z',
    region: 'us-east-1',
    resources: ['arn:aws:events:us-east-1:000000000000:rule/daily'],
    detail: {},
  });
  t.is(deliveries[1]?.event, '{"mine":1}');
});

test('a schedule that is off does not fire, and one that is switched on counts from then', async (t) => {
  const { schedules, pass, deliveries } = world();
  schedules.put({ name: 'r', expression: 'rate(10 minutes)', state: 'DISABLED', targets: [{ functionName: 'f' }] });
  await pass(25 * minuteMs);
  t.deepEqual(deliveries, []);
  schedules.setState('r', 'ENABLED');
  await pass(10 * minuteMs);
  t.deepEqual(at(deliveries), [35]);
  schedules.setState('r', 'DISABLED');
  await pass(30 * minuteMs);
  t.is(deliveries.length, 1);
});

test('a changed description or target keeps the rhythm, a changed expression begins a new one', async (t) => {
  const { schedules, pass, deliveries } = world();
  schedules.put({ name: 'r', expression: 'rate(10 minutes)', targets: [{ functionName: 'f' }] });
  await pass(6 * minuteMs);
  schedules.put({ name: 'r', expression: 'rate(10 minutes)', description: 'other' });
  schedules.putTargets('r', [{ functionName: 'g' }]);
  await pass(4 * minuteMs);
  t.deepEqual(at(deliveries), [10, 10]);
  schedules.put({ name: 'r', expression: 'rate(3 minutes)' });
  await pass(3 * minuteMs);
  t.deepEqual(at(deliveries), [10, 10, 13, 13]);
});

test('a deleted schedule does not fire', async (t) => {
  const { schedules, pass, deliveries, clock } = world();
  schedules.put({ name: 'r', expression: 'rate(1 minute)', targets: [{ functionName: 'f' }] });
  schedules.delete('r');
  await pass(5 * minuteMs);
  t.deepEqual(deliveries, []);
  t.is(clock.timersArmed, 0);
});

test('after a restart the next firing is where it would have been', async (t) => {
  const { schedules, pass, deliveries, kill } = world();
  schedules.put({ name: 'r', expression: 'rate(10 minutes)', targets: [{ functionName: 'f' }] });
  await pass(14 * minuteMs);
  kill();
  await pass(7 * minuteMs);
  t.deepEqual(at(deliveries), [10, 20]);
});

test('of the firings that were missed while no engine ran the latest is made up for, if it is young', async (t) => {
  const { schedules, pass, deliveries, kill, close, clock, lost } = world();
  schedules.put({ name: 'often', expression: 'rate(1 minute)', targets: [{ functionName: 'f' }] });
  schedules.put({
    name: 'daily',
    expression: 'cron(10 0 * * ? *)',
    targets: [{ functionName: 'late', maximumEventAge: 3_600 }, { functionName: 'young' }],
  });
  await pass(2 * minuteMs);
  await close();
  clock.jump(18 * minuteMs + 1);
  kill();
  deliveries.length = 0;
  await pass(1);
  t.deepEqual(
    deliveries.map((each) => [each.functionArn, JSON.parse(each.event).time]),
    [
      [functionArn('f'), '2026-01-01T00:20:00Z'],
      [functionArn('late'), '2026-01-01T00:10:00Z'],
    ],
  );
  t.deepEqual(
    lost.map(({ schedule, reason }) => [schedule, reason]),
    [
      ['often', 'a later one was due already'],
      ['daily', 'it is older than 300 s'],
    ],
  );
});

test('whoever is killed between handing over and writing down hands over the same event again', async (t) => {
  const { schedules, clock, deliveries, kill, pass } = world();
  schedules.put({ name: 'r', expression: 'rate(1 minute)', targets: [{ functionName: 'f' }] });
  clock.advance(minuteMs);
  kill();
  await pass(1);
  t.is(deliveries.length, 2);
  t.is(deliveries[0]?.event, deliveries[1]?.event);
});

test('an event that is not taken is offered again, less and less often', async (t) => {
  const { schedules, answerWith, clock, deliveries, pass } = world();
  schedules.put({ name: 'r', expression: 'rate(1 hour)', targets: [{ functionName: 'f' }] });
  await pass(hourMs - minuteMs / 2);
  let offers = 0;
  answerWith(async () => {
    offers += 1;
    if (offers < 4) throw new EngineError('TooManyRequestsException', 'full');
  });
  await pass(minuteMs, 250);
  t.deepEqual(at(deliveries), [60 + 7 / 60], 'after one, two and four seconds');
  t.is(offers, 4);
  await pass(59 * minuteMs, minuteMs);
  t.is(deliveries.length, 1);
  t.true(clock.timersArmed <= 1);
});

test('an event that is refused for good is lost, and said to be', async (t) => {
  const { schedules, answerWith, lost, pass } = world();
  let offers = 0;
  answerWith(async () => {
    offers += 1;
    throw new EngineError('ResourceNotFoundException', 'Function not found');
  });
  schedules.put({ name: 'r', expression: 'at(2026-01-01T00:01:00)', targets: [{ functionName: 'gone' }] });
  await pass(10 * minuteMs);
  t.is(offers, 1);
  t.deepEqual(lost, [
    {
      type: 'schedule.lost',
      schedule: 'r',
      instant: '2026-01-01T00:01:00.000Z',
      reason: 'Function not found',
      target: functionArn('gone'),
    },
  ]);
});

test('it is given up after as many attempts as its target wants, or when it is too old', async (t) => {
  const { schedules, answerWith, lost, pass } = world();
  answerWith(async () => {
    throw new EngineError('ServiceException', 'no');
  });
  const targets = [
    { functionName: 'twice', maximumRetryAttempts: 1 },
    { functionName: 'minute', maximumEventAge: 60 },
  ];
  schedules.put({ name: 'r', expression: 'at(2026-01-01T00:01:00)', targets });
  await pass(10 * minuteMs, 1_000);
  t.deepEqual(
    lost.map(({ target, reason }) => [target, reason]),
    [
      [functionArn('twice'), 'no'],
      [functionArn('minute'), 'it is older than 60 s'],
    ],
  );
});

test('a clock that is set forward fires the latest once, and one that is set back fires nothing twice', async (t) => {
  const { schedules, clock, deliveries, pass } = world();
  schedules.put({ name: 'r', expression: 'cron(0/10 * * * ? *)', targets: [{ functionName: 'f' }] });
  await pass(10 * minuteMs);
  clock.setEpoch(midnight + 62 * minuteMs);
  await pass(minuteMs);
  const times = () => deliveries.map(({ event }) => JSON.parse(event).time.slice(11, 16));
  t.deepEqual(times(), ['00:10', '01:00']);
  clock.setEpoch(midnight + 20 * minuteMs);
  await pass(49 * minuteMs);
  t.deepEqual(times(), ['00:10', '01:00']);
  await pass(minuteMs);
  t.deepEqual(times(), ['00:10', '01:00', '01:10']);
});

test('a clock that was a year ahead for a while does not silence a schedule for a year', async (t) => {
  const { schedules, clock, deliveries, pass } = world();
  schedules.put({ name: 'r', expression: 'cron(0/10 * * * ? *)', targets: [{ functionName: 'f' }] });
  clock.setEpoch(midnight + 365 * 24 * hourMs);
  await pass(minuteMs);
  t.is(deliveries.length, 1);
  clock.setEpoch(midnight + minuteMs);
  await pass(10 * minuteMs);
  t.is(deliveries.length, 2);
});

test('a thousand schedules of one minute are written down at once', async (t) => {
  const { schedules, deliveries, pass, store } = world();
  let commits = 0;
  const fired = store.fired.bind(store);
  store.fired = (instants) => {
    commits += 1;
    fired(instants);
  };
  for (let index = 0; index < 1_000; index += 1) {
    schedules.put({ name: `r${index}`, expression: 'cron(1 0 * * ? *)', targets: [{ functionName: 'f' }] });
  }
  await pass(2 * minuteMs);
  t.is(deliveries.length, 1_000);
  t.is(commits, 1);
});
