/** The same functions on an engine with the native module and on one without: whole way, from deploying to the answer. */
import test from 'ava';
import { createEngine, type Engine } from '../../src/index.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';

const source = `
  import { AsyncLocalStorage } from 'node:async_hooks';
  const storage = new AsyncLocalStorage();
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  async function* steps(name) { for (let step = 0; step < 2; step++) { await wait(1); yield name + step + storage.getStore(); } }
  export const handler = ({ names }) => Promise.all(names.map((name) => storage.run(name, async () => {
    const seen = [];
    for await (const step of steps(name)) seen.push(step);
    await null;
    return [...seen, storage.getStore()];
  })));`;
const expected = [
  ['a0a', 'a1a', 'a'],
  ['b0b', 'b1b', 'b'],
];
const topLevelAwait = `await null; ${source}`;

async function answers(engine: Engine, text: string): Promise<unknown> {
  const run = await engine.createFunction({ functionName: 'f', timeout: 20, code: { source: text } });
  return [await run({ names: ['a', 'b'] }), await run({ names: ['a', 'b'] }), await run({ names: ['a', 'b'] })];
}

test('a store follows await with the native module, at every level', async (t) => {
  await using engine = await createEngine();
  t.is(engine.stats().runtime.nativeModuleMissing, undefined);
  t.deepEqual(await answers(engine, source), [expected, expected, expected]);
  await engine.deleteFunction('f');
  t.deepEqual(await answers(engine, topLevelAwait), [expected, expected, expected]);
});

test('without the native module a store follows await too, except under a top-level await, which is said', async (t) => {
  const events: PlatformEvent[] = [];
  await using engine = await createEngine({ nativeModule: 'off', observe: (event) => events.push(event) });
  t.is(engine.stats().runtime.nativeModuleMissing, 'switched off');
  t.deepEqual(await answers(engine, source), [expected, expected, expected]);
  await engine.deleteFunction('f');
  t.notDeepEqual(await answers(engine, topLevelAwait), [expected, expected, expected]);
  const warnings = events.filter((event) => event.type === 'function' && event.text.includes('ISOTHERM_ASYNC_CONTEXT'));
  t.is(warnings.length, 1);
});

test('import() in code that is evaluated leads to what require leads to', async (t) => {
  await using engine = await createEngine();
  const late = `const late = new Function('name', 'return import(name)');
    export const handler = async () => {
      const path = await late('node:path');
      return [path.join('a', 'b'), path.default.sep, Object.prototype.toString.call(path), Object.isFrozen(path),
        typeof (await eval('import("node:util")')).inspect, await late('./missing.js').catch((error) => error.code),
        await late({ toString() { throw new Error('asked'); } }).catch((error) => error.message)];
    };`;
  const run = await engine.createFunction({ functionName: 'late', timeout: 20, code: { source: late } });
  t.deepEqual(await run(), ['a/b', '/', '[object Module]', true, 'function', 'MODULE_NOT_FOUND', 'asked']);
});
