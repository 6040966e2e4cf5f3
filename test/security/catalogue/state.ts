/** Class J: from one invocation to the next. What Lambda keeps is kept; what a broken invocation left half done is not. */
import { answered, anyOf, exited, failed, type Program, timedOut } from './program.ts';

export const state: readonly Program[] = [
  {
    id: 'J01',
    title: 'a lock that is held when time is up',
    source: `let isLocked = false; exports.handler = async (event) => { if (event.go) { isLocked = true; for (;;); } return isLocked; };`,
    calls: [{ event: { go: 1 }, expect: timedOut }, { expect: answered(false) }],
  },
  {
    id: 'J02',
    title: 'after a timeout the heir has the files and nothing of the memory',
    source: `let count = 0; exports.handler = async (event) => {
      const fs = require('node:fs'); count += 1;
      if (event.go) { fs.writeFileSync('/tmp/kept', 'x'); globalThis.left = 1; process.env.LEFT = '1'; await new Promise(() => setInterval(() => {}, 1)); }
      const found = [fs.existsSync('/tmp/kept'), globalThis.left, process.env.LEFT, count];
      fs.rmSync('/tmp/kept', { force: true }); count = 0; return found;
    };`,
    calls: [{ event: { go: 1 }, expect: timedOut }, { expect: answered([true, null, null, 1]) }],
  },
  {
    id: 'J03',
    title: 'the answer of an earlier invocation comes during a later one',
    files: {
      'index.js': `
        let late;
        exports.handler = (event, context, callback) => {
          if (event.benign) return callback(null, 'benign');
          context.callbackWaitsForEmptyEventLoop = false;
          if (event.first) { late = callback; return callback(null, 'first'); }
          late(null, 'late'); late(new Error('late'));
          setTimeout(() => callback(null, 'second'), 20);
        };`,
    },
    settings: { runtime: 'nodejs22.x' },
    calls: [
      { event: { first: 1 }, expect: answered('first') },
      { event: { second: 1 }, expect: answered('second') },
    ],
  },
  {
    id: 'J04',
    title: 'context.succeed of an earlier invocation, called in a later one',
    files: {
      'index.js': `
        let earlier;
        exports.handler = (event, context, callback) => {
          if (event.benign) return callback(null, 'benign');
          if (event.first) { earlier = context; return context.succeed('first'); }
          earlier.succeed('forged'); earlier.fail(new Error('forged')); earlier.done(null, 'forged');
          setTimeout(() => context.succeed('second'), 20);
        };`,
    },
    settings: { runtime: 'nodejs22.x' },
    calls: [
      { event: { first: 1 }, expect: answered('first') },
      { event: { second: 1 }, expect: answered('second') },
    ],
  },
  {
    id: 'J05',
    title: 'a rejection that nobody handles, left behind by an invocation that answered',
    source: `exports.handler = async (event) => { if (event.first) { setTimeout(() => Promise.reject(new Error('late')), 1); return 'first'; } await new Promise((resolve) => setTimeout(resolve, 30)); return 'second'; };`,
    calls: [
      { event: { first: 1 }, expect: answered('first') },
      { event: {}, expect: anyOf(answered('second'), failed('Runtime.UnhandledPromiseRejection'), exited) },
    ],
  },
  {
    id: 'J06',
    title: 'an interval that is left running burns nothing while the environment is frozen',
    source: `let ticks = 0; exports.handler = async () => { const before = ticks; setInterval(() => { ticks += 1; for (const until = Date.now() + 5; Date.now() < until; ); }, 1); return before < 1000; };`,
    calls: [{ expect: answered(true) }, { expect: anyOf(answered(true), timedOut) }],
    // The intervals go on while any call runs: they are its own.
    next: anyOf(answered('benign'), timedOut),
  },
  {
    id: 'J07',
    title: 'a loop that begins after the answer',
    source: `exports.handler = async (event) => { if (event.go) { setTimeout(() => { for (;;); }, 1); return 1; } await new Promise((resolve) => setTimeout(resolve, 10)); return 2; };`,
    calls: [
      { event: { go: 1 }, expect: anyOf(answered(1), timedOut) },
      { event: {}, expect: anyOf(answered(2), timedOut) },
    ],
  },
  {
    id: 'J08',
    title: 'exit in every disguise, and the next one begins anew',
    source: `let count = 0; exports.handler = async (event) => { count += 1; if (event.how === 'code') process.exitCode = 9; if (event.how === 'exit') process.exit(0); if (event.how === 'throw') setTimeout(() => { throw new Error('x'); }); if (event.how) await new Promise(() => {}); return count; };`,
    calls: [
      { event: { how: 'exit' }, expect: exited },
      { event: { how: 'code' }, expect: anyOf(exited, timedOut, failed(/./)) },
      { event: { how: 'throw' }, expect: anyOf(exited, failed(/./)) },
      { expect: answered(1) },
    ],
  },
  {
    id: 'J09',
    title: 'the working directory, environment variables and umask are the environment’s own',
    source: `exports.handler = async () => { const before = [process.cwd(), process.env.MARK, process.umask()]; process.chdir('/tmp'); process.env.MARK = 'x'; process.umask(0o777); const after = [process.cwd(), process.env.MARK]; process.chdir('/var/task'); delete process.env.MARK; process.umask(before[2]); return [before[0], before[1] ?? null, ...after]; };`,
    calls: [{ atOnce: 3, expect: answered(['/var/task', null, '/tmp', 'x']) }],
  },
  {
    id: 'J10',
    title: 'listeners that are added at each invocation, and memory that grows with each',
    source: `const kept = []; exports.handler = async () => { for (let i = 0; i < 1000; i++) process.on('beforeExit', () => {}); kept.push(new Uint8Array(1e6)); return kept.length < 1000; };`,
    calls: Array.from({ length: 20 }, () => ({ expect: answered(true) })),
  },
  {
    id: 'J11',
    title: 'the request of an earlier invocation is not the store of a later one',
    source: `const { AsyncLocalStorage } = require('node:async_hooks'); const store = new AsyncLocalStorage(); let seen; exports.handler = async (event, context) => store.run(context.awsRequestId, async () => { setTimeout(() => { seen = store.getStore(); }, 1); await new Promise((resolve) => setTimeout(resolve, 5)); return store.getStore() === context.awsRequestId && (seen === undefined || typeof seen === 'string'); });`,
    calls: [{ expect: answered(true) }, { expect: answered(true) }],
  },
  {
    id: 'J12',
    title: 'deadline and request id of the context are changed by the guest',
    source: `exports.handler = async (event, context) => { context.awsRequestId = 'forged'; context.getRemainingTimeInMillis = () => 1e9; process.env.AWS_LAMBDA_FUNCTION_NAME = 'forged'; process.env.AWS_LAMBDA_FUNCTION_TIMEOUT = '900'; for (;;); };`,
    expect: timedOut,
  },
  {
    id: 'J13',
    title: 'answers before and after its own end',
    source: `exports.handler = async () => { process.on('exit', () => { for (;;); }); process.exit(3); };`,
    expect: anyOf(exited, timedOut),
  },
];
