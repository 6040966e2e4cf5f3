/**
 * A data directory with 1,000 functions, 5,000 versions, 1,000 aliases and 50,000 asynchronous events: a start is short, and everything is
 * where it was. The directory is written through the store; what a start costs beyond that of an empty engine is told in CPU time, which
 * other programs of the machine do not change.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { processStat } from '../../src/base/process-stat.ts';
import { createFunctionRegistry } from '../../src/functions/create-registry.ts';
import type { StoredFunction } from '../../src/functions/function-store.ts';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { Database } from '../../src/store/database.ts';
import { eventStorage } from '../../src/store/event-storage.ts';
import { SqliteFunctionStore } from '../../src/store/function-store.ts';
import { migrations } from '../../src/store/migrations.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

const functionCount = 1_000;
const versionsOfEach = 5;
const eventCount = 50_000;
const nameOf = (n: number): string => `f${String(n).padStart(4, '0')}`;
const scratch = (name: string): string => join(mkdtempSync(join(tmpdir(), 'isotherm-many-')), name);

/** With one function, which is deployed and published in the usual way. */
async function seeded(): Promise<string> {
  const dataDirectory = scratch('data');
  const { functions: store } = openDataDirectory(dataDirectory);
  const registry = await createFunctionRegistry({ store, dataDirectory, clock: systemClock });
  const source = 'export const handler = async (event, { functionVersion }) => [process.env.WHO, functionVersion]';
  await registry.create({ functionName: 'seed', code: { source }, environment: { WHO: 'seed' } });
  await registry.settled('seed');
  await registry.publishVersion({ functionName: 'seed' });
  await registry.close();
  store.close();
  return dataDirectory;
}

/** Others beside it, made of it. Not durable one by one, as they are when clients make them: 6,000 waits for a disk. */
function multiply(directory: string): void {
  const database = new Database(join(directory, 'isotherm.db'), migrations, { durability: 'asked' });
  const codeDirectory = join(directory, 'code');
  const store = new SqliteFunctionStore({ database, directory, codeDirectory, onClose: () => database.close() });
  const [seed] = store.load();
  const seedVersion = store.loadVersion('seed', '1');
  if (seed === undefined || seedVersion === undefined) throw new Error('the seed is there');
  for (let n = 0; n < functionCount; n += 1) {
    const functionName = nameOf(n);
    const configuration: StoredFunction['record']['configuration'] = {
      ...seed.record.configuration,
      functionName,
      environment: { WHO: functionName },
      tags: { number: String(n) },
    };
    const facts = {
      lastVersion: versionsOfEach,
      policies: {},
      ...(n % 100 === 0 && { reservedConcurrency: 1 + n / 100 }),
    };
    store.save({ ...seed, record: { ...seed.record, configuration }, facts });
    for (let version = 1; version <= versionsOfEach; version += 1) {
      const record = { ...seedVersion.record, configuration, version: String(version) };
      store.saveVersion({ ...seedVersion, record });
    }
    const functionVersion = String(1 + (n % versionsOfEach));
    store.saveAlias({ functionName, name: 'live', functionVersion, description: '', revisionId: 'r' });
  }
  store.close();
}

/** Not due for an hour, so that they still wait when they are counted. */
function fillQueue(directory: string): void {
  const store = eventStorage(directory).open();
  const queueId = store.openQueue(nameOf(1));
  const acceptedMs = Date.now();
  const payload = Buffer.from('{"n":1}');
  const none = { recordsPostponed: [], recordsDone: [], recordsNew: [] };
  for (let written = 0; written < eventCount; written += 5_000) {
    const accepted = Array.from({ length: 5_000 }, () => ({
      ...{ queueId, requestId: randomUUID(), qualifier: undefined, acceptedMs, hops: 0, details: {}, payload },
    }));
    store.write({ accepted, postponed: [], ended: [], ...none });
    const postponed = store.due(queueId, acceptedMs, 5_000).map(({ eventId }) => ({
      ...{ queueId, eventId, dueMs: acceptedMs + 3_600_000, attempts: 1, failures: 1, setbacks: 0 },
    }));
    store.write({ accepted: [], postponed, ended: [], ...none });
  }
  store.close();
}

