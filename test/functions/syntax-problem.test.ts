import vm from 'node:vm';
import test from 'ava';
import { build, type Message } from '../../src/functions/esbuild.ts';
import { syntaxProblem } from '../../src/functions/syntax-problem.ts';
import { messagesOf } from '../../src/functions/task-plugin.ts';

async function messageFor(text: string): Promise<Message | undefined> {
  try {
    await build({
      stdin: { contents: text, sourcefile: 'x.js' },
      bundle: false,
      write: false,
      logLevel: 'silent',
      tsconfigRaw: '{}',
    });
    return undefined;
  } catch (error) {
    return messagesOf(error)?.[0];
  }
}

/** Compiles, never runs. */
function v8Message(text: string): string {
  try {
    new vm.Script(`(function (exports, require, module, __filename, __dirname) { ${text}\n})`);
    return 'nothing is wrong';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const mistakes = [
  'foo bar',
  'a b',
  '}',
  'let x = ;',
  'const a = 1; const a = 2',
  'let a; var a;',
  '"abc',
  "x = 'abc",
  'var 1a',
  '/abc',
  'const y;',
  'function f() { await 1 }',
  'break',
  'foo(1 2)',
  'foo(1, "x" "y")',
  'obj = { a: 1 b: 2 }',
  'const f = (a: string) => a',
  'function () {}',
  'a?.b = 1',
  '1 = 2',
  'private x',
  'if (x) { y( }',
  'x = 5 6',
  'for (const a of b c) {}',
  'let a = class { b() { c',
  'return return',
];
for (const text of mistakes) {
  test(`a mistake has V8's words: ${text}`, async (t) => {
    const message = await messageFor(text);
    if (message === undefined) throw new Error('esbuild found nothing');
    const words = syntaxProblem('/var/task/index.js', message).message;
    // Where a text ends too early, V8 stumbles over the end of Node's own wrapper around it.
    if (words === 'Unexpected end of input') t.regex(v8Message(text), /^Unexpected (token|end)|missing/);
    else t.is(words, v8Message(text));
  });
}

test('a problem has its place, and a long line is cut around it', (t) => {
  const lineText = `${'x'.repeat(1000)} foo bar ${'y'.repeat(1000)}`;
  const location = { file: 'x', namespace: '', line: 3, column: 1005, length: 3, lineText, suggestion: '' };
  const problem = syntaxProblem('/var/task/a.js', {
    id: '',
    pluginName: '',
    text: 'Expected ";" but found "bar"',
    location,
    notes: [],
    detail: undefined,
  });
  t.like(problem, { file: '/var/task/a.js', line: 3, column: 1006, message: "Unexpected identifier 'bar'" });
  t.is(problem.lineText.length, 200);
  t.true(problem.lineText.includes('foo bar'));
});
