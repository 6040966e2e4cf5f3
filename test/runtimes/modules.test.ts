/**
 * Node's library in a guest against Node: the same programs, the same answers, with a snapshot and without one, and with the modules
 * evaluated before the guest is booted.
 */
import test from 'ava';
import { GuestRunner, modulesIn, nodeAnswer } from './harness.ts';
import { machinePrograms } from './machine-programs.ts';
import { programs } from './module-programs.ts';

for (const kind of ['snapshot', 'code-cache', 'ahead'] as const) {
  const runner = GuestRunner.start(kind === 'ahead' ? 'snapshot' : kind);
  test.after.always(async () => (await runner)[Symbol.asyncDispose]());

  for (const [name, program] of Object.entries({ ...programs, ...machinePrograms })) {
    test(`${kind}: ${name}`, async (t) => {
      const source = `exports.handler = async () => {${program}}`;
      const answer = await (await runner).answer(source, kind === 'ahead' ? { ahead: modulesIn(source) } : {});
      t.deepEqual(answer, await nodeAnswer(source));
    });
  }
}
