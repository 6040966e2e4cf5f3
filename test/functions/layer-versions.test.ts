import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import yazl from 'yazl';
import type { FunctionRegistry } from '../../src/functions/registry.ts';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { at, deployed, openRegistry, refused, source } from './registry-harness.ts';

ownTemporaryDirectory();

const arn = (name: string, version: number) => `arn:aws:lambda:us-east-1:000000000000:layer:${name}:${version}`;

async function zip(text: string): Promise<Uint8Array> {
  const archive = new yazl.ZipFile();
  archive.addBuffer(Buffer.from(text), 'text.txt', { mtime: new Date(0) });
  archive.end();
  return await buffer(archive.outputStream);
}

async function publish(registry: FunctionRegistry, layerName: string, text: string, more: object = {}) {
  return registry.layers.publish({ layerName, zipFile: await zip(text), ...more });
}

async function withLayers(t: ExecutionContext, ...layers: readonly string[]): Promise<FunctionRegistry> {
  const registry = await openRegistry(t);
  await publish(registry, 'l', 'one');
  await publish(registry, 'l', 'two');
  await publish(registry, 'm', 'three');
  await registry.create({ functionName: 'f', code: { source: source(1) }, layers });
  await registry.settled('f');
  return registry;
}

const filesOf = async (registry: FunctionRegistry) =>
  (await registry.resolve(at('$LATEST'))).code.pack.layers?.files.map(({ path, bytes }) => [path, bytes]);

test('layers have versions from 1, the latest first', async (t) => {
  const registry = await openRegistry(t);
  const first = await publish(registry, 'l', 'one', { description: 'd', licenseInfo: 'MIT' });
  t.like(first, { layerName: 'l', version: 1, description: 'd', licenseInfo: 'MIT', compatibleRuntimes: [] });
  await publish(registry, 'l', 'one', { compatibleRuntimes: ['nodejs24.x'], compatibleArchitectures: ['arm64'] });
  await publish(registry, 'k', 'k');
  const versions = (more: object) =>
    registry.layers.listVersions({ layerName: 'l', ...more }).layers.map(({ version }) => version);
  t.deepEqual(versions({}), [2, 1]);
  t.deepEqual(versions({ compatibleRuntime: 'nodejs24.x' }), [2]);
  t.deepEqual(versions({ compatibleArchitecture: 'x86_64' }), []);
  const { nextMarker = '' } = registry.layers.listVersions({ layerName: 'l', maxItems: 1 });
  t.deepEqual(versions({ marker: nextMarker }), [1]);
  t.deepEqual(
    registry.layers.list({}).layers.map(({ layerName, version }) => [layerName, version]),
    [
      ['k', 1],
      ['l', 2],
    ],
  );
  t.deepEqual(registry.layers.getByArn(arn('l', 1)), first);
  await registry.layers.delete('l', 2);
  await registry.layers.delete('l', 2);
  t.is((await publish(registry, 'l', 'one')).version, 3);
  t.deepEqual(Buffer.from(await registry.layers.zip('l', 3)), Buffer.from(await zip('one')));
});

test('a function finds the layers that it names, and keeps them', async (t) => {
  const registry = await withLayers(t, arn('l', 1));
  t.deepEqual(await filesOf(registry), [['text.txt', 3]]);
  const { layers } = registry.get(at('$LATEST')).configuration;
  t.is(layers?.[0]?.arn, arn('l', 1));
  await registry.layers.delete('l', 1);
  await registry.updateConfiguration({ functionName: 'f', timeout: 9 });
  await registry.settled('f');
  t.deepEqual(await filesOf(registry), [['text.txt', 3]]);
  t.deepEqual(registry.get(at('$LATEST')).configuration.layers, layers);

  await registry.updateConfiguration({ functionName: 'f', layers: [arn('m', 1)] });
  await registry.settled('f');
  t.deepEqual(await filesOf(registry), [['text.txt', 5]]);
  await registry.updateConfiguration({ functionName: 'f', layers: [] });
  await registry.settled('f');
  t.is(await filesOf(registry), undefined);
  t.false('layers' in registry.get(at('$LATEST')).configuration);
});

test('mistakes with layers have AWS’s texts (C3.27)', async (t) => {
  const registry = await withLayers(t);
  const use = (...layers: readonly string[]) => registry.updateConfiguration({ functionName: 'f', layers });
  const code = 'InvalidParameterValueException';
  await refused(t, () => use(arn('l', 7)), code, `Layer version ${arn('l', 7)} does not exist.`);
  await refused(
    t,
    () => use(arn('l', 1), arn('l', 2)),
    code,
    'Two different versions of the same layer are not allowed to be referenced in the same function. ' +
      `${arn('l', 1)} and ${arn('l', 2)} are versions of the same layer.`,
  );
  await t.throwsAsync(use('arn:aws:lambda:us-east-1:000000000000:layer:l'), {
    message: /^1 validation error detected: Value '\[arn:/,
  });
  await t.throwsAsync(use(arn('l', 1).replace('us-east-1', 'eu-west-1')), { message: /does not exist/ });
  await refused(t, () => registry.layers.get('l', 0), code, 'Layer Version Cannot be less than 1');
  await refused(
    t,
    () => registry.layers.get('l', 7),
    'ResourceNotFoundException',
    'The resource you requested does not exist.',
  );
  await t.throwsAsync(publish(registry, 'no name!', ''), { message: /at 'layerName'/ });
  await t.throwsAsync(registry.layers.publish({ layerName: 'l', zipFile: Buffer.from('no zip') }), {
    message: /Could not unzip/,
  });
  t.is(registry.layers.listVersions({ layerName: 'l' }).layers.length, 2);
});

test('layers come back after a restart with their numbers, and their packages stay while they do', async (t) => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'isotherm-layers-')), 'data');
  const open = () => ({ dataDirectory, store: openDataDirectory(dataDirectory).functions });
  const first = open();
  const registry = await deployed(t, first);
  const layer = await publish(registry, 'l', 'one', { compatibleRuntimes: ['nodejs24.x'] });
  await publish(registry, 'l', 'two');
  await registry.layers.delete('l', 2);
  const bytes = registry.usage().totalCodeBytes;
  t.is(bytes, layer.codeBytes + source(1).length);
  await registry.close();
  first.store.close();

  const second = open();
  const again = await openRegistry(t, second);
  t.deepEqual(again.layers.get('l', 1), layer);
  t.is(again.usage().totalCodeBytes, bytes);
  t.is((await publish(again, 'l', 'three')).version, 3);
  await again.updateConfiguration({ functionName: 'f', layers: [arn('l', 1)] });
  await again.settled('f');
  t.deepEqual(await filesOf(again), [['text.txt', 3]]);
  const folder = join(dataDirectory, 'code', Buffer.from(layer.codeSha256, 'base64').toString('hex'));
  t.true(existsSync(folder));
  await again.layers.delete('l', 1);
  await again.close();
  second.store.close();

  const third = open();
  const last = await openRegistry(t, third);
  t.false(existsSync(folder));
  t.deepEqual(await filesOf(last), [['text.txt', 3]], 'a function has a copy');
  await last.close();
  third.store.close();
});
