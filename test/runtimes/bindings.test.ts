import anyTest, { type TestFn } from 'ava';
import { GuestRunner } from './harness.ts';

const test = anyTest as TestFn<{ runner: GuestRunner }>;

test.before(async (t) => {
  t.context.runner = await GuestRunner.start();
});

test.after.always(async (t) => {
  await t.context.runner[Symbol.asyncDispose]();
});

test('a guest without bindings loads nothing of them', async (t) => {
  const { loaded, settled } = await t.context.runner.run({
    source: 'exports.handler = async (event, context) => Object.keys(context).includes("bindings");',
  });
  t.is(settled.at(-1)?.text, 'false');
  t.deepEqual(
    loaded.filter((id) => id.includes('binding')),
    [],
  );
});

test('asking for bindings that were never given says what to do, each time', async (t) => {
  const answer = await t.context.runner.answer(`
    const ask = () => { try { require('isotherm:bindings'); } catch (error) { return [error.name, error.code, error.message]; } };
    exports.handler = async () => [ask(), ask(), require('module').isBuiltin('isotherm:bindings'), require.resolve('isotherm:bindings')];`);
  const message =
    "No bindings were given to the function test: pass `bindings` to createFunction, and after a restart of the engine call engine.bind('test', bindings).";
  const told = ['Error', 'ERR_BINDINGS_NOT_GIVEN', message];
  t.deepEqual(answer, [told, told, true, 'isotherm:bindings']);
});
