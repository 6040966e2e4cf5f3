/** Connections within a guest against those that the kernel makes: the same programs, the same answers. */
import test from 'ava';
import { GuestRunner, modulesIn, nodeAnswer } from './harness.ts';
import { netPrograms } from './net-programs.ts';

const runner = GuestRunner.start();
test.after.always(async () => (await runner)[Symbol.asyncDispose]());

for (const [name, program] of Object.entries(netPrograms)) {
  test(name, async (t) => {
    const source = `exports.handler = async () => {${program}}`;
    const answer = await nodeAnswer(source);
    t.deepEqual(await (await runner).answer(source), answer);
    t.deepEqual(await (await runner).answer(source, { ahead: modulesIn(source) }), answer, 'evaluated ahead');
  });
}
