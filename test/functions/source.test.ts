import test from 'ava';
import { sourceFile } from '../../src/functions/source.ts';
import { EngineError } from '../../src/model/errors.ts';

const named = async (source: string, name?: string) => (await sourceFile(source, name)).path;

test('a text without a name gets the one it calls for', async (t) => {
  t.is(await named('export const handler = 1;'), 'index.mjs');
  t.is(await named('await 1;'), 'index.mjs');
  t.is(await named('console.log(import.meta.url);'), 'index.mjs');
  t.is(await named('exports.handler = async () => { await import("x"); };'), 'index.js');
  t.is(await named("// import x from 'y'\nmodule.exports = {};"), 'index.js');
  t.is(await named('export const handler = async (event: { a: number }) => event.a;'), 'index.ts');
  t.is(await named('exports.handler = (a: string): void => {};'), 'index.ts');
  t.is(await named(''), 'index.js');
});

test('a text with a mistake is JavaScript with a mistake', async (t) => {
  t.is(await named('let x = ;'), 'index.js');
  t.is(await named("import a from 'a';\nlet x = ;"), 'index.mjs');
});

test('a given name is kept, if it is one', async (t) => {
  t.is(await named('export {}', 'src/main.ts'), 'src/main.ts');
  const error = await t.throwsAsync(named('1', '../x.js'), { instanceOf: EngineError });
  t.is(error?.message, 'code.sourceFile must be a relative file name; "../x.js" contains \'..\'');
});

test('a text is at most 3 MiB', async (t) => {
  t.is(await named('x'.repeat(3 * 1024 * 1024), 'a.js'), 'a.js');
  const error = await t.throwsAsync(named('ü'.repeat(1_572_865), 'a.js'), { instanceOf: EngineError });
  t.is(
    error?.message,
    'code.source must be at most 3145728 bytes, received 3145730; deploy a directory or a zip instead',
  );
});
