/** The AWS SDK against the real engine: versions, aliases, reserves, tags, permissions. */
import { buffer } from 'node:stream/consumers';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetLayerVersionByArnCommand,
  GetPolicyCommand,
  InvokeCommand,
  LambdaClient,
  ListLayersCommand,
  ListTagsCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  paginateListAliases,
  paginateListVersionsByFunction,
  RemovePermissionCommand,
  TagResourceCommand,
  TooManyRequestsException,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
  waitUntilPublishedVersionActive,
} from '@aws-sdk/client-lambda';
import test from 'ava';
import yazl from 'yazl';
import { createEngine } from '../../src/engine/create-engine.ts';
import { createServer } from '../../src/http/server.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

// Environments are used again, although that is promised by nobody: a sandbox is not taken for held when the machine is busy.
const engine = await createEngine({ clock: slowClock });
const server = createServer({ engine });
const client = new LambdaClient({
  endpoint: await server.listen({ host: '127.0.0.1', port: 0 }),
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  maxAttempts: 1,
});

test.after.always(async () => {
  client.destroy();
  await server.close();
  await engine.close();
});

const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };

function zip(source: string, name = 'index.mjs'): Promise<Buffer> {
  const archive = new yazl.ZipFile();
  archive.addBuffer(Buffer.from(source), name);
  archive.end();
  return buffer(archive.outputStream);
}

/** Answers what it is, how often its environment was asked, and what it was asked as. */
const told = (code: number) =>
  `let calls = 0; export const handler = async (_, c) => [${code}, c.functionVersion, c.invokedFunctionArn, process.env.AWS_LAMBDA_FUNCTION_VERSION, ++calls]`;

async function create(FunctionName: string, more: Partial<CreateFunctionCommand['input']> = {}) {
  const created = await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: 'arn:aws:iam::000000000000:role/any',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 20,
      Code: { ZipFile: await zip(told(1)) },
      ...more,
    }),
  );
  await waitUntilFunctionActiveV2(waiting, { FunctionName });
  return created;
}

async function invoke(FunctionName: string, Qualifier?: string) {
  const { Payload, ExecutedVersion } = await client.send(new InvokeCommand({ FunctionName, Qualifier }));
  return { ExecutedVersion, json: JSON.parse(Payload?.transformToString() || 'null') };
}

test('versions and aliases run what they stand for, in environments of their own', async (t) => {
  const FunctionName = 'versioned';
  const { FunctionArn = '', Version } = await create(FunctionName, { Publish: true });
  t.is(Version, '1');
  t.false(FunctionArn.endsWith(':1'));
  await waitUntilPublishedVersionActive(waiting, { FunctionName, Qualifier: '1' });
  const alias = await client.send(new CreateAliasCommand({ FunctionName, Name: 'prod', FunctionVersion: '1' }));
  t.is(alias.AliasArn, `${FunctionArn}:prod`);

  await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: await zip(told(2)) }));
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
  t.deepEqual((await invoke(FunctionName)).json, [2, '$LATEST', FunctionArn, '$LATEST', 1]);
  t.deepEqual(await invoke(FunctionName, '1'), {
    ExecutedVersion: '1',
    json: [1, '1', `${FunctionArn}:1`, '1', 1],
  });
  // The alias is another way to the environments of its version.
  t.deepEqual(await invoke(`${FunctionArn}:prod`), {
    ExecutedVersion: '1',
    json: [1, '1', `${FunctionArn}:prod`, '1', 2],
  });
  const second = await client.send(new PublishVersionCommand({ FunctionName, Description: 'two' }));
  t.like(second, { Version: '2', Description: 'two', FunctionArn: `${FunctionArn}:2` });
  await client.send(
    new UpdateAliasCommand({
      FunctionName,
      Name: 'prod',
      FunctionVersion: '2',
      RoutingConfig: { AdditionalVersionWeights: { '1': 0 } },
    }),
  );
  t.is((await invoke(FunctionName, 'prod')).ExecutedVersion, '2');
  t.is((await invoke(FunctionName, '$LATEST')).json[4], 2, 'neither publishing nor an alias ended its environment');

  const inUse = await t.throwsAsync(client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '1' })));
  t.is(inUse?.name, 'ResourceConflictException');
  const got = await client.send(new GetAliasCommand({ FunctionName, Name: 'prod' }));
  t.deepEqual(got.RoutingConfig, { AdditionalVersionWeights: { '1': 0 } });
  await client.send(new DeleteAliasCommand({ FunctionName, Name: 'prod' }));
  await client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '1' }));
  await t.throwsAsync(invoke(FunctionName, '1'), { message: `Function not found: ${FunctionArn}:1` });

  const versions: (string | undefined)[] = [];
  for await (const page of paginateListVersionsByFunction({ client, pageSize: 1 }, { FunctionName })) {
    versions.push(...(page.Versions ?? []).map((version) => version.Version));
  }
  t.deepEqual(versions, ['$LATEST', '2']);

  const callable = engine.function('versioned:2');
  t.deepEqual((await callable<unknown[]>()).slice(0, 3), [2, '2', `${FunctionArn}:2`]);
});

