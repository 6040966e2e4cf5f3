/** Node's own http over the guest's loopback, and over streams that are no sockets. */
import test from 'ava';
import { GuestRunner, nodeAnswer } from './harness.ts';

let runner: GuestRunner;
test.before(async () => {
  runner = await GuestRunner.start();
});
test.after.always(() => runner[Symbol.asyncDispose]());

const helpers = `
const http = require('http');
const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
const read = async (stream) => { let text = ''; for await (const chunk of stream) text += chunk; return text; };
const call = (options, body) => new Promise((resolve, reject) => {
  const request = http.request({ host: '127.0.0.1', ...options }, (response) => {
    read(response).then((text) => resolve({ status: response.statusCode, headers: response.headers, text, trailers: response.trailers }), reject);
  });
  request.on('error', reject);
  request.end(body);
});
`;

test('a server in the function answers a client in the function', async (t) => {
  const source = `${helpers}
    exports.handler = async () => {
      const server = http.createServer(async (request, response) => {
        response.setHeader('x-method', request.method);
        response.sendDate = false;
        response.end(request.url + ' ' + await read(request));
      });
      const port = await listening(server);
      const answers = [await call({ port, path: '/a?b=c' }), await call({ port, path: '/d', method: 'POST' }, 'sent')];
      await new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
      return answers;
    };`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a body that goes in chunks arrives with its trailers', async (t) => {
  const source = `${helpers}
    exports.handler = async () => {
      const server = http.createServer(async (request, response) => {
        const body = await read(request);
        response.sendDate = false;
        response.writeHead(200, { Trailer: 'x-length', 'Transfer-Encoding': 'chunked' });
        response.write(body);
        response.addTrailers({ 'x-length': String(body.length) });
        response.end(JSON.stringify(request.headers['transfer-encoding']));
      });
      const port = await listening(server);
      const answer = await call({ port, method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, 'x'.repeat(100_000));
      server.closeAllConnections();
      server.close();
      return [answer.headers, answer.trailers, answer.text.length];
    };`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('an agent keeps its socket for the next request', async (t) => {
  const source = `${helpers}
    exports.handler = async () => {
      const ports = new Set();
      const server = http.createServer((request, response) => { ports.add(request.socket.remotePort); response.end(); });
      const port = await listening(server);
      const agent = new http.Agent({ keepAlive: true });
      for (let times = 0; times < 3; times++) await call({ port, agent });
      const kept = Object.values(agent.freeSockets).flat().length;
      agent.destroy();
      server.close();
      return [ports.size, kept];
    };`;
  t.deepEqual(await runner.answer(source), [1, 1]);
});

test('Expect: 100-continue, early hints, an upgrade and CONNECT go through', async (t) => {
  const source = `${helpers}
    const { once } = require('events');
    exports.handler = async () => {
      const log = [];
      const server = http.createServer((request, response) => { response.writeEarlyHints({ link: '</a>; rel=preload' }); response.end(); });
      server.on('checkContinue', async (request, response) => { response.writeContinue(); response.end(await read(request)); });
      server.on('upgrade', (request, socket, head) => { socket.end('HTTP/1.1 101 Switching Protocols\\r\\nConnection: upgrade\\r\\nUpgrade: echo\\r\\n\\r\\nafter'); });
      server.on('connect', (request, socket) => { socket.end('HTTP/1.1 200 OK\\r\\n\\r\\ntunnel to ' + request.url); });
      const port = await listening(server);
      const expecting = http.request({ port, host: '127.0.0.1', method: 'POST', headers: { expect: '100-continue' } });
      expecting.flushHeaders();
      await once(expecting, 'continue');
      expecting.end('now');
      log.push(await read((await once(expecting, 'response'))[0]));
      const hinted = http.get({ port, host: '127.0.0.1' });
      const [[hint], [final]] = await Promise.all([once(hinted, 'information'), once(hinted, 'response')]);
      final.resume();
      log.push(hint.statusCode, hint.headers);
      const upgraded = http.get({ port, host: '127.0.0.1', headers: { connection: 'upgrade', upgrade: 'echo' } });
      const [response, socket, head] = await once(upgraded, 'upgrade');
      log.push(response.statusCode, String(head) + await read(socket));
      const tunnel = http.request({ port, host: '127.0.0.1', method: 'CONNECT', path: 'example.com:443' }).end();
      const [connected, through, start] = await once(tunnel, 'connect');
      log.push(connected.statusCode, String(start) + await read(through));
      server.closeAllConnections();
      server.close();
      return log;
    };`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('what goes wrong has the error that Node gives', async (t) => {
  const source = `${helpers}
    const failure = (work) => work.then(() => 'no error', (error) => [error.name, error.code, error.message.replace(/\\d{4,5}$/, 'port')]);
    exports.handler = async () => {
      const server = http.createServer((request, response) => {
        if (request.url === '/hang-up') request.socket.destroy();
        else if (request.url === '/cut') { response.writeHead(200, { 'content-length': 10 }); response.write('part'); setImmediate(() => response.destroy()); }
        else if (request.url === '/nonsense') request.socket.end('nonsense');
      });
      const port = await listening(server);
      const controller = new AbortController();
      const aborted = failure(call({ port, path: '/never', signal: controller.signal }));
      setTimeout(() => controller.abort(), 10);
      const answers = [await aborted];
      for (const path of ['/hang-up', '/cut', '/nonsense']) answers.push(await failure(call({ port, path })));
      server.closeAllConnections();
      server.close();
      try { http.request({ path: '/a b' }); } catch (error) { answers.push([error.code, error.message]); }
      try { http.request({ headers: { a: 'b\\n' } }); } catch (error) { answers.push([error.code, error.message]); }
      return answers;
    };`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a request that is no HTTP gets the 400 of Node, and the server is told', async (t) => {
  const source = `${helpers}
    const net = require('net');
    exports.handler = async () => {
      const log = [];
      const server = http.createServer();
      server.on('clientError', (error, socket) => { log.push(error.code, error.bytesParsed, String(error.rawPacket)); socket.end('HTTP/1.1 400 Bad Request\\r\\n\\r\\n'); });
      const port = await listening(server);
      const socket = net.connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\\r\\nbroken header\\r\\n\\r\\n'));
      log.push(await read(socket));
      server.close();
      return log;
    };`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a client that dawdles over its headers is sent away', async (t) => {
  const source = `${helpers}
    const net = require('net');
    exports.handler = async () => {
      const server = http.createServer({ headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 20 });
      const port = await listening(server);
      const socket = net.connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\\r\\n'));
      const answer = await read(socket);
      server.close();
      return answer;
    };`;
  t.is(await runner.answer(source), 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
});

test('http runs over a stream that is no socket', async (t) => {
  const source = `${helpers}
    const { duplexPair } = require('stream');
    exports.handler = async () => {
      const server = http.createServer(async (request, response) => response.end('got ' + await read(request)));
      const [here, there] = duplexPair();
      server.emit('connection', there);
      return (await call({ createConnection: () => here, method: 'PUT', path: '/' }, 'this')).text;
    };`;
  t.is(await runner.answer(source), 'got this');
});

test('a large body waits for its slow reader, both ways', async (t) => {
  const source = `${helpers}
    const { setImmediate: turn } = require('timers/promises');
    const slowly = async (stream) => { let count = 0; for await (const chunk of stream) { count += chunk.length; await turn(); } return count; };
    exports.handler = async () => {
      const total = 3_000_000;
      let waited = 0;
      const server = http.createServer(async (request, response) => {
        const received = await slowly(request);
        for (let sent = 0; sent < received; sent += 100_000) {
          if (!response.write(Buffer.alloc(100_000))) { waited++; await new Promise((resolve) => response.once('drain', resolve)); }
        }
        response.end();
      });
      const port = await listening(server);
      const response = await new Promise((resolve, reject) => {
        http.request({ port, host: '127.0.0.1', method: 'POST' }, resolve).on('error', reject).end(Buffer.alloc(total));
      });
      const received = await slowly(response);
      server.close();
      return [received, waited > 0];
    };`;
  t.deepEqual(await runner.answer(source), [3_000_000, true]);
});

test('a request that is paused at its first piece keeps its body', async (t) => {
  const source = `${helpers}
    exports.handler = async () => {
      const server = http.createServer((request, response) => {
        request.once('data', () => { request.pause(); response.end(); response.on('finish', () => server.emit('dumped', request._dumped)); });
      });
      const port = await listening(server);
      const dumped = new Promise((resolve) => server.once('dumped', resolve));
      await call({ port, method: 'POST' }, Buffer.alloc(1024));
      server.closeAllConnections();
      server.close();
      return dumped;
    };`;
  t.is(await runner.answer(source), await nodeAnswer(source));
});

test('what follows in the same packet is not read once the connection was closed', async (t) => {
  const source = `${helpers}
    const net = require('net');
    exports.handler = async () => {
      const urls = [];
      const server = http.createServer((request, response) => { urls.push(request.url); request.socket.emit('close'); response.end(); });
      const port = await listening(server);
      const client = net.connect(port, '127.0.0.1');
      client.end('GET /1 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\nGET /2 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n');
      await read(client);
      server.close();
      return urls;
    };`;
  t.deepEqual(await runner.answer(source), ['/1']);
});

test('http2 has its names and numbers, and says that it is not offered', async (t) => {
  const names = `exports.handler = async () => {
    const http2 = require('node:http2');
    return [Object.keys(http2).sort(), http2.constants, http2.getDefaultSettings(), String(http2.sensitiveHeaders)];
  };`;
  t.deepEqual(await runner.answer(names), await nodeAnswer(names));
  const use = `const http2 = require('http2');
    exports.handler = async () => ['connect', 'createServer', 'createSecureServer', 'getPackedSettings'].map((name) => {
      try { return http2[name](); } catch (error) { return [error.code, error.message]; }
    });`;
  t.deepEqual(
    await runner.answer(use),
    ['connect', 'createServer', 'createSecureServer', 'getPackedSettings'].map((name) => [
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      `http2.${name}() is not offered by isotherm`,
    ]),
  );
});

test('HTTP/2 is not negotiated by what can also speak HTTP/1.1', async (t) => {
  const answer = await runner.answer(`const tls = require('tls');
    exports.handler = async () => [['h2', 'http/1.1'], ['h2'], ['a', 'b']].map((protocols) => {
      const options = {};
      tls.convertALPNProtocols(protocols, options);
      return String(options.ALPNProtocols);
    });`);
  t.deepEqual(answer, ['\x08http/1.1', '\x02h2', '\x01a\x01b']);
});
