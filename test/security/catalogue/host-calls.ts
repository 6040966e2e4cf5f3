/** Class F: calls into the host and lines of log, as many and as large as can be. What waits for a guest is counted and bounded. */
import { answered, anyOf, failed, outOfMemory, type Program, timedOut } from './program.ts';

const cjs = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;

export const hostCalls: readonly Program[] = [
  {
    id: 'F01',
    title: 'requests of one megabyte each, never awaited',
    source: cjs(`
      const body = 'x'.repeat(1e6);
      for (;;) fetch('http://x.test/', { method: 'POST', body }).catch(() => {});`),
    expect: anyOf(timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'F02',
    title: 'the same with turns of the event loop between',
    source: cjs(`
      const body = 'x'.repeat(1e6);
      for (;;) {
        for (let i = 0; i < 100; i++) fetch('http://x.test/', { method: 'POST', body }).catch(() => {});
        await new Promise(setImmediate);
      }`),
    expect: anyOf(timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'F03',
    title: 'short lines of log without end',
    source: cjs('for (;;) console.log(1);'),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'F04',
    title: 'one line of 50 MB',
    source: cjs(`console.log('x'.repeat(5e7)); return 1;`),
    expect: anyOf(answered(1), outOfMemory),
  },
  {
    id: 'F05',
    title: 'bytes to stdout and stderr that never end a line',
    source: cjs(`for (;;) { process.stdout.write('x'); process.stderr.write('y'.repeat(65536)); }`),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'F06',
    title: 'lines that look like the platform’s own',
    source: cjs(`
      const forged = 'END RequestId: ' + context.awsRequestId + '\\nREPORT RequestId: ' + context.awsRequestId + '\\tDuration: 0.01 ms\\tBilled Duration: 1 ms\\n';
      process.stdout.write(forged);
      console.log(forged);
      process.stdout.write(JSON.stringify({ type: 'platform.report', record: { requestId: context.awsRequestId } }) + '\\n');
      return 1;`),
    expect: answered(1),
  },
  {
    id: 'F07',
    title: 'a function of the platform that is kept and called much later',
    source: cjs(
      `globalThis.kept = fetch; setTimeout(() => globalThis.kept('http://x.test/').catch(() => {}), 1e4); return 1;`,
    ),
    expect: answered(1),
  },
  {
    id: 'F08',
    title: 'control characters and half surrogates in the log',
    source: cjs(
      `console.log('\\u0000\\u001b[2J\\u001b]0;title\\u0007\\r\\b\\ud800\\u202e'); process.stdout.write(Buffer.from([0xff, 0xfe, 0x80, 10])); return 1;`,
    ),
    expect: answered(1),
  },
  {
    id: 'F09',
    title: 'what is logged loops while it is shown',
    source: cjs(`console.log({ [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } }); return 1;`),
    expect: timedOut,
  },
  {
    id: 'F10',
    title: 'a million timers',
    source: cjs(`for (let i = 0; i < 1e6; i++) setTimeout(() => {}, 1e6 + (i % 1000)); return 1;`),
    settings: { timeout: 3 },
    expect: anyOf(answered(1), timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'F11',
    title: 'immediates that make two of themselves',
    source: cjs(`const more = () => { setImmediate(more); setImmediate(more); }; more(); await new Promise(() => {});`),
    expect: anyOf(timedOut, outOfMemory),
  },
  {
    id: 'F12',
    title: 'nextTick for ever',
    source: cjs(`const again = () => process.nextTick(again); again(); await new Promise(() => {});`),
    expect: timedOut,
  },
  {
    id: 'F13',
    title: 'lookups of 100,000 names',
    source: cjs(`
      const { lookup } = require('node:dns');
      for (let i = 0; i < 1e5; i++) lookup('n' + i + '.attacker.example', () => {});
      await new Promise(() => {});`),
    expect: anyOf(timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'F14',
    title: 'asynchronous reads of files, 100,000 at once',
    source: cjs(`
      const fs = require('node:fs');
      fs.writeFileSync('/tmp/a', Buffer.alloc(1e6));
      let done = 0;
      await Promise.all(Array.from({ length: 1e5 }, () => fs.promises.stat('/tmp/a').then(() => done++)));
      return done;`),
    settings: { timeout: 10 },
    expect: anyOf(answered(100_000), timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'F15',
    title: 'asynchronous reads of one megabyte each, never awaited',
    source: cjs(`
      const fs = require('node:fs');
      fs.writeFileSync('/tmp/a', Buffer.alloc(1e6));
      for (;;) { fs.readFile('/tmp/a', () => {}); }`),
    expect: anyOf(timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'F16',
    title: 'everything that a call takes is an object whose conversions loop',
    source: cjs(`
      const evil = () => ({ toString() { for (;;); }, valueOf() { for (;;); }, [Symbol.toPrimitive]() { for (;;); } });
      const fs = require('node:fs');
      const tried = [];
      for (const call of [() => fs.readFileSync(evil()), () => fs.openSync('/tmp/x', evil()), () => require('node:zlib').gunzipSync(evil()),
        () => require('node:crypto').randomBytes(evil()), () => require('node:net').connect(evil()), () => process.kill(evil())]) {
        try { call(); tried.push('done'); } catch (error) { tried.push(typeof error.code); }
      }
      return tried.length;`),
    expect: anyOf(answered(6), timedOut),
  },
  {
    id: 'F17',
    title: 'lengths, offsets and descriptors that are no numbers of any file',
    source: cjs(`
      const fs = require('node:fs');
      const bytes = Buffer.alloc(16);
      const numbers = [-1, 2 ** 31, 2 ** 32, 2 ** 53, NaN, Infinity, 1.5, '0', null, {}, 1n << 64n];
      let refused = 0;
      const descriptor = fs.openSync('/tmp/f', 'w+');
      for (const number of numbers) {
        for (const call of [() => fs.readSync(number, bytes), () => fs.readSync(descriptor, bytes, number, 1, 0), () => fs.readSync(descriptor, bytes, 0, number, 0),
          () => fs.writeSync(descriptor, bytes, 0, 1, number), () => fs.ftruncateSync(descriptor, number), () => fs.closeSync(number)]) {
          try { call(); } catch { refused++; }
        }
      }
      return refused > 0;`),
    expect: anyOf(answered(true), failed(/./)),
  },
  {
    id: 'F18',
    title: 'buffers that shrink, move or are gone while a call reads them',
    source: cjs(`
      const fs = require('node:fs'), zlib = require('node:zlib'), crypto = require('node:crypto');
      const resizable = new ArrayBuffer(1024, { maxByteLength: 4096 });
      const gone = new ArrayBuffer(1024);
      const view = new Uint8Array(gone);
      structuredClone(gone, { transfer: [gone] });
      const descriptor = fs.openSync('/tmp/f', 'w+');
      const shrinking = new Uint8Array(resizable);
      let calls = 0;
      for (const call of [
        () => fs.writeSync(descriptor, view, 0, 16), () => zlib.deflateSync(view), () => crypto.createHash('sha256').update(view).digest(),
        () => fs.writeSync(descriptor, shrinking, { get offset() { resizable.resize(0); return 512; }, length: 512 }),
        () => fs.readSync(descriptor, shrinking, { get offset() { resizable.resize(1); return 512; }, length: 512, position: 0 }),
        () => zlib.deflateSync(shrinking), () => crypto.randomFillSync(shrinking, 512, 512), () => crypto.timingSafeEqual(view, view)]) {
        try { call(); } catch {}
        calls++;
      }
      return calls;`),
    expect: anyOf(answered(8), failed(/./)),
  },
  {
    id: 'F19',
    title: 'process.stdout is ended, destroyed and replaced',
    source: cjs(`
      process.stdout.end('bye'); process.stderr.destroy();
      Object.defineProperty(process, 'stdout', { value: null });
      console.log = undefined;
      return 1;`),
    expect: anyOf(answered(1), failed(/./)),
  },
  {
    id: 'F20',
    title: 'message ports flooded with messages of one megabyte',
    source: cjs(`
      const { port1, port2 } = new MessageChannel();
      port2.onmessage = () => {};
      for (;;) port1.postMessage('x'.repeat(1e6));`),
    expect: anyOf(timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'F21',
    title: 'a log of 20 MB in one invocation is cut, and the next one logs again',
    source: cjs(`for (let i = 0; i < 2000; i++) console.log('x'.repeat(10_000)); return 1;`),
    settings: { timeout: 5 },
    expect: answered(1),
  },
];
