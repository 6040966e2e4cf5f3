/** Every paginator and every waiter of the AWS SDK that stands for something we offer. */
import {
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionUrlConfigCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
  paginateListAliases,
  paginateListCodeSigningConfigs,
  paginateListEventSourceMappings,
  paginateListFunctionEventInvokeConfigs,
  paginateListFunctions,
  paginateListFunctionUrlConfigs,
  paginateListLayers,
  paginateListLayerVersions,
  paginateListProvisionedConcurrencyConfigs,
  paginateListVersionsByFunction,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActive,
  waitUntilFunctionActiveV2,
  waitUntilFunctionExists,
  waitUntilFunctionUpdated,
  waitUntilFunctionUpdatedV2,
  waitUntilPublishedVersionActive,
} from '@aws-sdk/client-lambda';
import test from 'ava';
import { zip } from '../fixtures/zip.ts';
import { source } from './control-engine.ts';
import { servingControl } from './serving-control.ts';

const FunctionName = 'f';

test('every list is the same in pages of two as in one', async (t) => {
  const { client, engine } = await servingControl(t);
  for (const functionName of ['a', 'b', FunctionName, 'g', 'h']) {
    await engine.createFunction({ functionName, code: { source: source(1) } });
  }
  for (let version = 1; version <= 5; version += 1) {
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: `version ${version}` }));
    await engine.functions.settled(FunctionName);
    const { Version } = await client.send(new PublishVersionCommand({ FunctionName }));
    t.is(Version, String(version));
    const Name = `alias-${version}`;
    await client.send(new CreateAliasCommand({ FunctionName, Name, FunctionVersion: Version }));
    await client.send(new CreateFunctionUrlConfigCommand({ FunctionName, Qualifier: Name, AuthType: 'AWS_IAM' }));
    await client.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName, Qualifier: Name, MaximumRetryAttempts: 1 }),
    );
    await client.send(
      new PutProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: Name, ProvisionedConcurrentExecutions: 1 }),
    );
    const Content = { ZipFile: await zip({ 'index.mjs': `export default ${version}` }) };
    await client.send(new PublishLayerVersionCommand({ LayerName: 'one', Content }));
    await client.send(new PublishLayerVersionCommand({ LayerName: `layer-${version}`, Content }));
    const { streamArn: EventSourceArn } = await engine.streams.create({ streamName: `stream-${version}` });
    const mapping = { FunctionName, EventSourceArn, StartingPosition: 'LATEST', Enabled: false } as const;
    const { UUID = '' } = await client.send(new CreateEventSourceMappingCommand(mapping));
    await engine.eventSources.settled(UUID);
  }

  const lists: Readonly<Record<string, (pageSize: number) => AsyncIterable<object>>> = {
    Functions: (pageSize) => paginateListFunctions({ client, pageSize }, {}),
    'Functions of all versions': (pageSize) => paginateListFunctions({ client, pageSize }, { FunctionVersion: 'ALL' }),
    Versions: (pageSize) => paginateListVersionsByFunction({ client, pageSize }, { FunctionName }),
    Aliases: (pageSize) => paginateListAliases({ client, pageSize }, { FunctionName }),
    FunctionUrlConfigs: (pageSize) => paginateListFunctionUrlConfigs({ client, pageSize }, { FunctionName }),
    FunctionEventInvokeConfigs: (pageSize) =>
      paginateListFunctionEventInvokeConfigs({ client, pageSize }, { FunctionName }),
    ProvisionedConcurrencyConfigs: (pageSize) =>
      paginateListProvisionedConcurrencyConfigs({ client, pageSize }, { FunctionName }),
    EventSourceMappings: (pageSize) => paginateListEventSourceMappings({ client, pageSize }, { FunctionName }),
    Layers: (pageSize) => paginateListLayers({ client, pageSize }, {}),
    LayerVersions: (pageSize) => paginateListLayerVersions({ client, pageSize }, { LayerName: 'one' }),
  };
  const least: Readonly<Record<string, number>> = {
    Functions: 5,
    'Functions of all versions': 10,
    Versions: 6,
    Layers: 6,
  };
  for (const [name, list] of Object.entries(lists)) {
    const member = name.split(' ')[0] ?? '';
    const pages = async (pageSize: number) => {
      const found: unknown[][] = [];
      for await (const page of list(pageSize)) found.push((page as Record<string, unknown[]>)[member] ?? []);
      return found;
    };
    const whole = (await pages(50)).flat();
    t.is(whole.length, least[name] ?? 5, name);
    const small = await pages(2);
    t.true(
      small.every((page) => page.length <= 2),
      name,
    );
    t.deepEqual(small.flat(), whole, name);
    // A page that is full to the end needs no next one, or one that is empty; never one without end.
    t.true(small.length <= whole.length / 2 + 1, name);
  }
  for await (const page of paginateListCodeSigningConfigs({ client }, {})) t.deepEqual(page.CodeSigningConfigs, []);
});

test('every waiter ends, with success where there is something and at its time where there is nothing', async (t) => {
  const { client, engine } = await servingControl(t);
  await engine.createFunction({ functionName: FunctionName, code: { source: source(1) } });
  const { Version = '' } = await client.send(new PublishVersionCommand({ FunctionName }));
  const waiting = { client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
  for (const wait of [
    waitUntilFunctionActive,
    waitUntilFunctionActiveV2,
    waitUntilFunctionExists,
    waitUntilFunctionUpdated,
    waitUntilFunctionUpdatedV2,
  ]) {
    t.is(String((await wait(waiting, { FunctionName })).state), 'SUCCESS');
    // Terraform and SAM ask for what they have published in this way.
    t.is(String((await wait(waiting, { FunctionName, Qualifier: Version })).state), 'SUCCESS');
  }
  t.is(String((await waitUntilPublishedVersionActive(waiting, { FunctionName, Qualifier: Version })).state), 'SUCCESS');
  const short = { client, maxWaitTime: 1, minDelay: 0.2, maxDelay: 0.2 };
  await t.throwsAsync(waitUntilFunctionExists(short, { FunctionName: 'absent' }), { name: 'TimeoutError' });
  await t.throwsAsync(waitUntilFunctionActiveV2(short, { FunctionName: 'absent' }), { name: 'TimeoutError' });
});
