import test, { type ExecutionContext } from 'ava';
import type { FunctionRegistry } from '../../src/functions/registry.ts';
import { arn, at, deployed, refused, update } from './registry-harness.ts';

/** With the versions 1 and 2 of `f`. */
async function versioned(t: ExecutionContext, random?: () => number): Promise<FunctionRegistry> {
  const registry = await deployed(t, random === undefined ? {} : { random });
  await registry.publishVersion({ functionName: 'f' });
  await update(registry, 2);
  await registry.publishVersion({ functionName: 'f' });
  return registry;
}

const prod = { functionName: 'f', name: 'prod', functionVersion: '1' };
const versionAt = async (registry: FunctionRegistry, qualifier: string) =>
  (await registry.resolve(at(qualifier))).version;

test('an alias stands for a version until it is given another', async (t) => {
  const registry = await versioned(t);
  const created = await registry.aliases.create({ ...prod, description: 'd' });
  t.like(created, { ...prod, description: 'd' });
  t.is(await versionAt(registry, 'prod'), '1');
  t.deepEqual(registry.get(at('prod')), registry.get(at('1')));

  const moved = await registry.aliases.update({ functionName: 'f', name: 'prod', functionVersion: '2' });
  t.like(moved, { functionVersion: '2', description: 'd' });
  t.not(moved.revisionId, created.revisionId);
  t.is(await versionAt(registry, 'prod'), '2');
  t.deepEqual(registry.aliases.get(arn, 'prod'), moved);

  await registry.aliases.create({ ...prod, name: 'latest', functionVersion: '$LATEST' });
  await update(registry, 3);
  t.is(registry.resolve(at('latest')), registry.resolve(at('$LATEST')));
  t.is(registry.get(at('latest')).version, '$LATEST');
});

test('weights share invocations between two versions, anew for each', async (t) => {
  const chances = [0, 0.19, 0.2, 0.99];
  const registry = await versioned(t, () => chances.shift() ?? 1);
  const created = await registry.aliases.create({ ...prod, additionalVersionWeights: { '2': 0.2 } });
  t.deepEqual(created.additionalVersionWeights, { '2': 0.2 });
  const ran = await Promise.all([0, 1, 2, 3].map(() => versionAt(registry, 'prod')));
  t.deepEqual(ran, ['2', '2', '1', '1']);
  t.is(registry.get(at('prod')).version, '1');

  const kept = await registry.aliases.update({ functionName: 'f', name: 'prod', description: 'other' });
  t.deepEqual(kept.additionalVersionWeights, { '2': 0.2 });
  const cleared = await registry.aliases.update({ functionName: 'f', name: 'prod', additionalVersionWeights: {} });
  t.false('additionalVersionWeights' in cleared);
  t.is(await versionAt(registry, 'prod'), '1');
});

test('a version that an alias stands for cannot be deleted', async (t) => {
  const registry = await versioned(t);
  await registry.aliases.create({ ...prod, additionalVersionWeights: { '2': 0.1 } });
  for (const version of ['1', '2']) {
    await refused(
      t,
      () => registry.delete(at(version)),
      'ResourceConflictException',
      'Unable to delete version because the following aliases reference it: [prod]',
    );
  }
  await registry.aliases.delete('f', 'prod');
  await registry.delete(at('1'));
  await refused(t, () => registry.get(at('1')), 'ResourceNotFoundException', `Function not found: ${arn}:1`);
  await refused(t, () => registry.resolve(at('prod')), 'ResourceNotFoundException', `Function not found: ${arn}:prod`);
});

test('aliases are listed by name, all or those of a version', async (t) => {
  const registry = await versioned(t);
  for (const [name, functionVersion] of [
    ['c', '1'],
    ['a', '2'],
    ['b', '1'],
  ] as const) {
    await registry.aliases.create({ functionName: 'f', name, functionVersion });
  }
  await registry.aliases.create({
    functionName: 'f',
    name: 'd',
    functionVersion: '2',
    additionalVersionWeights: { '1': 0.5 },
  });
  const names = (more: object) => registry.aliases.list({ functionName: 'f', ...more }).aliases.map(({ name }) => name);
  t.deepEqual(names({}), ['a', 'b', 'c', 'd']);
  t.deepEqual(names({ functionVersion: '1' }), ['b', 'c', 'd']);
  const { nextMarker = '' } = registry.aliases.list({ functionName: 'f', maxItems: 2 });
  t.deepEqual(names({ maxItems: 2, marker: nextMarker }), ['c', 'd']);
});

test('mistakes have AWS’s texts (C6.3, C6.4)', async (t) => {
  const registry = await versioned(t);
  await registry.aliases.create(prod);
  const { create, update: change, get } = registry.aliases;
  const calls = {
    create: create.bind(registry.aliases),
    change: change.bind(registry.aliases),
    get: get.bind(registry.aliases),
  };
  const taken = () => calls.create(prod);
  await refused(t, taken, 'ResourceConflictException', `Alias already exists: ${arn}:prod`);
  const absent = () => calls.get('f', 'none');
  await refused(t, absent, 'ResourceNotFoundException', `Cannot find alias arn: ${arn}:none`);
  const unknown = () => calls.change({ functionName: 'f', name: 'none' });
  await refused(t, unknown, 'ResourceNotFoundException', `Alias not found: ${arn}:none`);
  const noVersion = () => calls.create({ ...prod, name: 'x', functionVersion: '10' });
  await refused(t, noVersion, 'ResourceNotFoundException', `Function not found: ${arn}:10`);
  await registry.aliases.delete('f', 'none');
  t.notThrows(() => registry.aliases.get('f', 'prod'));

  const number = () => calls.create({ ...prod, name: '7' });
  await refused(
    t,
    number,
    'ValidationException',
    "1 validation error detected: Value '7' at 'name' failed to satisfy constraint: " +
      'Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)',
  );
  const weighted = (additionalVersionWeights: Record<string, number>, functionVersion = '1') =>
    calls.change({ functionName: 'f', name: 'prod', functionVersion, additionalVersionWeights });
  await refused(
    t,
    () => weighted({ '1': 0.5, '2': 0.5 }),
    'InvalidParameterValueException',
    'Number of items in AdditionalVersionWeights cannot be greater than 1',
  );
  await refused(
    t,
    () => weighted({ '1': 0.5 }),
    'InvalidParameterValueException',
    'Invalid function version 1. Function version 1 is already included in routing configuration.',
  );
  await refused(
    t,
    () => weighted({ '2': 0.5 }, '$LATEST'),
    'InvalidParameterValueException',
    '$LATEST is not supported for an alias pointing to more than 1 version',
  );
  await refused(t, () => weighted({ '9': 0.5 }), 'ResourceNotFoundException', `Function not found: ${arn}:9`);
  for (const wrong of [{ '2': 1.1 }, { '2': -0.1 }, { $LATEST: 0.5 }]) {
    await t.throwsAsync(weighted(wrong as unknown as Record<string, number>), {
      message: /^1 validation error detected: Value '\{/,
    });
  }
  await refused(
    t,
    () => calls.change({ functionName: 'f', name: 'prod', revisionId: 'other' }),
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
  );
  t.is(registry.aliases.get('f', 'prod').functionVersion, '1', 'nothing has changed');
});
