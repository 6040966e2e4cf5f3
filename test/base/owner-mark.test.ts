import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { ownerMark, ownerMarkPattern, ownerState } from '../../src/base/owner-mark.ts';

test('this process is alive, and its mark fits into a name', (t) => {
  t.is(ownerState(ownerMark), 'alive');
  t.is(ownerMarkPattern.exec(`isotherm-code-${ownerMark}-a1B2c3`)?.[1], ownerMark);
});

test('the mark of a process that has ended is dead', async (t) => {
  const url = new URL('../../src/base/owner-mark.ts', import.meta.url);
  const child = spawn(process.execPath, ['-e', `import('${url}').then((it) => console.log(it.ownerMark))`]);
  const [printed] = await once(child.stdout, 'data');
  await once(child, 'close');
  const mark = String(printed).trim();
  t.regex(mark, /^[0-9a-f]+-\d+-\d+-\d+$/);
  t.is(ownerState(mark), 'dead');
});

test('another process with the same pid is not taken for the owner', (t) => {
  const [boot, namespace, pid, start] = ownerMark.split('-');
  t.is(ownerState([boot, namespace, pid, Number(start) - 1].join('-')), 'dead');
  t.is(ownerState(['abcdefabcdef', namespace, pid, start].join('-')), 'dead');
});

test('of another container, and of what is no mark, nothing is known', (t) => {
  const [boot, , pid, start] = ownerMark.split('-');
  t.is(ownerState([boot, '1', pid, start].join('-')), 'unknown');
  t.is(ownerState(''), 'unknown');
  t.is(ownerState('0-0-1-0'), 'unknown');
});
