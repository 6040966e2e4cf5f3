/** Guest programs that look for what is not theirs. Text of CommonJS modules, run in real guests by the tests beside this file. */

/** `secret(value)` names what of the platform a value is; undefined for what a guest may see. */
const secrets = `
const { ownKeys, getOwnPropertyDescriptor: describe, defineProperty: define, apply: applyTo, construct: build } = Reflect;
const has = (value, key) => { try { return describe(value, key) !== undefined; } catch { return false; } };
const secret = (value) => {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  if (has(value, 'ReflectApply') && has(value, 'ArrayPrototypePush')) return 'primordials';
  if (has(value, 'loadBuiltin') || (has(value, 'settle') && has(value, 'wake'))) return 'host calls';
  if (has(value, 'library') && has(value, 'loop')) return 'core context';
  if (has(value, 'createUserRequire')) return 'core';
  let name; try { name = describe(value, 'name')?.value; } catch { return undefined; }
  return typeof value === 'function' && typeof name === 'string' && /internalBinding|loadBuiltin/.test(name) ? name : undefined;
};`;

/** Follows each property of each object from the globals, the modules and one instance of nearly each class. */
export const crawler = `${secrets}
process.on('unhandledRejection', () => {}); process.on('uncaughtException', () => {});
exports.handler = async (event, context) => {
  const paths = new Map(), queue = [], found = [];
  const visit = (value, path) => {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function') || paths.has(value)) return;
    paths.set(value, path); queue.push(value);
    const what = secret(value); if (what !== undefined) found.push(what + ' at ' + path);
  };
  const [net, tls, http, fs, zlib, crypto, v8, vm, dns, hooks, stream, readline] = ['net', 'tls', 'http', 'fs', 'zlib', 'crypto', 'v8', 'vm', 'dns', 'async_hooks', 'stream', 'readline'].map((name) => require(name));
  const thrown = (work) => { try { work(); } catch (error) { return error; } };
  const instances = { context, arguments, socket: new net.Socket(), server: net.createServer(), agent: new http.Agent(), reading: fs.createReadStream('/tmp/none'), gzip: zlib.createGzip(), brotli: zlib.createBrotliCompress(),
    hash: crypto.createHash('sha256'), hmac: crypto.createHmac('sha256', 'key'), cipher: crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)), keys: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    channel: new MessageChannel(), broadcast: new BroadcastChannel('x'), blob: new Blob(['a']), abort: new AbortController(), web: new ReadableStream(), decoder: new TextDecoder(), url: new URL('http://a/b'), timer: setTimeout(() => {}, 1), immediate: setImmediate(() => {}),
    missing: thrown(() => fs.readFileSync('/none')), mistaken: thrown(() => crypto.createPrivateKey('none')), refused: thrown(() => process.binding('fs')), unknown: thrown(() => require('none')), resolver: new dns.Resolver(), storage: new hooks.AsyncLocalStorage(), resource: new hooks.AsyncResource('x'),
    histogram: require('perf_hooks').createHistogram(), serializer: new v8.Serializer(), deserializer: new v8.Deserializer(Buffer.alloc(4)), stdin: process.stdin, stdout: process.stdout, script: new vm.Script('1'), secure: tls.createSecureContext(), lines: readline.createInterface({ input: process.stdin }),
    blocks: new net.BlockList(), address: new net.SocketAddress(), pattern: new URLPattern({}), pass: new stream.PassThrough(), request: http.request({ host: '127.0.0.1', port: 9 }).on('error', () => {}), handle: await fs.promises.open('/tmp/file', 'w').catch((error) => error), fetched: await fetch('http://127.0.0.1:1/').catch((error) => error), handles: process._getActiveHandles() };
  visit(globalThis, 'globalThis'); visit(require, 'require'); visit(module, 'module');
  for (const name of require('module').builtinModules) visit(require(name), name);
  for (const name of ownKeys(instances)) visit(instances[name], name);
  for (let value = queue.shift(); value !== undefined; value = queue.shift()) {
    const path = paths.get(value); if (path.length > 300) continue;
    visit(Reflect.getPrototypeOf(value), path + '.__proto__');
    for (const key of ownKeys(value)) {
      if (ArrayBuffer.isView(value) && typeof key === 'string') continue;
      const property = describe(value, key), at = path + '.' + String(key);
      if (property === undefined) continue;
      if ('value' in property) { visit(property.value, at); continue; }
      visit(property.get, at + '<get>'); visit(property.set, at + '<set>');
      try { visit(Reflect.get(value, key), at + '()'); } catch {}
    }
    if (value instanceof Map) for (const [key, item] of value) { visit(key, path + '<key>'); visit(item, path + '<item>'); }
    if (value instanceof Set) for (const item of value) visit(item, path + '<item>');
    if (value instanceof WeakRef) visit(value.deref(), path + '<ref>');
  }
  return { found, isThorough: paths.size > 5_000, left: ownKeys(globalThis).map(String).filter((name) => /isotherm|primordial|boot|host/i.test(name)) };
};`;

