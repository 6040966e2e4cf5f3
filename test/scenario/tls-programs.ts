/** Programs on TLS within one process and to servers outside of it, whose answers in a guest must be Node's. */
const setUp = `
const tls = require('tls');
const net = require('net');
const { once } = require('events');
const { Duplex } = require('stream');
const text = async (stream) => { let all = ''; for await (const chunk of stream) all += chunk; return all; };
const sessionIdContext = 'test';
const log = [];
const listening = async (server) => { server.listen(0); await once(server, 'listening'); return server.address().port; };
const closed = async (server) => { server.close(); await once(server, 'close'); };
const quiet = (socket) => { socket.on('error', () => {}); return socket; };
const plain = (error) => [error.message.replace(/^[0-9A-F]{16}:/, ''), error.code, Object.keys(error)];
`;

const programs: Readonly<Record<string, string>> = {
  'a server of the guest has clients, trusting and not': `
    const server = tls.createServer({ key, cert, sessionIdContext }, (socket) => { log.push(['server', socket.servername, socket.getProtocol(), socket.authorized]); quiet(socket).end('hello from guest'); });
    const port = await listening(server);
    const client = tls.connect({ port, ca, servername: 'localhost' });
    log.push(await text(client.setEncoding('utf8')), client.authorized);
    const [error] = await once(tls.connect({ port, servername: 'localhost' }), 'error');
    log.push(plain(error));
    await closed(server);`,
  'callbacks choose the certificate and the protocol': `
    const context = tls.createSecureContext({ key, cert });
    const server = tls.createServer({
      sessionIdContext,
      SNICallback: (name, done) => { log.push('sni ' + name); setImmediate(() => done(null, context)); },
      ALPNCallback: ({ servername, protocols }) => { log.push(['alpn', servername, protocols]); return protocols[1]; },
    }, (socket) => quiet(socket).end(socket.alpnProtocol + ' ' + socket.servername));
    const client = tls.connect({ port: await listening(server), ca, servername: 'localhost', ALPNProtocols: ['a', 'b'] });
    log.push(await text(client.setEncoding('utf8')), client.alpnProtocol);
    await closed(server);`,
  'contexts are chosen by name': `
    const server = tls.createServer({ sessionIdContext }, (socket) => quiet(socket).end('x'));
    server.addContext('*.test', { key, cert });
    const port = await listening(server);
    const seen = async (servername) => { const client = tls.connect({ port, servername, rejectUnauthorized: false }); return Promise.race([once(client, 'secureConnect').then(() => client.getPeerCertificate().subject.CN), once(client, 'error').then(([error]) => error.code)]).finally(() => client.destroy()); };
    server.on('tlsClientError', (error) => log.push(error.code));
    log.push(await seen('a.test'));
    server.close();`,
  'both ends go over to TLS in the middle': `
    const server = net.createServer(async (socket) => {
      await once(quiet(socket), 'data');
      socket.write('S');
      const secure = new tls.TLSSocket(socket, { isServer: true, secureContext: tls.createSecureContext({ key, cert }) });
      quiet(secure).on('data', (data) => secure.write('up ' + data));
      secure.on('end', () => secure.end());
    });
    const socket = net.connect(await listening(server));
    await once(socket, 'connect');
    socket.write('start');
    await once(socket, 'data');
    const secure = tls.connect({ socket, ca, servername: 'localhost' });
    secure.write('query');
    log.push(String((await once(secure, 'data'))[0]));
    secure.end();
    secure.resume();
    await once(secure, 'close');
    await closed(server);`,
  'TLS goes over a stream of JavaScript': `
    const server = tls.createServer({ key, cert, sessionIdContext }, (socket) => quiet(socket).pipe(socket));
    const raw = net.connect(await listening(server));
    await once(raw, 'connect');
    const socket = new Duplex({ read() {}, write(chunk, encoding, done) { raw.write(chunk, done); }, final(done) { raw.end(done); } });
    raw.on('data', (data) => socket.push(data));
    raw.on('end', () => socket.push(null));
    const client = tls.connect({ socket, ca, servername: 'localhost' });
    await once(client, 'secureConnect');
    client.end('through a stream');
    log.push(await text(client.setEncoding('utf8')));
    raw.destroy();
    server.close();`,
  'TLS goes through TLS': `
    const server = tls.createServer({ key, cert, sessionIdContext }, (socket) => {
      const inner = quiet(new tls.TLSSocket(quiet(socket), { isServer: true, secureContext: tls.createSecureContext({ key, cert }) }));
      inner.on('data', (data) => inner.write('inner ' + data));
      inner.on('end', () => inner.end());
    });
    const outer = tls.connect({ port: await listening(server), ca, servername: 'localhost' });
    await once(outer, 'secureConnect');
    const inner = tls.connect({ socket: outer, ca, servername: 'localhost' });
    inner.write('words');
    log.push(String((await once(inner, 'data'))[0]), inner.authorized);
    inner.end();
    inner.resume();
    await once(inner, 'close');
    server.close();`,
  'what was written before a destroy arrives': `
    const server = tls.createServer({ key, cert, sessionIdContext }, (socket) => quiet(socket).write('last words', () => socket.destroy()));
    const client = quiet(tls.connect({ port: await listening(server), ca, servername: 'localhost' }));
    let words = '';
    client.on('data', (data) => { words += data; });
    await once(client, 'close');
    log.push(words);
    server.close();`,
  'a client shows its certificate': `
    const server = tls.createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true, sessionIdContext }, (socket) => quiet(socket).end(socket.getPeerCertificate().subject.CN + ' ' + socket.authorized));
    const client = tls.connect({ port: await listening(server), ca, servername: 'localhost', key, cert });
    log.push(await text(client.setEncoding('utf8')));
    await closed(server);`,
  'megabytes go there and back': `
    const server = tls.createServer({ key, cert, sessionIdContext }, (socket) => quiet(socket).pipe(socket));
    const client = tls.connect({ port: await listening(server), ca, servername: 'localhost' });
    client.end(Buffer.alloc(2_000_000, 'q'));
    let length = 0;
    for await (const chunk of client) length += chunk.length;
    log.push(length);
    await closed(server);`,
  'clients that speak no TLS are told of': `
    const server = tls.createServer({ key, cert, sessionIdContext });
    const port = await listening(server);
    const refused = once(server, 'tlsClientError');
    const client = quiet(net.connect(port, () => client.write('GET / HTTP/1.1\\r\\n\\r\\n')));
    client.resume();
    log.push(plain((await refused)[0]));
    await once(client, 'close');
    const hung = once(server, 'tlsClientError');
    const silent = net.connect(port, () => silent.end());
    silent.resume();
    log.push(plain((await hung)[0]));
    await closed(server);`,
  'an end before the handshake is a reset': `
    const server = net.createServer((socket) => quiet(socket).resume().end());
    const [error] = await once(tls.connect({ port: await listening(server), host: '127.0.0.1' }), 'error');
    log.push(plain(error));
    server.close();`,
  'certificates are read': `
    const server = tls.createServer({ key, cert, sessionIdContext }, (socket) => quiet(socket).end());
    const client = tls.connect({ port: await listening(server), ca, servername: 'localhost' });
    await once(client, 'secureConnect');
    const certificate = client.getPeerCertificate(true);
    const { issuerCertificate, ...leaf } = certificate;
    log.push(leaf, issuerCertificate?.subject, Object.getPrototypeOf(leaf.subject), client.getCipher(), client.getEphemeralKeyInfo(), client.getPeerCertificate().issuerCertificate === undefined);
    client.resume();
    await once(client, 'close');
    await closed(server);`,
  'wrong contexts are refused at once': `
    for (const options of [{ cert: 'x' }, { key: 'x' }, { ca: 5 }, { pfx: 'x' }, { ciphers: 'NONE' }, { minVersion: 'x' }, { secureProtocol: 'x' }, { ecdhCurve: 'x' }, { crl: 'x' }, { dhparam: 'x' }, { sigalgs: 'x' }, { cert, key: key.replace('a', 'b') }, { ticketKeys: Buffer.alloc(1) }]) {
      try { tls.createSecureContext(options); log.push('none'); } catch (error) { log.push([error.name, ...plain(error)]); }
    }
    for (const attempt of [() => tls.connect({ port: 1, servername: '1.2.3.4' }), () => tls.connect({ port: 1, checkServerIdentity: 1 }), () => tls.createServer({ ALPNCallback() {}, ALPNProtocols: ['x'] })]) {
      try { attempt(); log.push('none'); } catch (error) { log.push(plain(error)); }
    }
    log.push(tls.getCiphers().length, tls.rootCertificates.length, tls.DEFAULT_MIN_VERSION, tls.DEFAULT_CIPHERS.length, tls.getCACertificates('bundled').length);`,
  'a server outside is trusted for its name only': `
    const attempt = (options) => new Promise((resolve) => {
      const client = tls.connect({ port: outsidePort, host: '127.0.0.1', ...options }, () => {
        log.push([client.authorized, client.authorizationError, client.getProtocol(), client.alpnProtocol, client.remotePort === outsidePort]);
        client.write('ping');
      });
      client.on('data', (data) => { log.push(String(data)); client.end(); });
      client.on('error', (error) => log.push(plain(error)));
      client.on('close', resolve);
    });
    await attempt({ ca, servername: 'localhost', ALPNProtocols: ['h2', 'x'] });
    await attempt({ servername: 'localhost' });
    await attempt({ ca, servername: 'other.test' });
    await attempt({ rejectUnauthorized: false });
    await attempt({ ca, servername: 'localhost', maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' });
    await attempt({ ca, servername: 'localhost', maxVersion: 'TLSv1.2' });`,
  'an outside connection goes over to TLS in the middle': `
    const socket = net.connect(upgradePort, '127.0.0.1');
    socket.write('SSL?');
    log.push(String((await once(socket, 'data'))[0]));
    const secure = tls.connect({ socket, ca, servername: 'localhost' });
    await once(secure, 'secureConnect');
    secure.write('select 1');
    log.push(String((await once(secure, 'data'))[0]));
    secure.end();
    secure.resume();
    await once(secure, 'close');`,
};

export const tlsPrograms: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(programs).map(([name, program]) => [
    name,
    `exports.handler = async ({ key, cert, ca, outsidePort, upgradePort }) => {${setUp}${program}
      return log;
    };`,
  ]),
);
