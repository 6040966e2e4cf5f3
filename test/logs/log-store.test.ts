import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { LogEvent } from '../../src/logs/log-event.ts';
import { limits } from '../../src/model/limits.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { randomNumbers } from '../fixtures/random-numbers.ts';
import { epochMs, group, logFolder, type TestLogs, testLogs } from './harness.ts';

ownTemporaryDirectory();

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(directory, name));
}

async function all(logs: TestLogs, input: object = {}): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.logs.filter({ logGroup: group, ...input, ...(nextToken !== undefined && { nextToken }) });
    events.push(...page.events);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return events;
}

for (const kind of ['files', 'memory'] as const) {
  const open = (): TestLogs => testLogs(kind === 'files' ? { directory: logFolder() } : {});

  test(`${kind}: what was printed is found at once, in order, with its times`, async (t) => {
    const logs = open();
    logs.print('one\n');
    logs.clock.advance(5);
    logs.print('two\n', 'b');
    logs.print('three\nfour\n');
    const { events, nextToken } = await logs.logs.filter({ logGroup: group });
    t.deepEqual(
      events.map(({ timestamp, message, logStream }) => [timestamp - epochMs, message, logStream]).toSorted(),
      [
        [0, 'one\n', 'a'],
        [5, 'four\n', 'a'],
        [5, 'three\n', 'a'],
        [5, 'two\n', 'b'],
      ],
    );
    t.is(nextToken, undefined);
    t.true(events.every(({ eventId }) => /^\d{56}$/.test(eventId)));
    t.is(new Set(events.map(({ eventId }) => eventId)).size, 4);
  });

  test(`${kind}: pages of every size give the same events as one`, async (t) => {
    const logs = open();
    const { next: random } = randomNumbers(7);
    for (let line = 0; line < 300; line += 1) {
      logs.print(`line ${line}\n`, `stream ${Math.floor(random() * 7)}`);
      if (random() < 0.3) logs.clock.advance(1);
      if (random() < 0.05) await logs.logs.filter({ logGroup: group, limit: 1 });
    }
    const whole = await all(logs);
    t.is(whole.length, 300);
    t.deepEqual(
      whole,
      whole.toSorted((a, b) => a.timestamp - b.timestamp),
    );
    for (const limit of [1, 7, 100]) t.deepEqual(await all(logs, { limit }), whole, `limit ${limit}`);
    const middle = { startMs: epochMs + 20, endMs: epochMs + 50 };
    const expected = whole.filter(({ timestamp }) => timestamp >= middle.startMs && timestamp < middle.endMs);
    t.deepEqual(await all(logs, { ...middle, limit: 3 }), expected);
    t.deepEqual(
      await all(logs, { pattern: '"line 29"', limit: 2 }),
      whole.filter(({ message }) => message.includes('line 29')),
    );
  });

  test(`${kind}: a stream is read forwards and backwards, and tokens stay at its ends`, async (t) => {
    const logs = open();
    for (let line = 0; line < 10; line += 1) {
      logs.print(`${line}\n`);
      logs.clock.advance(1);
    }
    const read = async (more: object) => {
      const page = await logs.logs.events({ logGroup: group, logStream: 'a', limit: 4, ...more });
      return { ...page, text: page.events.map(({ message }) => message.trim()).join('') };
    };
    const tail = await read({});
    t.is(tail.text, '6789');
    const before = await read({ nextToken: tail.backwardToken });
    t.is(before.text, '2345');
    t.is((await read({ nextToken: before.forwardToken })).text, '6789');
    const first = await read({ nextToken: before.backwardToken });
    t.is(first.text, '01');
    t.is((await read({ nextToken: first.backwardToken })).backwardToken, first.backwardToken);
    const end = await read({ nextToken: tail.forwardToken });
    t.deepEqual([end.text, end.forwardToken], ['', tail.forwardToken]);
    logs.print('new\n');
    t.is((await read({ nextToken: end.forwardToken })).text, 'new');
    t.is((await read({ from: 'head' })).text, '0123');
    t.is((await read({ startMs: epochMs + 3, endMs: epochMs + 6, from: 'head' })).text, '345');
    t.is((await read({ startMs: epochMs + 3, endMs: epochMs + 6 })).text, '345');
  });

  test(`${kind}: when there is too much, the oldest goes`, async (t) => {
    const logs = testLogs({ ...(kind === 'files' && { directory: logFolder() }), bytesMax: 256 * 1_024 });
    for (let round = 0; round < 60; round += 1) {
      logs.print(`${round} ${'x'.repeat(10_000)}\n`);
      await logs.logs.filter({ logGroup: group, limit: 1 });
      logs.clock.advance(1);
    }
    t.true(logs.logs.storedBytes <= 256 * 1_024);
    const events = await all(logs);
    t.true(events.length > 10);
    t.regex(events.at(-1)?.message ?? '', /^59 /);
    const { events: last } = await logs.logs.events({ logGroup: group, logStream: 'a', limit: 1 });
    t.regex(last[0]?.message ?? '', /^59 /);
  });

  test(`${kind}: what is older than the group keeps goes`, async (t) => {
    const logs = open();
    logs.print('old\n', 'old');
    await logs.messages();
    await logs.logs.putRetention(group, 1);
    logs.clock.advance(2 * 86_400_000);
    logs.print('new\n', 'new');
    t.deepEqual(await logs.messages(), ['new\n']);
    const { streams } = await logs.logs.streams({ logGroup: group });
    t.deepEqual(
      streams.map(({ logStream }) => logStream),
      ['new'],
    );
  });
}