/** Reads the frames of every stack it can get hold of, those at the edge of the stack included. */
export const frames = `
exports.handler = async () => {
  const found = new Set();
  Error.stackTraceLimit = 100;
  Error.prepareStackTrace = (error, sites) => {
    for (const site of sites) {
      const script = site.getScriptNameOrSourceURL() ?? '';
      if (script.startsWith('isotherm:bundle')) continue;
      if (site.getFunction() !== undefined || (site.getThis() ?? globalThis) !== globalThis) found.add(script + ' ' + site.getFunctionName());
    }
    return '';
  };
  const callers = new Set();
  const sloppy = function sloppy() { new Error('').stack; const { caller } = sloppy; if (caller && !/sloppy|work/.test(String(caller))) callers.add(String(caller).slice(0, 80)); };
  const works = [
    () => process.hrtime(), () => console.log('%s', { toString: sloppy }), () => require('fs').readFileSync('/none'), () => require('crypto').randomBytes(3), () => process.memoryUsage(), () => Buffer.from('abc').toString('latin1'),
    () => new (require('events'))().on('x', sloppy).emit('x'), () => require('zlib').deflateSync('abc'), () => structuredClone({ get a() { return sloppy(); } }), () => require('none'), () => new URL({ toString: sloppy }), () => require('util').inspect({ get [Symbol.toStringTag]() { sloppy(); return 'x'; } }),
    () => queueMicrotask(sloppy), () => setTimeout(sloppy, 1), () => setImmediate(sloppy), () => process.nextTick(sloppy), () => require('vm').runInThisContext('new Error("v").stack'), () => require('v8').serialize({ get a() { return sloppy(); } }), () => new (require('stream').Readable)({ read: sloppy }).read(),
    () => new WebAssembly.Memory({ get initial() { sloppy(); return 1; } }), () => new ArrayBuffer(1, { get maxByteLength() { sloppy(); return 2; } }), () => JSON.stringify({ toJSON: sloppy }), () => require('module').createRequire({ toString: sloppy }),
  ];
  for (const work of works) { try { work(); } catch (error) { try { void error.stack; } catch {} } }
  let depth = 0; const measure = () => { depth++; measure(); }; try { measure(); } catch {}
  const down = (levels, work) => levels <= 0 ? work() : down(levels - 1, work);
  for (const work of works) for (let above = 10; above < 90; above += 9) { try { down(depth - above, work); } catch (error) { try { void error.stack; } catch {} } }
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { found: [...found], callers: [...callers] };
};`;

/**
 * Puts itself before everything built in: each method, getter and constructor looks at its receiver and arguments and, in mode
 * `throw`, then throws; numeric and telling names on Object.prototype look at whoever reads or writes them. Only while armed.
 */
