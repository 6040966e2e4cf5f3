/** What a guest can see of the platform, whichever way it looks, and what it can change of it by replacing what is built in. */
import test from 'ava';
import { GuestRunner } from '../runtimes/harness.ts';
import { startSandbox } from '../sandbox/harness.ts';
import { crawler, frames, hostile } from './border-programs.ts';

const runner = GuestRunner.start();
const sandbox = startSandbox();
test.after.always(async () => {
  await (await runner)[Symbol.asyncDispose]();
  await (await sandbox)[Symbol.asyncDispose]();
});

test('no property leads from what a guest has to what the platform keeps', async (t) => {
  t.deepEqual(await (await runner).answer(crawler), { found: [], isThorough: true, left: [] });
});

test('no stack shows a function, a receiver or arguments of the platform', async (t) => {
  t.deepEqual(await (await runner).answer(frames), { found: [], callers: [] });
});

for (const descriptors of ['without-descriptors', 'with-descriptors'] as const) {
  test(`modules tell nothing to built-ins that a user replaced, ${descriptors}`, async (t) => {
    const answer = (await (
      await runner
    ).answer(`${hostile('look', descriptors)}
    const failed = [];
    const step = async (name, work) => { armed = true; try { await work(); } catch (error) { armed = false; failed.push(name + ': ' + error.message); } armed = false; };
    exports.handler = async ({ modules }) => {
      const names = require('module').builtinModules;
      await step('console', () => console.log('%s %o', 'x', { a: [1, new Map([[1, 2]])] }));
      await step('timer', () => new Promise((resolve) => setTimeout(resolve, 1)));
      for (const name of names) await step(name, () => require(name));
      await step('file', () => { try { require('fs').writeFileSync('/tmp/a', 'b'); } catch {} });
      await step('random', () => require('crypto').randomBytes(8));
      await step('zlib', () => require('zlib').gunzipSync(require('zlib').gzipSync('hello')).toString());
      await step('clone', () => structuredClone({ a: 1, d: new Date() }));
      // Node's own fetch writes plain descriptors when it is called, and fails then as it does there.
      ${descriptors === 'with-descriptors' ? '' : `await step('fetch', () => fetch('http://127.0.0.1:1/').catch(() => {}));`}
      await step('inspect', () => require('util').inspect({ a: { b: new Set([1]) } }));
      return { leaks: [...leaks], failed };
    };`)) as { leaks: string[]; failed: string[] };
    t.deepEqual(answer, { leaks: [], failed: [] });
  });
}

test('a handler is called, heard and answered for after everything built in throws', async (t) => {
  const environment = await (await sandbox).run(`${hostile('throw', 'with-descriptors')}
    exports.handler = async (event, context) => {
      armed = true;
      if (event.log) console.log('heard');
      if (event.error) throw event.error;
      return { list: [1], id: context.awsRequestId, isInTime: context.getRemainingTimeInMillis() > 0 };
    };`);
  const answer = { list: [1], id: 'request', isInTime: true };
  for (const event of [{}, { log: true }, {}]) {
    const { outcome, payload } = await environment.invoke(event);
    t.deepEqual(outcome, { kind: 'success' });
    t.deepEqual(JSON.parse(payload), answer);
  }
  const failed = await environment.invoke({ error: 'text' });
  t.deepEqual(failed.outcome, { kind: 'error', errorType: 'string' });
  t.deepEqual(JSON.parse(failed.payload), { errorType: 'string', errorMessage: 'text', trace: [] });
  const unreadable = await environment.invoke({ error: { toString: 1 } });
  t.deepEqual(unreadable.outcome, { kind: 'error', errorType: 'handled' });
  t.deepEqual((await environment.invoke()).outcome, { kind: 'success' });
  t.regex(environment.text, /\tINFO\theard\n/);
});
