import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createFunctionRegistry, type RegistryOptions } from '../../src/functions/create-registry.ts';
import { parseFunctionReference } from '../../src/functions/function-reference.ts';
import { MemoryStore } from '../../src/functions/memory-store.ts';
import type { DeployedVersion, FunctionRegistry } from '../../src/functions/registry.ts';
import { zipEntries } from '../../src/functions/zip.ts';
import { EngineError, type EngineErrorCode } from '../../src/model/errors.ts';
import { limits } from '../../src/model/limits.ts';
import type { NetworkSettings } from '../../src/model/network-settings.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

const source = 'export const handler = async () => 1;';
const f = parseFunctionReference('f');

interface Parts extends Partial<RegistryOptions> {}

async function open(t: ExecutionContext, options: Parts = {}) {
  const clock = createFakeClock({ epochMs: Date.UTC(2025, 10, 25, 2, 26, 54, 123) });
  const store = options.store ?? new MemoryStore();
  let ids = 0;
  const registry = await createFunctionRegistry({ clock, store, newId: () => `id-${++ids}`, ...options });
  t.teardown(() => registry.close());
  return { registry, clock, store };
}

function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-registry-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function refused(t: ExecutionContext, run: () => unknown, code: EngineErrorCode, message?: string) {
  const error = await t.throwsAsync(async () => await run(), { instanceOf: EngineError });
  t.is(error?.code, code);
  if (message !== undefined) t.is(error?.message, message);
}

async function deployed(t: ExecutionContext, options: Parts = {}) {
  const parts = await open(t, options);
  await parts.registry.create({ functionName: 'f', code: { source } });
  await parts.registry.settled('f');
  return parts;
}

/** What is ready never is a promise. */
function resolved(registry: FunctionRegistry, reference = f): DeployedVersion {
  const version = registry.resolve(reference);
  if (version instanceof Promise) throw new Error('not ready');
  return version;
}

const bundleText = (registry: FunctionRegistry) => Buffer.from(resolved(registry).code.bundle ?? []).toString();
const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

test('a created function is Pending, then Active, with another revision (C3.3, C1.12)', async (t) => {
  const { registry } = await open(t);
  const record = await registry.create({ functionName: 'f', code: { source }, timeout: 9 });
  t.like(record, {
    version: '$LATEST',
    codeBytes: source.length,
    lastModified: '2025-11-25T02:26:54.123+0000',
    state: 'Pending',
    stateReason: 'The function is being created.',
    stateReasonCode: 'Creating',
  });
  t.is(record.configuration.timeout, 9);
  t.false('lastUpdateStatus' in record);
  await refused(
    t,
    () => registry.resolve(f),
    'ResourceConflictException',
    'The operation cannot be performed at this time. The function is currently in the following state: Pending',
  );
  const settled = await registry.settled('f');
  t.like(settled, { state: 'Active', lastUpdateStatus: 'Successful', lastModified: record.lastModified });
  t.false('stateReason' in settled || 'stateReasonCode' in settled);
  t.not(settled.revisionId, record.revisionId);
  t.deepEqual(registry.get(f), settled);
});

