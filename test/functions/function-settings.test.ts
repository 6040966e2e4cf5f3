/** What belongs to a function or a qualifier and to no code: reserves, policies, tags. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseFunctionReference } from '../../src/functions/function-reference.ts';
import type { FunctionRegistry } from '../../src/functions/registry.ts';
import { arn, at, deployed, refused, source } from './registry-harness.ts';

const unqualified = parseFunctionReference('f');
const statement = (Sid: string) => ({
  Sid,
  Effect: 'Allow' as const,
  Principal: { Service: 's3.amazonaws.com' },
  Action: 'lambda:InvokeFunction',
});
const revision = (registry: FunctionRegistry, reference = unqualified) => registry.get(reference).revisionId;

test('a reserve leaves the others what AWS leaves them (C7.2)', async (t) => {
  const registry = await deployed(t);
  t.is(registry.concurrency.get('f'), undefined);
  const message =
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
    'below its minimum value of [100].';
  await refused(t, () => registry.concurrency.put('f', 901), 'InvalidParameterValueException', message);
  await registry.concurrency.put('f', 900);
  await registry.concurrency.put(arn, 890);
  t.is(registry.concurrency.get('f'), 890);
  await registry.create({ functionName: 'g', code: { source: source(1) } });
  await refused(t, () => registry.concurrency.put('g', 11), 'InvalidParameterValueException', message);
  await registry.concurrency.put('g', 0);
  t.deepEqual(
    registry.concurrency.all(),
    new Map([
      ['f', 890],
      ['g', 0],
    ]),
  );
  t.like(registry.usage(), { functionCount: 2, concurrency: 1_000, unreservedConcurrency: 110 });
  await registry.concurrency.delete('f');
  await registry.concurrency.delete('f');
  t.is(registry.concurrency.get('f'), undefined);
  await refused(
    t,
    () => registry.concurrency.put('f', -1),
    'ValidationException',
    "1 validation error detected: Value '-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: " +
      'Member must have value greater than or equal to 0',
  );
  await registry.settled('g');
});

test('a small engine keeps a tenth for functions without a reserve', async (t) => {
  const registry = await deployed(t, { concurrency: 20 });
  await registry.concurrency.put('f', 18);
  await t.throwsAsync(registry.concurrency.put('f', 19), { message: /minimum value of \[2\]/ });
});

test('a policy belongs to a qualifier and has its revision (recorded from AWS)', async (t) => {
  const registry = await deployed(t);
  const before = revision(registry);
  const added = await registry.policies.add({ reference: unqualified, statement: statement('s3') });
  t.deepEqual(added, { ...statement('s3'), Resource: arn });
  t.not(revision(registry), before);
  t.deepEqual(registry.policies.get(unqualified), { statements: [added], revisionId: revision(registry) });

  await registry.publishVersion({ functionName: 'f' });
  await registry.aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1' });
  for (const qualifier of ['1', 'prod']) {
    const reference = at(qualifier);
    await refused(
      t,
      () => registry.policies.get(reference),
      'ResourceNotFoundException',
      'The resource you requested does not exist.',
    );
    const own = await registry.policies.add({ reference, statement: statement('own') });
    t.is(own.Resource, `${arn}:${qualifier}`);
  }
  t.is(registry.policies.get(at('1')).revisionId, revision(registry, at('1')));
  t.is(registry.policies.get(at('prod')).revisionId, registry.aliases.get('f', 'prod').revisionId);

  await registry.policies.remove(at('prod'), 'own');
  await refused(
    t,
    () => registry.policies.remove(at('prod'), 'own'),
    'ResourceNotFoundException',
    'No policy is associated with the given resource.',
  );
  await registry.aliases.delete('f', 'prod');
  await registry.delete(at('1'));
  t.is(registry.policies.get(unqualified).statements.length, 1);
});

test('mistakes with policies have AWS’s texts (C8.6)', async (t) => {
  const registry = await deployed(t);
  const add = (reference = unqualified, revisionId?: string) =>
    registry.policies.add({ reference, statement: statement('s3'), ...(revisionId !== undefined && { revisionId }) });
  await refused(
    t,
    () => add(at('$LATEST')),
    'InvalidParameterValueException',
    'We currently do not support adding policies for $LATEST.',
  );
  const notFound = 'ResourceNotFoundException';
  const nobody = parseFunctionReference('nobody');
  await refused(t, () => add(nobody), notFound, `Function not found: ${arn.replace(/f$/, 'nobody')}`);
  await refused(t, () => add(at('42')), notFound, `Function not found: ${arn}:42`);
  await refused(t, () => add(at('none')), notFound, `Cannot find alias arn: ${arn}:none`);
  await refused(
    t,
    () => registry.policies.remove(nobody, 's3'),
    notFound,
    `No policy found for: ${arn.replace(/f$/, 'nobody')}`,
  );
  await add();
  await refused(
    t,
    () => add(),
    'ResourceConflictException',
    'The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing statement.',
  );
  await refused(
    t,
    () => registry.policies.remove(unqualified, 'other'),
    notFound,
    'Statement other is not found in resource policy.',
  );
  const { revisionId } = registry.policies.get(unqualified);
  for (const run of [() => add(unqualified, 'x'), () => registry.policies.remove(unqualified, 's3', 'x')]) {
    await t.throwsAsync(async () => await run(), { message: /^The Revision Id provided does not match/ });
  }
  for (let at = 0; at < 250; at += 1) {
    const long = { ...statement(`${at}`.padStart(100, 's')) };
    try {
      await registry.policies.add({ reference: unqualified, statement: long });
    } catch (error) {
      t.regex(String(error), /The final policy size \(\d+\) is bigger than the limit \(20480\)/);
      break;
    }
  }
  await registry.policies.remove(unqualified, 's3', registry.policies.get(unqualified).revisionId);
  t.not(registry.policies.get(unqualified).revisionId, revisionId);
});

test('tags that change while a package is unpacked stay as they are then', async (t) => {
  const registry = await deployed(t, {}, { tags: { a: '1', b: '2' } });
  const updating = registry.updateCode({ functionName: 'f', code: { source: 'exports.handler = () => 2;' } });
  await registry.tags.remove(arn, ['a']);
  await updating;
  t.deepEqual(registry.tags.list(arn), { b: '2' });
});

test('tags belong to the function, are added one over the other, and are no change of it', async (t) => {
  const registry = await deployed(t, {}, { tags: { a: '1' } });
  const before = registry.get(unqualified).revisionId;
  const answering = registry.resolve(unqualified);
  await registry.tags.add(arn, { b: '2', a: '3' });
  t.deepEqual(registry.tags.list(arn), { a: '3', b: '2' });
  await registry.tags.remove(arn, ['a', 'none']);
  t.deepEqual(registry.tags.list(arn), { b: '2' });
  t.is(revision(registry), before);
  t.is(registry.resolve(unqualified), answering);
  await registry.updateConfiguration({ functionName: 'f', timeout: 9 });
  await registry.settled('f');
  t.deepEqual(registry.tags.list(arn), { b: '2' });
});

test('mistakes with tags have AWS’s texts (C3.28)', async (t) => {
  const registry = await deployed(t, {}, { tags: { 'isotherm:trust-domain': 'blue' } });
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`${at}`, 'v']));
  await refused(
    t,
    () => registry.tags.add(arn, many),
    'InvalidParameterValueException',
    'Number of tags exceeds resource tag limit.',
  );
  for (const qualifier of ['$LATEST', '1', 'prod']) {
    await refused(
      t,
      () => registry.tags.list(`${arn}:${qualifier}`),
      'InvalidParameterValueException',
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    );
  }
  await refused(
    t,
    () => registry.tags.add(arn, {}),
    'InvalidParameterValueException',
    'An error occurred and the request cannot be processed.',
  );
  await refused(t, () => registry.tags.list(`${arn}x`), 'ResourceNotFoundException', `Function not found: ${arn}x`);
  await t.throwsAsync(registry.tags.add('f', { a: 'b' }), {
    message: /^1 validation error detected: Value 'f' at 'resource'/,
  });
  for (const run of [
    () => registry.tags.add(arn, { 'isotherm:isolation': 'function' }),
    () => registry.tags.remove(arn, ['isotherm:trust-domain']),
  ]) {
    await t.throwsAsync(async () => await run(), { message: /decides how a function runs/ });
  }
});

test('an update that fails goes back to the settings before, whatever changed of policy and tags meanwhile', async (t) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'isotherm-settings-'));
  t.teardown(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const registry = await deployed(t, { dataDirectory }, { timeout: 3 });
  const before = registry.get(unqualified).configuration;
  rmSync(join(dataDirectory, 'code'), { recursive: true });
  await registry.updateConfiguration({ functionName: 'f', timeout: 9, handler: 'index.other' });
  t.is(registry.get(unqualified).lastUpdateStatus, 'InProgress');
  await registry.policies.add({ reference: unqualified, statement: statement('s3') });
  await registry.tags.add(arn, { kept: 'yes' });
  await registry.settled('f');
  const { configuration, lastUpdateStatus } = registry.get(unqualified);
  t.is(lastUpdateStatus, 'Failed');
  t.deepEqual(configuration, { ...before, tags: { kept: 'yes' } });
  t.is(registry.policies.get(unqualified).statements.length, 1);
});
