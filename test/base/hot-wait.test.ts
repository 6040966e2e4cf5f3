import test from 'ava';
import { HotWait } from '../../src/base/hot-wait.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

function open() {
  const clock = createFakeClock();
  let turns: (() => void)[] = [];
  const wait = new HotWait({
    clock,
    windowMs: 0.5,
    turnMsMax: 0.3,
    restMs: 20,
    defer: (callback) => turns.push(callback),
  });
  return {
    clock,
    wait,
    /** Runs what was deferred; how many callbacks that were. */
    turn() {
      const due = turns;
      turns = [];
      for (const callback of due) callback();
      return due.length;
    },
  };
}

test('the first wait is not awake: nothing says yet that it will be short', (t) => {
  const { wait, turn } = open();
  wait.begin();
  t.is(turn(), 0);
});

test('after a short wait the loop goes round until the message comes', (t) => {
  const { clock, wait, turn } = open();
  wait.begin();
  clock.jump(0.5);
  wait.end();
  wait.begin();
  t.is(turn(), 1);
  clock.jump(0.25);
  t.is(turn(), 1);
  wait.end();
  t.is(turn(), 1);
  t.is(turn(), 0);
});

test('it gives up after its window, and does not try again until a wait was short', (t) => {
  const { clock, wait, turn } = open();
  wait.begin();
  wait.end();
  wait.begin();
  clock.jump(1);
  t.is(turn(), 1);
  t.is(turn(), 0);
  wait.end();
  wait.begin();
  t.is(turn(), 0);
  wait.end();
  wait.begin();
  t.is(turn(), 1);
});

test('messages sent while it waits do not make it go round twice', (t) => {
  const { wait, turn } = open();
  wait.begin();
  wait.end();
  wait.begin();
  wait.begin();
  t.is(turn(), 1);
});

test('a message that nobody waited for changes nothing', (t) => {
  const { wait, turn } = open();
  wait.end();
  wait.begin();
  t.is(turn(), 0);
});

test('after a turn that others made long it rests, and then goes on as before', (t) => {
  const { clock, wait, turn } = open();
  wait.begin();
  wait.end();
  wait.begin();
  // What was being done when it began is not a turn.
  clock.jump(0.4);
  t.is(turn(), 1);
  clock.jump(0.4);
  wait.end();
  wait.begin();
  t.is(turn(), 1);
  clock.jump(0.31);
  t.is(turn(), 1);
  t.is(turn(), 0);
  wait.end();
  clock.jump(19);
  wait.begin();
  t.is(turn(), 0);
  wait.end();
  clock.jump(1);
  wait.begin();
  t.is(turn(), 1);
});
