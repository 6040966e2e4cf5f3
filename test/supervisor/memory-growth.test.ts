import test from 'ava';
import { MemoryGrowth } from '../../src/supervisor/memory-growth.ts';

test('who ran while memory grew is a grower, who waited is not', (t) => {
  const growth = new MemoryGrowth();
  growth.settle(100);
  growth.note(150, ['bomb']);
  growth.note(400, ['bomb']);
  growth.note(420, ['bomb', 'waiting']);
  t.deepEqual(growth.growers(['waiting', 'bomb']), ['bomb']);
});

test('of two that ran all the time it cannot be told', (t) => {
  const growth = new MemoryGrowth();
  growth.settle(100);
  growth.note(500, ['one', 'other']);
  t.deepEqual(growth.growers(['one', 'other', 'waiting']), ['one', 'other']);
});

test('without growth, or when those who grew are gone, everybody may have done it', (t) => {
  const growth = new MemoryGrowth();
  growth.note(500, ['first']);
  t.deepEqual(growth.growers(['one', 'other']), ['one', 'other']);
  growth.note(900, ['gone']);
  t.deepEqual(growth.growers(['one', 'other']), ['one', 'other']);
});

test('memory that shrinks is nobody’s merit, and a quiet moment clears the books', (t) => {
  const growth = new MemoryGrowth();
  growth.settle(100);
  growth.note(500, ['one']);
  growth.note(200, ['other']);
  t.deepEqual(growth.growers(['one', 'other']), ['one']);
  growth.settle(200);
  t.deepEqual(growth.growers(['one', 'other']), ['one', 'other']);
});
