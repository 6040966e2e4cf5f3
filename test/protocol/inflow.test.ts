import test from 'ava';
import { Inflow } from '../../src/protocol/inflow.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

const windowMs = 10;
/** 1,000 frames and 10,000 bytes in a window. */
const rates = { framesPerSecondMax: 100_000, bytesPerSecondMax: 1_000_000 };

function open() {
  const clock = createFakeClock();
  const pauses: number[] = [];
  const stream = {
    isRead: true,
    pause() {
      stream.isRead = false;
    },
    resume() {
      stream.isRead = true;
    },
  };
  const inflow = new Inflow({ clock, windowMs, ...rates, onPause: (pauseMs) => pauses.push(pauseMs) }, stream);
  /** A window's frames at once, after a long silence: from here on the rate holds. */
  const begin = () => inflow.took(1_000, 1_000);
  return { clock, pauses, stream, inflow, begin };
}

test('what comes within the rate is read as it comes, and arms no timer', (t) => {
  const { clock, pauses, inflow } = open();
  for (let window = 0; window < 100; window++) {
    for (let piece = 0; piece < 10; piece++) {
      inflow.took(100, 1_000);
      clock.advance(1);
      t.is(clock.timersArmed, 0);
    }
  }
  t.deepEqual(pauses, []);
});

for (const [what, frames, bytes] of [
  ['frames', 1_000, 1_000],
  ['bytes', 1, 10_000],
] as const) {
  test(`of ${what} that come faster nothing is read for the rest of the window`, (t) => {
    const { clock, pauses, stream, inflow, begin } = open();
    begin();
    clock.advance(2);
    inflow.took(frames, bytes);
    t.false(stream.isRead);
    t.deepEqual(pauses, [8]);
    clock.advance(7);
    t.false(stream.isRead);
    clock.advance(1);
    t.true(stream.isRead);
  });
}

test('a flood passes at the rate, in pieces however large', (t) => {
  for (const piece of [10, 700, 1_000, 4_000]) {
    const { clock, stream, inflow, begin } = open();
    begin();
    const startMs = clock.nowMs();
    let frames = 0;
    while (clock.nowMs() - startMs < 1_000) {
      while (stream.isRead) {
        inflow.took(piece, piece);
        frames += piece;
      }
      clock.advance(1);
    }
    t.true(frames <= rates.framesPerSecondMax + 2 * piece + 1_000, `${frames} frames in pieces of ${piece}`);
    t.true(frames >= 0.9 * rates.framesPerSecondMax, `${frames} frames in pieces of ${piece}`);
  }
});

test('a silence is not saved up for more than what comes at once', (t) => {
  const { clock, stream, inflow, begin } = open();
  begin();
  clock.advance(60_000);
  inflow.took(1_000, 1_000);
  t.true(stream.isRead);
  inflow.took(1_000, 1_000);
  t.false(stream.isRead);
});

test('nothing goes on after the end', (t) => {
  const { clock, stream, inflow, begin } = open();
  begin();
  inflow.took(1_000, 1_000);
  inflow.close();
  clock.advance(1_000);
  t.false(stream.isRead);
  t.is(clock.timersArmed, 0);
});
