/**
 * The escape drill: code with all the powers of a sandbox's own Node tries to get out, as it could after an exploit of V8. Run as
 * whoever runs the tests and as an unprivileged user, with user namespaces and without. What this machine lacks the sandbox says
 * as its level, and the drill holds it to that.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { type HardeningReport, isAtLeast } from '../../src/model/hardening.ts';
import { testJail } from '../fixtures/jail.ts';
import type { DrillResult } from '../fixtures/sandboxes/drill.ts';
import {
  asUnprivileged,
  canRun,
  givesNamespaces,
  withoutUserNamespaces,
  withPrivilegesOnly,
} from '../fixtures/surroundings.ts';
import { startSandbox } from '../sandbox/harness.ts';

const program = fileURLToPath(new URL('../fixtures/sandboxes/drill.ts', import.meta.url));
const run = promisify(execFile);

/** Built here, by a user who may write to the cache. */
test.before(async (t) => {
  t.timeout(240_000);
  await testJail();
  await using sandbox = await startSandbox();
  await sandbox.hello;
});

async function drill(surroundings: readonly string[], how: 'started' | 'forked' = 'started'): Promise<DrillResult> {
  const [command = process.execPath, ...args] = [...surroundings, process.execPath, program, how];
  const { stdout } = await run(command, args, { timeout: 120_000, maxBuffer: 2 ** 20 });
  return JSON.parse(stdout);
}

const surroundings: readonly [name: string, wrapper: readonly string[], namespaces: 'as here' | 'none'][] = [
  ['as the user of the tests', [], 'as here'],
  ['as an unprivileged user', asUnprivileged, 'as here'],
  ['without user namespaces', withoutUserNamespaces, 'none'],
  ['as an unprivileged user without user namespaces', [...asUnprivileged, ...withoutUserNamespaces], 'none'],
  ['with privileges, without user namespaces', withPrivilegesOnly, 'as here'],
];

for (const [name, wrapper, namespaces] of surroundings) {
  for (const how of ['started', 'forked'] as const) {
    test.serial(`a sandbox that was taken over gets nowhere ${name}, ${how}`, async (t) => {
      t.timeout(180_000);
      const canNest = canRun([...wrapper, process.execPath, '-e', look]);
      const result = await drill(canNest ? wrapper : [], how);
      const { hardening, escapes } = result;
      t.log(`${hardening.level}; ${escapes.length} attempts`);
      t.is(result.answer, '"still here"');
      // What the kernel gives without the jail is what the jail has, no less and no more.
      const isGiven = givesNamespaces(canNest ? wrapper : []);
      if (namespaces === 'none' && canNest) t.false(isGiven);
      t.is(layer(hardening, 'namespaces').state, isGiven ? 'on' : 'absent');
      for (const { state, reason, name } of hardening.layers) t.is(state === 'on', reason === '', name);
      if (!isAtLeast(hardening.level, 'S2')) {
        // Then nothing was promised, and the report says why.
        t.true(hardening.layers.some(({ state }) => state === 'absent'));
        return;
      }
      t.deepEqual(
        escapes.filter(({ refusedWith }) => refusedWith === undefined),
        [],
      );
      t.true(escapes.length > 60);
      t.is(result.fileText, 'secret');
      t.is(result.connections, 0);
      // Beside what the host gave it, its own memory statistics and Node's /dev/null are all that it can read.
      for (const text of Object.values(result.leftOpen)) t.regex(text, /^(?:(?:\d+ ){6}\d+\n)?$/);
    });
  }
}

/**
 * A machine that lets nobody make a user namespace shows the same without our doing; and where nobody else can read this
 * directory, or write into the temporary one, it cannot be run by anybody else.
 */
const look = `fs.readFileSync(${JSON.stringify(program)}); fs.accessSync(os.tmpdir(), fs.constants.W_OK)`;

function layer({ layers }: HardeningReport, name: string) {
  const found = layers.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the report has no ${name}`);
  return found;
}
