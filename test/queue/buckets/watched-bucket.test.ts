/** Real directories. Where time matters it is the test's; elsewhere a file is whole after 30 ms. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { type BucketNotification, validBuckets } from '../../../src/model/bucket.ts';
import { EngineError } from '../../../src/model/errors.ts';
import { type BucketStore, MemoryBucketStore } from '../../../src/queue/buckets/bucket-store.ts';
import { type BucketBounds, WatchedBucket } from '../../../src/queue/buckets/watched-bucket.ts';
import { createFakeClock } from '../../fixtures/fake-clock.ts';
import { ownTemporaryDirectory } from '../../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

const everything: BucketNotification = { functionName: 'f', events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] };

interface WorldOptions {
  readonly notifications?: readonly BucketNotification[];
  readonly clock?: Clock;
  readonly bounds?: Partial<BucketBounds>;
  readonly store?: BucketStore;
}

function world(t: ExecutionContext, options: WorldOptions = {}) {
  const { notifications = [everything], clock = systemClock, store = new MemoryBucketStore() } = options;
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-bucket-'));
  // What is told is not parsed by types: a wrong shape is a failed comparison.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const records: { readonly functionName: string; readonly record: any }[] = [];
  const problems: string[] = [];
  let answer = async (_functionName: string): Promise<void> => {};
  const [bucket] = validBuckets({ uploads: { directory, notifications } });
  if (bucket === undefined) throw new Error('there is one');
  let watched: WatchedBucket | undefined;
  const stop = async () => watched?.[Symbol.asyncDispose]();
  t.teardown(stop);
  return {
    directory,
    records,
    problems,
    store,
    at: (path: string) => join(directory, path),
    answerWith: (next: typeof answer) => {
      answer = next;
    },
    async start() {
      watched = new WatchedBucket({
        bucket,
        store,
        clock,
        observe: (event) => void (event.type === 'bucket.problem' && problems.push(event.problem)),
        deliver: async (functionName, event) => {
          await answer(functionName);
          for (const record of JSON.parse(event).Records) records.push({ functionName, record });
        },
        bounds: { stableMs: 30, rescanMs: 3_600_000, ...options.bounds },
      });
      await watched.start();
    },
    stop,
    /** `+key` for an object that appeared or changed, `-key` for one that went, in the order in which they were told. */
    told: () =>
      records.map(({ record }) => `${record.eventName === 'ObjectCreated:Put' ? '+' : '-'}${record.s3.object.key}`),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

