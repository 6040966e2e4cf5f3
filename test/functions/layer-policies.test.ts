/** What AWS recorded of them is replayed by test/http/recorded-answers.test.ts; here is what those cases leave out. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import yazl from 'yazl';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { deployed, openRegistry, refused } from './registry-harness.ts';

ownTemporaryDirectory();

async function zip(text: string): Promise<Uint8Array> {
  const archive = new yazl.ZipFile();
  archive.addBuffer(Buffer.from(text), 'text.txt');
  archive.end();
  return await buffer(archive.outputStream);
}

const statement = (Sid: string, Principal = '*') =>
  ({ Sid, Effect: 'Allow', Principal, Action: 'lambda:GetLayerVersion' }) as const;

test('policy, recursion config and provisioned concurrency are there after a restart, and numbers of layers go on', async (t) => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'isotherm-policies-')), 'data');
  const opened = openDataDirectory(dataDirectory);
  const before = await deployed(t, { store: opened.functions, dataDirectory });
  await before.layers.publish({ layerName: 'l', zipFile: await zip('one') });
  await before.layers.publish({ layerName: 'l', zipFile: await zip('two') });
  const { revisionId } = await before.layerPolicies.add({ layerName: 'l', version: 1, statement: statement('s') });
  await before.recursion.put('f', 'Allow');
  const { version } = await before.publishVersion({ functionName: 'f' });
  const reference = { functionName: 'f', qualifier: version, qualified: true };
  const config = await before.provisioned.put(reference, 7);
  await before.close();
  opened.functions.close();

  const again = openDataDirectory(dataDirectory);
  const after = await openRegistry(t, { store: again.functions, dataDirectory });
  t.deepEqual(
    after.layerPolicies.get('l', 1).statements.map(({ Sid }) => Sid),
    ['s'],
  );
  t.is(after.layerPolicies.get('l', 1).revisionId, revisionId);
  t.is(after.recursion.get('f'), 'Allow');
  t.deepEqual(after.provisioned.get(reference), config);
  t.deepEqual(after.provisioned.functionNames(), ['f']);
  t.is((await after.layers.publish({ layerName: 'l', zipFile: await zip('three') })).version, 3);
  await after.close();
  again.functions.close();
});

test('a policy goes with its last statement, and with its version', async (t) => {
  const registry = await openRegistry(t);
  await registry.layers.publish({ layerName: 'l', zipFile: await zip('one') });
  await registry.layerPolicies.add({ layerName: 'l', version: 1, statement: statement('s') });
  await registry.layerPolicies.remove('l', 1, 's');
  const none = 'No policy is associated with the given resource.';
  await refused(t, () => registry.layerPolicies.get('l', 1), 'ResourceNotFoundException', none);
  await registry.layers.delete('l', 1);
  await refused(
    t,
    () => registry.layerPolicies.get('l', 1),
    'ResourceNotFoundException',
    'Layer version arn:aws:lambda:us-east-1:000000000000:layer:l:1 does not exist.',
  );
});

test('who names a revision of a policy that is not there changes nothing', async (t) => {
  const registry = await openRegistry(t);
  await registry.layers.publish({ layerName: 'l', zipFile: await zip('one') });
  await refused(
    t,
    () => registry.layerPolicies.add({ layerName: 'l', version: 1, statement: statement('s'), revisionId: 'any' }),
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. ' +
      'Call the GetLayerPolicy API to retrieve the latest Revision Id',
  );
});

test('a recursion config is one of two words', async (t) => {
  const registry = await deployed(t);
  await refused(
    t,
    () => registry.recursion.put('f', 'Perhaps'),
    'ValidationException',
    "1 validation error detected: Value 'Perhaps' at 'recursiveLoop' failed to satisfy constraint: Member must satisfy enum value set: [Allow, Terminate]",
  );
  await registry.recursion.put('f', 'Allow');
  await registry.recursion.put('f', 'Terminate');
  t.is(registry.recursion.get('f'), 'Terminate');
});