test('a deployed version has its bundle, and stays the same object', async (t) => {
  const { registry } = await deployed(t);
  const version = resolved(registry);
  t.is(version, resolved(registry));
  t.deepEqual(version.code.entry, {
    kind: 'bundle',
    format: 'cjs',
    file: '/var/task/index.mjs',
    exportPath: 'handler',
    builtins: [],
  });
  t.regex(
    bundleText(registry),
    /^\(function\(exports, require, module, __filename, __dirname, importMeta, __isothermOffer\)\{/,
  );
  t.is(version.code.bundle, version.code.bundle);
  t.deepEqual(JSON.parse(Buffer.from(version.code.sourceMap ?? []).toString()).sources, ['/var/task/index.mjs']);
});

test('a name can be taken once', async (t) => {
  const { registry } = await open(t);
  const both = [
    registry.create({ functionName: 'f', code: { source } }),
    registry.create({ functionName: arn, code: { source } }),
  ];
  const [first, second] = await Promise.allSettled(both);
  t.is(first?.status, 'fulfilled');
  t.is(second?.status === 'rejected' && second.reason.message, 'Function already exist: f');
  await refused(
    t,
    () => registry.create({ functionName: 'f', code: { source } }),
    'ResourceConflictException',
    'Function already exist: f',
  );
});

test('code that cannot be read leaves no trace', async (t) => {
  const { registry } = await open(t);
  await refused(
    t,
    () => registry.create({ functionName: 'f', code: { zipFile: Buffer.from('no zip') } }),
    'InvalidParameterValueException',
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  );
  await refused(t, () => registry.get(f), 'ResourceNotFoundException', `Function not found: ${arn}`);
  await registry.create({ functionName: 'f', code: { source } });
  t.is((await registry.settled('f')).state, 'Active');
});

test('code is exactly one of three things', async (t) => {
  const { registry } = await open(t);
  const create = (code: object) => () => registry.create({ functionName: 'f', code });
  const rule = 'code must have exactly one of source (text), directory (path) and zipFile (bytes or path); ';
  await refused(t, create({}), 'InvalidParameterValueException', `${rule}received none of them`);
  await refused(
    t,
    create({ source, directory: '/x' }),
    'InvalidParameterValueException',
    `${rule}received source and directory`,
  );
  await refused(t, create({ source: 7 }), 'InvalidParameterValueException', `${rule}received source as number`);
  await refused(
    t,
    create({ zipFile: '/nowhere.zip' }),
    'InvalidParameterValueException',
    'code.zipFile: /nowhere.zip cannot be read',
  );
  await refused(t, create({ directory: '/nowhere' }), 'InvalidParameterValueException');
  await refused(
    t,
    () => registry.create(Object.assign({ functionName: 'f' }) as never),
    'InvalidParameterValueException',
    `${rule}received undefined`,
  );
});

test('a syntax error does not fail the deployment; it is the entry', async (t) => {
  const { registry } = await open(t);
  await registry.create({ functionName: 'f', code: { source: 'let x = ;' } });
  t.is((await registry.settled('f')).state, 'Active');
  const { entry, bundle, problem } = resolved(registry).code;
  t.like(entry, {
    kind: 'error',
    errorType: 'Runtime.UserCodeSyntaxError',
    errorMessage: "SyntaxError: Unexpected token ';'",
  });
  t.is(bundle, undefined);
  t.like(problem, { file: '/var/task/index.js', line: 1, column: 9 });
});

test('an update is InProgress, then Successful; the old version answers meanwhile (C3.8, C3.10)', async (t) => {
  const { registry } = await deployed(t);
  const before = resolved(registry);
  const record = await registry.updateCode({ functionName: 'f', code: { source: 'exports.handler = async () => 2;' } });
  t.like(record, {
    state: 'Active',
    lastUpdateStatus: 'InProgress',
    lastUpdateStatusReason: 'The function is being created.',
    lastUpdateStatusReasonCode: 'Creating',
  });
  t.is(resolved(registry), before);
  await refused(
    t,
    () => registry.updateCode({ functionName: 'f', code: { source } }),
    'ResourceConflictException',
    `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
  );
  await refused(
    t,
    () => registry.updateConfiguration({ functionName: 'f', timeout: 4 }),
    'ResourceConflictException',
    `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
  );
  const settled = await registry.settled('f');
  t.like(settled, { state: 'Active', lastUpdateStatus: 'Successful' });
  t.not(settled.revisionId, record.revisionId);
  t.not(resolved(registry).code.versionKey, before.code.versionKey);
  t.regex(bundleText(registry), /=> 2/);
});

test('a second update is refused while the code of the first is still being read', async (t) => {
  const { registry } = await deployed(t);
  const first = registry.updateCode({ functionName: 'f', code: { source: 'exports.handler = 1' } });
  await refused(t, () => registry.updateConfiguration({ functionName: 'f', timeout: 4 }), 'ResourceConflictException');
  await first;
});

test('an update whose code cannot be read changes nothing', async (t) => {
  const { registry } = await deployed(t);
  const before = registry.get(f);
  await refused(
    t,
    () => registry.updateCode({ functionName: 'f', code: { zipFile: Buffer.from('no') } }),
    'InvalidParameterValueException',
  );
  t.deepEqual(registry.get(f), before);
  await registry.updateConfiguration({ functionName: 'f', timeout: 4 });
});

test('an update of settings keeps the code and makes another version key', async (t) => {
  const { registry, clock } = await deployed(t);
  const before = resolved(registry);
  clock.advance(1_000);
  const record = await registry.updateConfiguration({ functionName: 'f', timeout: 7, environment: { AB: '1' } });
  t.is(record.lastModified, '2025-11-25T02:26:55.123+0000');
  await registry.settled('f');
  const after = resolved(registry);
  t.is(after.configuration.timeout, 7);
  t.is(after.code.bundle, before.code.bundle, 'the same bytes');
  t.not(after.code.versionKey, before.code.versionKey);
  await registry.updateConfiguration({ functionName: 'f', handler: 'index.other' });
  await registry.settled('f');
  t.like(resolved(registry).code.entry, { exportPath: 'other' });
});

test('a revision that is not the latest is refused (C3.14)', async (t) => {
  const { registry } = await deployed(t);
  const message =
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id';
  await refused(
    t,
    () => registry.updateCode({ functionName: 'f', code: { source }, revisionId: 'old' }),
    'PreconditionFailedException',
    message,
  );
  await refused(
    t,
    () => registry.updateConfiguration({ functionName: 'f', revisionId: 'old' }),
    'PreconditionFailedException',
    message,
  );
  await registry.updateConfiguration({ functionName: 'f', revisionId: registry.get(f).revisionId });
});

test('a dry run checks and changes nothing (C3.12)', async (t) => {
  const { registry } = await deployed(t);
  const before = registry.get(f);
  t.deepEqual(await registry.updateCode({ functionName: 'f', code: { source: '1' }, dryRun: true }), before);
  await refused(
    t,
    () => registry.updateCode({ functionName: 'f', code: { zipFile: Buffer.from('no') }, dryRun: true }),
    'InvalidParameterValueException',
  );
  t.deepEqual(registry.get(f), before);
});

test('deleting ends a function, and its name is free at once (C3.17, C3.18)', async (t) => {
  const { registry } = await deployed(t);
  const { versionKey } = resolved(registry).code;
  await refused(
    t,
    () => registry.delete(parseFunctionReference('f:$LATEST')),
    'InvalidParameterValueException',
    '$LATEST version cannot be deleted without deleting the function.',
  );
  await refused(
    t,
    () => registry.delete(parseFunctionReference('f:live')),
    'InvalidParameterValueException',
    'Deletion of aliases is not currently supported.',
  );
  await registry.delete(parseFunctionReference('f:7'));
  t.is(registry.get(f).state, 'Active');
  await registry.delete(f);
  await refused(t, () => registry.delete(f), 'ResourceNotFoundException', `Function not found: ${arn}`);
  await refused(t, () => registry.resolve(f), 'ResourceNotFoundException', `Function not found: ${arn}:$LATEST`);
  await registry.create({ functionName: 'f', code: { source } });
  await registry.settled('f');
  t.not(resolved(registry).code.versionKey, versionKey, 'a new function, though everything is the same');
});

test('a function that is deleted while it is prepared stays deleted', async (t) => {
  const { registry, store } = await open(t);
  await registry.create({ functionName: 'f', code: { source } });
  const settled = registry.settled('f');
  await registry.delete(f);
  await t.throwsAsync(settled, { message: `Function not found: ${arn}` });
  t.deepEqual(store.load(), []);
});

test('versions and aliases are not found', async (t) => {
  const { registry } = await deployed(t);
  for (const qualifier of ['1', 'live']) {
    await refused(
      t,
      () => registry.get(parseFunctionReference('f', qualifier)),
      'ResourceNotFoundException',
      `Function not found: ${arn}:${qualifier}`,
    );
    await refused(
      t,
      () => registry.resolve(parseFunctionReference('f', qualifier)),
      'ResourceNotFoundException',
      `Function not found: ${arn}:${qualifier}`,
    );
  }
  t.is(registry.get(parseFunctionReference('f', '$LATEST')).state, 'Active');
});

test('functions are listed by name, in pages of at most 50 (C1.13)', async (t) => {
  const { registry } = await open(t);
  const names = Array.from({ length: 53 }, (_, index) => `f-${String(index).padStart(2, '0')}`);
  for (const functionName of [...names].reverse()) await registry.create({ functionName, code: { source } });
  const first = registry.list({});
  t.deepEqual(
    first.functions.map(({ configuration }) => configuration.functionName),
    names.slice(0, 50),
  );
  const second = registry.list({ marker: first.nextMarker ?? '', maxItems: 2 });
  t.deepEqual(
    second.functions.map(({ configuration }) => configuration.functionName),
    names.slice(50, 52),
  );
  const third = registry.list({ marker: second.nextMarker ?? '', maxItems: 10_000 });
  t.deepEqual(
    third.functions.map(({ configuration }) => configuration.functionName),
    names.slice(52),
  );
  t.false('nextMarker' in third);
  await refused(
    t,
    () => registry.list({ maxItems: 0 }),
    'ValidationException',
    "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
  );
  await refused(t, () => registry.list({ marker: '!' }), 'InvalidParameterValueException', 'Invalid marker: !');
  await Promise.all(names.map((name) => registry.settled(name)));
});

test('the code can be had back as a zip', async (t) => {
  const { registry } = await open(t);
  await registry.create({ functionName: 'f', code: { source, sourceFile: 'src/main.ts' } });
  t.is(registry.get(f).configuration.handler, 'src/main.handler');
  const zip = await registry.codeZip(f);
  const files: string[] = [];
  for await (const { path, content } of zipEntries(zip)) {
    for await (const chunk of content) files.push(`${path} ${Buffer.from(chunk)}`);
  }
  t.deepEqual(files, [`src/main.ts ${source}`]);
  await registry.settled('f');
  await registry.updateCode({ functionName: 'f', code: { zipFile: zip } });
  t.deepEqual(Buffer.from(await registry.codeZip(f)), Buffer.from(zip), 'the uploaded bytes');
  t.is(registry.get(f).codeBytes, zip.byteLength);
  await registry.settled('f');
});

test('functions come back after a restart, without being bundled again', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const store = new MemoryStore();
  const first = await deployed(t, { store, dataDirectory });
  const before = first.registry.get(f);
  const bundle = bundleText(first.registry);
  await first.registry.close();
  const { registry } = await open(t, { store, dataDirectory });
  t.deepEqual(registry.get(f), before);
  t.is(bundleText(registry), bundle);
});

test('a function whose bundle is gone is bundled again', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const store = new MemoryStore();
  const first = await deployed(t, { store, dataDirectory });
  await first.registry.close();
  const [folder = ''] = readdirSync(join(dataDirectory, 'code'));
  rmSync(join(dataDirectory, 'code', folder, 'bundles'), { recursive: true });
  const { registry } = await open(t, { store, dataDirectory });
  t.is((await registry.settled('f')).state, 'Active');
  t.regex(bundleText(registry), /^\(function/);
});

test('a function whose code is gone says so and can be given code again', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const store = new MemoryStore();
  const first = await deployed(t, { store, dataDirectory });
  await first.registry.close();
  rmSync(join(dataDirectory, 'code'), { recursive: true });
  const { registry } = await open(t, { store, dataDirectory });
  t.like(registry.get(f), {
    state: 'Failed',
    stateReason: 'The code of the function is missing from the data directory.',
    stateReasonCode: 'InternalError',
  });
  await refused(
    t,
    () => registry.resolve(f),
    'ResourceConflictException',
    'The operation cannot be performed at this time. The function is currently in the following state: Failed',
  );
  await registry.updateCode({ functionName: 'f', code: { source } });
  t.is((await registry.settled('f')).state, 'Active');
});

