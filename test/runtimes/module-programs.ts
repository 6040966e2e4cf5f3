/**
 * Small programs over Node's library whose answers must be the same in a guest and in Node. Bodies of `async (require) => …`;
 * kept as text because they run in another realm.
 */
export const programs: Readonly<Record<string, string>> = {
  'events: emitters, once, errors': `
    const { EventEmitter, once } = require('events');
    const e = new EventEmitter();
    const seen = [];
    e.on('a', (x) => seen.push(['on', x]));
    e.once('a', (x) => seen.push(['once', x]));
    e.prependListener('a', (x) => seen.push(['first', x]));
    e.emit('a', 1); e.emit('a', 2);
    setTimeout(() => e.emit('later', 7), 1);
    seen.push(await once(e, 'later'));
    try { e.emit('error', new RangeError('boom')); } catch (error) { seen.push(error.message); }
    try { e.emit('error', { odd: 1 }); } catch (error) { seen.push([error.code, error.message]); }
    try { e.on('x', 1); } catch (error) { seen.push([error.code, error.message]); }
    return [seen, e.eventNames(), e.listenerCount('a'), EventEmitter.defaultMaxListeners];`,
  'util.inspect and format': `
    const util = require('util');
    class Point { constructor() { this.x = 1; this.#y = 2; } #y; get z() { return 3; } }
    const circular = { name: 'c' }; circular.self = circular;
    return [
      util.inspect({ a: new Map([[1, { b: [1, 2, { c: {} }] }]]), s: new Set([1, 'x']), d: new Date(0), r: /x/gi, f() {}, g: class A {}, [Symbol('q')]: 1n, u: undefined, n: null, neg: -0 }),
      util.inspect(new Point()), util.inspect(circular), util.inspect('it\\'s'), util.inspect([1, , 3]), util.inspect(new Array(200).fill(7)),
      util.inspect(Object.create(null)), util.inspect(Object.assign(Object.create({ constructor: { name: 'Odd' } }), { a: 1 })),
      util.inspect(new Uint8Array([1, 2])), util.inspect(new ArrayBuffer(2)), util.inspect(Buffer.from('hi')), util.inspect(new Error('x')).split('\\n')[0],
      util.inspect({ deep: { er: { est: { gone: 1 } } } }, { depth: 1 }), util.inspect('x', { colors: true }), util.inspect(Symbol('s')), util.inspect(async () => {}), util.inspect(function* gen() {}),
      util.inspect({ get a() { return 1; }, set b(v) {} }), util.inspect(new (class Foo extends Map {})([[1, 2]])), util.inspect(Object(1)), util.inspect(Object('s')), util.inspect([['a', 'b'], ['c']], { compact: false }),
      util.inspect({ custom: { [util.inspect.custom]: () => 'mine' } }), util.inspect(process.versions).length > 10, util.inspect(globalThis).slice(0, 20), util.inspect((function () { return arguments; })(1, 2)),
      util.inspect('日本語'), util.inspect(['日本', 'é', '👍'], { breakLength: 10 }), util.inspect(new WeakMap()), util.inspect(new DataView(new ArrayBuffer(1))),
      util.format('%s %d %i %f %j %o %O %% %c x', 'a', 1.5, 1.5, '2.5', { b: 1 }, [1], { c: [1] }, 'css'), util.format('a', 1, { b: 2 }), util.format('%s', null, undefined, 5n, Symbol('z')), util.format(1, 2), util.format('%d', '0x10'),
    ];`,
  'util: other functions': `
    const util = require('util');
    const sleep = util.promisify((ms, cb) => setTimeout(() => cb(null, ms), ms));
    const failing = util.promisify((cb) => cb(new Error('no')));
    const called = await new Promise((resolve) => util.callbackify(async (x) => x + 1)(2, (e, v) => resolve([e, v])));
    const { values, positionals } = util.parseArgs({ args: ['-f', '--bar', 'b', 'pos'], options: { foo: { type: 'boolean', short: 'f' }, bar: { type: 'string' } }, allowPositionals: true });
    let deprecated = 0; const old = util.deprecate(() => ++deprecated, 'old', 'DEP0'); process.noDeprecation = true; old();
    return [await sleep(1), await failing().catch((e) => e.message), called, values, positionals, util.isDeepStrictEqual({ a: [1, new Map([[1, 2]])] }, { a: [1, new Map([[1, 2]])] }), util.isDeepStrictEqual([1], ['1']),
      util.types.isDate(new Date()), util.types.isRegExp(/x/), util.types.isPromise(Promise.resolve()), util.types.isMap(new Map()), util.types.isTypedArray(new Int8Array()), util.types.isArrayBuffer(new ArrayBuffer(1)), util.types.isAsyncFunction(async () => {}), util.types.isGeneratorFunction(function* () {}), util.types.isNativeError(new TypeError()), util.types.isBoxedPrimitive(Object(1n)), util.types.isSet([]), util.types.isUint8Array(Buffer.alloc(1)), util.types.isDataView(new DataView(new ArrayBuffer(1))), util.types.isWeakSet(new WeakSet()), util.types.isSharedArrayBuffer(new ArrayBuffer(1)), util.types.isMapIterator(new Map().entries()),
      util.stripVTControlCharacters('\\u001b[31mred\\u001b[0m'), util.toUSVString('a\\ud800'), util.styleText('red', 'x', { validateStream: false }), util.inherits.length, util.getSystemErrorName(-2), String(util.aborted).slice(0, 14), deprecated, util.parseEnv('A=1\\nB="x y"\\n# c\\nexport C=\\'z\\'')];`,
  'buffer: encodings': `
    const texts = ['', 'hello', 'héllo wörld', '€uro', '👍🏽', 'a\\ud800b', '\\u0000\\u007f\\u0080\\u07ff\\u0800\\uffff'];
    const encodings = ['utf8', 'utf16le', 'latin1', 'ascii', 'base64', 'base64url', 'hex', 'ucs2', 'binary'];
    const out = [];
    for (const text of texts) for (const encoding of encodings) { const b = Buffer.from(text, 'utf8'); out.push([b.toString(encoding), Buffer.from(text, encoding).toString('hex'), Buffer.byteLength(text, encoding)]); }
    out.push(Buffer.from([0xff, 0xc0, 0x80, 0xe2, 0x82, 0xf0, 0x9f, 0x91, 0x41]).toString(), Buffer.from('ff0g', 'hex').length, Buffer.from('YW Jj\\n=ZGVm', 'base64').toString(), Buffer.from('_-8', 'base64').toString('hex'));
    return out;`,
  'buffer: operations': `
    const { Buffer: B, constants, isUtf8, isAscii, kMaxLength, SlowBuffer, Blob } = require('buffer');
    const b = B.from('the quick brown fox the end');
    const w = B.alloc(32); w.writeUInt32BE(0xdeadbeef, 0); w.writeInt16LE(-2, 4); w.writeDoubleBE(Math.PI, 8); w.writeBigUInt64LE(2n ** 60n, 16); w.writeFloatLE(1.5, 24); w.writeUIntBE(0x123456, 28, 3);
    const errors = []; for (const f of [() => b.readUInt8(100), () => B.alloc(-1), () => B.from(5), () => B.from(null), () => b.toString('nope'), () => B.concat('x'), () => w.writeUInt8(300, 0), () => B.alloc(4).fill('zz', 'hex')]) try { f(); errors.push('none'); } catch (e) { errors.push([e.name, e.code, e.message]); }
    return [b.indexOf('the'), b.indexOf('the', 1), b.lastIndexOf('the'), b.indexOf(''), b.indexOf('zz'), b.includes('fox'), b.indexOf(B.from('brown')), b.indexOf(0x71), b.lastIndexOf('the', -10), b.indexOf('t', -4), B.from('abcabc', 'utf16le').indexOf('c', 0, 'utf16le'),
      w.toString('hex'), w.readUInt32LE(0), w.readInt16LE(4), w.readDoubleBE(8), String(w.readBigUInt64LE(16)), w.readFloatLE(24), w.readUIntBE(28, 3),
      B.compare(B.from('a'), B.from('b')), b.equals(B.from(b)), B.concat([B.from('x'), B.from('yz')], 2).toString(), b.slice(4, 9).toString(), b.subarray(-3).toString(), B.alloc(5, 'ab').toString(), B.alloc(3, 1).toJSON(), B.from('12345678').swap16().toString(), B.from('12345678').swap32().toString(), B.from('12345678').swap64().toString(), b.copy(w, 2, 0, 3), w.subarray(0, 6).toString('latin1'), B.from(new Uint16Array([1, 256])).toJSON(), B.from(new Uint8Array([1, 2, 3]).buffer, 1, 1).toJSON(), B.isBuffer(b), B.isEncoding('UTF-8'), B.isEncoding('x'), B.poolSize, isUtf8(B.from([0xc3, 0x28])), isAscii(B.from('a')), b.toString('utf8', 4, 9), B.from('é').toString('ascii'), errors, atob('aGk='), btoa('hi'), typeof Blob, w.fill('ab', 0, 5).toString('latin1', 0, 6), b.write('THE', 0), b.toString('latin1'), B.copyBytesFrom(new Uint16Array([1, 2]), 1).toJSON(), [...b.subarray(0, 3).entries()], b.hexSlice(0, 2), b.at(-1), b.parent instanceof ArrayBuffer, Object.prototype.toString.call(b)];`,
  'buffer: what atob refuses, and half characters': `
    const refused = (text) => { try { return atob(text); } catch (e) { return [e.name, e.code, e instanceof DOMException, e.message]; } };
    return [refused('a'), refused('ab*d'), refused('abcde'), refused('ab=c'), refused(' YQ = ='), Buffer.from('ff').includes(Buffer.from('f'), 1, 'ucs2'), Buffer.from('ff').indexOf(Buffer.from('f'), 0, 'ucs2')];`,
  'url: paths of files, odd values of setters': `
    const url = require('url');
    const user = new URL('https://h/'); user.username = 'a\\udc00b'; user.hash = '\\ud800';
    return [url.pathToFileURL('/a%b\\\\c\\n[d]~|?#').href, url.pathToFileURL('C:\\\\a b\\\\', { windows: true }).href, url.pathToFileURL('\\\\\\\\nas\\\\My Docs\\\\x', { windows: true }).href, url.pathToFileURL('\\\\\\\\?\\\\C:\\\\x', { windows: true }).href, user.href];`,
  'process and os: what asks for little': `
    const os = require('os');
    const { TMPDIR } = process.env; process.env.TMPDIR = ''; process.env.TMP = '/some/'; const tmp = os.tmpdir(); delete process.env.TMP;
    if (TMPDIR === undefined) delete process.env.TMPDIR; else process.env.TMPDIR = TMPDIR;
    return [process instanceof process.constructor, Object.isFrozen(process.config), tmp, require('util').parseEnv('A = "x\\ny" # c'), Object.getPrototypeOf(require('util').parseEnv('')) === null, typeof require('util').diff('a', 'b'), require('util').getCallSites(2).length];`,
  string_decoder: `
    const { StringDecoder } = require('string_decoder');
    const feed = (encoding, bytes, step) => { const d = new StringDecoder(encoding); let s = []; for (let i = 0; i < bytes.length; i += step) s.push(d.write(bytes.subarray(i, i + step))); s.push(d.end()); return s; };
    const out = [];
    for (const encoding of ['utf8', 'utf16le', 'base64', 'base64url', 'hex', 'latin1', 'ascii']) for (const step of [1, 2, 3, 4]) out.push(feed(encoding, Buffer.from('aé€👍z', encoding === 'utf16le' ? 'utf16le' : 'utf8'), step));
    out.push(feed('utf8', Buffer.from([0xe2, 0x82, 0x41, 0xf0, 0x9f, 0xff, 0xc3]), 1), feed('utf8', Buffer.from([0xed, 0xa0, 0x80]), 2), feed('utf16le', Buffer.from([0x3d, 0xd8, 0x4d]), 1));
    try { new StringDecoder('nope'); } catch (e) { out.push([e.code, e.message]); }
    return out;`,
  'path, querystring, punycode': `
    const path = require('path'), qs = require('querystring'), punycode = require('punycode');
    return [path.join('/a', '..', 'b', './c'), path.resolve('/x', 'y', '../z'), path.relative('/a/b/c', '/a/d'), path.parse('/home/u/file.tar.gz'), path.format({ dir: '/d', name: 'n', ext: '.e' }), path.extname('.bashrc'), path.win32.join('a', 'b'), path.posix === path, path.isAbsolute('a'), path.normalize('/a//b/../c/.'), path.basename('/x/y.js', '.js'), path.matchesGlob?.('/a/b.js', '/a/*.js'),
      qs.stringify({ a: [1, 2], b: 'x y&', c: '' }), qs.parse('a=1&a=2&b=%20x+y&c'), qs.escape('é'), punycode.toASCII('mañana.com'), punycode.decode('maana-pta')];`,
  'url: WHATWG': `
    const out = [];
    for (const [u, base] of [['https://user:p%20w@Example.com:8080/a/../b?x=1&y=é#h'], ['//host/x', 'http://a.b/c'], ['../x?q', 'http://a/b/c/d'], ['file:///C:/x/../y'], ['data:text/plain,hi there'], ['mailto:a@b.c'], ['http://[::1]:80/'], ['http://192.168.0.257'], ['http://0x7f.1/'], ['http://ex ample.com'], ['http://mañana.com/é'], ['http://xn--maana-pta.com/'], ['javascript:alert(1)'], ['http://a/%7Efoo/%zz?%41#\\u2603'], ['ws://a:80/'], ['http://a..b/'], ['http://user@/x'], ['non-special://h:99/../p?q#f'], ['blob:https://a.com/uuid'], ['http://EXAMPLE.com:80/']]) {
      try { const x = new URL(u, base); out.push([x.href, x.origin, x.protocol, x.username, x.password, x.host, x.hostname, x.port, x.pathname, x.search, x.hash]); } catch (e) { out.push([e.name, e.code, e.message, e.input]); }
    }
    const u = new URL('http://a.b/c');
    u.protocol = 'https'; u.host = 'x.y:1234'; u.pathname = '/p q'; u.search = '?a=b c'; u.hash = 'frag'; u.username = 'me@'; u.password = 'p:w'; out.push(u.href);
    u.port = ''; u.hostname = 'é.com'; u.search = ''; u.hash = ''; u.port = '99999'; u.host = ''; out.push(u.href, JSON.stringify(u), String(u));
    u.searchParams.append('k', 'v&w'); u.searchParams.append('k', '2'); u.searchParams.set('z', 'é'); u.searchParams.sort(); out.push(u.href, [...u.searchParams], u.searchParams.getAll('k'), u.searchParams.size, u.searchParams.has('k', '2'));
    u.searchParams.delete('k'); u.href = 'http://new/'; out.push(u.href, URL.canParse('x:'), URL.canParse('nope'), URL.parse('nope'), new URLSearchParams({ a: '1', b: '2' }).toString(), new URLSearchParams('?a=1&a=%20').getAll('a'), new URLSearchParams([['x', 'y']]).get('x'));
    const url = require('url'); const util = require('util');
    out.push(url.fileURLToPath('file:///a/b%20c'), url.pathToFileURL('/a b/#c?d%').href, url.parse('http://u:p@h:8/p?q=1#h').auth, url.format({ protocol: 'http', host: 'a.b', pathname: '/c', query: { d: 1 } }), url.resolve('/one/two/three', 'four'), url.urlToHttpOptions(new URL('http://a:b@c/d?e')).path, url.domainToASCII('español.com'), url.format(new URL('http://a:b@ü.com/p?q#f'), { auth: false, fragment: false, search: false }), util.inspect(new URL('http://a/b?c=d')), util.inspect(new URLSearchParams('a=b')));
    return out;`,
  assert: `
    const assert = require('assert'); const out = [];
    for (const f of [() => assert(0), () => assert.equal(1, 2), () => assert.deepStrictEqual({ a: 1, b: [1, 2] }, { a: 1, b: [1, 3] }), () => assert.throws(() => {}), () => assert.strictEqual('a\\nb', 'a\\nc'), () => assert.notStrictEqual(1, 1), () => assert.match('x', /y/), () => assert.ifError(new Error('e')), () => assert.fail('m'), () => assert.ok(false, 'msg'), () => assert.deepEqual(new Map([[1, 2]]), new Map([[1, 3]])), () => assert.rejects, () => assert.throws(() => { throw new TypeError('bad'); }, /good/)]) {
      try { f(); out.push('ok'); } catch (e) { out.push([e.name, e.code, e.message, e.generatedMessage, e.operator]); }
    }
    await assert.rejects(Promise.reject(new Error('x')), { message: 'x' }); assert.throws(() => { throw new TypeError('t'); }, TypeError);
    out.push(require('assert/strict') === assert.strict, require('assert').AssertionError.name);
    return out.map((x) => (Array.isArray(x) && x[2] && /assert\\(0\\)|assert\\.ok\\(false/.test(x[2]) ? x.slice(0, 2) : x)).slice(1);`,
  'timers and promises of them': `
    const { setTimeout: sleep, setImmediate: immediate, setInterval: every, scheduler } = require('timers/promises');
    const ac = new AbortController(); setTimeout(() => ac.abort(), 1);
    const aborted = await sleep(10_000, 'x', { signal: ac.signal }).catch((e) => [e.name, e.code, e.message]);
    let ticks = 0; for await (const v of every(1, 'v')) { if (++ticks === 3) break; }
    const t = setTimeout(() => {}, 5); const id = +t; clearTimeout(id);
    let n = 0; await new Promise((r) => { const i = setInterval(() => { if (++n === 3) { clearInterval(i); r(); } }, 1); });
    await scheduler.wait(1);
    const errors = []; for (const f of [() => setTimeout('x'), () => setImmediate(), () => queueMicrotask(1)]) try { f(); } catch (e) { errors.push([e.code, e.message]); }
    return [await sleep(1, 'a'), await immediate('b'), aborted, ticks, n, t.hasRef(), typeof t.ref, t.constructor.name, typeof id, errors, typeof setTimeout(() => {}, 0).unref().hasRef(), (await import_('timers')).setTimeout === setTimeout];
    function import_(id) { return Promise.resolve(require(id)); }`,
  streams: `
    const { Readable, Writable, Transform, PassThrough, Duplex, pipeline, finished } = require('stream'); const sp = require('stream/promises'); const consumers = require('stream/consumers');
    const out = []; const chunks = [];
    await sp.pipeline(Readable.from(['a', 'b', 'c']), new Transform({ objectMode: true, transform(c, e, cb) { cb(null, String(c).toUpperCase()); } }), async function* (src) { for await (const c of src) yield c + '!'; }, new Writable({ objectMode: true, write(c, e, cb) { chunks.push(String(c)); cb(); } }));
    const slow = new Writable({ highWaterMark: 2, write(c, e, cb) { setImmediate(cb); } }); out.push(slow.write('abc')); slow.end(); await sp.finished(slow);
    const err = await sp.pipeline(new Readable({ read() { this.destroy(new Error('broken')); } }), new PassThrough()).catch((e) => e.message);
    const r = new Readable({ read() {} }); r.push('x'); r.push(null); const text = await consumers.text(r);
    const early = await new Promise((res) => { const p = new PassThrough(); finished(p, (e) => res([e.code, e.message])); p.destroy(); });
    out.push(chunks, err, text, early, await Readable.from([1, 2, 3, 4]).filter((x) => x % 2).map((x) => x * 2).toArray(), await consumers.json(Readable.from(['{"a"', ':1}'])), (await consumers.buffer(Readable.from([Buffer.from('q')]))).toString(), Duplex.from(Promise.resolve('z')) instanceof Duplex, slow.writableFinished, Readable.prototype.constructor.name);
    const w = Writable.prototype.write; try { new Writable().write(null); } catch (e) { out.push([e.code, e.message]); }
    const pt = new PassThrough({ encoding: 'utf8' }); pt.end(Buffer.from('é€')); out.push(await consumers.text(pt));
    return out;`,
  'abort, events of the web, structuredClone': `
    const out = [];
    const c = new AbortController(); const seen = []; c.signal.addEventListener('abort', (e) => seen.push([e.type, e.target === c.signal, e.isTrusted])); c.abort(); out.push(seen, c.signal.aborted, c.signal.reason.name, c.signal.reason.message, c.signal.reason.code);
    try { AbortSignal.abort('why').throwIfAborted(); } catch (e) { out.push(e); }
    const timed = AbortSignal.timeout(1); const keep = setTimeout(() => {}, 1000); await new Promise((r) => timed.addEventListener('abort', r)); clearTimeout(keep); out.push(timed.reason.name, AbortSignal.any([AbortSignal.abort(3)]).reason);
    const t = new EventTarget(); let n = 0; t.addEventListener('x', { handleEvent() { n++; } }, { once: true }); t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); const ce = new CustomEvent('y', { detail: { a: 1 } }); out.push(n, ce.detail, ce.type, new Event('z', { cancelable: true }).cancelable);
    const date = new Date(5); const o = { m: new Map([[1, new Set([date])]]), r: /x/g, b: new Uint8Array([1, 2]).subarray(1), e: new RangeError('r'), big: 5n, nul: null, und: undefined, boxed: Object('s'), arr: [1, , 3] }; o.self = o;
    const k = structuredClone(o); out.push(k.self === k, [...k.m.get(1)][0].getTime(), k.r.flags, [...k.b], k.b.byteOffset, k.e instanceof RangeError, k.e.message, String(k.big), 1 in k.arr, k.arr.length, 'und' in k, typeof k.boxed);
    const ab = new ArrayBuffer(4); const moved = structuredClone(ab, { transfer: [ab] }); out.push(ab.byteLength, moved.byteLength);
    for (const v of [() => {}, Symbol('s'), { f() {} }, new WeakMap(), Promise.resolve(1)]) try { structuredClone(v); out.push('cloned'); } catch (e) { out.push([e.name, e.code, e instanceof DOMException, e.message]); }
    try { structuredClone(); } catch (e) { out.push([e.code, e.message]); }
    const de = structuredClone(new DOMException('m', 'AbortError')); out.push(de instanceof DOMException, de.name, de.message, de.code, new DOMException('a', 'DataCloneError').code, require('util').inspect(new DOMException('shown', 'AbortError')).split('\\n')[0]);
    class Mine { constructor() { this.a = 1; } get b() { return 2; } } const m = structuredClone(new Mine()); out.push(m.constructor.name, m.a, 'b' in m);
    return out;`,
  'TextEncoder and TextDecoder': `
    const out = []; const bytes = (s) => [...new TextEncoder().encode(s)];
    out.push(bytes('aé€👍\\ud800'), new TextEncoder().encodeInto('é€', new Uint8Array(4)), new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length, new TextDecoder().decode(new Uint8Array([0xff, 0x61])));
    for (const label of ['utf-8', 'utf-16le', 'utf-16be', 'latin1', 'windows-1252', 'ascii', 'iso-8859-2', 'UTF8', 'unicode']) { const d = new TextDecoder(label); out.push([d.encoding, d.decode(new Uint8Array([0x80, 0x61, 0xe9, 0x00]))]); }
    for (const [label, b] of [['utf-8', [0xff]], ['utf-8', [0xe2, 0x82]], ['utf-16le', [0x00, 0xd8]], ['utf-16le', [0x61]]]) try { out.push(new TextDecoder(label, { fatal: true }).decode(new Uint8Array(b))); } catch (e) { out.push([e.name, e.code, e.message]); }
    const s = new TextDecoder(); out.push(s.decode(new Uint8Array([0xe2, 0x82]), { stream: true }), s.decode(new Uint8Array([0xac]), { stream: true }), s.decode());
    const u = new TextDecoder('utf-16le'); out.push(u.decode(new Uint8Array([0x3d]), { stream: true }), u.decode(new Uint8Array([0xd8, 0x4d, 0xdc]), { stream: true }), u.decode());
    try { new TextDecoder('nope'); } catch (e) { out.push([e.name, e.code, e.message]); }
    out.push(new TextDecoder().decode(new Uint16Array([0x4142]).buffer), new TextDecoder().decode(new DataView(new Uint8Array([0x78]).buffer)), new TextDecoder('utf-8', { fatal: true }).fatal, new TextDecoder().decode());
    return out;`,
  'os, constants, sys, diagnostics_channel': `
    const os = require('os'), dc = require('diagnostics_channel'); const seen = []; const ch = dc.channel('a'); const f = (m, n) => seen.push([m, n]); ch.subscribe(f); ch.publish({ x: 1 }); ch.unsubscribe(f); ch.publish(2);
    return [os.EOL, os.platform(), os.type(), os.endianness(), os.constants.signals.SIGTERM, os.constants.errno.ENOENT, os.devNull, require('constants').O_RDONLY, require('sys') === require('util'), seen, dc.hasSubscribers('a'), typeof os.cpus().length, typeof os.totalmem(), Object.keys(os).sort()];`,
  async_hooks: `
    const { AsyncLocalStorage, AsyncResource, executionAsyncId } = require('async_hooks'); const als = new AsyncLocalStorage(); const out = [];
    als.run({ id: 1 }, () => { out.push(als.getStore().id); setTimeout(() => out.push(['timeout', als.getStore()?.id]), 5); setImmediate(() => out.push(['immediate', als.getStore()?.id])); process.nextTick(() => out.push(['tick', als.getStore()?.id])); Promise.resolve().then(() => out.push(['then', als.getStore()?.id])); queueMicrotask(() => out.push(['micro', als.getStore()?.id])); });
    out.push(als.getStore() === undefined); const bound = als.run(5, () => AsyncResource.bind(() => als.getStore())); out.push(bound(), als.run(6, () => als.exit(() => als.getStore() === undefined)));
    const snap = als.run(7, () => AsyncLocalStorage.snapshot()); out.push(snap(() => als.getStore())); als.enterWith(8); out.push(als.getStore()); als.disable();
    await new Promise((r) => setTimeout(r, 20)); return out;`,
  process: `
    const out = []; const { env } = process; env.NUM = 5; env.UND = undefined; out.push(env.NUM, env.UND, 'NUM' in env, delete env.NUM, env.NUM === undefined, Object.keys(env).includes('UND'));
    for (const f of [() => { env[Symbol('s')] = 1; }, () => Object.defineProperty(env, 'x', { value: 1 }), () => Object.defineProperty(env, 'x', { get() {} }), () => process.chdir(1), () => process.nextTick(1), () => process.hrtime(1), () => process.umask('x')]) try { f(); out.push('ok'); } catch (e) { out.push([e.name, e.code, e.message]); }
    const t = process.hrtime(); const d = process.hrtime(t); out.push(t.length, d[0], typeof process.hrtime.bigint(), process.hrtime.bigint() > 0n, typeof process.uptime(), process.platform, typeof process.version, Object.keys(process.memoryUsage()).sort(), typeof process.cpuUsage().user, typeof process.pid, process.argv0.length > 0, typeof process.execPath, Object.prototype.toString.call(process), process instanceof require('events'), typeof process.emitWarning, process.listenerCount('x'));
    const seen = []; process.on('custom', (x) => seen.push(x)); process.once('custom', () => seen.push('once')); process.emit('custom', 1); process.emit('custom', 2); out.push(seen, process.constructor.name, require('process') === process, process.stdout.fd, process.stderr.fd, typeof process.stdout.write, typeof process.getuid(), process.release.name);
    await new Promise((r) => { process.on('warning', (w) => { seen.push([w.name, w.code, w.message]); r(); }); process.removeAllListeners('warning'); process.on('warning', (w) => { seen.push([w.name, w.code, w.message]); r(); }); process.emitWarning('careful', 'MyWarning', 'C1'); }); out.push(seen);
    return out;`,
  globals: `
    const names = ['Buffer', 'URL', 'URLSearchParams', 'TextEncoder', 'TextDecoder', 'AbortController', 'AbortSignal', 'Event', 'EventTarget', 'CustomEvent', 'structuredClone', 'queueMicrotask', 'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearImmediate', 'DOMException', 'atob', 'btoa', 'global', 'console'];
    const out = []; for (const n of names) { void globalThis[n]; const d = Object.getOwnPropertyDescriptor(globalThis, n); out.push([n, typeof globalThis[n], d.enumerable, d.configurable, globalThis[n]?.name, globalThis[n]?.length]); }
    out.push(global === globalThis, Object.prototype.toString.call(globalThis), typeof performance.now(), performance.timeOrigin > 1e12, typeof navigator.userAgent, Object.keys(console).slice(0, 10), typeof require('console').Console, performance.now() < 1e7);
    performance.clearMarks(); performance.mark('m'); out.push(performance.getEntriesByName('m').length, typeof performance.measure('q', 'm').duration);
    return out;`,
  'blob, file and web streams': `
    const b = new Blob(['héllo', new Uint8Array([33]), new Blob(['x'])], { type: 'Text/Plain' }); const out = [b.size, b.type, await b.text(), await b.slice(1, 4).text(), (await b.arrayBuffer()).byteLength];
    const f = new File(['abc'], 'n.txt', { lastModified: 5 }); out.push(f.name, f.size, f.lastModified, await f.text());
    let s = ''; for await (const c of new Blob(['stream me']).stream()) s += Buffer.from(c); out.push(s);
    const rs = new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close(); } }).pipeThrough(new TransformStream({ transform(c, k) { k.enqueue(c + c); } })); const got = []; for await (const c of rs) got.push(c); out.push(got);
    const { Readable } = require('stream'); out.push(await joined(Readable.toWeb(Readable.from(['q', 'r']))));
    async function joined(x) { const g = []; for await (const c of x) g.push(c); return g.join(); } return out;`,
  errors: `
    const out = []; class MyError extends Error { constructor(m) { super(m); this.name = 'MyError'; } }
    const e = new MyError('m', { cause: 1 }); out.push(String(e), e.stack.split('\\n')[0], Error.stackTraceLimit, typeof Error.captureStackTrace);
    const old = Error.prepareStackTrace; Error.prepareStackTrace = (err, frames) => [err.message, frames.length > 0]; out.push(new Error('p').stack); Error.prepareStackTrace = old;
    Error.stackTraceLimit = 1; out.push(new Error('one').stack.split('\\n').length); Error.stackTraceLimit = 10;
    const o = {}; Error.captureStackTrace(o); out.push(typeof o.stack, new AggregateError([1], 'agg').errors); return out;`,
};
