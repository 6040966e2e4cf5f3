/** Engines that cannot be opened; those that can are everywhere else. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ownerMark } from '../../src/base/owner-mark.ts';
import { createEngine } from '../../src/index.ts';
import { testCacheDirectory as cacheDirectory } from '../fixtures/jail.ts';
import { testRuntime } from '../runtimes/harness.ts';

test.serial('an engine whose jail cannot be kept says so, and uses nothing of the cache any more', async (t) => {
  await testRuntime('snapshot');
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-create-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  // Its output is gone when it is looked for, as on a disk that somebody unmounted.
  writeFileSync(join(directory, 'cc'), '#!/bin/sh\nexit 0\n');
  chmodSync(join(directory, 'cc'), 0o755);
  const path = process.env.PATH ?? '';
  t.teardown(() => {
    process.env.PATH = path;
  });
  process.env.PATH = `${directory}:${path}`;
  const error = await t.throwsAsync(createEngine({ cacheDirectory }), { name: 'EngineError' });
  t.like(error, { code: 'RuntimeBuildFailed' });
  t.true(
    error?.message.startsWith(`what is built for this machine cannot be kept in cacheDirectory ${cacheDirectory}`),
  );
  const marks = readdirSync(join(cacheDirectory, 'in-use')).filter((name) => name.includes(ownerMark));
  t.deepEqual(marks, []);
});