test('code that nothing refers to is removed, later and at the start', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const code = () => readdirSync(join(dataDirectory, 'code'));
  const store = new MemoryStore();
  const { registry, clock } = await deployed(t, { store, dataDirectory });
  const [old] = code();
  await registry.updateCode({ functionName: 'f', code: { source: 'exports.handler = 2' } });
  await registry.settled('f');
  t.is(code().length, 2, 'an invocation may still need the old one');
  clock.advance(limits.codeRemovalDelayMs);
  await registry.close();
  t.is(code().length, 1);
  t.not(code()[0], old);
  store.remove('f');
  const second = await open(t, { store, dataDirectory });
  t.deepEqual(code(), []);
  await second.registry.close();
});

test('without a data directory nothing is left on disk', async (t) => {
  const { registry } = await deployed(t);
  const { packPath } = resolved(registry).code.pack;
  t.true(existsSync(packPath));
  await registry.close();
  t.false(existsSync(packPath));
  await refused(
    t,
    () => registry.create({ functionName: 'g', code: { source } }),
    'EngineClosed',
    'The engine is closed.',
  );
});

test('a store that cannot save refuses the creation', async (t) => {
  class FullStore extends MemoryStore {
    override save(): void {
      throw new EngineError('ServiceException', 'the disk is full');
    }
  }
  const { registry } = await open(t, { store: new FullStore() });
  await refused(
    t,
    () => registry.create({ functionName: 'f', code: { source } }),
    'ServiceException',
    'the disk is full',
  );
  await refused(t, () => registry.get(f), 'ResourceNotFoundException');
});

