/** Turns programs into tests of AVA: each program in each of its ways, and at the end nothing is left of any. */

import test from 'ava';
import { ownTemporaryDirectory } from '../../fixtures/own-temporary-directory.ts';
import { whatIsLeft } from './leftovers.ts';
import { type Program, waysOf } from './program.ts';
import { Range } from './range.ts';
import { runProgram } from './run-program.ts';

/** `ISOTHERM_CATALOGUE_ONLY=A11,B` runs only that program and that class. */
export function declareTests(programs: readonly Program[]): void {
  const temporaryDirectory = ownTemporaryDirectory();
  const only = process.env.ISOTHERM_CATALOGUE_ONLY?.split(',');
  let range: Range;
  let left: ReturnType<typeof whatIsLeft>;

  test.before(async () => {
    left = whatIsLeft(temporaryDirectory);
    range = await Range.open();
  });

  for (const program of programs) {
    if (only !== undefined && !only.some((id) => program.id.startsWith(id))) continue;
    for (const way of waysOf(program)) {
      test(`${program.id} ${way.start}, ${way.company}: ${program.title}`, async (t) => {
        const { found } = await range.rows(() => runProgram(range, program, way));
        t.deepEqual(found, []);
      });
    }
  }

  test.after.always('nothing is left of any program', async (t) => {
    await range[Symbol.asyncDispose]();
    t.deepEqual(await left(), []);
  });
}
