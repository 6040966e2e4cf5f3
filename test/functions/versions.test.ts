import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import type { DeployedVersion, FunctionRegistry } from '../../src/functions/registry.ts';
import { limits } from '../../src/model/limits.ts';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { arn, at, deployed, openRegistry, refused, source, update } from './registry-harness.ts';

ownTemporaryDirectory();

const publish = (registry: FunctionRegistry, more: object = {}) =>
  registry.publishVersion({ functionName: 'f', ...more });

async function textAt(registry: FunctionRegistry, qualifier: string): Promise<string> {
  const version = await registry.resolve(at(qualifier));
  return Buffer.from(version.code.bundle ?? []).toString();
}

const numbers = (registry: FunctionRegistry) =>
  registry.listVersions({ functionName: 'f' }).versions.map(({ version }) => version);

test('a version is what $LATEST was, and stays that', async (t) => {
  const registry = await deployed(t, {}, { environment: { COLOUR: 'red' }, timeout: 9 });
  const first = await publish(registry, { description: 'first' });
  t.like(first, { version: '1', state: 'Active', lastUpdateStatus: 'Successful' });
  t.is(first.configuration.description, 'first');

  await registry.updateConfiguration({ functionName: 'f', environment: { COLOUR: 'blue' }, timeout: 3 });
  await registry.settled('f');
  await update(registry, 2);
  t.deepEqual(registry.get(at('1')), first);
  t.deepEqual(first.configuration.environment, { COLOUR: 'red' });
  t.regex(await textAt(registry, '1'), /=> 1/);
  t.regex(await textAt(registry, '$LATEST'), /=> 2/);
  t.is((await registry.resolve(at('1'))).version, '1');
});

test('publishing gives $LATEST another revision and leaves its environments alone (recorded from AWS)', async (t) => {
  const registry = await deployed(t);
  const before = registry.get(at('$LATEST'));
  const answering = registry.resolve(at('$LATEST'));
  await publish(registry);
  t.not(registry.get(at('$LATEST')).revisionId, before.revisionId);
  t.is(registry.resolve(at('$LATEST')), answering);
});

test('the same again is no new version (C3.15)', async (t) => {
  const registry = await deployed(t);
  const first = await publish(registry);
  const { revisionId } = registry.get(at('$LATEST'));
  t.deepEqual(await publish(registry, { description: 'ignored' }), first);
  t.is(registry.get(at('$LATEST')).revisionId, revisionId);

  await registry.updateConfiguration({ functionName: 'f', description: 'another' });
  await registry.settled('f');
  t.is((await publish(registry)).version, '2');
  await registry.tags.add(arn, { team: 'blue' });
  t.is((await publish(registry)).version, '2', 'tags are no part of a version');
});

test('numbers are never used again, until the function itself is', async (t) => {
  const registry = await deployed(t);
  await publish(registry);
  await update(registry, 2);
  await publish(registry);
  await registry.delete(at('2'));
  t.deepEqual(numbers(registry), ['$LATEST', '1']);
  t.is((await publish(registry)).version, '3', 'the last one is gone, so it is published anew');
  await registry.delete(at('7'));

  await registry.delete({ functionName: 'f', qualifier: '$LATEST', qualified: false });
  await registry.create({ functionName: 'f', code: { source: source(1) } });
  await registry.settled('f');
  t.deepEqual(numbers(registry), ['$LATEST']);
  t.is((await publish(registry)).version, '1');
});

test('a wrong hash or revision publishes nothing', async (t) => {
  const registry = await deployed(t);
  const { codeSha256 } = registry.get(at('$LATEST'));
  await refused(
    t,
    () => publish(registry, { codeSha256: 'other' }),
    'InvalidParameterValueException',
    `CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (${codeSha256}). Please try again with the CodeSHA256 in $LATEST.`,
  );
  await refused(
    t,
    () => publish(registry, { revisionId: 'other' }),
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
  );
  t.deepEqual(numbers(registry), ['$LATEST']);
  t.is((await publish(registry, { codeSha256 })).version, '1');
});

