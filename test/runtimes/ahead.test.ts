/** Modules that are evaluated before a guest is booted, in an isolate that nobody uses yet, are what they would be afterwards. */
import anyTest, { type TestFn } from 'ava';
import { offeredModules } from '../../src/bridge/node-modules.ts';
import { GuestRunner } from './harness.ts';

const test = anyTest as TestFn<{ runner: GuestRunner }>;

test.before(async (t) => {
  t.context.runner = await GuestRunner.start();
});

test.after.always(async (t) => {
  await t.context.runner[Symbol.asyncDispose]();
});

/** Names and kinds of all that a module exports, two levels deep. Values of the clock and the like are not compared. */
const describe = `const describe = (value, depth) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return typeof value;
    if (depth === 0) return typeof value;
    const own = {};
    for (const key of Reflect.ownKeys(value)) {
      const { get, value: member, enumerable } = Object.getOwnPropertyDescriptor(value, key);
      own[String(key)] = [enumerable, get === undefined ? describe(member, depth - 1) : 'accessor'];
    }
    return [typeof value, own];
  };`;

test('every module exports the same', async (t) => {
  for (const name of offeredModules) {
    const source = `${describe} exports.handler = async () => describe(require(${JSON.stringify(`node:${name}`)}), 2);`;
    const [plain, ahead] = [
      await t.context.runner.answer(source),
      await t.context.runner.answer(source, { ahead: [name] }),
    ];
    t.deepEqual(ahead, plain, name);
  }
});

test('what only the host knows is right in them', async (t) => {
  const source = `const { performance } = require('perf_hooks'), os = require('os'), events = require('events');
    const timers = require('timers/promises'), { Readable } = require('stream'), url = require('url');
    exports.handler = async () => {
      await timers.setTimeout(1);
      const chunks = await Readable.from(['a', 'b']).toArray();
      return [performance.timeOrigin, performance.now() > 0, process instanceof events, process.env.NAME, chunks,
        os.totalmem() > 0, new url.URL('http://example.com/a/../b').href, process.argv.length];
    };`;
  const environment = { NAME: 'value' };
  const modules = ['perf_hooks', 'os', 'events', 'timers/promises', 'stream', 'url'];
  const plain = await t.context.runner.answer(source, { environment });
  t.deepEqual(await t.context.runner.answer(source, { environment, ahead: modules }), plain);
});

test('what http asks the host for while it serves is there', async (t) => {
  const source = `const http = require('http');
    exports.handler = async () => {
      const server = http.createServer((request, response) => response.end(request.method + ' ' + request.url));
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const answer = await new Promise((resolve, reject) => http.get({ port: server.address().port, path: '/path' }, resolve).on('error', reject));
      const chunks = await answer.setEncoding('utf8').toArray();
      server.close();
      return [answer.statusCode, ...chunks];
    };`;
  t.deepEqual(await t.context.runner.answer(source, { ahead: ['http'] }), [200, 'GET /path']);
});

test('what was brought in ahead is not brought in again, and the door is closed at boot', async (t) => {
  const source = `require('stream'); exports.handler = async () => ['__isothermAhead' in globalThis, '__isothermBoot' in globalThis];`;
  const run = await t.context.runner.run({ source, ahead: ['stream'] });
  t.deepEqual(JSON.parse(run.settled.at(-1)?.text ?? ''), [false, false]);
  t.deepEqual(new Set(run.loaded).size, run.loaded.length);
});
