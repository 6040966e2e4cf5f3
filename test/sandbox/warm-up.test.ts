import test from 'ava';
import { createBackingFile } from '../../src/sandbox/volume/backing-file.ts';
import { WarmUp } from '../../src/sandbox/warm-up.ts';
import { answer, initDone, type Script, scriptedHost } from './scripted-guest.ts';

const works = { init: initDone, invoke: answer('{}') };

function open(script: Script) {
  const scripted = scriptedHost(script);
  return { ...scripted, warmUp: new WarmUp(scripted.host, createBackingFile({ fd: -1 })) };
}

test('one environment is made before the sandbox says hello, the others afterwards, and none is left', async (t) => {
  const { warmUp, host, guests } = open(works);
  await warmUp.begin();
  t.is(guests.length, 1);
  const { entered } = host.traffic;
  await warmUp.finish(() => host.traffic.entered === entered);
  t.is(guests.length, 4);
  t.true(guests.every((guest) => guest.isDisposed));
  await warmUp.finish(() => true);
  t.is(guests.length, 4);
});

test('a sandbox that has served needs no more of it', async (t) => {
  const { warmUp, host, guests } = open(works);
  await warmUp.begin();
  const { entered } = host.traffic;
  host.traffic.enter({})[Symbol.dispose]();
  await warmUp.finish(() => host.traffic.entered === entered);
  t.is(guests.length, 1);
});

test('a runtime that does not work is told, and its environment goes', async (t) => {
  const failing = open({ ...works, invoke: () => ({ kind: 'out-of-memory' }) });
  await t.throwsAsync(failing.warmUp.begin(), { message: /first invocation ended with out-of-memory/ });
  t.true(failing.guests[0]?.isDisposed);
});
