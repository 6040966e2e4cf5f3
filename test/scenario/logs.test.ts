/** What functions print, from a real guest to the files of a data directory and back. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createEngine, type Engine } from '../../src/index.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

const source = `export const handler = async (event) => {
  console.debug('quiet', event);
  console.log('said', event);
  console.warn('two\\nlines');
  process.stdout.write('raw\\n');
};`;

async function messages(engine: Engine, logGroup: string): Promise<readonly string[]> {
  return (await engine.logs.filter({ logGroup })).events.map(({ message }) => message);
}

test('Lambda’s lines and the function’s are kept in order, one event each, across restarts', async (t) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'isotherm-logs-'));
  const check = async (engine: Engine): Promise<void> => {
    const events = (await engine.logs.filter({ logGroup: '/aws/lambda/talk' })).events;
    const kinds = events.map(({ message }) => /^(?:\S+Z\t\S+\t(?:DEBUG|INFO|WARN)\t)?(\S+)/.exec(message)?.[1]);
    t.deepEqual(kinds, ['INIT_START', 'START', 'quiet', 'said', 'two', 'raw', 'END', 'REPORT']);
    t.true(events[4]?.message.endsWith('\ttwo\nlines\n'));
    t.regex(events[0]?.logStream ?? '', /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
  };
  {
    await using engine = await createEngine({ dataDirectory });
    const talk = await engine.createFunction({ functionName: 'talk', timeout: 20, code: { source } });
    await talk(1);
    await check(engine);
  }
  await using again = await createEngine({ dataDirectory });
  await check(again);
});

test('in JSON format levels are held, and a group of its own takes the lines of several functions', async (t) => {
  await using engine = await createEngine();
  const logging = { logFormat: 'JSON', applicationLogLevel: 'WARN', systemLogLevel: 'WARN', logGroup: 'shared' };
  for (const functionName of ['one', 'two']) {
    const call = await engine.createFunction({ functionName, timeout: 20, code: { source }, logging });
    await call(functionName);
  }
  const records = (await messages(engine, 'shared')).filter((message) => message.startsWith('{'));
  t.deepEqual(
    records.map((record) => JSON.parse(record).level),
    ['WARN', 'WARN'],
  );
  const { streams } = await engine.logs.streams({ logGroup: 'shared' });
  t.deepEqual(
    streams.map(({ logStream }) => /^\d{4}\/\d\d\/\d\d\/(\w+)\[\$LATEST\][0-9a-f]{32}$/.exec(logStream)?.[1]),
    ['one', 'two'],
  );
  const { events } = await engine.logs.filter({
    logGroup: 'shared',
    pattern: '{ $.message = "two*" && $.level = "WARN" }',
  });
  t.is(events.length, 2);
});

test('an engine that is told so keeps nothing', async (t) => {
  await using engine = await createEngine({ logs: 'off' });
  const talk = await engine.createFunction({ functionName: 'talk', timeout: 20, code: { source } });
  await talk(1);
  t.deepEqual((await engine.logs.groups()).groups, []);
});

test('who follows sees what is printed while it is printed', async (t) => {
  await using engine = await createEngine();
  const talk = await engine.createFunction({ functionName: 'talk', timeout: 20, code: { source } });
  const stop = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    const tail = engine.logs.tail({ logGroup: '/aws/lambda/talk', pattern: 'said', signal: stop.signal });
    for await (const { message } of tail) {
      seen.push(message.replace(/^.*\t/, ''));
      if (seen.length === 3) stop.abort();
      else await talk(seen.length);
    }
  })();
  await talk(0);
  await following;
  t.deepEqual(seen, ['said 0\n', 'said 1\n', 'said 2\n']);
});
