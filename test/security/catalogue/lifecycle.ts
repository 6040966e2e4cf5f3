/**
 * Class C: what a function does outside the time that it was given: after its answer, between its calls, at its end. Nothing runs while
 * an environment is frozen, and nothing of a failed call is met by the next.
 */
import { answered, anyOf, exited, failed, outOfMemory, type Program, timedOut } from './program.ts';

const handler = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;

/** What was put off loops when the environment is thawed: its own function pays. */
const nextPays = anyOf(answered('benign'), timedOut);
/** The process of the function ended while it was frozen or as it was thawed. */
const nextMayFind = anyOf(answered('benign'), exited, failed(/./));

export const lifecycle: readonly Program[] = [
  {
    id: 'C01',
    title: 'a continuation that loops after the answer',
    source: handler('Promise.resolve().then(() => { for (;;); }); return 1;'),
    expect: anyOf(timedOut, answered(1)),
  },
  {
    id: 'C02',
    title: 'a finalizer that loops',
    source: handler(`globalThis.registry = new FinalizationRegistry(() => { for (;;); });
      for (let i = 0; i < 1e5; i += 1) registry.register({}, i);
      for (let i = 0; i < 1e6; i += 1) ({ garbage: [i] });
      return 1;`),
    expect: anyOf(answered(1), timedOut),
    next: nextPays,
  },
  {
    id: 'C03',
    title: 'a loop when WebAssembly has been compiled',
    source: handler(
      `WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => { for (;;); }); return 1;`,
    ),
    expect: anyOf(answered(1), timedOut, failed(/ReferenceError|TypeError/)),
    next: nextPays,
  },
  {
    id: 'C04',
    title: 'a loop when Atomics.waitAsync is over',
    source:
      handler(`Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20).value.then(() => { for (;;); });
      return 1;`),
    expect: anyOf(answered(1), timedOut, failed(/ReferenceError|TypeError/)),
    next: nextPays,
  },
  {
    id: 'C05',
    title: 'a timer that loops after the answer',
    source: handler('setTimeout(() => { for (;;); }, 50); return 1;'),
    expect: answered(1),
    next: nextPays,
  },
  {
    id: 'C06',
    title: 'an interval that works on while frozen',
    source: `let count = 0; let isOn = false;
exports.handler = async () => {
  const seen = count;
  if (!isOn) { isOn = true; setInterval(() => { count += 1; const end = Date.now() + 5; while (Date.now() < end); }, 1); }
  return seen < 50;
};`,
    calls: [{ expect: answered(true) }, { expect: answered(true) }, { expect: answered(true) }],
  },
  {
    id: 'C07',
    title: 'a lock held when time ran out',
    source: `let lock = false;
exports.handler = async (event) => { if (event.go) { lock = true; for (;;); } return lock; };`,
    calls: [
      { event: { go: true }, expect: timedOut },
      { event: {}, expect: answered(false) },
    ],
  },
  {
    id: 'C08',
    title: 'a lock held when memory ran out',
    source: `let lock = false;
exports.handler = async (event) => { if (event.go) { lock = true; const a = []; for (;;) a.push({ x: 1 }); } return lock; };`,
    calls: [
      { event: { go: true }, expect: outOfMemory },
      { event: {}, expect: answered(false) },
    ],
    settings: { timeout: 60 },
  },
  {
    id: 'C09',
    title: 'a lock held when the process was ended',
    source: `let lock = false;
exports.handler = async (event) => { if (event.go) { lock = true; process.exit(1); } return lock; };`,
    calls: [
      { event: { go: true }, expect: exited },
      { event: {}, expect: answered(false) },
    ],
  },
  {
    id: 'C10',
    title: 'a rejection that nobody handles after the answer',
    source: handler('setTimeout(() => { Promise.reject(new Error("late")); }, 0); return 1;'),
    expect: anyOf(answered(1), failed(/./)),
    next: nextMayFind,
  },
  {
    id: 'C11',
    title: 'an exception after the answer',
    source: handler('setTimeout(() => { throw new Error("late"); }, 0); return 1;'),
    expect: anyOf(answered(1), failed(/./)),
    next: nextMayFind,
  },
  {
    id: 'C12',
    title: 'process.exit after the answer',
    source: handler('setTimeout(() => process.exit(1), 0); return 1;'),
    expect: anyOf(answered(1), exited),
    next: nextMayFind,
  },
  { id: 'C13', title: 'process.exit before the answer', source: handler('process.exit(7);'), expect: exited },
  {
    id: 'C14',
    title: 'signals to itself and to everybody',
    source: handler(
      'for (const pid of [process.pid, process.ppid, 1, 0, -1]) { try { process.kill(pid, "SIGKILL"); } catch {} } return "alive";',
    ),
    expect: anyOf(answered('alive'), exited, failed(/./)),
  },
  {
    id: 'C15',
    title: 'a loop when a file has been read, after the answer',
    source: `const fs = require('fs');
exports.handler = async () => { fs.promises.readFile('/tmp/none').catch(() => { for (;;); }); return 1; };`,
    expect: anyOf(answered(1), timedOut),
    next: nextPays,
  },
  {
    id: 'C16',
    title: 'two answers',
    files: {
      'index.js': `exports.handler = (event, context, callback) => {
  if (event.benign) { callback(null, 'benign'); return; }
  callback(null, 1); callback(null, 2); callback(new Error('three')); setTimeout(() => callback(null, 4), 20);
};`,
    },
    expect: answered(1),
    settings: { runtime: 'nodejs22.x' },
  },
  {
    id: 'C17',
    title: 'an answer that waits for a loop which never empties',
    files: {
      'index.js': `exports.handler = (event, context, callback) => {
  if (event.benign) { callback(null, 'benign'); return; }
  setInterval(() => {}, 10); callback(null, 1);
};`,
    },
    expect: anyOf(timedOut, answered(1)),
    settings: { runtime: 'nodejs22.x' },
  },
  {
    id: 'C18',
    title: 'a loop in the handler of exit',
    source: handler('process.on("exit", () => { for (;;); }); process.exit(0);'),
    expect: anyOf(exited, timedOut),
  },
  {
    id: 'C19',
    title: 'process.nextTick that never runs out, after the answer',
    source: handler('const f = () => process.nextTick(f); f(); return 1;'),
    expect: anyOf(answered(1), timedOut),
    next: nextPays,
  },
  {
    id: 'C20',
    title: 'work in small slices that goes on after the answer',
    source: handler(
      'const f = () => { const end = Date.now() + 2; while (Date.now() < end); setImmediate(f); }; f(); return 1;',
    ),
    expect: anyOf(answered(1), timedOut),
    next: nextPays,
  },
  {
    id: 'C21',
    title: 'process.abort',
    source: handler('process.abort();'),
    expect: anyOf(exited, failed(/./)),
  },
  {
    id: 'C22',
    title: 'files that grow after a failure of each call',
    source: `const fs = require('fs');
exports.handler = async () => { fs.appendFileSync('/tmp/grows', Buffer.alloc(64e6)); process.exit(1); };`,
    calls: [...Array.from({ length: 4 }, () => ({ expect: exited })), { expect: anyOf(exited, failed(/./)) }],
    settings: { timeout: 60 },
  },
];
