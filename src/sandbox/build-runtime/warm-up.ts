/**
 * Guest code that is run while code caches are made, so that they hold its functions compiled. It must draw no randomness and
 * read no clock.
 */
import { offeredModules } from '../../bridge/node-modules.ts';

/** What each function does at least: answer, print a line. */
export const helloBundle = `(function (exports, require) {
  exports.handler = async (event) => {
    console.log('hello');
    return event;
  };
})`;

/** Loads every offered module and does with the common ones what functions commonly do. */
export const libraryBundle = `(function (exports, require) {
  for (const id of ${JSON.stringify(offeredModules)}) require('node:' + id);
  const { once, EventEmitter } = require('events');
  const { Readable } = require('stream');
  const { pipeline } = require('stream/promises');
  const path = require('path');
  const util = require('util');
  exports.handler = async (event) => {
    console.log('hello', { a: [1, 'two', new Map([[3, new Set([4])]])], error: new Error('shown') });
    console.error('%s is %d', 'one', 1);
    util.inspect({ nested: { deep: { array: [true, null, undefined, 1n, Symbol('s')] } }, date: new Date(0), f() {} });
    const emitter = new EventEmitter();
    emitter.on('x', () => {});
    setTimeout(() => emitter.emit('go', 1), 0);
    await Promise.race([once(emitter, 'go'), new Promise((resolve) => setImmediate(resolve))]);
    clearTimeout(setTimeout(() => {}, 1));
    await new Promise((resolve) => process.nextTick(resolve));
    queueMicrotask(() => {});
    const bytes = Buffer.from('h\\u00e9llo');
    for (const encoding of ['utf8', 'base64', 'hex', 'latin1']) Buffer.from(bytes.toString(encoding), encoding);
    Buffer.concat([bytes, Buffer.alloc(4)]).equals(bytes);
    const url = new URL('https://user:word@example.com:8080/a/../b?x=1#y');
    url.searchParams.append('k', 'v');
    url.pathname = '/c';
    new URLSearchParams({ a: '1' }).toString();
    new TextDecoder().decode(new TextEncoder().encode('text'));
    structuredClone({ a: [new Date(0), new Map([[1, 2]])] });
    const controller = new AbortController();
    controller.signal.addEventListener('abort', () => {});
    controller.abort();
    path.join('/a', '..', 'b');
    path.resolve('c');
    path.parse('/d/e.f');
    const chunks = [];
    await pipeline(Readable.from(['a', 'b']), async function* (source) { for await (const chunk of source) yield chunk; }, async (source) => {
      for await (const chunk of source) chunks.push(chunk);
    });
    const { createHash, createHmac, createSecretKey, createSign, generateKeyPairSync, hash, randomBytes, randomUUID, timingSafeEqual } = require('crypto');
    for (const name of ['md5', 'sha1', 'sha256', 'sha512']) {
      createHash(name).update('text').update(bytes).digest('hex');
      createHmac(name, 'key').update('text').digest('base64');
    }
    createHmac('sha256', createSecretKey(bytes)).update(bytes).digest();
    hash('sha256', 'text');
    randomBytes(8).toString('hex');
    randomUUID();
    timingSafeEqual(bytes, bytes);
    crypto.randomUUID();
    crypto.getRandomValues(new Uint8Array(8));
    await crypto.subtle.digest('SHA-256', bytes);
    for (const run of [() => createSign('sha256'), () => generateKeyPairSync('ed25519')]) {
      try {
        run();
      } catch (error) {
        // There is no service that would answer.
      }
    }
    const fs = require('fs');
    fs.mkdirSync('/tmp/folder', { recursive: true });
    fs.writeFileSync('/tmp/folder/file', 'text');
    fs.writeFileSync('/tmp/folder/file', bytes);
    fs.appendFileSync('/tmp/folder/file', 'more');
    fs.readFileSync('/tmp/folder/file');
    fs.readFileSync('/tmp/folder/file', 'utf8');
    fs.existsSync('/tmp/none');
    fs.statSync('/tmp/folder/file').isFile();
    fs.readdirSync('/tmp/folder', { withFileTypes: true });
    await fs.promises.writeFile('/tmp/folder/other', 'text');
    await fs.promises.readFile('/tmp/folder/other', 'utf8');
    await fs.promises.stat('/tmp/folder/other');
    await pipeline(fs.createReadStream('/tmp/folder/file'), fs.createWriteStream('/tmp/folder/copy'));
    await new Promise((resolve, reject) => fs.readFile('/tmp/folder/copy', (error) => (error ? reject(error) : resolve())));
    fs.rmSync('/tmp/folder', { recursive: true });
    const http = require('http');
    const server = http.createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.end('{"a":1}');
      });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    const headers = { 'content-type': 'application/json' };
    await new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port, method: 'POST', headers }, (response) => {
        response.on('data', () => {}).on('end', resolve);
      });
      request.on('error', reject);
      request.end('{}');
    });
    const response = await fetch('http://127.0.0.1:' + port + '/path?query', { method: 'POST', headers, body: '{}' });
    await response.json();
    server.close();
    server.closeAllConnections();
    try {
      path.join(1);
    } catch (error) {
      error.stack;
    }
    return event;
  };
})`;