test('an object that appears, changes and goes is told in the form of S3', async (t) => {
  const { start, at, records } = world(t);
  await start();
  writeFileSync(at('a b(1).txt'), 'one');
  await until(() => records.length === 1);
  const { eventTime, responseElements, s3, ...record } = records[0]?.record ?? {};
  t.deepEqual(record, {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventName: 'ObjectCreated:Put',
    userIdentity: { principalId: 'isotherm' },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
  });
  t.regex(eventTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.deepEqual(Object.keys(responseElements), ['x-amz-request-id', 'x-amz-id-2']);
  const { sequencer, ...object } = s3.object;
  t.deepEqual(object, { key: 'a+b%281%29.txt', size: 3, eTag: createHash('md5').update('one').digest('hex') });
  t.deepEqual(
    { ...s3, object: undefined },
    {
      s3SchemaVersion: '1.0',
      configurationId: 'f',
      bucket: { name: 'uploads', ownerIdentity: { principalId: 'isotherm' }, arn: 'arn:aws:s3:::uploads' },
      object: undefined,
    },
  );

  writeFileSync(at('a b(1).txt'), 'other');
  await until(() => records.length === 2);
  rmSync(at('a b(1).txt'));
  await until(() => records.length === 3);
  t.is(records[1]?.record.s3.object.size, 5);
  t.is(records[2]?.record.eventName, 'ObjectRemoved:Delete');
  t.deepEqual(Object.keys(records[2]?.record.s3.object), ['key', 'sequencer']);
  const sequencers = [sequencer, ...records.slice(1).map((each) => each.record.s3.object.sequencer)];
  t.deepEqual(sequencers, sequencers.toSorted());
  t.is(new Set(sequencers).size, 3);
});

test('what was there before a directory was first watched is no news', async (t) => {
  const { start, at, told } = world(t);
  mkdirSync(at('deep/er'), { recursive: true });
  writeFileSync(at('deep/er/old'), '1');
  await start();
  writeFileSync(at('deep/er/new'), '1');
  await until(() => told().length > 0);
  t.deepEqual(told(), ['+deep/er/new']);
});

test('what happened while nobody watched is told when somebody does again', async (t) => {
  const { start, stop, at, told } = world(t);
  mkdirSync(at('d'));
  for (const name of ['changed', 'd/gone', 'd/moved', 'same']) writeFileSync(at(name), 'old');
  await start();
  await stop();
  writeFileSync(at('changed'), 'other');
  rmSync(at('d/gone'));
  renameSync(at('d/moved'), at('moved'));
  mkdirSync(at('new/er'), { recursive: true });
  writeFileSync(at('new/er/one'), '');
  await start();
  await until(() => told().length === 5);
  t.deepEqual(told().toSorted(), ['+changed', '+moved', '+new/er/one', '-d/gone', '-d/moved']);
});

test('what was told is not told again after a restart', async (t) => {
  const { start, stop, at, told } = world(t);
  await start();
  writeFileSync(at('a'), '1');
  await until(() => told().length === 1);
  await stop();
  await start();
  writeFileSync(at('b'), '1');
  await until(() => told().length === 2);
  t.deepEqual(told(), ['+a', '+b']);
});

test('an event that was handed over and not written down is handed over again', async (t) => {
  const store = new MemoryBucketStore();
  const { start, stop, at, told } = world(t, { store });
  await start();
  const update = store.update.bind(store);
  let isKilled = false;
  store.update = () => {
    isKilled = true;
    throw new EngineError('DataDirectoryUnusable', 'killed');
  };
  writeFileSync(at('a'), '1');
  await until(() => isKilled);
  await stop();
  store.update = update;
  await start();
  await until(() => told().length === 2);
  t.deepEqual(told(), ['+a', '+a']);
});

test('prefix, suffix and events choose the functions that are told', async (t) => {
  const { start, at, records } = world(t, {
    notifications: [
      { functionName: 'images', prefix: 'in/', suffix: '.png' },
      { functionName: 'bin:prod', id: 'bin', events: ['s3:ObjectRemoved:Delete'], prefix: 'in/' },
      everything,
    ],
  });
  await start();
  mkdirSync(at('in'));
  writeFileSync(at('in/a.png'), '1');
  writeFileSync(at('in/a.txt'), '1');
  writeFileSync(at('a.png'), '1');
  await until(() => records.length === 4);
  rmSync(at('in/a.txt'));
  await until(() => records.length === 6);
  const told = records.map(({ functionName, record }) => [
    functionName,
    record.s3.configurationId,
    record.s3.object.key,
  ]);
  t.deepEqual(told.slice(0, 4).toSorted(), [
    ['f', 'f', 'a.png'],
    ['f', 'f', 'in/a.png'],
    ['f', 'f', 'in/a.txt'],
    ['images', 'images', 'in/a.png'],
  ]);
  t.deepEqual(told.slice(4), [
    ['bin:prod', 'bin', 'in/a.txt'],
    ['f', 'f', 'in/a.txt'],
  ]);
});

test('a tree that appears at once is found whole, and goes whole', async (t) => {
  const { start, at, told, directory } = world(t);
  await start();
  const made = mkdtempSync(join(tmpdir(), 'isotherm-tree-'));
  const keys: string[] = [];
  for (let index = 0; index < 100; index += 1) {
    const key = `d${index % 7}/e${index % 3}/f${index}`;
    mkdirSync(join(made, key, '..'), { recursive: true });
    writeFileSync(join(made, key), key);
    keys.push(`t/${key}`);
  }
  renameSync(made, at('t'));
  await until(() => told().length === 100);
  t.deepEqual(told().toSorted(), keys.map((key) => `+${key}`).toSorted());
  rmSync(join(directory, 't'), { recursive: true });
  await until(() => told().length === 200);
  t.deepEqual(told().slice(100).toSorted(), keys.map((key) => `-${key}`).toSorted());
});

test('a directory that is deleted and made again is watched as before', async (t) => {
  const { start, at, told } = world(t);
  await start();
  for (let round = 0; round < 10; round += 1) {
    rmSync(at('d'), { recursive: true, force: true });
    mkdirSync(at('d'));
  }
  writeFileSync(at('d/first'), '1');
  await until(() => told().length === 1);
  writeFileSync(at('d/second'), '1');
  await until(() => told().length === 2);
  t.deepEqual(told(), ['+d/first', '+d/second']);
});

test('links are neither objects nor ways out', async (t) => {
  const outside = mkdtempSync(join(tmpdir(), 'isotherm-outside-'));
  writeFileSync(join(outside, 'secret'), 'x');
  const { start, at, told } = world(t);
  mkdirSync(at('d'));
  writeFileSync(at('d/mine'), '1');
  await start();
  symlinkSync(outside, at('out'));
  symlinkSync(join(outside, 'secret'), at('link'));
  renameSync(at('d'), at('e'));
  symlinkSync(outside, at('d'));
  writeFileSync(join(outside, 'later'), 'x');
  await until(() => told().length === 2);
  writeFileSync(at('marker'), '1');
  await until(() => told().length > 2);
  t.deepEqual(told().slice(0, 2).toSorted(), ['+e/mine', '-d/mine']);
  t.deepEqual(told().slice(2), ['+marker']);
});

test('a file that is being written is told once, when it is whole', async (t) => {
  const clock = createFakeClock();
  const { start, at, told, records } = world(t, { clock, bounds: { stableMs: 10_000 } });
  await start();
  for (let part = 0; part < 30; part += 1) {
    appendFileSync(at('long'), 'part');
    // Its time is all that tells two parts from each other that come within a tick of the kernel's clock.
    utimesSync(at('long'), part, part);
    clock.advance(5_000);
    await delay(5);
  }
  t.deepEqual(told(), []);
  while (told().length === 0) {
    clock.advance(5_000);
    await delay(5);
  }
  t.deepEqual(told(), ['+long']);
  t.is(records[0]?.record.s3.object.size, 120);
});

test('a file that is replaced by another one is told as a change, and not as gone', async (t) => {
  const { start, at, told } = world(t);
  writeFileSync(at('a'), 'old');
  await start();
  writeFileSync(at('.a.tmp'), 'new');
  renameSync(at('.a.tmp'), at('a'));
  await until(() => told().length === 1);
  t.deepEqual(told(), ['+a']);
});

test('whoever cannot take events gets them later, whoever never will does not', async (t) => {
  const { start, at, told, problems, answerWith } = world(t, { notifications: [{ functionName: 'gone' }, everything] });
  await start();
  let refusals = 0;
  answerWith(async (functionName) => {
    if (functionName === 'gone') throw new EngineError('ResourceNotFoundException', 'Function not found');
    refusals += 1;
    if (refusals === 1) throw new EngineError('TooManyRequestsException', 'full');
  });
  writeFileSync(at('a'), '1');
  await until(() => told().length === 1);
  t.is(refusals, 2);
  t.deepEqual(new Set(problems), new Set(['gone was not told of it: Function not found']));
});

test('larger files have an entity tag that is no hash of what is in them', async (t) => {
  const { start, at, records } = world(t);
  await start();
  writeFileSync(at('large'), '');
  truncateSync(at('large'), 17 * 1024 * 1024);
  await until(() => records.at(-1)?.record.s3.object.size === 17 * 1024 * 1024);
  t.regex(records.at(-1)?.record.s3.object.eTag, /^[0-9a-f]{32}-1$/);
});

test('more files or directories than the limits are passed over, and that is told once', async (t) => {
  const { start, at, told, problems } = world(t, { bounds: { objectsMax: 3, directoriesMax: 2 } });
  await start();
  for (const name of ['a', 'b', 'c', 'd', 'e']) writeFileSync(at(name), '1');
  await until(() => told().length === 3 && problems.length === 1);
  for (const name of ['f', 'g']) mkdirSync(at(name));
  await until(() => problems.length === 2);
  t.deepEqual(problems, [
    'it has more than 3 files (bucketObjectsMax), and the others are passed over',
    'it has more than 2 directories (bucketDirectoriesMax), and the others are passed over',
  ]);
});

test('what the kernel did not tell is found when everything is looked at again', async (t) => {
  const clock = createFakeClock();
  const { start, at, told } = world(t, { clock, bounds: { rescanMs: 60_000, stableMs: 10 } });
  await start();
  writeFileSync(at('a'), '1');
  // Only a scan is due: the alarm of what was suspected is not waited for.
  clock.jump(60_000);
  while (told().length === 0) {
    clock.advance(10);
    await delay(5);
  }
  t.deepEqual(told(), ['+a']);
});

test('a directory that went away is a problem, and its objects are not taken for deleted', async (t) => {
  const { start, at, told, problems, directory } = world(t, { bounds: { rescanMs: 50 } });
  writeFileSync(at('a'), '1');
  await start();
  renameSync(directory, `${directory}-away`);
  await until(() => problems.length > 0);
  renameSync(`${directory}-away`, directory);
  writeFileSync(at('b'), '1');
  await until(() => told().length === 1);
  t.deepEqual(told(), ['+b']);
  t.deepEqual(problems, ['its directory is not there']);
});

test('a bucket without a directory is refused', async (t) => {
  const { start, directory } = world(t);
  rmSync(directory, { recursive: true });
  await t.throwsAsync(start(), {
    code: 'InvalidParameterValueException',
    message: `buckets.uploads.directory must be a directory that can be read, received ${JSON.stringify(directory)}: there is no such directory`,
  });
});
