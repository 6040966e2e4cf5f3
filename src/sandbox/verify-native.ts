/**
 * A program: loads the native module into a throw-away isolate and asks each of its functions something that has one answer.
 * Exits with 0 when all are right. It runs before the module is used for the first time: one that was compiled for another V8
 * may end the process that loads it.
 *
 *     node verify-native.ts <module>
 */
import { Isolate, NativeModule } from './ivm.ts';
import { loadLibrary } from './native-table.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: verify-native.ts <module>');

const program = `
  const wrong = [];
  const expect = (name, actual, expected) => { if (JSON.stringify(actual) !== JSON.stringify(expected)) wrong.push(name); };
  const target = {}, handler = {}, bytes = new Uint8Array(8), iterator = new Map([[1, 2]]).entries();
  expect('isProxy', [native.isProxy(new Proxy({}, {})), native.isProxy({})], [true, false]);
  expect('getProxyDetails', native.getProxyDetails(new Proxy(target, handler)).map((part) => [target, handler].includes(part)), [true, true]);
  expect('getPromiseDetails', [native.getPromiseDetails(new Promise(() => {})), native.getPromiseDetails(Promise.resolve(5))], [[0], [1, 5]]);
  expect('previewEntries', native.previewEntries(iterator), [[1, 2], true]);
  expect('writeUtf8', [native.writeUtf8('h\\u00e9\\ud800', bytes, 1), [...bytes]], [6, [0, 104, 195, 169, 239, 191, 189, 0]]);
  expect('utf8Length', native.utf8Length('h\\u00e9'), 3);
  expect('decodeUtf8', native.decodeUtf8(bytes, 1, 4), 'h\\u00e9');
  expect('decodeLatin1', native.decodeLatin1(bytes, 1, 3), 'h\\u00c3');
  // Before that script is known to V8, which then asks for no code cache.
  expect('runCore', [native.runCore(table), native.runCore(table + 100)], [false, undefined]);
  expect('builtin', [native.builtin(table, 'one').one(), native.builtin(table, 'two').two(), native.builtin(table, 'three')], [1, 2, undefined]);
  expect('collectGarbage', native.collectGarbage(), undefined);
  if (!(native.stopNumber > 0)) wrong.push('stopNumber');
  let hooked = 0;
  native.setPromiseHooks(() => { hooked += 1; });
  new Promise(() => {});
  native.setPromiseHooks();
  expect('setPromiseHooks', hooked, 1);
  native.setImporter((specifier) => Promise.resolve(specifier));
  globalThis.imported = [];
  import('some-name').then((name) => imported.push(name));
  native.setContext('outer');
  Promise.resolve().then(() => imported.push(native.getContext()));
  native.setContext(undefined);
  globalThis.stopNumber = native.stopNumber;
  globalThis.later = () => { expect('setImporter, setContext', imported, ['some-name', 'outer']); return wrong.join(); };
`;

const script = Buffer.from('({ one() { return 1; }, two() { return 2; } })');
const place = { sourceOffset: 0, sourceBytes: script.byteLength, cacheOffset: 0, cacheBytes: 0 };
const { table, terminate, trimHeap } = loadLibrary(
  path,
  [{ kind: 'script', ids: ['one', 'two'], filename: 'script', ...place }],
  script,
);

const isolate = new Isolate({ memoryLimit: 64 });
const context = isolate.createContextSync();
context.evalClosureSync(`const native = $0, table = $1; ${program}`, [
  new NativeModule(path).createSync(context).derefInto({ release: true }),
  table,
]);
const wrong: unknown = context.evalSync('later()');
const stopNumber: unknown = context.evalSync('stopNumber');
if (typeof stopNumber !== 'number') throw new Error('the native module gives no number to stop a guest with');
// Nothing runs: what it ends is the next call.
terminate(stopNumber + 1);
context.evalSync('1');
isolate.dispose();
trimHeap();
if (wrong !== '') throw new Error(`the native module answers wrongly: ${String(wrong)}`);