test('nothing is published while the function is being made or changed', async (t) => {
  const registry = await openRegistry(t);
  await registry.create({ functionName: 'f', code: { source: source(1) } });
  await refused(
    t,
    () => publish(registry),
    'ResourceConflictException',
    'The operation cannot be performed at this time. The function is currently in the following state: Pending',
  );
  await registry.settled('f');
  const updating = registry.updateCode({ functionName: 'f', code: { source: source(2) } });
  await refused(
    t,
    () => publish(registry),
    'ResourceConflictException',
    `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
  );
  await updating;
  await registry.settled('f');
});

test('a function may be published as it is made: Pending first, then Active (C3.5)', async (t) => {
  const registry = await openRegistry(t);
  const created = await registry.create({ functionName: 'f', code: { source: source(1) }, publish: true });
  t.like(created, { version: '1', state: 'Pending' });
  t.like(registry.get(at('1')), { version: '1', state: 'Pending', stateReasonCode: 'Creating' });
  await refused(
    t,
    () => registry.resolve(at('1')),
    'ResourceConflictException',
    'The operation cannot be performed at this time. The function is currently in the following state: Pending',
  );
  await registry.settled('f');
  t.like(registry.get(at('1')), { version: '1', state: 'Active', lastUpdateStatus: 'Successful' });
  t.regex(await textAt(registry, '1'), /=> 1/);
  t.is((await publish(registry)).version, '1');
});

test('an update may be published as it is made, unless it changes nothing', async (t) => {
  const registry = await deployed(t);
  await publish(registry);
  const code = { source: source(2) };
  const second = await registry.updateCode({ functionName: 'f', code, publish: true });
  t.like(second, { version: '2', state: 'Active', lastUpdateStatus: 'InProgress' });
  t.is(registry.get(at('2')).state, 'Pending');
  await registry.settled('f');
  t.is(registry.get(at('2')).state, 'Active');
  t.regex(await textAt(registry, '2'), /=> 2/);
  t.regex(await textAt(registry, '1'), /=> 1/);

  t.is((await registry.updateCode({ functionName: 'f', code, publish: true })).version, '2');
  await registry.settled('f');
  t.deepEqual(numbers(registry), ['$LATEST', '1', '2']);
});

test('a version whose code cannot be prepared stays, and says why', async (t) => {
  const clock = createFakeClock();
  const registry = await openRegistry(t, { clock });
  await registry.create({ functionName: 'f', code: { source: source(1) }, publish: true });
  const settled = registry.settled('f');
  let isSettled = false;
  settled.then(() => {
    isSettled = true;
  });
  // Bundling takes longer than it may.
  while (!isSettled) {
    clock.advance(limits.bundleTimeoutMs);
    await new Promise(setImmediate);
  }
  t.is((await settled).state, 'Failed');
  const failed = registry.get(at('1'));
  t.like(failed, { version: '1', state: 'Failed', stateReasonCode: 'InternalError' });
  t.regex(failed.stateReason ?? '', /took longer than/);
  await refused(
    t,
    () => registry.resolve(at('1')),
    'ResourceConflictException',
    'The operation cannot be performed at this time. The function is currently in the following state: Failed',
  );
  await registry.delete(at('1'));
  t.deepEqual(numbers(registry), ['$LATEST']);
});

test('versions are listed rising, in pages of at most 50', async (t) => {
  const registry = await deployed(t);
  for (let number = 1; number <= 52; number += 1) {
    await registry.updateConfiguration({ functionName: 'f', description: `${number}` });
    await registry.settled('f');
    await publish(registry);
  }
  const expected = ['$LATEST', ...Array.from({ length: 52 }, (_, at) => String(at + 1))];
  const first = registry.listVersions({ functionName: 'f', maxItems: 1_000 });
  t.deepEqual(
    first.versions.map(({ version }) => version),
    expected.slice(0, 50),
  );
  await registry.delete(at('49'));
  const second = registry.listVersions({ functionName: 'f', marker: first.nextMarker ?? '' });
  t.deepEqual(
    second.versions.map(({ version }) => version),
    expected.slice(50),
  );
  t.is(second.nextMarker, undefined);

  const small = registry.listVersions({ functionName: 'f', maxItems: 2 });
  t.deepEqual(
    small.versions.map(({ version }) => version),
    ['$LATEST', '1'],
  );
  const seen: string[] = [];
  for (let marker: string | undefined = ''; marker !== undefined; ) {
    const { functions, nextMarker } = registry.list({ versions: 'all', maxItems: 7, marker });
    seen.push(...functions.map(({ version }) => version));
    marker = nextMarker;
  }
  t.deepEqual(
    seen,
    expected.filter((version) => version !== '49'),
  );
});

test('what takes no version says so', async (t) => {
  const registry = await deployed(t);
  await publish(registry);
  const message =
    'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. ' +
    'Please specify either a function name or an unqualified function ARN.';
  for (const run of [
    () => publish(registry, { functionName: 'f:1' }),
    () => registry.updateCode({ functionName: `${arn}:1`, code: { source: source(3) } }),
    () => registry.updateConfiguration({ functionName: 'f:prod', timeout: 9 }),
    () => registry.concurrency.put('f:1', 1),
  ]) {
    await refused(t, run, 'InvalidParameterValueException', message);
  }
  await refused(t, () => registry.get(at('2')), 'ResourceNotFoundException', `Function not found: ${arn}:2`);
});

test('versions come back after a restart, each read only when it is asked for', async (t) => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'isotherm-versions-')), 'data');
  const open = () => {
    const { functions: store } = openDataDirectory(dataDirectory);
    const read: string[] = [];
    const loadVersion = store.loadVersion.bind(store);
    store.loadVersion = (name, version) => {
      read.push(version);
      return loadVersion(name, version);
    };
    return { dataDirectory, store, read };
  };
  const first = open();
  const registry = await deployed(t, first);
  const one = await publish(registry, { description: 'one' });
  await update(registry, 2);
  const two = await publish(registry);
  await registry.aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1', description: 'd' });
  await registry.concurrency.put('f', 7);
  await registry.close();
  first.store.close();

  const second = open();
  const again = await openRegistry(t, second);
  t.deepEqual(numbers(again), ['$LATEST', '1', '2']);
  t.deepEqual(second.read.splice(0), ['1', '2'], 'for the list');
  t.deepEqual(again.get(at('1')), one);
  t.deepEqual(again.get(at('prod')), one);
  t.deepEqual(again.get(at('2')), two);
  t.deepEqual(second.read, [], 'kept once it was read');
  t.is(again.concurrency.get('f'), 7);
  const ready = again.resolve(at('prod'));
  t.false(ready instanceof Promise);
  t.regex(await textAt(again, 'prod'), /=> 1/);
  t.is((await publish(again)).version, '2', 'nothing has changed since');
  await again.close();
  second.store.close();

  // The bundle of an earlier isotherm: it is made again, by whoever comes first.
  for (const folder of readdirSync(join(dataDirectory, 'code'))) {
    rmSync(join(dataDirectory, 'code', folder, 'bundles'), { recursive: true });
  }
  const third = open();
  const last = await openRegistry(t, third);
  const waiting = [last.resolve(at('1')), last.resolve(at('prod'))];
  t.true(waiting.every((each) => each instanceof Promise));
  const [a, b] = await Promise.all(waiting);
  t.is(a, b);
  t.is(a, last.resolve(at('1')) as DeployedVersion);
  await last.settled('f');
  await last.close();
  third.store.close();
});

test('code is shared by versions and goes with the last that needs it', async (t) => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'isotherm-versions-')), 'data');
  const packages = () => readdirSync(join(dataDirectory, 'code')).length;
  const reopened = async () => {
    const { functions: store } = openDataDirectory(dataDirectory);
    const registry = await openRegistry(t, { dataDirectory, store });
    return {
      registry,
      async close() {
        await registry.close();
        store.close();
      },
    };
  };
  const { functions: store } = openDataDirectory(dataDirectory);
  const registry = await deployed(t, { dataDirectory, store });
  await publish(registry);
  await registry.updateConfiguration({ functionName: 'f', timeout: 9 });
  await registry.settled('f');
  await publish(registry);
  await update(registry, 3);
  t.is(registry.usage().totalCodeBytes, source(1).length * 3);
  await registry.close();
  store.close();

  const second = await reopened();
  t.is(packages(), 2);
  await second.registry.delete(at('1'));
  await second.close();
  const third = await reopened();
  t.is(packages(), 2, 'version 2 has the same code');
  await third.registry.delete(at('2'));
  await third.close();
  const fourth = await reopened();
  t.is(packages(), 1);
  await fourth.close();
});

test('a start with 1,000 functions and 5,000 versions takes less than two seconds of CPU time', async (t) => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'isotherm-versions-')), 'data');
  const { functions: store } = openDataDirectory(dataDirectory);
  const registry = await deployed(t, { dataDirectory, store });
  await publish(registry);
  await registry.aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1' });
  await registry.close();
  store.close();

  // Deployed one by one they would take minutes; the rows are the same.
  const database = new DatabaseSync(join(dataDirectory, 'isotherm.db'));
  database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
    INSERT INTO functions (name, record, facts, pack_id, layers_pack_id)
      SELECT 'f' || i, json_set(record, '$.configuration.functionName', 'f' || i), facts, pack_id, layers_pack_id
      FROM functions, n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)
    INSERT OR IGNORE INTO versions (name, version, published_from, record, pack_id, layers_pack_id)
      SELECT name, i, '', json_set(record, '$.version', i || ''), pack_id, layers_pack_id FROM functions, n;
    INSERT OR IGNORE INTO aliases (name, alias, record)
      SELECT functions.name, alias, json_set(aliases.record, '$.functionName', functions.name) FROM functions, aliases;
  `);
  database.close();

  const before = process.cpuUsage();
  const { functions: kept } = openDataDirectory(dataDirectory);
  const again = await openRegistry(t, { dataDirectory, store: kept });
  const { user, system } = process.cpuUsage(before);
  t.log(`${Math.round((user + system) / 1000)} ms`);
  t.true(user + system < 2_000_000);
  t.is(again.usage().functionCount, 1_000);
  t.is(again.listVersions({ functionName: 'f7' }).versions.length, 6);
  t.is((await again.resolve({ functionName: 'f998', qualifier: 'prod', qualified: true })).version, '1');
  await again.close();
  kept.close();
});
