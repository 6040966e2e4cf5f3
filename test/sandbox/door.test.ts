/** A door that is opened before there is a function: what is behind it then, and for whom it opens. */
import test, { type ExecutionContext } from 'ava';
import type { GuestSettings } from '../../src/bridge/contract.ts';
import { Door, type ServedCalls } from '../../src/sandbox/door.ts';
import { Isolate } from '../../src/sandbox/ivm.ts';

/** The guest logs at once when it can, and what it is called with. */
function open(t: ExecutionContext): Door {
  const isolate = new Isolate({ memoryLimit: 32 });
  t.teardown(() => isolate.dispose());
  const context = isolate.createContextSync();
  context.evalSync(`globalThis.__isothermBoot = (host) => {
    let name = 'nobody';
    host.log(1, name);
    return {
      boot(settings) { name = JSON.parse(settings).functionName; }, receive() {}, init() { host.log(1, name); host.exit(3); return 0; },
      invoke() {}, turn() {}, event() {}, loopEmpty() {}, unhandledRejection() {} }; };`);
  return new Door({ isolate, context, isCacheAccepted: true }, undefined);
}

function resident(heard: unknown[]) {
  const note = (name: string) => (arg: unknown) => void heard.push([name, arg]);
  const calls = { log: (_: number, text: string) => note('log')(text), exit: note('exit') } as unknown as ServedCalls;
  return { calls, dispose: () => note('disposed')(undefined) };
}

const settings = (functionName: string) => ({ functionName }) as unknown as GuestSettings;

test.serial('nobody answers before it is entered, and then who entered alone does', async (t) => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  const door = open(t);
  t.regex((await warned).message, /nobody has taken over/);
  const heard: unknown[] = [];
  door.enter(resident(heard), settings('first'));
  t.deepEqual(heard, []);
  door.slices.init.applySync(undefined, [undefined]);
  t.deepEqual(heard, [
    ['log', 'first'],
    ['exit', 3],
    ['disposed', undefined],
  ]);
});

test.serial('nobody else enters', (t) => {
  const door = open(t);
  const heard: unknown[] = [];
  door.enter(resident(heard), settings('first'));
  t.throws(() => door.enter(resident([]), settings('second')), { message: /taken over once/ });
  door.slices.init.applySync(undefined, [undefined]);
  t.deepEqual(heard[0], ['log', 'first']);
});
