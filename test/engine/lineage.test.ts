import test from 'ava';
import { type BindingContext, withContext } from '../../src/bindings/binding-context.ts';
import { Lineage } from '../../src/engine/lineage.ts';
import { limits } from '../../src/model/limits.ts';

const called = <Result>(hops: number, run: () => Result): Result => {
  const context: BindingContext = {
    binding: 'platform.invoke',
    functionName: 'caller',
    trustDomain: 'domain',
    environmentId: 'environment',
    hops,
    signal: new AbortController().signal,
  };
  return withContext(context, run);
};
const nobody = (): boolean => false;

test('an invocation that no function asked for is the first', (t) => {
  const lineage = new Lineage(nobody);
  t.is(lineage.next('f'), 0);
  t.is(lineage.of('of nobody'), 0);
  t.is(lineage.of(undefined), 0);
});

test('one that a binding makes comes after the one that called it, for as long as it runs', (t) => {
  const lineage = new Lineage(nobody);
  const hops = called(4, () => lineage.next('f'));
  t.is(hops, 5);
  lineage.begin('r', hops);
  t.is(lineage.of('r'), 5);
  lineage.end('r');
  t.is(lineage.of('r'), 0);
});

test('the chain counts what a binding awaits', async (t) => {
  const lineage = new Lineage(nobody);
  const hops = await called(1, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return lineage.next('f');
  });
  t.is(hops, 2);
});

test('a chain that is too long ends, unless the next function may recur', (t) => {
  const { asyncHopsMax } = limits;
  const lineage = new Lineage((functionName) => functionName === 'allowed');
  t.is(
    called(asyncHopsMax - 1, () => lineage.next('f')),
    asyncHopsMax,
  );
  t.throws(() => called(asyncHopsMax, () => lineage.next('f')), {
    code: 'RecursiveInvocationException',
    message: 'Function f was not invoked: functions invoked each other 16 times in a row',
  });
  t.is(
    called(asyncHopsMax, () => lineage.next('allowed')),
    asyncHopsMax + 1,
  );
});
