/**
 * `fs` of a guest against `fs` of Node: the same programs run in both, `/tmp` being a fresh directory for Node. Values and
 * errors (code, errno, syscall, path, dest, message) must be the same.
 */
import * as nodeFs from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { startSandbox } from '../sandbox/harness.ts';
import { programs } from './fs-programs.ts';

const sandbox = startSandbox();
test.after.always(async () => (await sandbox)[Symbol.asyncDispose]());

const guestSource = `
  const programs = { ${Object.entries(programs)
    .map(([name, program]) => `${JSON.stringify(name)}: ${program.toString()}`)
    .join(',\n')} };
  exports.handler = ({ name }) => programs[name](require('fs'), '/tmp');
`;

for (const [name, program] of Object.entries(programs)) {
  test(`fs: ${name}`, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'isotherm-fs-'));
    t.teardown(() => rmSync(root, { recursive: true, force: true }));
    const expected = JSON.stringify(await inMacrotask(() => program(nodeFs, root))).replaceAll(root, '/tmp');

    const environment = await (await sandbox).run({ source: guestSource, memorySize: 1024 });
    const { outcome, payload } = await environment.invoke({ name }, { timeoutMs: 20_000 });
    await environment.destroy();
    t.deepEqual(outcome, { kind: 'success' }, payload);
    t.deepEqual(JSON.parse(payload), JSON.parse(expected));
  });
}

/** As a handler is called: not in a microtask, so that ticks come before those. */
function inMacrotask<T>(work: () => T): Promise<Awaited<T>> {
  return new Promise((resolve, reject) => {
    setImmediate(() => Promise.resolve(work()).then(resolve, reject));
  });
}
