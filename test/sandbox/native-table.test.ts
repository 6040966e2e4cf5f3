/** Guests that compile Node's library themselves, from the table of the native module, and guests without one. */
import test, { type ExecutionContext } from 'ava';
import type { GuestSettings } from '../../src/bridge/contract.ts';
import type { SandboxCalls } from '../../src/sandbox/door.ts';
import { type Guest, openGuest } from '../../src/sandbox/guest.ts';
import { loadLibrary } from '../../src/sandbox/native-table.ts';
import { loadRuntimeImage, type RuntimeImage } from '../../src/sandbox/runtime-image.ts';
import { testRuntime } from '../runtimes/harness.ts';

const settings: GuestSettings = {
  programmingModel: 'promise',
  runtime: 'nodejs24.x',
  handler: 'index.handler',
  functionName: 'f',
  functionVersion: '$LATEST',
  memorySize: 128,
  logGroupName: 'g',
  logStreamName: 's',
  logFormat: 'Text',
  logLevel: 'TRACE',
  environment: {},
  initializationType: 'on-demand',
  entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  clockOriginEpochMs: 0,
};

const bundle = `(function (exports, require) { require('http'); require('zlib'); exports.handler = async () => {}; })`;

function open(t: ExecutionContext, image: RuntimeImage): Guest {
  const host: SandboxCalls = {
    log: () => {},
    settle: () => {},
    wake: () => {},
    exit: () => {},
    uncounted: () => {},
    limit: () => {},
    hrtime: () => 1,
    random: (byteCount) => new ArrayBuffer(byteCount),
    mapPosition: () => '',
    domainToAscii: (domain) => domain,
    memoryUsage: () => [0, 0, 0, 0, 0],
    cpuTime: () => 0,
    fs: () => 0,
    ask: () => undefined,
    start: () => {},
  };
  const guest = openGuest(image, settings, host, 128, (message) => t.fail(message));
  t.teardown(() => guest.dispose());
  return guest;
}

test('what a guest requires on the pool it compiles itself, and no source is copied for it', async (t) => {
  const { directory } = await testRuntime('snapshot', 'needed');
  const image = loadRuntimeImage(directory);
  const guest = open(t, image);
  const before = guest.memory().externalBytes;
  const outcome = await guest.call('init', [guest.load(bundle)], { timeoutMs: 10_000, lane: 'pool' });
  t.is(outcome.kind, 'state');
  t.deepEqual([...guest.askedOnPool], []);
  const sourceChars = image
    .scriptsOf(['http', 'zlib'], [])
    .reduce((sum, id) => sum + (image.builtinText(id)?.source.length ?? 0), 0);
  t.true(sourceChars > 1_000_000);
  t.true(guest.memory().externalBytes - before < sourceChars / 4);
});

test('without the native module it is given the text', async (t) => {
  const { directory } = await testRuntime('snapshot', 'off');
  const guest = open(t, loadRuntimeImage(directory));
  const outcome = await guest.call('init', [guest.load(bundle)], { timeoutMs: 20_000, lane: 'pool' });
  t.is(outcome.kind, 'state');
  t.true(guest.askedOnPool.has('http'));
});

test('its garbage is collected when it is asked to be tidy', async (t) => {
  const { directory } = await testRuntime('snapshot', 'needed');
  const guest = open(t, loadRuntimeImage(directory));
  await guest.call('init', [guest.load(bundle)], { timeoutMs: 10_000, lane: 'pool' });
  const before = guest.memory().heapTotalBytes;
  await guest.tidy();
  t.true(guest.memory().heapTotalBytes < before * 0.85);
  guest.dispose();
  await t.notThrowsAsync(guest.tidy());
});

test('an entry that lies outside of the bytes is refused', async (t) => {
  const { directory } = await testRuntime('snapshot', 'needed');
  const place = { sourceOffset: 0, sourceBytes: 9, cacheOffset: 0, cacheBytes: 0 };
  const entry = { kind: 'script' as const, ids: ['one'], filename: 'one', ...place };
  t.throws(() => loadLibrary(`${directory}/guest.node`, [entry], new Uint8Array(8)), {
    instanceOf: RangeError,
    message: 'one ends behind the 8 bytes of the library',
  });
});

test('a rejection that nobody handled is known after its slice, whatever was collected meanwhile', async (t) => {
  const { directory } = await testRuntime('snapshot', 'needed');
  const image = loadRuntimeImage(directory);
  const outcomeOf = (body: string) => {
    const guest = open(t, image);
    const garbage = 'for (let i = 0; i < 400_000; i++) globalThis.last = [i, {}];';
    return guest.call(
      'init',
      [guest.load(`(function (exports) { ${body} ${garbage} exports.handler = async () => {}; })`)],
      {
        timeoutMs: 10_000,
        lane: 'main',
      },
    );
  };
  t.is(outcomeOf(`Promise.reject(new Error('lost'));`).kind, 'rejections');
  t.is(outcomeOf(`const late = Promise.reject(new Error('kept')); late.catch(() => {});`).kind, 'state');
});
