/** Functions survive a restart of the engine, bindings do not: they are code of the embedder. */
import test from 'ava';
import { createEngine } from '../../src/index.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

const source = `import { who } from 'isotherm:bindings'; export const handler = async () => who();`;

test('after a restart a function says what it lacks, until it is given again', async (t) => {
  const dataDirectory = ownTemporaryDirectory();
  {
    await using engine = await createEngine({ dataDirectory });
    const bound = await engine.createFunction({
      functionName: 'bound',
      timeout: 20,
      code: { source },
      bindings: { who: () => 'one' },
    });
    t.is(await bound(), 'one');
    // Other settings, the same bindings.
    await engine.updateFunctionConfiguration({ functionName: 'bound', timeout: 5 });
    t.is(await bound(), 'one');
  }
  await using engine = await createEngine({ dataDirectory });
  const bound = engine.function('bound');
  await t.throwsAsync(bound(), { message: /No bindings were given to the function bound/ });
  engine.bind('bound', { who: () => 'two' });
  t.is(await bound(), 'two');
});
