import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ResidentMemory } from '../../src/base/resident-memory.ts';
import { CodePreparer } from '../../src/functions/code-preparer.ts';
import { CodeStore } from '../../src/functions/code-store.ts';
import { setMemoryBytesMax, transform } from '../../src/functions/esbuild.ts';
import { limits } from '../../src/model/limits.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { entriesOf, type Texts } from '../fixtures/packages.ts';

async function open(t: ExecutionContext, texts: Texts) {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-preparer-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const store = await CodeStore.open(directory);
  const clock = createFakeClock();
  return { store, clock, pack: await store.write(entriesOf(texts)), preparer: new CodePreparer(store, clock) };
}

const texts = { 'index.js': 'exports.handler = 1; exports.other = 2;', 'b.js': 'let x = ;' };

test('what is prepared lies beside the package and is found there', async (t) => {
  const { store, pack, preparer } = await open(t, texts);
  t.is(preparer.prepared(pack, 'index.handler', 'nodejs24.x'), undefined);
  const made = await preparer.prepare(pack, 'index.handler', 'nodejs24.x');
  const found = preparer.prepared(pack, 'index.handler', 'nodejs24.x');
  t.deepEqual(found?.entry, made.entry);
  t.deepEqual(found?.bundle?.read(), made.bundle?.read());
  t.is(preparer.prepared(pack, 'index.other', 'nodejs24.x'), undefined);
  t.is(preparer.prepared(pack, 'index.handler', 'nodejs22.x'), undefined);
  t.is(readdirSync(join(store.folder(pack.codeSha256), 'bundles')).length, 3);
});

test('an entry that is an error is prepared, too', async (t) => {
  const { pack, preparer } = await open(t, texts);
  const made = await preparer.prepare(pack, 'b.handler', 'nodejs24.x');
  t.is(made.bundle, undefined);
  t.like(made.problem, { file: '/var/task/b.js' });
  t.deepEqual(preparer.prepared(pack, 'b.handler', 'nodejs24.x'), made);
  t.like((await preparer.prepare(pack, 'gone.handler', 'nodejs24.x')).entry, {
    kind: 'error',
    errorType: 'Runtime.ImportModuleError',
  });
});

test('who asks for the same at once gets the same', async (t) => {
  const { pack, preparer } = await open(t, texts);
  const [first, second] = await Promise.all([
    preparer.prepare(pack, 'index.handler', 'nodejs24.x'),
    preparer.prepare(pack, 'index.handler', 'nodejs24.x'),
  ]);
  t.is(first, second);
});

test('bytes are one object as long as somebody holds them', async (t) => {
  const { pack, preparer } = await open(t, texts);
  const { bundle } = await preparer.prepare(pack, 'index.handler', 'nodejs24.x');
  t.is(bundle?.read(), bundle?.read());
});

/** Lets promises and files go on until the clock has been asked for the bundling's deadline. */
async function armed(clock: ReturnType<typeof createFakeClock>): Promise<void> {
  while (clock.timersArmed === 0) await new Promise((resolve) => setImmediate(resolve));
}

test('bundling ends at its time limit', async (t) => {
  const { pack, clock, preparer } = await open(t, texts);
  const preparing = preparer.prepare(pack, 'index.handler', 'nodejs24.x');
  await armed(clock);
  clock.advance(limits.bundleTimeoutMs);
  await t.throwsAsync(preparing, {
    name: 'BundleFailedError',
    message: 'bundling /var/task took longer than 30000 ms (bundleTimeoutMs), so it was stopped',
  });
  t.is(clock.timersArmed, 0);
  await preparer.prepare(pack, 'index.handler', 'nodejs24.x');
});

test('closing stops what is running and what comes later', async (t) => {
  const { pack, clock, preparer } = await open(t, texts);
  const preparing = preparer.prepare(pack, 'index.handler', 'nodejs24.x');
  await armed(clock);
  preparer.close();
  await t.throwsAsync(preparing, { name: 'BundleFailedError', message: 'the engine was closed' });
  await t.throwsAsync(preparer.prepare(pack, 'index.other', 'nodejs24.x'), { name: 'BundleFailedError' });
});

/** Processes of esbuild that this process started. */
function esbuildChildren(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
        return Number(parent) === process.pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('esbuild');
      } catch {
        // The process ended between the listing and the reading.
        return false;
      }
    })
    .map(Number);
}

test.serial('when esbuild ends, what was under way is tried again with a new one', async (t) => {
  const { pack, clock, preparer } = await open(t, texts);
  await transform('1', {});
  const before = esbuildChildren();
  t.true(before.length > 0);
  const preparing = Promise.all([
    preparer.prepare(pack, 'index.handler', 'nodejs24.x'),
    preparer.prepare(pack, 'index.other', 'nodejs24.x'),
  ]);
  await armed(clock);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  const made = await preparing;
  t.deepEqual(
    made.map(({ entry }) => entry.kind),
    ['bundle', 'bundle'],
  );
  t.false(esbuildChildren().some((pid) => before.includes(pid)));
});

/** 40 to 65 MB of esbuild's memory for each of its megabytes. */
function hostile(megabytes: number, end = ''): string {
  return `exports.handler = 1; var x = [${'[],'.repeat((megabytes * 1_000_000) / 3)}];${end}`;
}

test.serial('what makes esbuild grow over its limit is refused, and what ran beside it is not', async (t) => {
  t.timeout(60_000);
  const before = setMemoryBytesMax(150 * 1024 * 1024);
  t.teardown(() => setMemoryBytesMax(before));
  const { store, pack, preparer } = await open(t, { 'index.js': hostile(6) });
  const others = await Promise.all(
    [1, 2, 3].map((number) => store.write(entriesOf({ 'index.js': `exports.handler = ${number};` }))),
  );
  const preparing = t.throwsAsync(preparer.prepare(pack, 'index.handler', 'nodejs24.x'), {
    name: 'BundleFailedError',
    message: /^esbuild took \d+ MiB of memory for it, where at most \d+ are allowed \(bundlerMemoryMiBMax\)$/,
  });
  const made = await Promise.all(others.map((other) => preparer.prepare(other, 'index.handler', 'nodejs24.x')));
  t.true(made.every(({ entry }) => entry.kind === 'bundle'));
  let most = 0;
  const looking = setInterval(() => {
    for (const pid of esbuildChildren()) most = Math.max(most, residentBytes(pid));
  }, 20);
  await preparing;
  clearInterval(looking);
  t.true(most < 2 * 150 * 1024 * 1024, `${most} bytes`);
  t.is((await preparer.prepare(others[0] ?? pack, 'index.handler', 'nodejs22.x')).entry.kind, 'bundle');
});

test.serial('esbuild in the middle of one file is killed when its time is over', async (t) => {
  t.timeout(60_000);
  const { pack, clock, preparer } = await open(t, { 'index.js': hostile(10) });
  await transform('1', {});
  const before = esbuildChildren();
  const preparing = preparer.prepare(pack, 'index.handler', 'nodejs24.x');
  await armed(clock);
  const refused = t.throwsAsync(preparing, { name: 'BundleFailedError', message: /longer than 30000 ms/ });
  clock.advance(limits.bundleTimeoutMs);
  clock.advance(limits.bundlerStopMsMax);
  await refused;
  while (esbuildChildren().some((pid) => before.includes(pid))) await new Promise((resolve) => setImmediate(resolve));
  t.is(clock.timersArmed, 0);
});

function residentBytes(pid: number): number {
  using memory = new ResidentMemory(pid);
  return memory.readBytes() ?? 0;
}
