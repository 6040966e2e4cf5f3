/** Class G: looking for a way out. What a guest can reach is its own realm, the files it was given, and nothing of the process it is in. */
import { answered, anyOf, exited, failed, type Program } from './program.ts';

const cjs = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;

export const border: readonly Program[] = [
  {
    id: 'G01',
    title: 'globals of another engine, and those that only flags give',
    source: cjs(`
      return ['Deno', 'Bun', 'gc', 'Worker', 'importScripts', 'd8', 'print', 'load', 'ivm', '_ivm', '$0', 'internalBinding', 'primordials', 'isolate']
        .filter((name) => typeof globalThis[name] !== 'undefined');`),
    expect: answered([]),
  },
  {
    id: 'G02',
    title: 'constructors of constructors lead to the guest’s own global',
    source: cjs(`
      const roots = { context, event, process, require, module, exports, console, Buffer, fetch, setTimeout, queueMicrotask, structuredClone, URL, performance, crypto, AbortSignal, error: new Error('e') };
      const foreign = [];
      for (const [name, root] of Object.entries(roots)) {
        for (let at = root, depth = 0; at !== null && at !== undefined && depth < 6; at = Object.getPrototypeOf(at), depth++) {
          const make = at.constructor?.constructor;
          if (typeof make !== 'function') continue;
          if (make !== Function || make('return this')() !== globalThis) foreign.push(name + ' at ' + depth);
        }
      }
      return foreign;`),
    expect: answered([]),
  },
  {
    id: 'G03',
    title: 'a walk over everything reachable meets no function of another realm',
    source: cjs(`
      const seen = new Set(), foreign = [];
      const queue = [['global', globalThis], ['process', process], ['require', require], ['module', module], ['context', context]];
      for (const name of require('node:module').builtinModules) try { queue.push([name, require(name)]); } catch {}
      while (queue.length > 0 && seen.size < 200_000) {
        const [path, at] = queue.pop();
        if ((typeof at !== 'object' && typeof at !== 'function') || at === null || seen.has(at) || path.length > 300) continue;
        seen.add(at);
        let end = at;
        try { for (let next; (next = Object.getPrototypeOf(end)) !== null; ) end = next; } catch { continue; }
        if (end !== Object.prototype && Object.hasOwn(end, 'constructor') && end.constructor?.name === 'Object' && end.constructor !== Object) foreign.push(path);
        if (/^(Reference|ExternalCopy|Isolate|Context|Callback|Dereference|NativeModule)$/.test(at.constructor?.name ?? '') && !(at instanceof Function)) foreign.push(path + ' is ' + at.constructor.name);
        for (const key of Reflect.ownKeys(at)) {
          const own = Object.getOwnPropertyDescriptor(at, key);
          for (const part of [own?.value, own?.get, own?.set]) queue.push([path + '.' + String(key), part]);
        }
      }
      return [seen.size > 1_000, foreign.slice(0, 5)];`),
    settings: { timeout: 20 },
    expect: answered([true, []]),
  },
  {
    id: 'G04',
    title: 'the isolate engine is no module of the guest',
    source: cjs(`
      const found = [];
      for (const name of ['isolated-vm', 'isotherm', '/var/runtime/isolated-vm', '../../node_modules/isolated-vm', 'isolated-vm/out/isolated_vm.node']) {
        try { require(name); found.push(name); } catch {}
        try { await import(name); found.push('import ' + name); } catch {}
      }
      return found;`),
    expect: answered([]),
  },
  {
    id: 'G05',
    title: 'Node’s internals are not to be had',
    source: cjs(`
      const found = [];
      for (const name of ['internal/bootstrap/realm', 'internal/util', 'node:internal/util', 'internal/test/binding', 'internal/process/execution']) {
        try { require(name); found.push(name); } catch {}
      }
      for (const name of ['spawn_sync', 'process_wrap', 'fs', 'tcp_wrap', 'udp_wrap', 'worker', 'contextify', 'module_wrap', 'inspector', 'util', 'natives', 'evals']) {
        try {
          const binding = process.binding(name);
          for (const key of ['spawn', 'Process', 'open', 'internalModuleReadJSON', 'ContextifyScript', 'compileFunction', 'Worker']) if (binding?.[key] !== undefined) found.push(name + '.' + key);
        } catch {}
        try { if (process._linkedBinding(name) !== undefined) found.push('linked ' + name); } catch {}
      }
      return found;`),
    expect: answered([]),
  },
  {
    id: 'G06',
    title: 'programs, threads and debuggers refuse to start',
    source: cjs(`
      const started = [];
      const attempts = {
        spawn: () => require('node:child_process').spawn('id'),
        spawnSync: () => require('node:child_process').spawnSync('id'),
        execSync: () => require('node:child_process').execSync('id'),
        fork: () => require('node:child_process').fork('/tmp/x.js'),
        execFile: () => require('node:child_process').execFileSync('/bin/true'),
        worker: () => new (require('node:worker_threads').Worker)('1', { eval: true }),
        cluster: () => require('node:cluster').fork(),
        inspector: () => require('node:inspector').open(),
        session: () => new (require('node:inspector').Session)().connect(),
        dgram: () => require('node:dgram').createSocket('udp4').bind(0),
        dlopen: () => process.dlopen({ exports: {} }, '/tmp/x.node'),
        wasi: () => new (require('node:wasi').WASI)({ version: 'preview1', preopens: { '/': '/' } }),
        execve: () => process.execve('/bin/true', [], {}),
      };
      for (const [name, attempt] of Object.entries(attempts)) try { attempt(); started.push(name); } catch {}
      return started;`),
    expect: answered([]),
  },
  {
    id: 'G07',
    title: 'native addons are not loaded, whatever they are called',
    source: cjs(`
      const fs = require('node:fs');
      const loaded = [];
      for (const name of ['/tmp/a.node', '/tmp/b.so', '/tmp/c']) {
        fs.writeFileSync(name, Buffer.from('7f454c46020101', 'hex'));
        try { require('module')._extensions?.['.node']?.({ exports: {} }, name); } catch { continue; }
        loaded.push(name);
      }
      try { require('/tmp/a.node'); loaded.push('required'); } catch {}
      return loaded.filter((name) => name === 'required' || require('module')._extensions?.['.node'] !== undefined);`),
    expect: answered([]),
  },
  {
    id: 'G08',
    title: 'files of the host by every path that could mean them',
    source: cjs(`
      const fs = require('node:fs');
      const read = [];
      const names = ['/etc/passwd', '/etc/shadow', '/etc/hostname', '/proc/self/environ', '/proc/self/maps', '/proc/self/mem', '/proc/self/cmdline', '/proc/1/environ', '/proc/self/fd/3', '/proc/self/root/etc/passwd',
        '/dev/mem', '/dev/fd/3', '/sys/kernel/notes', '/root/.ssh/id_rsa', '/var/run/docker.sock', '../../../../../../etc/passwd', '/tmp/../etc/passwd', '/var/task/../../etc/passwd', 'file:///etc/passwd',
        new URL('file:///etc/passwd'), Buffer.from('/etc/passwd'), '/etc/./passwd', '//etc//passwd', '/tmp/\\u0000/../../etc/passwd'];
      for (const name of names) {
        for (const call of [() => fs.readFileSync(name), () => fs.readdirSync(name), () => fs.readlinkSync(name), () => fs.createReadStream && fs.openSync(name, 'r')]) {
          try { const got = call(); if (String(got).includes('root:') || typeof got === 'number' || got.length > 0) read.push(String(name)); } catch {}
        }
      }
      return read;`),
    expect: answered([]),
  },
  {
    id: 'G09',
    title: 'modules of the host, and code from elsewhere',
    source: cjs(`
      const loaded = [];
      for (const name of ['file:///etc/passwd', '/etc/passwd', 'http://127.0.0.1/x.js', 'https://example.com/x.mjs', 'node:internal/x', '../../../usr/lib/x', '/proc/self/exe', 'fs/../../../etc/passwd']) {
        try { require(name); loaded.push('require ' + name); } catch {}
        try { await import(name); loaded.push('import ' + name); } catch {}
      }
      return loaded;`),
    expect: answered([]),
  },
  {
    id: 'G10',
    title: 'WebAssembly with promises of the host stack',
    source: cjs(`
      if (typeof WebAssembly === 'undefined') return 'absent';
      const { promising, Suspending } = WebAssembly;
      if (promising === undefined && Suspending === undefined) return 'absent';
      const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 103, 0, 1, 10, 6, 1, 4, 0, 16, 0, 11]);
      const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { f: new Suspending(async () => {}) } });
      const promise = promising(instance.exports.g)();
      return promise.constructor.constructor('return this')() === globalThis && promise instanceof Promise ? 'absent' : 'foreign';`),
    expect: answered('absent'),
  },
  {
    id: 'G11',
    title: 'primordials are replaced while the platform goes on using its own',
    source: `
      const { apply, ownKeys } = Reflect;
      const { test } = RegExp.prototype;
      let stolen = '';
      let isLooking = false;
      const look = (name, part) => {
        if (part === null || typeof part !== 'object') return;
        const keys = ownKeys(part);
        for (let at = 0; at < keys.length && at < 100; at++) if (typeof keys[at] === 'string' && apply(test, /^(host|isolate|bridge|settle|ask)$/, [keys[at]]) && part[keys[at]] !== null && typeof part[keys[at]] !== 'string') stolen += name + ' ' + keys[at] + ' ';
      };
      const steal = (holder, name) => {
        const original = holder[name];
        holder[name] = function (...args) {
          if (!isLooking) {
            isLooking = true;
            look(name, this);
            for (let at = 0; at < args.length; at++) look(name, args[at]);
            isLooking = false;
          }
          return apply(original, this, args);
        };
      };
      for (const name of ['apply', 'call', 'bind']) steal(Function.prototype, name);
      for (const name of ['then', 'catch', 'finally']) steal(Promise.prototype, name);
      for (const name of ['push', 'shift', 'map', 'forEach', 'join']) steal(Array.prototype, name);
      for (const name of ['get', 'set', 'has', 'delete']) { steal(Map.prototype, name); steal(WeakMap.prototype, name); }
      exports.handler = async (event) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        require('node:fs').readdirSync('/tmp');
        await fetch('http://x.test/').catch(() => {});
        console.log('shown', { a: [1, new Map([[1, 2]])] });
        return stolen;
      };`,
    expect: answered(''),
  },
  {
    id: 'G12',
    title: 'contexts of node:vm are the guest’s own',
    source: cjs(`
      const vm = require('node:vm');
      const reached = [];
      const probes = ['this.constructor.constructor("return process")()', 'new Error().constructor.constructor("return this")().process', 'import("node:fs")', '(async () => {}).constructor("return process")()'];
      for (const probe of probes) {
        try {
          const got = await vm.runInNewContext(probe, { given: {} });
          if (got !== undefined && got !== process && got?.pid !== undefined) reached.push(probe);
          if (got?.env !== undefined && got !== process) reached.push(probe + ' env');
        } catch {}
      }
      return reached;`),
    expect: answered([]),
  },
  {
    id: 'G13',
    title: 'V8’s own switches, snapshots and heap dumps',
    source: cjs(`
      const v8 = require('node:v8');
      const done = [];
      const attempts = {
        natives: () => { v8.setFlagsFromString('--allow-natives-syntax'); return new Function('return %GetOptimizationStatus(() => 1)')(); },
        gc: () => { v8.setFlagsFromString('--expose-gc'); return require('node:vm').runInNewContext('gc')(); },
        crash: () => { v8.setFlagsFromString('--abort-on-uncaught-exception'); v8.setFlagsFromString('--single-threaded'); },
        heap: () => v8.writeHeapSnapshot('/tmp/h'),
        stream: () => v8.getHeapSnapshot().read(),
        startup: () => v8.startupSnapshot.setDeserializeMainFunction(() => {}),
        coverage: () => v8.takeCoverage(),
        deserialize: () => v8.deserialize(Buffer.from([0xff, 0x0f, 0x77, 0x05])),
      };
      for (const [name, attempt] of Object.entries(attempts)) try { if (attempt() !== undefined) done.push(name); } catch {}
      return done;`),
    expect: answered([]),
  },
  {
    id: 'G14',
    title: 'the loader’s own tables lead to no file of the host',
    source: cjs(`
      const Module = require('node:module');
      const loaded = [];
      const attempts = [
        () => Module._load('/etc/passwd'), () => new Module('/x').require('/etc/passwd'), () => Module.createRequire('/etc/')('./passwd'), () => Module.createRequire('file:///usr/lib/x.js')('./y'),
        () => Module._resolveFilename('/etc/passwd'), () => module.constructor._load('/proc/self/environ'), () => require.main.require('/etc/passwd'), () => { Module._extensions['.js']({ _compile() { loaded.push('compiled'); } }, '/etc/passwd'); },
        () => Module.register('data:text/javascript,', 'file:///'), () => require.extensions['.json']({}, '/etc/passwd'),
      ];
      for (const [index, attempt] of attempts.entries()) try { const got = attempt(); if (got !== undefined && String(got).includes('root:')) loaded.push(index); } catch {}
      return loaded;`),
    expect: answered([]),
  },
  {
    id: 'G15',
    title: 'the clock is no finer than it must be',
    source: cjs(`
      const steps = (read) => { const seen = new Set(); const until = Date.now() + 50; while (Date.now() < until) seen.add(read()); return seen.size; };
      return [steps(() => Date.now()) <= 60, steps(() => new Date().getTime()) <= 60];`),
    expect: answered([true, true]),
  },
  {
    id: 'G16',
    title: 'a counter in shared memory instead of a clock needs a second thread, and there is none',
    source: cjs(`
      try { new (require('node:worker_threads').Worker)('for (;;);', { eval: true }); return 'a thread'; } catch {}
      if (typeof SharedArrayBuffer === 'undefined') return 'none';
      const { port1, port2 } = new MessageChannel();
      port1.postMessage(new SharedArrayBuffer(8));
      return 'none';`),
    expect: anyOf(answered('none'), failed(/./)),
  },
  {
    id: 'G17',
    title: 'signals and ends: the guest ends itself and nobody else',
    source: cjs(`
      const survived = [];
      for (const signal of [0, 'SIGCONT', 'SIGKILL', 9]) for (const pid of [1, 0, -1, process.ppid, 2]) {
        try { process.kill(pid, signal); if (pid !== process.pid) survived.push(pid + ' ' + signal); } catch {}
      }
      return survived;`),
    expect: anyOf(answered([]), exited),
  },
  {
    id: 'G18',
    title: 'process.abort, reallyExit and exit, each by surprise',
    source: cjs(
      'const ways = [() => process.exit(7), () => process.reallyExit(8), () => process.abort(), () => process.kill(process.pid, "SIGKILL")]; ways[event.way](); return 1;',
    ),
    calls: [0, 1, 2, 3].map((way) => ({ event: { way }, expect: anyOf(exited, failed(/./)) })),
  },
  {
    id: 'G19',
    title: 'eval, new Function and their async and generator forms stay in the guest’s realm',
    source: cjs(`
      const AsyncFunction = (async () => {}).constructor, GeneratorFunction = (function* () {}).constructor;
      return [eval('this') === this || eval('globalThis') === globalThis, new Function('return this')() === globalThis, (await new AsyncFunction('return this')()) === globalThis,
        new GeneratorFunction('yield this')().next().value === globalThis, (0, eval)('typeof __dirname')];`),
    expect: answered([true, true, true, true, 'undefined']),
  },
  {
    id: 'G20',
    title: 'what the process says of itself is not the host',
    source: cjs(`
      const os = require('node:os');
      const tried = (call) => { try { return call(); } catch { return 'refused'; } };
      const said = JSON.stringify([process.env, process.argv, process.execArgv, process.execPath, process.title, process.cwd(), process.config, tried(() => process.report.getReport()), os.hostname(), os.homedir(), tried(() => os.userInfo()), os.networkInterfaces(), process.versions]);
      return [said.match(/.{20}(isolated-vm|\\/isotherm).{20}/), process.env.PATH?.includes('node_modules') ?? false, Object.keys(os.networkInterfaces()).some((name) => name !== 'lo')];`),
    expect: answered([null, false, false]),
  },
  {
    id: 'G21',
    title: 'inspection of a Proxy that looks for who inspects it',
    source: cjs(`
      const callers = [];
      const proxy = new Proxy(function () {}, { get(target, key, receiver) { callers.push(new Error('x').stack); return Reflect.get(target, key, receiver); }, getPrototypeOf() { callers.push(arguments.callee.caller); return null; } });
      console.log(proxy); require('node:util').inspect(proxy, { showProxy: false }); try { JSON.stringify({ proxy }); } catch {} 
      return callers.filter((caller) => typeof caller === 'function' && caller.constructor('return this')() !== globalThis).length;`),
    expect: anyOf(answered(0), failed(/./)),
  },
  {
    id: 'G22',
    title: 'SharedArrayBuffer that grows, Atomics that wait',
    source: cjs(`
      if (typeof SharedArrayBuffer === 'undefined' || typeof Atomics === 'undefined') return 'none';
      const cell = new Int32Array(new SharedArrayBuffer(4));
      try { return Atomics.wait(cell, 0, 0, 1); } catch { return 'none'; }`),
    expect: anyOf(answered('none'), answered('timed-out')),
  },
];
