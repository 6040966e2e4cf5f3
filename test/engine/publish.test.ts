import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { MemoryStore } from '../../src/functions/memory-store.ts';
import { EngineError } from '../../src/model/errors.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { controlEngine, source } from '../http/control-engine.ts';

ownTemporaryDirectory();

test('an embedder publishes with a deployment, with an update, or on its own', async (t) => {
  await using engine = await controlEngine();
  const latest = await engine.createFunction({ functionName: 'f', code: { source: source(1) }, publish: true });
  t.is(latest.record.version, '$LATEST');
  t.like(engine.function('f:1').record, { version: '1', state: 'Active' });

  const second = await engine.updateFunctionCode({ functionName: 'f', code: { source: source(2) }, publish: true });
  t.like(second, { version: '2', state: 'Active', lastUpdateStatus: 'Successful' });
  t.is((await engine.publishVersion({ functionName: 'f' })).version, '2', 'nothing has changed since');

  await engine.functions.aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1' });
  const prod = engine.function('f:prod');
  t.is(prod.record.version, '1');
  await engine.functions.aliases.update({ functionName: 'f', name: 'prod', functionVersion: '2' });
  t.is(prod.record.version, '2', 'as it is now');
});

test('a callable for what is not there says what that is', async (t) => {
  await using engine = await controlEngine();
  await engine.createFunction({ functionName: 'f', code: { source: source(1) } });
  for (const [name, missing] of [
    ['f:1', 'f:1'],
    ['f:prod', 'f:prod'],
    ['g', 'g'],
  ] as const) {
    const error = t.throws(() => engine.function(name), { instanceOf: EngineError });
    t.true(error?.message.endsWith(`:function:${missing}`), error?.message);
  }
});

test('a reserve of 0 is enforced, also by the next engine, and goes with its function', async (t) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'isotherm-publish-'));
  const store = new MemoryStore();
  for (const round of ['first', 'second']) {
    await using engine = await controlEngine({ dataDirectory, store });
    if (round === 'first') {
      await engine.createFunction({ functionName: 'f', code: { source: source(1) } });
      await engine.functions.concurrency.put('f', 0);
    }
    const error = await t.throwsAsync(engine.invoke({ functionName: 'f' }), { instanceOf: EngineError });
    t.is(error?.throttleReason, 'ReservedFunctionConcurrentInvocationLimitExceeded', round);
    if (round === 'second') {
      await engine.deleteFunction('f');
      await engine.createFunction({ functionName: 'f', code: { source: source(1) } });
      t.is(engine.functions.concurrency.get('f'), undefined);
    }
  }
});
