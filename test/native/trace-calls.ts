/**
 * A program for whoever changes Node, isolated-vm or the policy: attaches strace to a sandbox that is locked already, lets functions
 * use everything a sandbox does for them, and writes the calls that it made to `traced-calls.json`. Needs strace and root.
 *
 *     node test/native/trace-calls.ts
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../sandbox/harness.ts';

const programs: Record<string, string> = {
  'volumes and the package': `
    const fs = require('fs');
    for (let i = 0; i < 5; i++) fs.writeFileSync('/tmp/f' + i, Buffer.alloc(20e6, i));
    for (let i = 0; i < 5; i++) fs.readFileSync('/tmp/f' + i);
    fs.rmSync('/tmp/f0'); fs.truncateSync('/tmp/f1', 10); fs.readFileSync('/var/task/data');`,
  cryptography: `
    const crypto = require('crypto'), { promisify } = require('util');
    crypto.randomBytes(16); crypto.createHash('sha256').update('x').digest();
    crypto.scryptSync('a', 'b', 32, { N: 32768, maxmem: 1e9 }); crypto.pbkdf2Sync('a', 'b', 1e6, 32, 'sha512');
    crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
    await promisify(crypto.scrypt)('a', 'b', 32); await promisify(crypto.generateKeyPair)('rsa', { modulusLength: 2048 });
    await crypto.webcrypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
    require('tls').createSecureContext({});`,
  compression: `
    const zlib = require('zlib'), { promisify } = require('util'), bytes = Buffer.alloc(5e6, 'abc');
    zlib.gunzipSync(zlib.gzipSync(bytes));
    await promisify(zlib.brotliCompress)(bytes.subarray(0, 1e5)); await promisify(zlib.zstdCompress)(bytes);`,
  'WebAssembly and Intl': `
    const code = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
    new WebAssembly.Instance(new WebAssembly.Module(code)); await WebAssembly.compile(code);
    new WebAssembly.Memory({ initial: 100, maximum: 1000 }).grow(100);
    new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' }).format(0); new Date(0).toLocaleString();`,
  'code that gets hot': `
    let sum = 0;
    for (const end = Date.now() + 1500; Date.now() < end; ) for (let i = 0; i < 1e5; i++) sum += Math.sqrt(i);`,
  'a function that does not end': 'for (;;);',
  'a function that runs out of memory': 'const kept = []; for (;;) kept.push(new Array(1e5).fill(Math.random()));',
  'a function that throws': 'throw new Error("on purpose");',
  'a function that exits': 'process.exit(3);',
  'much output': 'console.log("z".repeat(1e6)); return "y".repeat(3e6);',
  timers: 'await new Promise((resolve) => setTimeout(resolve, 200)); return process.memoryUsage().rss;',
};

const directory = mkdtempSync(join(tmpdir(), 'isotherm-trace-'));
const tracePath = join(directory, 'trace');
await using sandbox = await startSandbox();
const strace = spawn('strace', ['-f', '-o', tracePath, '-p', String(sandbox.pid)], {
  stdio: ['ignore', 'ignore', 'pipe'],
});
// It says so when it is attached.
await once(strace.stderr, 'data');

const files = { data: 'x'.repeat(100_000) };
for (const [name, body] of Object.entries(programs)) {
  const environment = await sandbox.run({ source: `exports.handler = async () => {${body}};`, files });
  const { outcome } = await environment.invoke({}, { timeoutMs: name.endsWith('not end') ? 500 : 60_000 });
  console.log(`${name}: ${outcome.kind}`);
  await environment.destroy();
}
const crowd = await Promise.all(
  Array.from({ length: 20 }, () => sandbox.run(`exports.handler = async () => {${programs.timers}};`)),
);
await Promise.all(crowd.map((environment) => environment.invoke()));
for (const environment of crowd) for (let i = 0; i < 5; i++) await environment.invoke();
await sandbox.ping();
process.kill(sandbox.pid, 'SIGKILL');
await once(strace, 'exit');

const made = readFileSync(tracePath, 'utf8').matchAll(/^\d+ +([a-z0-9_]+)\(/gm);
const calls = [...new Set([...made].map(([, name = '']) => name))].sort();
rmSync(directory, { recursive: true });
const { node, v8 } = process.versions;
const text = JSON.stringify({ arch: process.arch, node, v8, calls }, undefined, 2);
writeFileSync(new URL('traced-calls.json', import.meta.url), `${text}\n`);
console.log(`${calls.length} different calls`);
