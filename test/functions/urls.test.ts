/** Function URLs as settings: what they say, how they are found, when they are gone. What is recorded of AWS is replayed in test/http. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { FunctionRegistry } from '../../src/functions/registry.ts';
import { limits } from '../../src/model/limits.ts';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { at, deployed, openRegistry, source } from './registry-harness.ts';

ownTemporaryDirectory();

const publicStatement = {
  Sid: 'all',
  Effect: 'Allow',
  Principal: '*',
  Action: 'lambda:InvokeFunctionUrl',
} as const;

async function withAlias(registry: FunctionRegistry, name: string): Promise<void> {
  await registry.publishVersion({ functionName: 'f' });
  await registry.aliases.create({ functionName: 'f', name, functionVersion: '1' });
}

async function idOf(registry: FunctionRegistry, qualifier?: string): Promise<string> {
  const url = await registry.urls.create({
    functionName: 'f',
    authType: 'NONE',
    ...(qualifier !== undefined && { qualifier }),
  });
  return url.config.urlId;
}

test('a URL has an id of 32 digits that leads to its function and the policy that belongs to it', async (t) => {
  const registry = await deployed(t);
  await withAlias(registry, 'prod');
  const ids = [await idOf(registry), await idOf(registry, 'prod')];
  for (const id of ids) t.regex(id, /^[a-z2-7]{32}$/);
  await registry.policies.add({
    reference: { functionName: 'f', qualifier: 'prod', qualified: true },
    statement: publicStatement,
  });
  const [own, alias] = ids.map((id) => registry.urls.find(id));
  t.is(own?.qualifier, undefined);
  t.deepEqual(own?.statements, []);
  t.is(alias?.qualifier, 'prod');
  t.deepEqual(
    alias?.statements.map(({ Sid }) => Sid),
    ['all'],
  );
  t.is(registry.urls.find('a'.repeat(32)), undefined);
});

test('an update keeps the id and what it does not name; CORS is replaced as a whole, and an empty one removes it', async (t) => {
  const registry = await deployed(t);
  const cors = { allowOrigins: ['*'], maxAge: 5 };
  const created = await registry.urls.create({ functionName: 'f', authType: 'AWS_IAM', cors });
  const { config: streamed } = await registry.urls.update({ functionName: 'f', invokeMode: 'RESPONSE_STREAM' });
  t.like(streamed, { urlId: created.config.urlId, authType: 'AWS_IAM', invokeMode: 'RESPONSE_STREAM', cors });
  const { config: changed } = await registry.urls.update({
    functionName: 'f',
    authType: 'NONE',
    cors: { allowMethods: ['GET'] },
  });
  t.deepEqual(changed.cors, { allowMethods: ['GET'] });
  t.is(changed.authType, 'NONE');
  const { config: plain } = await registry.urls.update({ functionName: 'f', cors: {} });
  t.false('cors' in plain);
  t.deepEqual(registry.urls.get('f').config, plain);
});

test('what a URL cannot be is refused in Lambda’s words', async (t) => {
  const registry = await deployed(t);
  const refused = async (input: object): Promise<string> => {
    const error = await t.throwsAsync(registry.urls.create({ functionName: 'f', authType: 'NONE', ...input }));
    return error.message;
  };
  t.is(
    await refused({ authType: 'MAYBE', invokeMode: 'LATER' }),
    "2 validation errors detected: Value 'MAYBE' at 'authType' failed to satisfy constraint: Member must satisfy enum value set: [NONE, AWS_IAM]; " +
      "Value 'LATER' at 'invokeMode' failed to satisfy constraint: Member must satisfy enum value set: [BUFFERED, RESPONSE_STREAM]",
  );
  t.regex(await refused({ cors: { maxAge: 86_401 } }), /'cors\.maxAge'.*less than or equal to 86400/);
  t.regex(await refused({ cors: { allowMethods: ['OPTIONS'] } }), /'cors\.allowMethods'.*less than or equal to 6\]/);
  t.regex(await refused({ cors: { allowHeaders: Array(101).fill('a') } }), /'cors\.allowHeaders'.*equal to 100/);
  t.regex(await refused({ cors: { allowOrigins: ['http://a\r\nset-cookie: b=c'] } }), /'cors\.allowOrigins'/);
  t.regex(await refused({ functionName: 'f:1' }), /Value '1' at 'qualifier'/);
  t.regex(await refused({ functionName: 'f', qualifier: '$LATEST' }), /Value '\$LATEST' at 'qualifier'/);
  await idOf(registry);
  t.is(
    await refused({}),
    'Failed to create function url config for [functionArn = arn:aws:lambda:us-east-1:000000000000:function:f]. ' +
      'Error message:  FunctionUrlConfig exists for this Lambda function',
  );
});

test('a URL is gone with its settings, its alias or its function', async (t) => {
  const registry = await deployed(t);
  await withAlias(registry, 'prod');
  await withAlias(registry, 'test').catch(() => undefined);
  const [own, prod, other] = [await idOf(registry), await idOf(registry, 'prod'), await idOf(registry, 'test')];
  await registry.urls.delete('f');
  t.is(registry.urls.find(own), undefined);
  await t.throwsAsync(registry.urls.delete('f'), { message: 'The resource you requested does not exist.' });

  await registry.aliases.delete('f', 'prod');
  t.is(registry.urls.find(prod), undefined);
  t.throws(() => registry.urls.get('f', 'prod'), { message: 'The resource you requested does not exist.' });
  await registry.aliases.create({ functionName: 'f', name: 'prod', functionVersion: '1' });
  t.throws(() => registry.urls.get('f', 'prod'), { message: 'The resource you requested does not exist.' });

  await registry.delete({ functionName: 'f', qualifier: '$LATEST', qualified: false });
  t.is(registry.urls.find(other), undefined);
  await registry.create({ functionName: 'f', code: { source: source(2) } });
  await registry.settled('f');
  t.not(await idOf(registry), own);
});

test('names that every object has are no URLs', async (t) => {
  const registry = await deployed(t);
  await withAlias(registry, 'constructor');
  t.throws(() => registry.urls.get('f', 'constructor'), { message: 'The resource you requested does not exist.' });
  const id = await idOf(registry, 'constructor');
  t.deepEqual(registry.urls.find(id)?.statements, []);
});

test('lists come in parts, the function’s own first', async (t) => {
  const registry = await deployed(t);
  await withAlias(registry, 'b');
  await registry.aliases.create({ functionName: 'f', name: '-a', functionVersion: '1' });
  for (const qualifier of ['b', '-a', undefined]) await idOf(registry, qualifier);
  const first = registry.urls.list({ functionName: 'f', maxItems: 2 });
  t.deepEqual(
    first.urls.map(({ qualifier }) => qualifier),
    [undefined, '-a'],
  );
  const { nextMarker: marker = '' } = first;
  const rest = registry.urls.list({ functionName: 'f', marker });
  t.deepEqual(
    rest.urls.map(({ qualifier }) => qualifier),
    ['b'],
  );
  t.false('nextMarker' in rest);
  const error = t.throws(() => registry.urls.list({ functionName: 'f', maxItems: limits.functionUrlsPageMax + 1 }));
  t.regex(error.message, /'maxItems'.*less than or equal to 50/);
});

test('a URL is the same after a restart', async (t) => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'isotherm-urls-')), 'data');
  const first = openDataDirectory(dataDirectory);
  const before = await openRegistry(t, { store: first.functions, dataDirectory });
  await before.create({ functionName: 'f', code: { source: source(1) } });
  await before.settled('f');
  const cors = { allowCredentials: true, allowOrigins: ['https://a.example'], exposeHeaders: ['x-a'], maxAge: 60 };
  const { config } = await before.urls.create({ functionName: 'f', authType: 'AWS_IAM', cors });
  await before.close();
  first.functions.close();

  const second = openDataDirectory(dataDirectory);
  const after = await openRegistry(t, { store: second.functions, dataDirectory });
  t.deepEqual(after.urls.find(config.urlId)?.config, config);
  await after.close();
  second.functions.close();
});

test('an alias of any name, and what was set for it, is the same after a restart', async (t) => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'isotherm-urls-')), 'data');
  const first = openDataDirectory(dataDirectory);
  const name = '__proto__';
  const tags = Object.fromEntries([[name, 'blue']]);
  const before = await deployed(t, { store: first.functions, dataDirectory }, { tags });
  await withAlias(before, name);
  const urlId = await idOf(before, name);
  await before.policies.add({ reference: at(name), statement: publicStatement });
  await before.provisioned.put(at(name), 1);
  await before.eventInvokeConfigs.put({ reference: at(name), maximumRetryAttempts: 1 });
  const settings = (registry: FunctionRegistry) => [
    registry.urls.get('f', name),
    registry.policies.get(at(name)),
    registry.provisioned.get(at(name)),
    registry.eventInvokeConfigs.get(at(name)),
    JSON.stringify(registry.get(at('$LATEST')).configuration.tags),
  ];
  const kept = settings(before);
  await before.close();
  first.functions.close();

  const second = openDataDirectory(dataDirectory);
  const after = await openRegistry(t, { store: second.functions, dataDirectory });
  t.deepEqual(settings(after), kept);
  t.like(after.urls.find(urlId), { qualifier: name });
  t.is(after.urls.find(urlId)?.statements.length, 1);
  await after.close();
  second.functions.close();
});
