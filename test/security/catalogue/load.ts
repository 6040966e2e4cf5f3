/**
 * Class K: many calls at once, and many environments one after another. What a function costs by being called often is its own; the others
 * keep their share, and nothing adds up.
 */
import { answered, anyOf, exited, failed, outOfMemory, type Program, refused, timedOut } from './program.ts';

const handler = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;
const throttled = refused('TooManyRequestsException');

export const load: readonly Program[] = [
  {
    id: 'K01',
    title: 'twelve endless loops at once',
    source: handler('for (;;);'),
    // One that does not answer in time costs its siblings the process, whose own time is not over yet.
    calls: [{ atOnce: 12, expect: anyOf(timedOut, refused('SandboxLost')) }],
  },
  {
    id: 'K02',
    title: 'three environments that run out of memory at once',
    source: handler('const a = []; for (;;) a.push({ x: 1 });'),
    // They share a sandbox: which of them it was that the process died of, nobody can tell.
    calls: [{ atOnce: 3, expect: anyOf(outOfMemory, refused('SandboxLost')) }],
    // Near its limit a heap is collected again and again: three at once have taken a minute on two cores that others used.
    settings: { timeout: 240 },
  },
  {
    id: 'K03',
    title: 'ten built-ins at once that nothing stops',
    source: handler('return Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);'),
    calls: [{ atOnce: 10, expect: anyOf(timedOut, refused('SandboxLost')) }],
  },
  {
    id: 'K04',
    title: 'an environment that takes seconds to dispose of',
    source: handler(
      'let o = {}; for (let i = 0; i < 1e5; i += 1) o = Object.create(o); for (let i = 0; i < 1000; i += 1) o.zzz; globalThis.o = o; return 1;',
    ),
    expect: answered(1),
    // V8 goes along the whole chain, link by link.
    housekeepingMs: 10_000,
    settings: { timeout: 60 },
  },
  {
    id: 'K05',
    title: 'environments without number, each of which ends its process',
    source: handler('process.exit(1);'),
    calls: Array.from({ length: 30 }, () => ({ expect: exited })),
  },
  {
    id: 'K06',
    title: 'a built-in that nothing stops, three times in a row',
    source: handler('return Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);'),
    calls: [{ expect: timedOut }, { expect: timedOut }, { expect: timedOut }],
  },
  {
    id: 'K07',
    title: 'forty endless loops at once, more than there are threads',
    source: handler('for (;;);'),
    // As above.
    calls: [{ atOnce: 40, expect: anyOf(timedOut, throttled, refused('SandboxLost')) }],
  },
  {
    id: 'K08',
    title: 'a hundred events at once',
    source: handler('await new Promise((done) => setTimeout(done, 20)); return 1;'),
    calls: [{ atOnce: 100, expect: anyOf(answered(1), throttled) }],
    settings: { timeout: 60 },
  },
  {
    id: 'K09',
    title: 'thirty thousand timers that are due at once',
    source: handler(
      'let left = 30000; await new Promise((done) => { for (let i = 0; i < 30000; i += 1) setTimeout(() => { left -= 1; if (left === 0) done(); }, 1); }); return left;',
    ),
    expect: anyOf(answered(0), failed(/./)),
    settings: { timeout: 60 },
  },
  {
    id: 'K10',
    title: 'a poison function, called by many at once',
    source: handler('return "a".repeat(2 ** 26).replace(/a/g, "$&$&$&$&").length;'),
    calls: [
      { atOnce: 4, expect: anyOf(outOfMemory, failed(/./), refused('SandboxLost')) },
      { atOnce: 4, expect: anyOf(outOfMemory, failed(/./), refused('SandboxLost')) },
    ],
    settings: { timeout: 60 },
  },
];