const command = fileURLToPath(new URL('../../bin/isotherm.js', import.meta.url));

async function serve(t: ExecutionContext, directory: string) {
  const fromMs = performance.now();
  const child = spawn(process.execPath, [command, 'serve', '--port', '0', '--data-dir', directory], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`serve ended with ${code}`))),
  ]);
  const wallMs = performance.now() - fromMs;
  const cpuMs = processStat(child.pid ?? 0)?.cpuMs ?? Number.NaN;
  const url = String(line).split(' ').at(-1) ?? '';
  return {
    cpuMs,
    wallMs,
    async get(path: string) {
      const response = await fetch(`${url}${path}`);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      // biome-ignore lint/suspicious/noExplicitAny: looked into freely, what is wrong shows as a failed comparison
      return (await response.json()) as any;
    },
    text: async (path: string) => (await fetch(`${url}${path}`)).text(),
    async invoke(name: string) {
      const response = await fetch(`${url}/2015-03-31/functions/${name}/invocations`, { method: 'POST' });
      return response.json();
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

type Served = Awaited<ReturnType<typeof serve>>;

async function all(served: Served, path: string, member: string): Promise<Record<string, string>[]> {
  const items: Record<string, string>[] = [];
  for (let marker = ''; ; ) {
    const page = await served.get(`${path}${marker === '' ? '' : `&Marker=${encodeURIComponent(marker)}`}`);
    items.push(...page[member]);
    if (page.NextMarker === undefined || page.NextMarker === null) return items;
    marker = page.NextMarker;
  }
}

test('a start with 1,000 functions, 5,000 versions and 50,000 events is short, and nothing is missing', async (t) => {
  t.timeout(240_000);
  const directory = await seeded();
  const empty = await serve(t, directory);
  await empty.stop();
  multiply(directory);
  fillQueue(directory);

  const served = await serve(t, directory);
  const beyondMs = served.cpuMs - empty.cpuMs;
  t.log(
    `ready in ${Math.round(served.wallMs)} ms, CPU ${served.cpuMs} ms; without them ${Math.round(empty.wallMs)} and ${empty.cpuMs} ms`,
  );
  t.true(beyondMs < 1_000, `${beyondMs} ms of CPU time beyond an empty engine's`);

  const functions = '/2015-03-31/functions';
  const listed = await all(served, `${functions}?FunctionVersion=ALL`, 'Functions');
  t.is(listed.length, functionCount * (versionsOfEach + 1) + 2);
  t.deepEqual(
    listed.filter(({ Version }) => Version === '$LATEST').map(({ FunctionName }) => FunctionName),
    [...Array.from({ length: functionCount }, (_, n) => nameOf(n)), 'seed'],
  );
  const reserved = Array.from({ length: functionCount / 100 }, (_, n) => 1 + n).reduce((sum, each) => sum + each, 0);
  const { AccountLimit, AccountUsage } = await served.get('/2016-08-19/account-settings');
  t.is(AccountLimit.UnreservedConcurrentExecutions, 1_000 - reserved);
  t.is(AccountUsage.FunctionCount, functionCount + 1);
  t.regex(await served.text('/metrics'), new RegExp(`^isotherm_async_events_queued ${eventCount}$`, 'm'));

  for (let n = 0; n < functionCount; n += 100) {
    const name = nameOf(n);
    const version = String(1 + (n % versionsOfEach));
    t.is((await served.get(`${functions}/${name}/aliases/live`)).FunctionVersion, version);
    t.deepEqual(await served.get(`/2019-09-30/functions/${name}/concurrency`), {
      ReservedConcurrentExecutions: 1 + n / 100,
    });
    t.deepEqual((await served.get(`/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:${name}`)).Tags, {
      number: String(n),
    });
  }
  for (const n of [0, 499, 999]) {
    const version = String(1 + (n % versionsOfEach));
    t.deepEqual(await served.invoke(nameOf(n)), [nameOf(n), '$LATEST']);
    t.deepEqual(await served.invoke(`${nameOf(n)}:live`), [nameOf(n), version]);
  }
  await served.stop();
});
