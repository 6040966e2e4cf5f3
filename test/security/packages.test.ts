/** Class P of the catalogue: hostile packages are refused with one clear error, or run as what they are; neither harms who deploys them. */
import { readdirSync } from 'node:fs';
import test from 'ava';
import { createEngine, EngineError } from '../../src/index.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { changedState, hostState } from './catalogue/host-state.ts';
import { packages } from './catalogue/packages.ts';

const temporaryDirectory = ownTemporaryDirectory();
const engine = await createEngine();
test.before(async () => {
  // The code store and the bundler make their places now.
  const call = await engine.createFunction({
    functionName: 'first',
    timeout: 20,
    code: { source: 'exports.handler = () => 1;' },
  });
  await call();
});
test.after.always(() => engine.close());

/** But for the folder that a sandbox has for a moment while it is made. */
function filesThere(): string[] {
  return readdirSync(temporaryDirectory).filter((name) => !name.startsWith('isotherm-scratch-'));
}

for (const { id, title, code, settings, expect } of packages) {
  test.serial(`${id} ${title}`, async (t) => {
    const hostile = code();
    const before = hostState();
    const files = filesThere();
    const deployed = engine.createFunction({ functionName: id, timeout: 15, ...settings, code: hostile });
    if (expect instanceof RegExp) {
      const error = await t.throwsAsync(deployed, { instanceOf: EngineError, message: expect });
      t.is((error as EngineError).blame, 'client');
      // Names are the attacker's: what is told of them is short and on one line.
      t.regex((error as EngineError).message, /^[^\n\0]{1,400}$/);
    } else {
      await deployed;
      const { functionError, payload } = await engine.invoke({ functionName: id, payload: '{}' });
      const value = JSON.parse(Buffer.from(payload).toString());
      if ('answer' in expect) t.deepEqual([functionError, value], [undefined, expect.answer]);
      else t.regex(String(value.errorType), expect.failure);
      await engine.deleteFunction(id);
    }
    t.deepEqual(changedState(before, hostState()), []);
    t.deepEqual(filesThere(), files, 'nothing is written beside the code store');
  });
}
