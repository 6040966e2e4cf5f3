/** Programs on connections within one process, whose answers in a guest must be Node's. */
const setUp = `
const net = require('net');
const { once } = require('events');
const listening = async (server, ...args) => { server.listen(...args); await once(server, 'listening'); return server; };
const errorOf = ({ name, message, code, errno, syscall, address, port }) => ({ name, message: message.replace(/[0-9]{5}/g, 'PORT'), code, errno, syscall, address, port: port > 9999 ? 'PORT' : port });
const closed = async (emitter) => { await once(emitter, 'close'); };
const text = async (stream) => { let all = ''; for await (const chunk of stream) all += chunk; return all; };
`;

const programs: Record<string, string> = {
  'events of a connection come in order': `
    const log = [];
    const server = await listening(net.createServer((socket) => {
      log.push('connection');
      socket.on('data', (data) => { log.push('server ' + data); socket.end('pong'); });
      socket.on('end', () => log.push('server end'));
      socket.on('close', (hadError) => log.push('server close ' + hadError));
    }), 0);
    const client = net.connect(server.address().port);
    for (const name of ['lookup', 'connect', 'ready', 'end', 'finish']) client.on(name, () => log.push(name));
    client.on('data', (data) => log.push('client ' + data));
    client.on('close', (hadError) => log.push('close ' + hadError));
    setImmediate(() => log.push('immediate'));
    await once(client, 'connect');
    client.write('ping');
    await closed(client);
    server.close();
    await closed(server);
    return log.filter((entry) => entry !== 'lookup').sort();`,
  'both ends know both addresses': `
    const seen = [];
    for (const [host, target] of [['127.0.0.1', '127.0.0.1'], ['0.0.0.0', '127.0.0.1'], ['0.0.0.0', '0.0.0.0'], ['127.0.0.1', '::ffff:127.0.0.1'], ['127.0.0.9', '127.0.0.9']]) {
      const server = await listening(net.createServer((socket) => {
        seen.push([socket.localAddress, socket.localFamily, socket.localPort === server.address().port, socket.remoteAddress, socket.remoteFamily, socket.remotePort > 1024]);
        socket.end();
      }), 0, host);
      const address = server.address();
      const client = net.connect(address.port, target);
      await once(client, 'connect');
      seen.push([address.address, address.family, client.localAddress, client.remoteAddress, client.remoteFamily, client.remotePort === address.port, Object.keys(client.address())]);
      client.resume();
      await closed(client);
      server.close();
    }
    return seen;`,
  'half an end stays open': `
    const server = await listening(net.createServer({ allowHalfOpen: true }, async (socket) => {
      const all = await text(socket.setEncoding('utf8'));
      socket.end('got ' + all);
    }), 0);
    const client = net.connect({ port: server.address().port, allowHalfOpen: true });
    client.end('everything');
    const answer = await text(client.setEncoding('utf8'));
    server.close();
    return [answer, client.bytesRead, client.bytesWritten, client.readyState];`,
  'a port in use is refused': `
    const first = await listening(net.createServer(), 0, '127.0.0.1');
    const second = net.createServer().listen(first.address().port, '127.0.0.1');
    const [error] = await once(second, 'error');
    const third = net.createServer().listen(first.address().port);
    const outcome = await Promise.race([once(third, 'error').then(([error]) => error.code), once(third, 'listening').then(() => 'listening')]);
    first.close();
    third.close();
    return [errorOf(error), outcome];`,
  'an address that is not this machine is refused': `
    const server = net.createServer().listen(0, '192.0.2.1');
    const [error] = await once(server, 'error');
    return errorOf(error);`,
  'a reset is an error at the other end': `
    const server = await listening(net.createServer((socket) => { socket.on('error', () => {}); setTimeout(() => socket.resetAndDestroy(), 5); }), 0);
    const client = net.connect(server.address().port, '127.0.0.1');
    client.resume();
    const [error] = await once(client, 'error');
    server.close();
    return errorOf(error);`,
  'unread bytes at the close are a reset': `
    let accepted;
    const server = await listening(net.createServer({ pauseOnConnect: true }, (socket) => { accepted = socket; }), 0);
    const client = net.connect(server.address().port, '127.0.0.1');
    await once(client, 'connect');
    client.write('never read');
    client.resume();
    setTimeout(() => accepted.destroy(), 20);
    const [error] = await once(client, 'error');
    server.close();
    return errorOf(error);`,
  'a write after the other end is gone fails': `
    const server = await listening(net.createServer({ allowHalfOpen: true }, (socket) => socket.destroy()), 0);
    const client = net.connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true });
    client.resume();
    await once(client, 'end');
    const interval = setInterval(() => client.write('x'), 2);
    const [error] = await once(client, 'error');
    clearInterval(interval);
    server.close();
    return error.code;`,
  'a slow reader stops the writer': `
    const size = 8 * 1024 * 1024;
    let accepted;
    const server = await listening(net.createServer({ pauseOnConnect: true }, (socket) => { accepted = socket; }), 0);
    const client = net.connect(server.address().port, '127.0.0.1');
    await once(client, 'connect');
    let isWritten = false;
    const flushed = client.write(Buffer.alloc(size, 'ab'), () => { isWritten = true; });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = [flushed, isWritten, client.writableLength];
    let received = 0;
    accepted.on('data', (chunk) => { received += chunk.length; });
    accepted.resume();
    client.end();
    await once(accepted, 'end');
    server.close();
    return [before, received === size, isWritten, client.bytesWritten === size];`,
  'bytes arrive whole in both directions': `
    const { createHash } = { createHash: () => { let sum = 0; return { update(bytes) { for (const byte of bytes) sum = (sum * 31 + byte) >>> 0; return this; }, digest: () => sum }; } };
    const bytes = Buffer.from(Uint8Array.from({ length: 700_001 }, (_, at) => at * 7 + (at >> 8)));
    const server = await listening(net.createServer((socket) => socket.pipe(socket)), 0);
    const client = net.connect(server.address().port);
    client.end(bytes);
    const hash = createHash();
    let length = 0;
    for await (const chunk of client) { hash.update(chunk); length += chunk.length; }
    server.close();
    return [length, hash.digest() === createHash().update(bytes).digest()];`,
  'strings are written in their encodings': `
    const server = await listening(net.createServer(async (socket) => {
      const chunks = [];
      for await (const chunk of socket) chunks.push(chunk);
      socket.server.emit('all', Buffer.concat(chunks).toString('hex'));
    }), 0);
    const client = net.connect(server.address().port);
    const all = once(server, 'all');
    client.write('h\\u00e9');
    client.write('h\\u00e9', 'latin1');
    client.write('h\\u00e9', 'ucs2');
    client.write('68c3a9', 'hex');
    client.write('aMOp', 'base64');
    client.cork();
    client.write('a');
    client.write(Buffer.from([1, 2, 3]));
    client.uncork();
    client.end('\\u20ac');
    const [hex] = await all;
    server.close();
    return hex;`,
  'a socket of a path joins two ends': `
    const path = require('path').join(require('os').tmpdir(), 'isotherm-net-test-' + process.pid + '.sock');
    const server = await listening(net.createServer((socket) => socket.end('through ' + typeof server.address())), path);
    const answer = await text(net.connect(path).setEncoding('utf8'));
    const second = net.createServer().listen(path);
    const [inUse] = await once(second, 'error');
    const address = server.address() === path;
    server.close();
    await closed(server);
    const [gone] = await once(net.connect(path), 'error');
    return [answer, address, inUse.code, inUse.syscall, gone.code, gone.errno, gone.syscall, gone.address === path, gone.message.startsWith('connect ENOENT /')];`,
  'an abstract name joins two ends': `
    const server = await listening(net.createServer((socket) => socket.end('hidden')), '\\0isotherm-net-test-' + process.pid);
    const answer = await text(net.connect('\\0isotherm-net-test-' + process.pid).setEncoding('utf8'));
    server.close();
    return answer;`,
  'a reader that brings its own buffer gets the bytes in it': `
    const server = await listening(net.createServer((socket) => socket.end('0123456789')), 0);
    const parts = [];
    const socket = net.connect({ port: server.address().port, onread: { buffer: Buffer.alloc(4), callback(count, buffer) { parts.push(buffer.toString('latin1', 0, count)); } } });
    await closed(socket);
    server.close();
    return parts;`,
  'a timeout is told and ends nothing': `
    const server = await listening(net.createServer(), 0);
    const client = net.connect(server.address().port);
    await once(client, 'connect');
    client.setTimeout(5);
    await once(client, 'timeout');
    const state = client.readyState;
    client.destroy();
    server.close();
    return state;`,
  'more connections than a server wants are dropped': `
    const server = await listening(net.createServer(), 0);
    server.maxConnections = 1;
    const first = net.connect(server.address().port);
    await once(server, 'connection');
    const second = net.connect(server.address().port);
    const [dropped] = await once(server, 'drop');
    second.resume().on('error', () => {});
    await closed(second);
    first.destroy();
    server.close();
    return Object.keys(dropped).sort();`,
  'closing waits for connections': `
    const log = [];
    const server = await listening(net.createServer((socket) => socket.resume()), 0);
    const client = net.connect(server.address().port);
    await once(client, 'connect');
    server.close(() => log.push('server'));
    client.on('close', () => log.push('client'));
    client.end();
    await closed(server);
    const [error] = await new Promise((resolve) => server.close((...args) => resolve(args)));
    return [log.sort(), error.code];`,
  'an aborted server closes': `
    const controller = new AbortController();
    const server = await listening(net.createServer(), { port: 0, signal: controller.signal });
    controller.abort();
    await closed(server);
    return server.listening;`,
  'localhost is this machine': `
    const server = await listening(net.createServer((socket) => socket.end('here')), 0, 'localhost');
    const answer = await text(net.connect(server.address().port, 'localhost').setEncoding('utf8'));
    server.close();
    return answer;`,
  'a local port can be chosen': `
    const holder = await listening(net.createServer(), 0, '127.0.0.1');
    const { port } = holder.address();
    holder.close();
    await closed(holder);
    const server = await listening(net.createServer((socket) => socket.end(String(socket.remotePort === port))), 0, '127.0.0.1');
    const answer = await text(net.connect({ port: server.address().port, host: '127.0.0.1', localPort: port, localAddress: '127.0.0.1' }).setEncoding('utf8'));
    server.close();
    return answer;`,
  'two hundred connections at once': `
    const server = await listening(net.createServer((socket) => socket.pipe(socket)), 0);
    const answers = await Promise.all(Array.from({ length: 200 }, async (_, at) => {
      const client = net.connect(server.address().port);
      client.end('number ' + at);
      return text(client.setEncoding('utf8'));
    }));
    server.close();
    return answers.every((answer, at) => answer === 'number ' + at);`,
  'wrong arguments are refused as in Node': `
    const errors = [];
    for (const attempt of [() => net.connect(), () => net.connect({ port: 70000 }), () => net.connect({ port: 1, host: 'a\\0b' }), () => net.createServer().listen({}), () => net.createServer().listen(-1), () => new net.Socket({ fd: -1 }), () => net.connect({ port: 1, localAddress: 'x' })]) {
      try { attempt(); errors.push('none'); } catch (error) { errors.push([error.code, error.message]); }
    }
    return errors;`,
  'a bound socket is adopted': `
    const bound = new net.BoundSocket({ host: '127.0.0.1' });
    const { port, family } = bound.address();
    const server = await listening(net.createServer((socket) => socket.end('adopted')), bound);
    const same = server.address().port === port;
    const answer = await text(net.connect(port, '127.0.0.1').setEncoding('utf8'));
    let conflict;
    try { new net.BoundSocket({ host: '127.0.0.1', port }); } catch (error) { conflict = errorOf(error); }
    server.close();
    return [same, family, answer, conflict];`,
  'the context of a caller is there in the callbacks': `
    const { AsyncLocalStorage } = require('async_hooks');
    const storage = new AsyncLocalStorage();
    const server = await listening(net.createServer((socket) => socket.end('x')), 0);
    const seen = await storage.run('caller', () => new Promise((resolve) => {
      const seen = [];
      const client = net.connect(server.address().port, '127.0.0.1', () => seen.push(storage.getStore()));
      client.on('data', () => seen.push(storage.getStore()));
      client.on('close', () => resolve([...seen, storage.getStore()]));
    }));
    server.close();
    return seen;`,
  'names of this machine are looked up': `
    const dns = require('dns');
    const one = await dns.promises.lookup('localhost', 4);
    const literal = await dns.promises.lookup('::1', { all: true });
    const service = await dns.promises.lookupService('127.0.0.1', 443);
    return [one, literal, service];`,
  'addresses are looked up in rules': `
    const { BlockList, SocketAddress } = net;
    const list = new BlockList();
    list.addSubnet('fe80::', 10, 'ipv6'); list.addSubnet('192.168.1.77', 17); list.addRange('10.0.0.1', '10.0.0.9'); list.addRange('::21', '::29', 'ipv6'); list.addAddress('1.2.3.4'); list.addAddress('1.2.3.4');
    const rules = [list.rules, list.size];
    const checks = ['10.0.0.5', '10.0.0.10', '192.168.2.3', '192.168.129.1', '1.2.3.4', 'x'].map((text) => list.check(text));
    const checks6 = ['::ffff:10.0.0.5', 'fe80::5', '::25', '::30', '::ffff:1.2.3.4', '10.0.0.5'].map((text) => list.check(text, 'ipv6'));
    const mapped = new BlockList();
    mapped.addSubnet('::ffff:10.0.0.0', 104, 'ipv6'); mapped.addSubnet('0.0.0.0', 0);
    list.removeAddress('1.2.3.4'); list.removeSubnet('192.168.1.77', 17); list.removeRange('10.0.0.1', '10.0.0.9');
    const errors = [];
    for (const attempt of [() => new SocketAddress({ address: 'x' }), () => list.addRange('10.0.0.9', '10.0.0.1'), () => list.addSubnet('1.1.1.1', 64), () => list.addAddress('::1')]) {
      try { attempt(); errors.push('none'); } catch (error) { errors.push([error.name, error.code, error.message]); }
    }
    const address = new SocketAddress({ address: '0:0::1', family: 'ipv6', port: 80, flowlabel: 3 });
    const blocked = await once(net.connect({ port: 1, host: '127.0.0.1', blockList: (() => { const all = new BlockList(); all.addSubnet('127.0.0.0', 8); return all; })() }), 'error');
    return [rules, checks, checks6, mapped.check('10.1.1.1'), mapped.check('::1', 'ipv6'), list.rules, errors, address.toJSON(), SocketAddress.parse('[::1]:9').toJSON(), blocked[0].code, blocked[0].message];`,
  'servers of names are remembered': `
    const dns = require('dns');
    const resolver = new dns.Resolver();
    resolver.setServers(['192.0.2.1', '[2001:db8::1]:5353', '192.0.2.2:54']);
    const errors = [];
    for (const attempt of [() => resolver.setServers(['x']), () => resolver.setServers('x'), () => dns.lookup('a', 5, () => {}), () => dns.resolve('a', 'NO', () => {}), () => dns.lookupService('x', 1, () => {}), () => resolver.setLocalAddress('x')]) {
      try { attempt(); errors.push('none'); } catch (error) { errors.push([error.name, error.code, error.message]); }
    }
    return [resolver.getServers(), errors, dns.getDefaultResultOrder(), dns.NOTFOUND, dns.ADDRCONFIG];`,
};

export const netPrograms: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(programs).map(([name, program]) => [name, setUp + program]),
);