test('a record of the console stays one event however many lines it has', async (t) => {
  const logs = testLogs();
  const head = '2026-01-02T03:04:05.000Z\tid\tINFO\t';
  logs.print(`${head}first\nsecond\n${head}third\n`, 'a', { kind: 'line' });
  logs.print('{"a":1}\n{"b":2}\n', 'a', { kind: 'line', logFormat: 'JSON' });
  t.deepEqual(await logs.messages(), [`${head}first\nsecond\n`, `${head}third\n`, '{"a":1}\n', '{"b":2}\n']);
});

test('another process finds what was kept, and leaves out a line that was being written', async (t) => {
  const directory = logFolder();
  const before = testLogs({ directory });
  before.print('kept\n');
  before.print('also\n', 'b');
  await before.logs.close();
  for (const file of files(directory)) appendFileSync(file, `${epochMs + 1} torn of`);
  const after = testLogs({ directory });
  t.deepEqual((await after.messages()).toSorted(), ['also\n', 'kept\n']);
  const { streams } = await after.logs.streams({ logGroup: group });
  t.is(streams.length, 2);
});

test('files that are cut, damaged or not ours are no obstacle', async (t) => {
  const directory = logFolder();
  const before = testLogs({ directory });
  for (const stream of ['cut', 'damaged', 'whole']) before.print('one\ntwo\n', stream);
  await before.logs.close();
  const [cut = '', damaged = ''] = files(directory).filter((file) => !readFileSync(file, 'utf8').includes('"whole"'));
  truncateSync(cut, statSync(cut).size - 2);
  writeFileSync(damaged, Buffer.alloc(10_000, 0xff));
  mkdirSync(join(directory, 'f'.repeat(32)));
  writeFileSync(join(directory, 'f'.repeat(32), 'group.json'), '{"group":"/etc/passwd"');
  writeFileSync(join(directory, 'notes.txt'), 'mine');
  const after = testLogs({ directory });
  t.deepEqual((await after.messages()).toSorted(), ['one\n', 'one\n', 'two\n']);
});

test('no name becomes a path', async (t) => {
  const directory = logFolder();
  const logs = testLogs({ directory });
  const names = ['../../../../tmp/x', '/etc/passwd', '..', '.', 'a\0b', 'x'.repeat(500), 'ü/ß', 'a\nb', 'CON', '~'];
  for (const name of names) logs.print('text\n', name, { logGroup: `../${name}` });
  for (const name of names) {
    const { events } = await logs.logs.filter({ logGroup: `../${name}` });
    t.deepEqual(
      events.map(({ logStream }) => logStream),
      [name],
    );
  }
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  t.is(paths.length, 2 * names.length);
  t.true(paths.every((path) => /^[0-9a-f]{32}(\/[0-9a-f]{32}\.0\.log)?$/.test(path)));
  t.deepEqual(readdirSync(join(directory, '..')), ['logs']);
});

test('when the directory is removed, what comes later is kept', async (t) => {
  const directory = logFolder();
  const logs = testLogs({ directory });
  logs.print('before\n');
  t.deepEqual(await logs.messages(), ['before\n']);
  rmSync(directory, { recursive: true });
  logs.print('after\n');
  t.deepEqual(await logs.messages(), ['after\n']);
  logs.print('later\n');
  t.deepEqual(await logs.messages(), ['after\n', 'later\n']);
});

test('what cannot be written is lost, counted, told, and marked where it is missing', async (t) => {
  const directory = logFolder();
  const told: object[] = [];
  const logs = testLogs({ directory, onLoss: (loss) => told.push(loss) });
  // A file in the place of the directory: nothing below it can be made.
  writeFileSync(directory, '');
  logs.print('gone\nlost\n');
  await logs.logs.groups();
  await logs.logs.close();
  t.is(logs.logs.lostEvents, 2);
  t.like(told[0], { events: 2 });

  const healed = testLogs({ directory });
  healed.print('gone\n');
  await healed.logs.groups();
  rmSync(directory);
  healed.print('kept\n');
  const messages = await healed.messages();
  t.is(messages[1], 'kept\n');
  t.regex(messages[0] ?? '', /^isotherm: 1 log events \(\d+ bytes\) were lost here: /);
});