test('aliases are walked with the paginator', async (t) => {
  const FunctionName = 'aliased';
  await create(FunctionName, { Publish: true });
  for (const Name of ['a', 'b', 'c']) {
    await client.send(new CreateAliasCommand({ FunctionName, Name, FunctionVersion: '1' }));
  }
  const names: (string | undefined)[] = [];
  for await (const page of paginateListAliases({ client, pageSize: 2 }, { FunctionName })) {
    names.push(...(page.Aliases ?? []).map(({ Name }) => Name));
  }
  t.deepEqual(names, ['a', 'b', 'c']);
});

// Not beside another one that reserves: what is unreserved is the engine's.
test.serial('a function that is switched off is throttled with its own reason', async (t) => {
  const FunctionName = 'off';
  await create(FunctionName);
  const put = await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
  t.is(put.ReservedConcurrentExecutions, 0);
  const error = await t.throwsAsync(invoke(FunctionName), { instanceOf: TooManyRequestsException });
  t.is(error?.Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded');
  t.is(error?.retryAfterSeconds, '1');
  const got = await client.send(new GetFunctionCommand({ FunctionName }));
  t.deepEqual(got.Concurrency, { ReservedConcurrentExecutions: 0 });
  await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  const none = await client.send(new GetFunctionConcurrencyCommand({ FunctionName }));
  t.is(none.ReservedConcurrentExecutions, undefined);
  t.is((await invoke(FunctionName)).json[0], 1);
  const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
  t.is(AccountLimit?.UnreservedConcurrentExecutions, 1_000);
});

test('tags and permissions are kept', async (t) => {
  const FunctionName = 'kept';
  const { FunctionArn: Resource = '' } = await create(FunctionName);
  await client.send(new TagResourceCommand({ Resource, Tags: { a: '1', b: '2', c: '3' } }));
  await client.send(new UntagResourceCommand({ Resource, TagKeys: ['a', 'b'] }));
  t.deepEqual((await client.send(new ListTagsCommand({ Resource }))).Tags, { c: '3' });

  const added = await client.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: 's3',
      Action: 'lambda:InvokeFunction',
      Principal: 's3.amazonaws.com',
      SourceArn: 'arn:aws:s3:::bucket',
      SourceAccount: '111111111111',
    }),
  );
  const statement = {
    Sid: 's3',
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource,
    Condition: {
      StringEquals: { 'AWS:SourceAccount': '111111111111' },
      ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::bucket' },
    },
  };
  t.deepEqual(JSON.parse(added.Statement ?? ''), statement);
  const { Policy = '' } = await client.send(new GetPolicyCommand({ FunctionName }));
  t.deepEqual(JSON.parse(Policy), { Version: '2012-10-17', Id: 'default', Statement: [statement] });
  await client.send(new RemovePermissionCommand({ FunctionName, StatementId: 's3' }));
  await t.throwsAsync(client.send(new GetPolicyCommand({ FunctionName })), {
    message: 'The resource you requested does not exist.',
  });
});

test.serial('a layer is read; of 200 callers at once as many run as are reserved', async (t) => {
  const { LayerVersionArn = '', Content } = await client.send(
    new PublishLayerVersionCommand({
      LayerName: 'greeting',
      Content: { ZipFile: await zip('hello from a layer', 'words/hello.txt') },
      CompatibleRuntimes: ['nodejs24.x'],
    }),
  );
  t.true(LayerVersionArn.endsWith(':layer:greeting:1'));
  const stored = await fetch(Content?.Location ?? '');
  t.is((await stored.arrayBuffer()).byteLength, Content?.CodeSize ?? 0);
  const FunctionName = 'layered';
  const source = `
    import { readFileSync } from 'node:fs';
    export const handler = async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return readFileSync('/opt/words/hello.txt', 'utf8');
    }`;
  const { Layers } = await create(FunctionName, { Layers: [LayerVersionArn], Code: { ZipFile: await zip(source) } });
  t.deepEqual(Layers, [{ Arn: LayerVersionArn, CodeSize: Content?.CodeSize }]);
  const Payload = JSON.stringify(1);
  const one = await client.send(new InvokeCommand({ FunctionName, Payload }));
  t.is(JSON.parse(one.Payload?.transformToString() ?? ''), 'hello from a layer');
  t.is((await client.send(new GetLayerVersionByArnCommand({ Arn: LayerVersionArn }))).Version, 1);
  const { Layers: all } = await client.send(new ListLayersCommand({}));
  t.is(all?.[0]?.LatestMatchingVersion?.LayerVersionArn, LayerVersionArn);

  await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 3 }));
  const callers = Array.from({ length: 200 }, () => engine.invoke({ functionName: FunctionName, payload: '200' }));
  const outcomes = await Promise.allSettled(callers);
  const ran = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  t.is(ran.length, 3, 'all came before the first had ended');
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      t.is(outcome.reason.throttleReason, 'ReservedFunctionConcurrentInvocationLimitExceeded');
    }
  }
  t.is(engine.stats().invocations.running, 0);
});
