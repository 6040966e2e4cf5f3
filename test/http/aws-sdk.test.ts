/** The AWS SDK against the real engine: what an AWS user does in a first hour. */
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  type LambdaServiceException,
  ListFunctionsCommand,
  paginateListFunctions,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import test, { type ExecutionContext } from 'ava';
import yazl from 'yazl';
import { createEngine } from '../../src/engine/create-engine.ts';
import { createServer } from '../../src/http/server.ts';
import { recordedShapes } from './fixtures/recorded-shapes.ts';

const engine = await createEngine();
const server = createServer({ engine });
const endpoint = await server.listen({ host: '127.0.0.1', port: 0 });
const client = new LambdaClient({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  maxAttempts: 1,
});

test.after.always(async () => {
  client.destroy();
  await server.close();
  await engine.close();
});

const role = 'arn:aws:iam::000000000000:role/any';
const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };

function zip(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = new yazl.ZipFile();
  for (const [name, text] of Object.entries(files)) archive.addBuffer(Buffer.from(text), name);
  archive.end();
  return buffer(archive.outputStream);
}

async function create(FunctionName: string, source: string, more: Partial<CreateFunctionCommand['input']> = {}) {
  const created = await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 20,
      Code: { ZipFile: await zip({ 'index.mjs': source }) },
      ...more,
    }),
  );
  await waitUntilFunctionActiveV2(waiting, { FunctionName });
  return created;
}

async function invoke(FunctionName: string, event: unknown, more: Partial<InvokeCommand['input']> = {}) {
  const result = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), ...more }));
  return { ...result, json: JSON.parse(result.Payload?.transformToString() || 'null') };
}

async function failure(t: ExecutionContext, sent: Promise<unknown>): Promise<LambdaServiceException> {
  return (await t.throwsAsync(sent)) as LambdaServiceException;
}

const keys = (answer: object) =>
  Object.keys(answer)
    .filter((key) => key !== '$metadata')
    .toSorted();

test('create, wait, invoke, update code, wait, invoke, update configuration, get, list, delete', async (t) => {
  const FunctionName = 'lifecycle';
  const created = await create(FunctionName, 'export const handler = async (event) => ({ hello: event.name, v: 1 })');
  t.is(created.$metadata.httpStatusCode, 201);
  t.deepEqual(keys(created), recordedShapes.create);
  t.is(created.State, 'Pending');

  const first = await invoke(FunctionName, { name: 'Ada' }, { LogType: 'Tail' });
  t.deepEqual(first.json, { hello: 'Ada', v: 1 });
  t.is(first.StatusCode, 200);
  t.is(first.ExecutedVersion, '$LATEST');
  t.is(first.FunctionError, undefined);
  const log = Buffer.from(first.LogResult ?? '', 'base64').toString();
  t.true(log.startsWith(`START RequestId: ${first.$metadata.requestId} Version: $LATEST\n`), log);
  t.regex(log, /REPORT RequestId: .*\tInit Duration: [\d.]+ ms\t\n$/);

  const code = await client.send(
    new UpdateFunctionCodeCommand({
      FunctionName,
      ZipFile: await zip({ 'index.mjs': 'export const handler = async () => [process.env.COLOUR ?? null, 2]' }),
    }),
  );
  t.deepEqual(keys(code), recordedShapes.update);
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
  t.deepEqual((await invoke(FunctionName, {})).json, [null, 2]);

  const configuration = await client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName,
      Environment: { Variables: { COLOUR: 'blue' } },
      MemorySize: 256,
    }),
  );
  t.is(configuration.LastUpdateStatus, 'InProgress');
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
  t.deepEqual((await invoke(FunctionName, {})).json, ['blue', 2]);

  const got = await client.send(new GetFunctionCommand({ FunctionName, Qualifier: '$LATEST' }));
  t.is(got.Configuration?.MemorySize, 256);
  t.deepEqual(got.Configuration?.Environment, { Variables: { COLOUR: 'blue' } });
  t.true(got.Configuration?.FunctionArn?.endsWith(':function:lifecycle:$LATEST'));
  t.is(got.Code?.RepositoryType, 'S3');
  const stored = await fetch(got.Code?.Location ?? '');
  t.is(Number(got.Configuration?.CodeSize), (await stored.arrayBuffer()).byteLength);

  await client.send(new DeleteFunctionCommand({ FunctionName }));
  const gone = await failure(t, client.send(new GetFunctionConfigurationCommand({ FunctionName })));
  t.is(gone.name, 'ResourceNotFoundException');
  t.is(gone.message, `Function not found: ${created.FunctionArn}`);
});

test('a full ARN works wherever a name does', async (t) => {
  const { FunctionArn = '' } = await create('by-arn', 'export const handler = async (_, c) => c.invokedFunctionArn');
  t.is((await invoke(FunctionArn, {})).json, FunctionArn);
  t.is((await invoke(`${FunctionArn}:$LATEST`, {})).json, `${FunctionArn}:$LATEST`);
  const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName: FunctionArn }));
  t.is(Configuration?.FunctionArn, FunctionArn);
});

