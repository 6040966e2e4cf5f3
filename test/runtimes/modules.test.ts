/**
 * Node's library in a guest against Node: the same programs, the same answers, with a snapshot and without one, and with the modules
 * evaluated before the guest is booted.
 */
import test from 'ava';
import pLimit from 'p-limit';
import { GuestRunner, modulesIn, nodeAnswer } from './harness.ts';
import { machinePrograms } from './machine-programs.ts';
import { programs } from './module-programs.ts';

/**
 * One after the other: they share this process, and with it the timeline that an observer of performance looks at, the handler of what
 * nobody catches, and the locks. And once for all kinds.
 */
const oneAtATime = pLimit(1);
const nodeAnswers = new Map<string, Promise<unknown>>();
function nodeAnswerOnce(source: string): Promise<unknown> {
  const answer = nodeAnswers.get(source) ?? oneAtATime(nodeAnswer, source);
  nodeAnswers.set(source, answer);
  return answer;
}

for (const kind of ['snapshot', 'code-cache', 'ahead'] as const) {
  const runner = GuestRunner.start(kind === 'ahead' ? 'snapshot' : kind);
  test.after.always(async () => (await runner)[Symbol.asyncDispose]());

  for (const [name, program] of Object.entries({ ...programs, ...machinePrograms })) {
    test(`${kind}: ${name}`, async (t) => {
      const source = `exports.handler = async () => {${program}}`;
      const answer = await (await runner).answer(source, kind === 'ahead' ? { ahead: modulesIn(source) } : {});
      t.deepEqual(answer, await nodeAnswerOnce(source));
    });
  }
}
