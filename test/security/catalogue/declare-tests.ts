/** Turns programs into tests of AVA: each program in each of its ways, and at the end nothing is left of any. */

import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { ownTemporaryDirectory } from '../../fixtures/own-temporary-directory.ts';
import { childrenOfThisProcess, descriptorsOfThisProcess, processFacts } from './process-facts.ts';
import { type Program, waysOf } from './program.ts';
import { Range } from './range.ts';
import { runProgram } from './run-program.ts';

/** `ISOTHERM_CATALOGUE_ONLY=A11,B` runs only that program and that class. */
export function declareTests(programs: readonly Program[]): void {
  const temporaryDirectory = ownTemporaryDirectory();
  const only = process.env.ISOTHERM_CATALOGUE_ONLY?.split(',');
  let range: Range;
  let children: readonly number[];
  let descriptors: number;

  test.before(async () => {
    children = childrenOfThisProcess();
    descriptors = descriptorsOfThisProcess();
    range = await Range.open();
  });

  for (const program of programs) {
    if (only !== undefined && !only.some((id) => program.id.startsWith(id))) continue;
    for (const way of waysOf(program)) {
      test(`${program.id} ${way.start}, ${way.company}: ${program.title}`, async (t) => {
        const found = await range.rows(() => runProgram(range, program, way));
        t.deepEqual(found, []);
      });
    }
  }

  test.after.always('nothing is left of any program', async (t) => {
    await range[Symbol.asyncDispose]();
    // The bundler keeps a process of its own, which ends with this one.
    await delay(200);
    const left = childrenOfThisProcess().filter((pid) => !children.includes(pid));
    t.deepEqual(
      left.filter((pid) => processFacts(pid)?.isZombie === true),
      [],
      'zombies',
    );
    t.true(left.length <= 1, `${left.length} processes are left`);
    t.true(descriptorsOfThisProcess() <= descriptors + 8, 'descriptors of the host');
    t.deepEqual(
      readdirSync(temporaryDirectory).filter((name) => !name.startsWith('isotherm-function-')),
      [],
    );
  });
}