test('a list of more functions than a page is walked with the paginator', async (t) => {
  const names = ['page-a', 'page-b', 'page-c', 'page-d', 'page-e'];
  for (const name of names) await create(name, 'export const handler = async () => 1');
  const seen: string[] = [];
  for await (const page of paginateListFunctions({ client, pageSize: 2 }, {})) {
    t.true((page.Functions?.length ?? 0) <= 2);
    for (const item of page.Functions ?? []) {
      t.false('State' in item);
      if (item.FunctionName?.startsWith('page-') === true) seen.push(item.FunctionName);
    }
  }
  t.deepEqual(seen, names);
  const { Functions } = await client.send(new ListFunctionsCommand({}));
  t.true((Functions?.length ?? 0) >= names.length);
});

test('a function that throws is a result, not an exception of the SDK', async (t) => {
  await create('throws', 'export const handler = async () => { throw new RangeError("no") }');
  const result = await invoke('throws', {});
  t.is(result.$metadata.httpStatusCode, 200);
  t.is(result.FunctionError, 'Unhandled');
  t.is(result.json.errorType, 'RangeError');
  t.is(result.json.errorMessage, 'no');
});

test('a dry run checks and runs nothing', async (t) => {
  await create('dry', 'export const handler = async () => process.exit(3)');
  const dry = await client.send(new InvokeCommand({ FunctionName: 'dry', InvocationType: 'DryRun' }));
  t.is(dry.StatusCode, 204);
  t.is(dry.ExecutedVersion, undefined);
});

test('an event is accepted with 202 and nothing else, and runs', async (t) => {
  await create(
    'later',
    'let events = []; export const handler = async (event) => { events.push(event); return events; }',
  );
  const accepted = await client.send(
    new InvokeCommand({ FunctionName: 'later', InvocationType: 'Event', Payload: '{"n":1}' }),
  );
  t.is(accepted.StatusCode, 202);
  t.is(accepted.ExecutedVersion, undefined);
  t.is(accepted.Payload?.byteLength ?? 0, 0);
  t.regex(accepted.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/);
  const seen = async () => (await invoke('later', 'look')).json.length;
  while ((await seen()) < 2) await delay(10);
  t.pass();
});

test('mistakes are the SDK’s own exception classes with AWS’s texts', async (t) => {
  const unknown = await failure(t, invoke('nobody', {}));
  t.is(unknown.name, 'ResourceNotFoundException');
  t.is(unknown.message, 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:$LATEST');

  await create('mistakes', 'export const handler = async () => 1');
  const again = await failure(t, create('mistakes', 'export const handler = async () => 1'));
  t.is(again.name, 'ResourceConflictException');
  t.is(again.message, 'Function already exist: mistakes');

  const noJson = await failure(t, client.send(new InvokeCommand({ FunctionName: 'mistakes', Payload: '{"a":' })));
  t.is(noJson.name, 'InvalidRequestContentException');
  t.regex(noJson.message, /^Could not parse request body into json: Could not parse payload into json: /);

  const tooLarge = await failure(t, invoke('mistakes', 'a'.repeat(6 * 1024 * 1024)));
  t.is(tooLarge.name, 'RequestEntityTooLargeException');
  t.is(tooLarge.message, 'Request must be smaller than 6291456 bytes for the InvokeFunction operation');

  const broken = await failure(t, create('broken', '', { Code: { ZipFile: Buffer.from('no zip') } }));
  t.is(broken.name, 'InvalidParameterValueException');
  t.is(broken.message, 'Could not unzip uploaded file. Please check your file, then try to upload again.');

  const outdated = await failure(
    t,
    client.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'mistakes', RevisionId: crypto.randomUUID() })),
  );
  t.is(outdated.name, 'PreconditionFailedException');

  const range = await failure(
    t,
    client.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'mistakes', Timeout: 901 })),
  );
  t.is(range.name, 'ValidationException');
  t.is(
    range.message,
    "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
  );
});

test('tags that isotherm reads decide where a function runs', async (t) => {
  const source = 'export const handler = async () => 1';
  await create('tenant-1', source, { Tags: { 'isotherm:trust-domain': 'customer-1', team: 'blue' } });
  await create('alone', source, { Tags: { 'isotherm:isolation': 'function' } });
  const { Tags } = await client.send(new GetFunctionCommand({ FunctionName: 'tenant-1' }));
  t.deepEqual(Tags, { 'isotherm:trust-domain': 'customer-1', team: 'blue' });
  const settings = (functionName: string) =>
    engine.functions.get({ functionName, qualifier: '$LATEST', qualified: false }).configuration;
  t.is(settings('tenant-1').trustDomain, 'customer-1');
  t.is(settings('alone').isolation, 'function');
  await create('strict', source, { Tags: { 'isotherm:limits': 'logLines=5 timers=50' } });
  const beyond = await failure(t, create('beyond', source, { Tags: { 'isotherm:limits': 'timers=1000000' } }));
  t.is(beyond.name, 'InvalidParameterValueException');
  t.regex(beyond.message, /limits\.timers of a function must be .* which is 262144; received 1000000/);
  t.deepEqual(settings('strict').limits, { logLines: 5, timers: 50 });
  await create('net', source, { Tags: { 'isotherm:allow-net': 'api.example.com:443' } });
  t.deepEqual(settings('net').network, { allow: ['api.example.com:443'] });
  const network = await failure(t, create('wide', source, { Tags: { 'isotherm:allow-net': '*' } }));
  t.is(network.name, 'InvalidParameterValueException');
});