export function hostile(mode: 'look' | 'throw', descriptors: 'with-descriptors' | 'without-descriptors'): string {
  const names = [
    '0',
    '1',
    '2',
    'then',
    'toJSON',
    'exports',
    'id',
    'loaded',
    'type',
    'kind',
    'code',
    'data',
    'fd',
    'path',
    'flags',
    'encoding',
    'signal',
    'next',
    'done',
    'return',
    'oncomplete',
    'context',
    'host',
    'library',
    'errno',
    'cause',
    'port',
    'errorType',
    'requestId',
    'handler',
  ];
  if (descriptors === 'with-descriptors') names.push('get', 'set', 'value');
  return `${secrets}
const leaks = new Set(); let armed = false, isLooking = false;
const look = (value, where) => {
  const what = secret(value); if (what !== undefined) { leaks.add(what + ' by ' + where); return; }
  if (typeof value !== 'object' || value === null) return;
  let keys; try { keys = ownKeys(value); } catch { return; }
  for (let at = 0; at < keys.length && at < 40; at++) { const inner = secret(describe(value, keys[at])?.value); if (inner !== undefined) leaks.add(inner + ' within what ' + where + ' sees'); }
};
const watched = (real, where) => {
  const stands = function (...args) {
    if (armed && !isLooking) {
      isLooking = true; try { look(this, where); for (let at = 0; at < args.length; at++) look(args[at], where); } finally { isLooking = false; }
      ${mode === 'throw' ? "throw new Error('hostile ' + where);" : ''}
    }
    return new.target ? build(real, args, new.target === stands ? real : new.target) : applyTo(real, this, args);
  };
  for (const key of ownKeys(real)) if (key !== 'length' && key !== 'name') { if (key === 'prototype') stands.prototype = real.prototype; else define(stands, key, describe(real, key)); }
  return stands;
};
const holders = [];
for (const name of ['Object', 'Function', 'Array', 'Number', 'Boolean', 'String', 'Symbol', 'Date', 'Promise', 'RegExp', 'Error', 'TypeError', 'RangeError', 'SyntaxError', 'JSON', 'Math', 'Intl', 'ArrayBuffer', 'Atomics', 'Uint8Array', 'Uint32Array', 'Float64Array', 'Int32Array', 'BigInt64Array', 'DataView', 'Map', 'BigInt', 'Set', 'Iterator', 'WeakMap', 'WeakSet', 'Reflect', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'WebAssembly', 'Proxy', 'Temporal']) {
  const holder = globalThis[name]; holders.push([holder, name]); if (holder.prototype !== undefined) holders.push([holder.prototype, name + '.prototype']);
}
for (const [value, name] of [[[].values(), 'ArrayIterator'], [new Map().keys(), 'MapIterator'], [new Set().keys(), 'SetIterator'], [''[Symbol.iterator](), 'StringIterator'], [Uint8Array, 'TypedArray'], [Uint8Array.prototype, 'TypedArray.prototype'], [(async () => {}), 'AsyncFunction']]) holders.push([Object.getPrototypeOf(value), name]);
for (const [holder, name] of holders) for (const key of ownKeys(holder)) {
  const property = describe(holder, key);
  if (!property.configurable || key === 'prototype' || key === 'constructor' || key === '__proto__' || key === 'prepareStackTrace') continue;
  if (typeof property.value === 'function') define(holder, key, { ...property, value: watched(property.value, name + '.' + String(key)) });
  else if (property.get !== undefined) define(holder, key, { ...property, get: watched(property.get, name + '.' + String(key)) });
}
for (const name of ['Promise', 'Map', 'Set', 'WeakMap', 'Date', 'RegExp', 'Uint8Array', 'Error', 'TypeError', 'String', 'Number', 'Symbol', 'Array', 'Object', 'parseInt', 'encodeURIComponent', 'eval', 'BigInt', 'DataView']) define(globalThis, name, { ...describe(globalThis, name), value: watched(globalThis[name], name) });
for (const key of ${JSON.stringify(names)}) define(Object.prototype, key, {
  __proto__: null, configurable: true,
  get() { if (armed && !isLooking) { isLooking = true; try { look(this, 'get ' + key); } finally { isLooking = false; } } return undefined; },
  set(value) { if (armed && !isLooking) { isLooking = true; try { look(this, 'set ' + key); look(value, 'set ' + key); } finally { isLooking = false; } } define(this, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true }); },
});`;
}