test('a function that prints faster than the disk takes it loses its own lines, not those of others', async (t) => {
  const logs = testLogs();
  const piece = `${'x'.repeat(limits.logLineBytesMax - 1)}\n`;
  const pieces = (2 * limits.logStreamBytesWaitingMax) / piece.length;
  for (let count = 0; count < pieces; count += 1) logs.print(piece, 'loud');
  logs.print('quiet\n', 'quiet');
  t.deepEqual(await logs.messages({ logStreams: ['quiet'] }), ['quiet\n']);
  t.true(logs.logs.lostEvents > 0);
  const { events } = await logs.logs.events({ logGroup: group, logStream: 'loud', limit: 1 });
  t.regex(events[0]?.message ?? '', /were lost here: the disk did not keep up/);
});

test('thousands of streams cost no descriptors', async (t) => {
  const directory = logFolder();
  const logs = testLogs({ directory });
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  for (let stream = 0; stream < 1_000; stream += 1) logs.print(`${stream}\n`, `s${stream}`);
  const events = await all(logs);
  t.is(events.length, 1_000);
  t.true(open() <= before + 2);
  t.is(files(directory).length, 1_000);
});

test('a wall clock that is set back changes no order', async (t) => {
  const logs = testLogs();
  logs.print('first\n');
  logs.clock.setEpoch(epochMs - 60_000);
  logs.print('second\n');
  logs.print('third\n', 'b');
  t.deepEqual(await logs.messages({ logStreams: ['a'] }), ['first\n', 'second\n']);
  t.deepEqual((await logs.messages({ startMs: epochMs })).length, 3);
});

test('a tail shows what is kept, then what comes, each once, and ends with its signal', async (t) => {
  const logs = testLogs({ directory: logFolder() });
  logs.print('old\n');
  const stop = new AbortController();
  const seen: string[] = [];
  const tailing = (async () => {
    for await (const { message } of logs.logs.tail({ logGroup: group, startMs: 0, signal: stop.signal })) {
      seen.push(message);
      if (message === 'old\n') {
        for (let line = 0; line < 50; line += 1) logs.print(`${line}\n`, `s${line % 3}`);
      }
      if (message === '49\n') logs.print('end\n');
      if (message === 'end\n') stop.abort();
      await logs.logs.filter({ logGroup: group, limit: 1 });
    }
  })();
  while (!stop.signal.aborted) {
    await new Promise((resolve) => setImmediate(resolve));
    logs.clock.advance(50);
  }
  await tailing;
  t.deepEqual(seen.toSorted(), ['old\n', 'end\n', ...Array.from({ length: 50 }, (_, line) => `${line}\n`)].toSorted());
});

test('groups and streams: listed in pages, made, deleted', async (t) => {
  const directory = logFolder();
  const { logs, print } = testLogs({ directory });
  await logs.createGroup('/made', { team: 'a' });
  await t.throwsAsync(logs.createGroup('/made'), { message: 'The specified log group already exists' });
  await t.throwsAsync(logs.createGroup('no space'), { message: /regular expression/ });
  print('x\n', '2026/01/02/[1]b');
  print('x\n', '2026/01/02/[1]a');
  const first = await logs.groups({ limit: 1 });
  t.deepEqual(
    first.groups.map(({ logGroup }) => logGroup),
    [group],
  );
  t.deepEqual(
    (await logs.groups({ limit: 1, nextToken: first.nextToken ?? '' })).groups.map(({ logGroup }) => logGroup),
    ['/made'],
  );
  const { streams } = await logs.streams({ logGroup: group, prefix: '2026', order: 'name-descending' });
  t.deepEqual(
    streams.map(({ logStream }) => logStream),
    ['2026/01/02/[1]b', '2026/01/02/[1]a'],
  );
  await logs.deleteStream(group, '2026/01/02/[1]a');
  await t.throwsAsync(logs.events({ logGroup: group, logStream: '2026/01/02/[1]a' }), {
    message: 'The specified log stream does not exist.',
  });
  await logs.deleteGroup(group);
  await t.throwsAsync(logs.filter({ logGroup: group }), { message: 'The specified log group does not exist.' });
  const again = testLogs({ directory });
  t.deepEqual(
    (await again.logs.groups()).groups.map(({ logGroup }) => logGroup),
    ['/made'],
  );
  t.deepEqual(await again.logs.tags('/made'), { team: 'a' });
});

for (const nextToken of ['', 'x', 'f/1', '!'.repeat(1_000), Buffer.from('1.x.1').toString('base64url')]) {
  test(`a token that is none is refused: ${nextToken.slice(0, 10)}`, async (t) => {
    const logs = testLogs();
    logs.print('x\n');
    const refusal = { message: 'The specified nextToken is invalid.' };
    await t.throwsAsync(logs.logs.filter({ logGroup: group, nextToken }), refusal);
    await t.throwsAsync(logs.logs.events({ logGroup: group, logStream: 'a', nextToken }), refusal);
  });
}
