import test from 'ava';
import { TurnLines } from '../../src/cli/turn-lines.ts';

function open() {
  const writes: string[] = [];
  return { writes, lines: new TurnLines({ isTTY: false, write: (text) => writes.push(text) }) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('lines of one turn are written together, in their order', async (t) => {
  const { writes, lines } = open();
  lines.write('START\n');
  await Promise.resolve();
  lines.write('END\n');
  t.deepEqual(writes, []);
  await turn();
  lines.write('START\n');
  await turn();
  t.deepEqual(writes, ['START\nEND\n', 'START\n']);
});

test('what waits is written at its end', async (t) => {
  const { writes, lines } = open();
  lines.write('last words\n');
  lines[Symbol.dispose]();
  await turn();
  t.deepEqual(writes, ['last words\n']);
});
