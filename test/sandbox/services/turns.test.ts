import test from 'ava';
import { limits } from '../../../src/model/limits.ts';
import { Turns } from '../../../src/sandbox/services/crypto/turns.ts';

/** Tasks that say when they began and end when told to. */
function tasks(turns: Turns) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const wait = (who: object, name: string): void =>
    turns.wait(who, 0, () => {
      begun.push(name);
      return new Promise((resolve) => ends.push(resolve));
    });
  const endAll = async (): Promise<void> => {
    for (const end of ends.splice(0)) end();
    await new Promise(setImmediate);
  };
  return { begun, wait, endAll };
}

const most = limits.cryptoThreadsMax;

test('of a guest that is frozen nothing begins, until it is thawed', async (t) => {
  const turns = new Turns();
  const { begun, wait, endAll } = tasks(turns);
  const frozen = {};
  for (let at = 0; at < most + 2; at += 1) wait(frozen, `frozen-${at}`);
  t.is(begun.length, most);
  turns.pause(frozen);
  await endAll();
  t.is(begun.length, most, 'what had begun has ended, and the rest waits');
  turns.resume(frozen);
  t.is(begun.length, most + 2);
});

test('those that are not frozen are served before and after one that is', (t) => {
  const turns = new Turns();
  const { begun, wait } = tasks(turns);
  const frozen = {};
  turns.pause(frozen);
  wait(frozen, 'frozen');
  wait({}, 'other');
  t.deepEqual(begun, ['other']);
  turns.resume(frozen);
  t.deepEqual(begun, ['other', 'frozen']);
});

test('one that left while it was frozen is forgotten', (t) => {
  const turns = new Turns();
  const { begun, wait } = tasks(turns);
  const gone = {};
  turns.pause(gone);
  wait(gone, 'gone');
  turns.leave(gone);
  turns.resume(gone);
  t.deepEqual(begun, []);
});
