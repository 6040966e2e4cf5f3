/**
 * Programs over the modules that Node answers from V8 and libuv themselves (ports, serialisation, scripts, locks, histograms):
 * here JavaScript answers, so each program must give what Node gives. Bodies of `async (require) => …`.
 */
export const machinePrograms: Readonly<Record<string, string>> = {
  'message ports: order, close, references': `
    const { receiveMessageOnPort } = require('worker_threads'); const { port1, port2 } = new MessageChannel(); const out = [];
    port1.postMessage({ a: [1, new Map([[1, 2]])] }); port1.postMessage('second');
    out.push(receiveMessageOnPort(port2).message.a[1].get(1), receiveMessageOnPort(port2), receiveMessageOnPort(port2));
    port2.on('message', (m) => { out.push(m); Promise.resolve().then(() => out.push('micro ' + m)); process.nextTick(() => out.push('tick ' + m)); });
    port1.postMessage(1); port1.postMessage(2); out.push(port2.hasRef(), port1.hasRef());
    const closed = new Promise((resolve) => port2.on('close', resolve));
    port1.postMessage('last'); port1.close(() => out.push('closed first')); out.push(port1.postMessage('lost')); await closed; out.push('closed second', port2.hasRef());
    port2.postMessage('nobody'); return out;`,
  'message ports: what cannot be sent': `
    const { MessagePort, markAsUntransferable, isMarkedAsUntransferable, markAsUncloneable, moveMessagePortToContext, receiveMessageOnPort } = require('worker_threads');
    const { port1, port2 } = new MessageChannel(); const out = []; const failing = (f) => { try { f(); out.push('none'); } catch (e) { out.push([e.name, e.code, e.message]); } };
    failing(() => port1.postMessage(1, [port1])); failing(() => port1.postMessage(new MessageChannel().port1)); failing(() => { const p = new MessageChannel().port1; port1.postMessage(p, [p, p]); });
    failing(() => { const b = new ArrayBuffer(1); port1.postMessage(b, [b, b]); }); failing(() => { const p = new MessageChannel().port1; port1.postMessage(p, [p]); port1.postMessage(p, [p]); });
    failing(() => { const b = new ArrayBuffer(1); port1.postMessage(b, [b]); port1.postMessage(b, [b]); }); failing(() => port1.postMessage(1, [1])); failing(() => port1.postMessage(1, [{}])); failing(() => port1.postMessage(1, [new Blob([])]));
    failing(() => port1.postMessage(1, 5)); failing(() => port1.postMessage(1, { transfer: 5 })); failing(() => port1.postMessage()); failing(() => { const b = new ArrayBuffer(1); markAsUntransferable(b); out.push(isMarkedAsUntransferable(b)); port1.postMessage(b, [b]); });
    failing(() => { const o = {}; markAsUncloneable(o); port1.postMessage(o); }); failing(() => new MessagePort()); failing(() => MessageChannel()); failing(() => receiveMessageOnPort({})); failing(() => moveMessagePortToContext(port1, {})); failing(() => port1.postMessage(() => 1));
    const kept = new ArrayBuffer(3); failing(() => port1.postMessage([kept, () => 1], [kept])); out.push(kept.byteLength); failing(() => structuredClone(new ReadableStream())); return out;`,
  'message ports: a port travels and goes on': `
    const { receiveMessageOnPort } = require('worker_threads'); const { port1, port2 } = new MessageChannel(); const inner = new MessageChannel(); const out = [];
    inner.port2.postMessage('before'); port1.postMessage({ deep: [inner.port1] }, [inner.port1]); inner.port2.postMessage('meanwhile');
    const { message } = receiveMessageOnPort(port2); const moved = message.deep[0]; out.push(moved instanceof MessagePort, moved !== inner.port1);
    out.push(receiveMessageOnPort(moved), receiveMessageOnPort(moved), receiveMessageOnPort(moved)); moved.postMessage('back'); out.push(receiveMessageOnPort(inner.port2));
    moved.close(); return out;`,
  'structuredClone transfers buffers, ports and streams': `
    const out = []; const b = new Uint8Array([1, 2, 3]); const c = structuredClone({ b, same: b.buffer }, { transfer: [b.buffer] }); out.push(b.length, [...c.b], c.b.buffer === c.same);
    const { port1, port2 } = new MessageChannel(); const p = structuredClone(port1, { transfer: [port1] }); out.push(p instanceof MessagePort); port2.close();
    const w = structuredClone(new Blob(['xy'])); out.push(await w.text()); const e = structuredClone(new RangeError('r', { cause: new Map([[1, 1]]) })); out.push(e instanceof RangeError, e.message, e.cause.get(1));
    try { structuredClone(b.buffer); } catch (error) { out.push([error.name, error.message]); } try { structuredClone(1, { transfer: [1] }); } catch (error) { out.push([error.name, error.message]); }
    out.push(structuredClone(1, { transfer: new Set() })); return out;`,
  'broadcast channels hear each other by name': `
    const { receiveMessageOnPort } = require('worker_threads'); const a = new BroadcastChannel('n'), b = new BroadcastChannel('n'), other = new BroadcastChannel('m'), c = new BroadcastChannel('n'); const out = [];
    a.postMessage({ x: 1 }); out.push(receiveMessageOnPort(b), receiveMessageOnPort(c), receiveMessageOnPort(other), receiveMessageOnPort(a)); out.push(a.name);
    for (const channel of [a, b, c, other]) channel.close(); try { a.postMessage(1); } catch (e) { out.push([e.name, e.message]); } return out;`,
  'v8.serialize writes V8 bytes': `
    const v8 = require('v8'); const shared = { s: 1 }; const circular = {}; circular.self = circular;
    const values = [1, -1, 0, -0, 1.5, 2 ** 31, 2 ** 30, -(2 ** 30), NaN, 'x', '', 'é', '€uro', 'a€', 1n, 0n, -(2n ** 70n), true, false, null, undefined, new Date(5), /a+/gimsuy, new Map([[1, { a: 1 }], ['k', []]]), new Set([1, 'x']), [1, 2, 3], [1, , 3], Object.assign([1, 2], { foo: 1 }), { a: 1, 5: 'five', 'ü': [shared, shared] }, circular,
      new Number(4), new String('s'), new Boolean(true), new Boolean(false), Object(5n), new ArrayBuffer(3), new Uint8Array([1, 2]), new Float64Array([1.5]), new DataView(new ArrayBuffer(2)), Buffer.from('abc'), new BigInt64Array([5n])];
    return values.map((value) => v8.serialize(value).toString('hex'));`,
  'v8.deserialize reads V8 bytes': `
    const v8 = require('v8'); const util = require('util'); const out = [];
    const value = { a: [1, , 3.5, 'x', 'é', '€', 1n, -(2n ** 70n), null, undefined, true], d: new Date(7), r: /a/gi, m: new Map([[{ k: 1 }, new Set([1, [2]])]]), n: new Number(4), s: new String('s'), b: Object(false), f: new Float32Array([1, 2]), u: Buffer.from('abc'), ab: new ArrayBuffer(2), e: new TypeError('t', { cause: 1 }) };
    value.self = value; value.again = value.m; const copy = v8.deserialize(v8.serialize(value)); out.push(util.inspect({ ...copy, self: copy.self === copy, again: copy.again === copy.m, e: 0 }, { depth: 9 }), copy.e instanceof TypeError, copy.e.message, copy.e.cause, copy.e.stack === value.e.stack);
    for (const hex of ['', 'ff', 'ff0f', 'ff10', 'ff0f99', 'ff0f22ff', 'ff0f61ffffffff0f', 'ff0f41ffffffff0f', 'ff0f5e05', 'ff0f42ff01', 'ff0f5a20', 'ff0f6f22', 'ff0f560000']) try { out.push(v8.deserialize(Buffer.from(hex, 'hex'))); } catch (e) { out.push([hex, e.name, e.message]); }
    try { v8.deserialize('x'); } catch (e) { out.push([e.code, e.message]); } try { v8.serialize({ f() {} }); } catch (e) { out.push(e.message); } try { v8.serialize(Symbol('q')); } catch (e) { out.push(e.message); } try { v8.serialize(new WeakMap()); } catch (e) { out.push(e.message); }
    const s = new v8.Serializer(); s.writeHeader(); s.writeUint32(300); s.writeUint64(1, 2); s.writeDouble(1.25); s.writeRawBytes(Buffer.from('raw')); const bytes = s.releaseBuffer(); const d = new v8.Deserializer(bytes); out.push(bytes.toString('hex'), d.readHeader(), d.getWireFormatVersion(), d.readUint32(), d.readUint64(), d.readDouble(), d.readRawBytes(3).toString());
    try { d.readDouble(); } catch (e) { out.push(e.message); } return out;`,
  'v8 knows its heap': `
    const v8 = require('v8'); const heap = v8.getHeapStatistics(); const out = [Object.keys(heap), heap.used_heap_size > 0, heap.total_heap_size >= heap.used_heap_size, heap.heap_size_limit > heap.total_heap_size];
    out.push(v8.getHeapSpaceStatistics().map((space) => space.space_name), Object.keys(v8.getHeapCodeStatistics()), typeof v8.cachedDataVersionTag(), v8.isStringOneByteRepresentation('é'), v8.isStringOneByteRepresentation('€'), v8.startupSnapshot.isBuildingSnapshot()); try { v8.setFlagsFromString(1); } catch (e) { out.push(e.message); } return out;`,
  'vm runs scripts in this realm': `
    const vm = require('vm'); const out = [vm.runInThisContext('1 + 1'), new vm.Script('typeof setTimeout').runInThisContext(), vm.runInThisContext('this === globalThis'), vm.isContext({}), vm.compileFunction('return a + b', ['a', 'b'])(1, 2), vm.compileFunction('return arguments.length')(1, 2, 3)];
    vm.runInThisContext('var fromScript = 5; function fn() { return fromScript; }'); out.push(globalThis.fn(), globalThis.fromScript); let ran = false; globalThis.mark = () => { ran = true; }; const script = new vm.Script('mark()'); out.push(ran); script.runInThisContext(); out.push(ran);
    for (const f of [() => new vm.Script('1 +'), () => vm.runInThisContext(5, 5), () => vm.isContext(1), () => vm.compileFunction(1)]) try { f(); out.push('none'); } catch (e) { out.push([e.name, e.code, e.message]); }
    try { vm.runInThisContext('\\n\\nthrow new Error("placed")', { filename: '/srv/x.js' }); } catch (e) { out.push(e.stack.includes('/srv/x.js:3')); } try { vm.runInThisContext('throw new Error("offset")', { filename: '/srv/y.js', lineOffset: 10 }); } catch (e) { out.push(e.stack.split('\\n').find((l) => l.includes('y.js'))?.match(/y.js:\\d+/)[0]); } return out;`,
  'locks are granted in order': `
    const { locks } = require('worker_threads'); const out = []; const id = Math.random(); const wait = (ms) => new Promise((r) => setTimeout(r, ms));
    const first = locks.request('a' + id, async (lock) => { out.push([lock.name === 'a' + id, lock.mode]); await wait(5); out.push('first done'); return 1; }); const second = locks.request('a' + id, () => { out.push('second'); return 2; });
    out.push(await locks.request('a' + id, { ifAvailable: true }, (lock) => lock)); const state = await locks.query(); out.push(state.held.some((l) => l.name === 'a' + id), state.pending.some((l) => l.name === 'a' + id)); out.push(await first, await second);
    const shared = [locks.request('s' + id, { mode: 'shared' }, async () => { out.push('s1'); await wait(2); out.push('s1 end'); }), locks.request('s' + id, { mode: 'shared' }, () => out.push('s2'))]; await Promise.all(shared);
    await locks.request('f' + id, () => { throw new RangeError('in lock'); }).catch((e) => out.push(e.message)); return out;`,
  'perf_hooks: histograms, timerify, observers': `
    const { createHistogram, performance, PerformanceObserver, monitorEventLoopDelay, constants } = require('perf_hooks'); const out = []; const round = (v) => (typeof v === 'number' ? +v.toPrecision(9) : v); const shown = (h) => JSON.stringify(h, (_, v) => round(v));
    const h = createHistogram(); out.push(shown(h)); for (const v of [1, 2, 2, 3, 50, 50000, 123456]) h.record(v); out.push(shown(h), h.percentile(50), h.percentile(99), round(h.cdf(50)), h.countAt(2), [...h.linearBuckets(50000)], [...h.logBuckets(10, 10)], [...h.percentilesAt([50, 90, 100])], String(h.countBigInt), String(h.maxBigInt));
    const other = createHistogram(); for (const v of [3, 3, 4]) other.record(v); h.add(other); out.push(shown(h)); h.subtract(other); out.push(h.count); h.recordCorrected(100, 10); out.push(h.count); h.reset(); out.push(h.count); const small = createHistogram({ lowest: 1, highest: 1000000, figures: 1 }); for (const v of [1, 100, 1001, 65535, 5000000]) small.record(v); out.push(shown(small));
    try { h.record(0); } catch (e) { out.push(e.code); } const timed = performance.timerify(function add(a, b) { return a + b; }); const seen = []; const o = new PerformanceObserver((list) => { for (const e of list.getEntries()) seen.push([e.entryType, e.name]); }); o.observe({ entryTypes: ['function', 'mark', 'measure'] });
    out.push(timed(1, 2), timed.name, timed.length); performance.mark('a'); performance.measure('b', 'a'); await new Promise((r) => setTimeout(r, 5)); o.disconnect(); out.push(seen); const u = performance.eventLoopUtilization(); out.push(Object.keys(u), u.active > 0, u.utilization <= 1);
    const d = monitorEventLoopDelay({ resolution: 1 }); out.push(d.enable(), d.enable()); await new Promise((r) => setTimeout(r, 20)); out.push(d.disable(), d.count > 2, d.max > 0, Object.keys(performance.toJSON()).sort(), Object.keys(performance.nodeTiming.toJSON()).sort(), performance.now() < performance.now() + 1, constants.NODE_PERFORMANCE_GC_MAJOR); return out;`,
  'readline over streams': `
    const readline = require('readline'); const { Readable, Writable } = require('stream'); const out = []; for await (const line of readline.createInterface({ input: Readable.from(['a\\nb', 'c\\r\\nlast']), crlfDelay: Infinity })) out.push(line);
    const { createInterface } = require('readline/promises'); let written = ''; const output = new Writable({ write(chunk, _, done) { written += chunk; done(); } }); const input = new Readable({ read() {} }); const rl = createInterface({ input, output }); const answer = rl.question('name? '); input.push('Ada\\n'); out.push(await answer, written); rl.close();
    try { await rl.question('again?'); } catch (e) { out.push(e.code); } readline.clearLine(output, 0); readline.cursorTo(output, 1, 2); out.push(JSON.stringify(written)); const events = []; const r = readline.createInterface({ input: Readable.from(['x\\n']) }); r.on('line', (l) => events.push(l)); await new Promise((resolve) => r.on('close', resolve)); out.push(events, r.terminal); return out;`,
  'navigator and worker_threads in the one thread': `
    const w = require('worker_threads'); const out = [w.isMainThread, w.threadId, w.parentPort, w.workerData, Object.keys(w).sort()]; w.setEnvironmentData('k', { v: 1 }); out.push(w.getEnvironmentData('k').v);
    out.push(navigator.userAgent, navigator.language, navigator.platform, Object.prototype.toString.call(navigator), typeof navigator.locks.request); try { new Navigator(); } catch (e) { out.push([e.code, e.message]); } return out;`,
  'process: rarer methods': `
    const out = []; const later = setTimeout(() => {}, 1000); out.push(process.getActiveResourcesInfo().includes('Timeout')); clearTimeout(later);
    out.push(process.hasUncaughtExceptionCaptureCallback(), Object.keys(process.resourceUsage()), Object.keys(process.report).sort(), Object.keys(process.finalization).sort());
    for (const f of [() => process.setUncaughtExceptionCaptureCallback(1), () => process.loadEnvFile('/nowhere/.env'), () => process.loadEnvFile(5)]) try { f(); out.push('none'); } catch (e) { out.push([e.name, e.code, e.message]); }
    const caught = await new Promise((resolve) => { process.setUncaughtExceptionCaptureCallback(resolve); setTimeout(() => { throw new RangeError('captured'); }, 1); }); out.push(caught.message, process.hasUncaughtExceptionCaptureCallback());
    try { process.setUncaughtExceptionCaptureCallback(() => {}); } catch (e) { out.push(e.code); } process.setUncaughtExceptionCaptureCallback(null); out.push(process.hasUncaughtExceptionCaptureCallback());
    const t = setTimeout(() => {}, 5); process.unref(t); out.push(t.hasRef()); process.ref(t); out.push(t.hasRef()); clearTimeout(t); return out;`,
  'URLPattern: what patterns are': `
    const out = []; const shown = (p) => ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash', 'hasRegExpGroups'].map((name) => p[name]); const made = (...args) => { try { out.push(shown(new URLPattern(...args))); } catch (e) { out.push([e.name, e.code, e.message]); } };
    for (const pathname of ['/a', '/:x', '/:x?', '/:x*', '/:x+', '/*', '/a/:b(\\\\d+)', '/{a}?', '/{a:b}c', '/:a-:b', '/:a:b', '/:a{-:b}?', 'a', '*', '(.*)', '/(.*)/x', '/a\\\\:b', '{/}?', '/:a.b', '/:a(.*)', '/{:a}b', '/:\\u0061', '/a b', '/ü', '/(a)(b)', '/:a/:a', '(', '/([a-)', '/{a', ':', '/**', '/*+', '{}', '{a}{b}', '/(?:a)', '/\\\\', '/a//b/../c', '/x{:y.z}*', '/:foo(bar)?', '/:foo\\\\bar', '/{:foo}(baz)', '{:a}{:b}', ':a0', '{:a}0']) made({ pathname });
    for (const text of ['https://example.com/a', 'https://*.example.com/:x?q=:y#z', 'http{s}?://:host/*', 'https://u:p@h:8443/x', ':protocol://a/b', 'data:foo*', '/x?y', 'https://[::1]/a', 'https://a:80', 'http://a:80/b', 'https://a?x', 'https://a#x', 'file:///a/:b', 'foo://bar/baz', 'https://a/b?', 'https://a/:b\\\\?c', 'about:(blank|srcdoc)', 'https://{sub.}?example.com', '', 'javascript:alert(1)', 'https://a/b{?c}', '(https|http)://a', 'https://:u@h', 'https://a:{80}?/']) { made(text); made(text, 'https://base.example/dir/file?q#h'); }
    made(); made({}); made(5); made(null); made({}, 'https://a'); made('/a', 'nope'); made({ pathname: '/A' }, { ignoreCase: true }); made({ pathname: 5 }); made({ pathname: '/a' }, 5); made({ baseURL: 'https://a/b/c?d#e', pathname: 'x' }); made({ baseURL: 'https://a/b/c?d#e', search: 'x' }); made({ baseURL: 'https://a/b/c?d#e' }); made({ protocol: 'http:', search: '?a', hash: '#b' }); made({ protocol: 'http', port: '80' }); made({ port: '80x' }); made({ port: 'x' }); made({ hostname: 'a b' }); made({ hostname: 'A.ä.de' }); made({ hostname: 'a/b' }); made({ hostname: '[::AB]' }); made({ username: 'ü', password: 'p w' }); made({ protocol: 'da ta' }); made({ protocol: 'data', pathname: 'a b' }); return out;`,
  'URLPattern: what they match': `
    const out = []; const tried = (pattern, ...input) => { try { out.push(new URLPattern(...[pattern].flat()).exec(...input)); } catch (e) { out.push([e.name, e.code, e.message]); } };
    for (const [pathname, ...paths] of [['/:x', '/a', '/', '/a/b', '/%20'], ['/:x?', '/', '', '/a'], ['/:x*', '/a/b/c', '/'], ['/:x+', '/a/b', '/'], ['/a/*', '/a/', '/a/b/c'], ['/:n(\\\\d+)/:rest*', '/12/a/b', '/x'], ['/{a-:b}?', '/a-1', '/'], ['/(.*)', '/x'], ['/Ü', '/%C3%9C']]) for (const path of paths) tried([{ pathname }], 'https://example.com' + path);
    tried('https://*.example.com/:page?q=:q#:h', 'https://a.b.example.com/index?q=1#top'); tried('https://:sub.example.com/*', 'https://x.y.example.com/'); tried('http{s}?://h/*', 'http://h/a'); tried(['/a/:b', 'https://x.example'], '/a/c', 'https://x.example'); tried(['/a/:b', 'https://x.example'], 'c', 'https://x.example/a/'); tried([{ pathname: '/A' }, { ignoreCase: true }], 'https://x/a'); tried([{ pathname: '/:x' }], { pathname: '/y' }); tried([{ pathname: '/:x' }], { pathname: 'z', baseURL: 'https://b/y/' }); tried([{ protocol: 'data' }], 'data:x,y'); tried([{ hostname: '[\\\\:\\\\:1]' }], 'http://[::1]/'); tried([{ port: '8080' }], 'http://a:8080'); tried([{}], 'nope'); tried([{}], 5); tried([{}], {}, 'https://a'); tried([{}], null); tried([{}]); tried([{ search: 'a=:v' }], 'https://x/?a=b&c'); tried([{ pathname: '/:a/:b?' }], 'https://x/y');
    const p = new URLPattern({ pathname: '/:x' }); out.push(p.test('https://a/b'), p.test('nope'), p.test(), p.test({ pathname: '/q' }), Object.prototype.toString.call(p), Object.getOwnPropertyNames(URLPattern.prototype).sort(), URLPattern === require('url').URLPattern); for (const f of [() => URLPattern(), () => p.test(5), () => p.exec('', 1), () => new URLPattern({}, '', 1), () => new URLPattern('http://a', null, {}), () => new URLPattern('http://a', {}, {}), () => p.exec('http://a', null), () => Object.getOwnPropertyDescriptor(URLPattern.prototype, 'hash').get.call({}), () => URLPattern.prototype.test.call({}, 'x')]) try { f(); out.push('none'); } catch (e) { out.push([e.name, e.code, e.message]); } out.push(URLPattern.length, new (class Own extends URLPattern {})({ pathname: '/o' }).test('https://a/o')); return out;`,
  'nothing is a terminal': `
    const tty = require('tty'); const fd = 1e6; const out = [tty.isatty(fd), tty.isatty(-1), tty.isatty('x'), typeof tty.ReadStream, tty.WriteStream.prototype.getColorDepth({ TERM: 'xterm-256color' })];
    for (const f of [() => new tty.WriteStream(fd), () => new tty.WriteStream(-1), () => tty.ReadStream(fd)]) try { f(); out.push('none'); } catch (e) { out.push([e.name, e.code, e.message]); } return out;`,
  'domain catches what its emitters throw': `
    const domain = require('domain'); const { EventEmitter } = require('events'); const d = domain.create(); const out = []; d.on('error', (e) => out.push(['caught', e.message])); const emitter = new EventEmitter(); d.add(emitter); emitter.emit('error', new Error('boom'));
    d.run(() => out.push(process.domain === d)); out.push(process.domain === d, d.bind(() => 3)(), d.intercept((x) => x)(null, 7)); return out;`,
};
