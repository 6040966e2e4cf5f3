/** Popular packages, deployed as users deploy them, do in a function what they do in Node. */
import anyTest, { type TestFn } from 'ava';
import { createEngine, type Engine } from '../../src/index.ts';
import { packagePrograms } from './packages/programs.ts';
import { runPackage } from './packages/run.ts';

const test = anyTest as TestFn<{ engine: Engine }>;

test.before(async (t) => {
  t.context.engine = await createEngine();
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

for (const program of packagePrograms) {
  test.serial(program.name, async (t) => {
    const { answer, expected } = await runPackage(t.context.engine, program);
    t.deepEqual(answer, expected);
  });
}
