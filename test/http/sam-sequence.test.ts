/**
 * The calls of `sam sync`, in its order, with the fields that it sends and reads. Read from aws/aws-sam-cli, samcli/lib/sync/flows:
 * zip_function_sync_flow.py (0345af9), function_sync_flow.py and alias_version_sync_flow.py (011661b), layer_sync_flow.py (08bd47b). SAM itself is
 * not run here: it first makes a stack with CloudFormation, which is another service.
 */
import { createHash } from 'node:crypto';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteLayerVersionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetLayerVersionCommand,
  ListLayerVersionsCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdated,
} from '@aws-sdk/client-lambda';
import test from 'ava';
import { zip } from '../fixtures/zip.ts';
import { role, servingControl } from './serving-control.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hex = (base64 = '') => Buffer.from(base64, 'base64').toString('hex');

test('a function and its layer are told from local ones by their hashes, updated, published and pointed to', async (t) => {
  const { client } = await servingControl(t);
  const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };

  // As CloudFormation would have made them.
  const layerZip = await zip({ 'nodejs/node_modules/a/index.js': 'exports.a = 1' });
  const layer = await client.send(
    new PublishLayerVersionCommand({
      LayerName: 'stack-layer',
      Content: { ZipFile: layerZip },
      CompatibleRuntimes: ['nodejs22.x'],
    }),
  );
  const { LayerArn: layerArn = '', LayerVersionArn: oldLayer = '' } = layer;
  const FunctionName = 'stack-Function-AbCdEf123456';
  const first = await zip({ 'index.mjs': 'export const handler = async () => 1' });
  const created = new CreateFunctionCommand({
    FunctionName,
    Role: role,
    Runtime: 'nodejs22.x',
    Handler: 'index.handler',
    Code: { ZipFile: first },
    Layers: [oldLayer],
    Tags: { 'lambda:createdBy': 'SAM' },
  });
  await client.send(created);
  await waitUntilFunctionActiveV2(waiting, { FunctionName });
  const { Version: before } = await client.send(new PublishVersionCommand({ FunctionName }));
  await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: before }));

  // ZipFunctionSyncFlow: nothing to do where the hashes are the same, else update and wait.
  const remoteHash = async () =>
    hex((await client.send(new GetFunctionCommand({ FunctionName }))).Configuration?.CodeSha256);
  t.is(await remoteHash(), sha256(first));
  const second = await zip({ 'index.mjs': 'export const handler = async () => 2' });
  t.not(await remoteHash(), sha256(second));
  await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: second }));
  await waitUntilFunctionUpdated(waiting, { FunctionName });
  t.is(await remoteHash(), sha256(second));

  // AliasVersionSyncFlow.
  const { Version: version } = await client.send(new PublishVersionCommand({ FunctionName }));
  t.is(version, '2');
  await client.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: version }));
  t.is((await client.send(new GetAliasCommand({ FunctionName, Name: 'live' }))).FunctionVersion, '2');

  // LayerSyncFlow: names its layer by ARN, takes the first of the list for the latest, publishes, deletes the one before.
  const latest = async () =>
    (await client.send(new ListLayerVersionsCommand({ LayerName: layerArn }))).LayerVersions?.[0]?.Version;
  const VersionNumber = await latest();
  t.is(VersionNumber, 1);
  const { Content } = await client.send(new GetLayerVersionCommand({ LayerName: layerArn, VersionNumber }));
  t.is(hex(Content?.CodeSha256), sha256(layerZip));
  const newLayer = await client.send(
    new PublishLayerVersionCommand({
      LayerName: layerArn,
      Content: { ZipFile: await zip({ 'nodejs/node_modules/a/index.js': 'exports.a = 2' }) },
      CompatibleRuntimes: ['nodejs22.x'],
    }),
  );
  t.is(newLayer.Version, 2);
  t.is(newLayer.LayerArn, layerArn);
  await client.send(new DeleteLayerVersionCommand({ LayerName: layerArn, VersionNumber }));
  t.is(await latest(), 2);

  // FunctionLayerReferenceSync.
  const layers = async () =>
    ((await client.send(new GetFunctionCommand({ FunctionName }))).Configuration?.Layers ?? []).map(({ Arn }) => Arn);
  t.deepEqual(await layers(), [oldLayer]);
  await client.send(
    new UpdateFunctionConfigurationCommand({ FunctionName, Layers: [`${layerArn}:${newLayer.Version}`] }),
  );
  await waitUntilFunctionUpdated(waiting, { FunctionName });
  t.deepEqual(await layers(), [newLayer.LayerVersionArn]);
});
