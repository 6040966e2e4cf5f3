/** Class Y: answers that are read while they are written. What a guest writes ahead of its reader is bounded, and never another's answer. */
import {
  answered,
  answeredAtAll,
  anyOf,
  exited,
  failed,
  outOfMemory,
  type Program,
  timedOut,
  tooLarge,
} from './program.ts';

const streaming = (body: string): Readonly<Record<string, string>> => ({
  'index.js': `const { once } = require('node:events');
    exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
      if (event.benign) return stream.end('"benign"');
      ${body}
    });`,
});

const endless = `const chunk = Buffer.alloc(65536); for (;;) if (!stream.write(chunk)) await once(stream, 'drain');`;

export const streams: readonly Program[] = [
  {
    id: 'Y01',
    title: 'an answer without end, to a reader that takes all of it',
    files: streaming(endless),
    reader: 'all',
    expect: anyOf(timedOut, tooLarge),
  },
  {
    id: 'Y02',
    title: 'an answer without end, to a reader that takes nothing',
    files: streaming(endless),
    reader: 'none',
    expect: timedOut,
  },
  {
    id: 'Y03',
    title: 'an answer without end, to a reader that leaves',
    files: streaming(endless),
    reader: 'leaves',
    expect: anyOf(timedOut, tooLarge),
  },
  {
    id: 'Y04',
    title: 'byte by byte, each waited for',
    files: streaming(`for (;;) await new Promise((resolve) => stream.write('x', resolve));`),
    reader: 'all',
    expect: timedOut,
  },
  {
    id: 'Y05',
    title: 'nothing is waited for',
    files: streaming(`const chunk = 'x'.repeat(65536); for (;;) stream.write(chunk);`),
    reader: 'none',
    expect: anyOf(timedOut, outOfMemory, failed('RangeError'), exited),
  },
  {
    id: 'Y06',
    title: 'as much as fits into the memory of the function, at once, eight times beside each other',
    files: streaming(`stream.write(Buffer.alloc(6e7)); await once(stream, 'drain'); stream.end();`),
    reader: 'none',
    calls: [{ atOnce: 8, expect: anyOf(timedOut, outOfMemory, failed('RangeError'), exited) }],
  },
  {
    id: 'Y07',
    title: 'a stream that is kept, and written to while others are answered',
    files: streaming(`
      if (event.kept) {
        globalThis.kept?.write('stolen');
        globalThis.kept?.end('stolen');
        await new Promise(setImmediate);
        return stream.end('"own"');
      }
      globalThis.kept = stream;
      stream.on('error', () => {});
      stream.write('begun');
      setInterval(() => stream.write('late'), 1);
      throw new RangeError('left');`),
    reader: 'all',
    calls: [{ expect: failed('RangeError') }, { event: { kept: true }, expect: answered('own') }],
  },
  {
    id: 'Y08',
    title: 'the environment ends midway: by exit, and by its memory',
    files: streaming(`
      stream.write('begun');
      await new Promise(setImmediate);
      if (event.exit) process.exit(7);
      const kept = [];
      for (;;) kept.push(new Array(1e5).fill(0));`),
    reader: 'all',
    calls: [{ event: { exit: true }, expect: exited }, { expect: anyOf(outOfMemory, timedOut) }],
  },
  {
    id: 'Y09',
    title: 'the surroundings of the stream are the guest’s own: built-ins replaced, methods that loop',
    files: streaming(`
      const { Writable } = require('node:stream');
      Uint8Array.prototype.set = Array.prototype.push = Buffer.concat = () => { throw new Error('replaced'); };
      Object.defineProperty(Object.prototype, 'contentType', { value: 'a/b\\r\\nset-cookie: c', configurable: true });
      stream.setContentType('text/html\\r\\nset-cookie: c');
      stream.write('1');
      stream.write('2');
      if (event.loops) stream._write = stream._writev = () => { for (;;); };
      stream.end('3');`),
    reader: 'all',
    calls: [
      { expect: anyOf(answeredAtAll, failed(/./), exited, timedOut) },
      { event: { loops: true }, expect: anyOf(timedOut, failed(/./), exited) },
    ],
    next: anyOf(answered('benign'), failed(/./), exited, timedOut),
  },
];
