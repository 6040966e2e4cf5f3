/** Rejected promises that nobody handles, in a real engine: the end of the runtime, or the listener's own. */
import test from 'ava';
import { createEngine } from '../../src/index.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

test('without a listener the runtime ends, also when the smallest function does it', async (t) => {
  await using engine = await createEngine();
  const source = `exports.handler = async () => {
    Promise.reject(new Error('nobody'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return 1;
  };`;
  await engine.createFunction({ functionName: 'lost', timeout: 20, code: { source } });
  for (let call = 0; call < 3; call++) {
    const { functionError, payload } = await engine.invoke({ functionName: 'lost' });
    t.is(functionError, 'Unhandled');
    t.regex(Buffer.from(payload).toString(), /Runtime exited with error: exit status 1/);
  }
});

test('a listener gets each reason and promise themselves, and none that was handled in time', async (t) => {
  await using engine = await createEngine();
  const source = `const seen = [];
    let reason, promise;
    process.on('unhandledRejection', (given, from) => seen.push(given === reason && from === promise ? 'same' : given));
    exports.handler = async () => {
      reason = { an: 'object' };
      promise = Promise.reject(reason);
      Promise.reject(1);
      Promise.reject(new Error('handled')).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 5));
      const failing = async () => { throw new Error('awaited'); };
      for (let i = 0; i < 100; i++) await failing().catch(() => {});
      return seen.splice(0);
    };`;
  const call = await engine.createFunction({ functionName: 'listens', timeout: 20, code: { source } });
  t.deepEqual(await call(), ['same', 1]);
  t.deepEqual(await call(), ['same', 1]);
});
