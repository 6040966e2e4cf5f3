import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { type GuestEvent, Inbox } from '../../src/sandbox/inbox.ts';

function event(id: number): GuestEvent {
  return { service: 1, id, kind: 0, values: [] };
}

test('events leave in the order they came, however many waited in between', (t) => {
  const inbox = new Inbox(
    () => {},
    () => {},
  );
  const taken: (number | undefined)[] = [];
  let pushed = 0;
  for (let round = 1; round <= 60; round++) {
    for (let each = 0; each < round; each++) {
      pushed += 1;
      inbox.push(event(pushed));
    }
    for (let each = 0; each < round - 1; each++) taken.push(inbox.shift()?.id);
  }
  t.is(inbox.size, 60);
  while (inbox.size > 0) taken.push(inbox.shift()?.id);
  t.deepEqual(
    taken,
    Array.from({ length: pushed }, (_, at) => at + 1),
  );
  t.is(inbox.shift(), undefined);
});

test('each arrival is announced', (t) => {
  let arrivals = 0;
  const inbox = new Inbox(
    () => {
      arrivals += 1;
    },
    () => {},
  );
  inbox.push(event(1));
  inbox.push(event(2));
  t.is(arrivals, 2);
});

test('one event too many is dropped, and told', (t) => {
  let overflows = 0;
  const inbox = new Inbox(
    () => {},
    () => {
      overflows += 1;
    },
  );
  for (let id = 0; id < limits.eventsWaitingMax; id++) inbox.push(event(id));
  t.is(overflows, 0);
  inbox.push(event(-1));
  t.is(overflows, 1);
  t.is(inbox.size, limits.eventsWaitingMax);
  inbox.clear();
  t.is(inbox.size, 0);
  inbox.push(event(7));
  t.is(inbox.shift()?.id, 7);
});
