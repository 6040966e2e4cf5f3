/** What a failed `assert(value)` says: the expression, as the user wrote it. */
import test from 'ava';
import { createEngine } from '../../src/index.ts';

const engine = createEngine();
test.after.always(async () => (await engine)[Symbol.asyncDispose]());

async function messageOf(functionName: string, code: { source: string; sourceFile?: string }): Promise<string> {
  const run = await (await engine).createFunction({ functionName, timeout: 20, code });
  const error: unknown = await run({ fine: false }).catch((thrown: unknown) => thrown);
  return error instanceof Error ? error.message : '';
}

test('a failed assertion shows its expression, from the source that was deployed', async (t) => {
  const source = `import assert from 'node:assert';
interface Event { readonly fine: boolean }
export const handler = async (event: Event) => { assert.ok(event.fine === true, undefined); assert(event.fine); };`;
  t.is(
    await messageOf('typed', { source, sourceFile: 'index.ts' }),
    'AssertionError: The expression evaluated to a falsy value:\n\n  assert.ok(event.fine === true, undefined)\n',
  );
});

test('code without a file has no expression to show', async (t) => {
  const source = `const assert = require('assert');
exports.handler = async () => new Function('assert', 'assert(0)')(assert);`;
  t.is(await messageOf('computed', { source }), 'AssertionError: The expression evaluated to a falsy value');
});