test('limits of a function’s own are kept, make another version key, and are at most the engine’s', async (t) => {
  const { registry, store } = await deployed(t, { guestLimits: { timers: 20 } });
  const before = resolved(registry).code.versionKey;
  await registry.updateConfiguration({ functionName: 'f', limits: { timers: 10 } });
  await registry.settled('f');
  t.not(resolved(registry).code.versionKey, before);
  t.deepEqual(resolved(registry).configuration.limits, { timers: 10 });
  const code = 'InvalidParameterValueException';
  await refused(t, () => registry.updateConfiguration({ functionName: 'f', limits: { timers: 21 } }), code);
  await refused(t, () => registry.create({ functionName: 'g', code: { source }, limits: { timers: 21 } }), code);
  await refused(t, () => registry.get(parseFunctionReference('g')), 'ResourceNotFoundException');
  t.deepEqual(store.load()[0]?.record.configuration.limits, { timers: 10 });
});

test('what a function may reach is kept and makes another version key; values of headers are not kept', async (t) => {
  const { registry, store } = await deployed(t);
  const version = () => resolved(registry);
  const update = async (network: NetworkSettings) => {
    const before = version().code.versionKey;
    await registry.updateConfiguration({ functionName: 'f', network });
    await registry.settled('f');
    t.not(version().code.versionKey, before);
  };
  await update({ allow: ['a.test:443'] });
  t.is(version().networkCredentials, undefined);

  const credential = { host: 'a.test:443', headers: { Authorization: 'one' } };
  const value = () => version().networkCredentials?.of('a.test:443')?.headers.get('authorization');
  await update({ allow: [credential] });
  t.is(value(), 'one');
  await update({ allow: [{ ...credential, headers: { Authorization: 'two-s3cr3t' } }] });
  t.is(value(), 'two-s3cr3t');

  await registry.updateConfiguration({ functionName: 'f', timeout: 9 });
  await registry.settled('f');
  t.is(value(), 'two-s3cr3t', 'other settings leave it alone');
  const kept = { allow: [{ host: 'a.test:443', tls: true, headerNames: ['authorization'] }] };
  t.deepEqual(registry.get(f).configuration.network, kept);
  t.false(JSON.stringify([store.load(), registry.list({}), version()]).includes('s3cr3t'));
  await update({ allow: [] });
  t.is(version().networkCredentials, undefined);
});
