import test from 'ava';
import { combineObservers } from '../../src/engine/observers.ts';
import { expectWarnings } from '../fixtures/expected-warnings.ts';

expectWarnings('IsothermWarning');

test('without observers there is none, so that no event is made', (t) => {
  t.is(combineObservers([undefined, undefined]), undefined);
});

test('an observer that throws disturbs neither the others nor the invocation', async (t) => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  const seen: string[] = [];
  const observe = combineObservers([
    () => {
      throw new Error('mine to fix');
    },
    ({ type }) => seen.push(type),
  ]);
  observe?.({ type: 'invocation.throttled', functionName: 'f', reason: 'x' });
  observe?.({ type: 'invocation.throttled', functionName: 'f', reason: 'x' });
  t.is(seen.length, 2);
  t.regex((await warned).message, /mine to fix/);
});
