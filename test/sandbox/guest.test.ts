/**
 * The border of a guest, with a core that is hostile from its first instruction: what a guest could do at worst once it found a
 * way around the real core.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { GuestSettings } from '../../src/bridge/contract.ts';
import { limits } from '../../src/model/limits.ts';
import type { SandboxCalls } from '../../src/sandbox/door.ts';
import { type Guest, openGuest } from '../../src/sandbox/guest.ts';
import { Isolate } from '../../src/sandbox/ivm.ts';
import type { RuntimeImage } from '../../src/sandbox/runtime-image.ts';

const settings: GuestSettings = {
  programmingModel: 'promise',
  runtime: 'nodejs24.x',
  handler: 'index.handler',
  functionName: 'test',
  functionVersion: '$LATEST',
  memorySize: 128,
  logGroupName: 'group',
  logStreamName: 'stream',
  logFormat: 'Text',
  logLevel: 'TRACE',
  environment: {},
  initializationType: 'on-demand',
  entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  clockOriginEpochMs: 0,
};

type Seen = readonly [name: string, ...args: unknown[]];

interface Opened {
  readonly guest: Guest;
  /** Host calls that passed the check, in order. */
  readonly seen: Seen[];
  init(): ReturnType<typeof callInit>;
}

function callInit(guest: Guest, timeoutMs = 20_000) {
  return guest.call('init', [undefined], { timeoutMs, lane: 'main' });
}

/** `init` is the body of the guest's init; `host` is in scope, and `$` runs a function and gives its error's text. */
function open(t: ExecutionContext, init: string, memoryLimitMiB = 32): Opened {
  const seen: Seen[] = [];
  const recorded =
    <Answer>(name: string, answer: Answer) =>
    (...args: unknown[]): Answer => {
      seen.push([name, ...args]);
      return answer;
    };
  const host: SandboxCalls = {
    log: recorded('log', undefined),
    settle: recorded('settle', undefined),
    wake: recorded('wake', undefined),
    exit: recorded('exit', undefined),
    uncounted: recorded('uncounted', undefined),
    limit: recorded('limit', undefined),
    hrtime: recorded('hrtime', 1),
    random: (byteCount) => {
      seen.push(['random', byteCount]);
      return new ArrayBuffer(byteCount);
    },
    mapPosition: recorded('mapPosition', 'here:1:1'),
    domainToAscii: (domain) => {
      if (domain === 'break') throw new TypeError('a mistake of ours');
      seen.push(['domainToAscii', domain]);
      return 'ascii';
    },
    memoryUsage: recorded('memoryUsage', [1, 2, 3, 4, 5]),
    cpuTime: recorded('cpuTime', 7),
    fs: recorded('fs', 0),
    ask: recorded('ask', 'asked'),
    start: recorded('start', undefined),
  };
  const image: RuntimeImage = {
    key: 'test',
    kind: 'code-cache',
    reason: undefined,
    builtinIds: [],
    native: undefined,
    cryptoThread: '',
    open(memoryLimit, onCatastrophicError) {
      const isolate = new Isolate({ memoryLimit, onCatastrophicError });
      const context = isolate.createContextSync();
      context.evalSync(`globalThis.__isothermBoot = (host) => ({
        boot() {}, receive() {}, init() { ${init} }, invoke() { return 0; }, turn() { return 6; }, event(...args) { host.log(1, args.map((value) => value instanceof ArrayBuffer ? new Uint8Array(value) : String(value)).join(' ')); return 0; }, loopEmpty() { return 0; }, unhandledRejection() { return 0; } });`);
      return { isolate, context, isCacheAccepted: true };
    },
    compileBuiltin: () => undefined,
    builtinText: () => undefined,
    scriptsOf: () => [],
    aheadOf: () => [],
    wasmModule: () => undefined,
  };
  const guest = openGuest(image, settings, host, memoryLimitMiB, () => {});
  t.teardown(() => guest.dispose());
  return { guest, seen, init: () => callInit(guest) };
}

test('calls that make sense arrive as they are', (t) => {
  const { init, seen } = open(
    t,
    `host.log(1, 'a'); host.settle(2, '{}', ''); host.wake(5); host.mapPosition(1, 2); host.fs(4, 3, 10, -1); host.random(16); return 12;`,
  );
  t.deepEqual(init(), { kind: 'state', state: 12 });
  t.deepEqual(seen, [
    ['log', 1, 'a'],
    ['settle', 2, '{}', ''],
    ['wake', 5],
    ['mapPosition', 1, 2],
    ['fs', 4, 3, 10, -1, undefined],
    ['random', 16],
  ]);
});

test('calls that make no sense never arrive', (t) => {
  const { init, seen } = open(
    t,
    `const odd = [undefined, null, NaN, -1, 1.5, 1e300, 2n ** 70n, 'x', {}, [], { valueOf: () => 1 }, new Date(), new Map(), true];
     for (const value of odd) { for (const f of [() => host.log(value, 'text'), () => host.log(1, typeof value === 'string' ? 1 : value), () => host.settle(value, 'text', ''), () => host.settle(2, typeof value === 'string' ? 1 : value, ''), () => host.wake(value), () => host.fs(value, 'x')]) try { f(); } catch {} }
     return 0;`,
  );
  t.is(init().kind, 'state');
  t.deepEqual(seen, []);
});

test('odd arguments of calls that answer are answered with nothing', (t) => {
  const { init, seen } = open(
    t,
    `const answers = [host.mapPosition('1', {}), host.domainToAscii({}), host.domainToAscii('x'.repeat(1e6)), host.random(1e9).byteLength, host.random('7').byteLength, host.loadBuiltin({}), host.loadBuiltin('fs')];
     host.log(1, JSON.stringify(answers)); host.fs(1, { path: 1 }, [2], true, {}); return 0;`,
  );
  t.is(init().kind, 'state');
  const logged = seen.find(([name]) => name === 'log')?.[2];
  t.is(logged, '["","","",0,0,false,false]');
  t.deepEqual(
    seen.filter(([name]) => name === 'random'),
    [
      ['random', 0],
      ['random', 0],
    ],
  );
});

test('services get plain values only, of bounded size and number', (t) => {
  const { init, seen } = open(
    t,
    `const buffer = new Uint8Array([1, 2, 3]).buffer;
     host.log(1, String(host.ask(3, 4, 'a', 5, buffer)));
     host.start(3, 4, 9, 'a', undefined, 1, 2, 3, 4, 'one too many');
     host.ask(3, 4, {}, [1], true, new Uint8Array(2), 2n, null);
     host.ask(3, 4, 'x'.repeat(${limits.bridgeStringCharsMax + 1}), 'y'.repeat(3));
     host.ask(3, 4, new ArrayBuffer(${limits.bridgeBytesMax + 1}));
     for (const odd of [-1, 1.5, 256, '1', undefined, {}]) { host.ask(odd, 1); host.ask(1, odd); host.start(odd, 1, 1); host.start(1, odd, 1); }
     for (const odd of [-1, 1.5, '1', undefined]) host.start(1, 1, odd);
     return 0;`,
    128,
  );
  t.is(init().kind, 'state');
  const [first, logged, started, odd, long, large, ...others] = seen;
  t.deepEqual(first?.slice(0, 5), ['ask', 3, 4, 'a', 5]);
  t.deepEqual(first?.[5], new Uint8Array([1, 2, 3]).buffer);
  t.deepEqual(logged, ['log', 1, 'asked']);
  t.deepEqual(started, ['start', 3, 4, 9, 'a', undefined, 1, 2, 3, 4]);
  t.true(odd?.slice(3).every((value) => value === undefined));
  t.deepEqual(long?.slice(3, 5), [undefined, 'yyy']);
  t.is(large?.[3], undefined);
  t.deepEqual(others, []);
});

test('an event brings its values, byte arrays are moved', (t) => {
  const { guest, seen } = open(t, 'return 0;');
  const bytes = new Uint8Array([7, 8]).buffer;
  const outcome = guest.call('event', [1, 2, 3, 'text', bytes, undefined], { timeoutMs: 20_000, lane: 'main' });
  t.is(outcome.kind, 'state');
  t.is(bytes.byteLength, 0);
  t.deepEqual(seen, [['log', 1, '1 2 3 text 7,8 undefined']]);
});

test('nothing but numbers, text and byte arrays leaves the guest, in the sizes that may', (t) => {
  const { init, seen } = open(
    t,
    `const loop = { get bomb() { for (;;); } }, aliases = Array(5_000).fill('x'.repeat(1_000_000));
    host.log(1, () => {}); host.log(loop, 'text'); host.log(1, aliases); host.wake(loop); host.exit.call; host.random(aliases); host.mapPosition(aliases, 1);
    host.fs(1, Symbol('s'), loop, aliases, new Uint8Array(1)); host.ask(1, 2, 3n, null, true, new Proxy({}, {}), new ArrayBuffer(2), new ArrayBuffer(1, { maxByteLength: 1e9 }));
    host.start(1, 2, 3, new ArrayBuffer(2e7)); return 0;`,
  );
  t.is(init().kind, 'state');
  const none = undefined;
  t.deepEqual(seen, [
    ['random', 0],
    ['fs', 1, none, none, none, none],
    ['ask', 1, 2, none, none, none, none, new ArrayBuffer(2), none],
    ['start', 1, 2, 3, none, none, none, none, none, none],
  ]);
});

test('a host call that throws by mistake tells the guest nothing', (t) => {
  const { init, seen } = open(
    t,
    `let caught = 'nothing';
     try { host.domainToAscii('break'); } catch (error) { caught = error.stack; }
     host.log(1, caught + ' ' + host.domainToAscii('break'));`,
  );
  init();
  t.deepEqual(seen, [['log', 1, 'nothing undefined']]);
});

test('a state that is no number counts as none', (t) => {
  for (const value of ['"7"', '-3', 'NaN', 'null', 'undefined']) {
    t.deepEqual(open(t, `return ${value};`).init(), { kind: 'state', state: 0 });
  }
});

test('a slice that does not end is ended, and the guest can be called again', (t) => {
  const { guest } = open(t, 'for (;;);');
  t.deepEqual(callInit(guest, 50), { kind: 'timeout' });
  t.deepEqual(guest.call('turn', [], { timeoutMs: 20_000, lane: 'main' }), { kind: 'state', state: 6 });
});

test('a loop in a microtask is ended too', (t) => {
  t.deepEqual(callInit(open(t, 'Promise.resolve().then(() => { for (;;); }); return 0;').guest, 50), {
    kind: 'timeout',
  });
});

test('exit ends the guest where it stands, on both lanes', async (t) => {
  const main = open(t, `host.exit(300); host.log(1, 'after exit'); return 0;`);
  t.deepEqual(main.init(), { kind: 'disposed' });
  // A status is a byte; anything else is a failure.
  t.deepEqual(main.seen, [['exit', 1]]);
  t.true(main.guest.isDisposed);

  const pool = open(t, `host.exit(3); host.log(1, 'after exit'); return 0;`);
  t.deepEqual(await pool.guest.call('init', [undefined], { timeoutMs: 20_000, lane: 'pool' }), { kind: 'disposed' });
  t.deepEqual(pool.seen, [['exit', 3]]);
});

test('rejections that nobody handles are told apart, without paths of this host', (t) => {
  const rejected = (reason: string) => open(t, `Promise.reject(${reason}); return 0;`).init();
  const error = rejected(`new RangeError('odd')`);
  if (error.kind !== 'rejection') return t.fail(JSON.stringify(error));
  t.deepEqual([error.isError, error.name, error.message], [true, 'RangeError', 'odd']);
  t.false(/guest\.test|boundary/.test(error.stack));

  const text = rejected(`'just text'`);
  t.deepEqual(text, { kind: 'rejection', isError: false, name: '', message: 'just text', stack: '' });
  t.is(rejected('null').kind, 'rejection');
  t.is(rejected('{ a: 1 }').kind, 'rejection');
});

test('messages and stacks are cut to a character more than is kept, which tells that they were', (t) => {
  const outcome = open(t, `Promise.reject(new Error('x'.repeat(1e6))); return 0;`).init();
  if (outcome.kind !== 'rejection') return t.fail(JSON.stringify(outcome).slice(0, 200));
  t.deepEqual([outcome.message.length, outcome.stack.length], [32 * 1024 + 1, 64 * 1024 + 1]);
});

test('disposing twice is harmless, and a disposed guest answers no call', async (t) => {
  const { guest } = open(t, 'return 0;');
  guest.dispose();
  guest.dispose();
  t.deepEqual(callInit(guest), { kind: 'disposed' });
  t.deepEqual(await guest.call('turn', [], { timeoutMs: 100, lane: 'pool' }), { kind: 'disposed' });
});

test('disposing ends a slice on the pool', async (t) => {
  const { guest } = open(t, 'for (;;);');
  const running = guest.call('init', [undefined], { timeoutMs: 60_000, lane: 'pool' });
  await sleep(20);
  guest.dispose();
  t.deepEqual(await running, { kind: 'disposed' });
});

test('memory and processor time are numbers of the guest alone', (t) => {
  const { guest, init } = open(
    t,
    `globalThis.kept = new ArrayBuffer(5e6); const until = Date.now() + 20; while (Date.now() < until); return 0;`,
  );
  const before = guest.memory();
  t.is(init().kind, 'state');
  t.true(guest.memory().externalBytes - before.externalBytes >= 5e6);
  t.true(guest.cpuTimeMicros() >= 10_000);
});

test('modules are brought in before the user’s code runs, each once, and nothing when there are none', (t) => {
  const compiled: string[] = [];
  const isolates: Isolate[] = [];
  const image: RuntimeImage = {
    key: 'test',
    kind: 'code-cache',
    reason: undefined,
    builtinIds: [],
    native: undefined,
    cryptoThread: '',
    open(memoryLimit, onCatastrophicError) {
      const isolate = new Isolate({ memoryLimit, onCatastrophicError });
      isolates.push(isolate);
      const context = isolate.createContextSync();
      context.evalSync(`globalThis.__isothermBoot = (host) => { const got = []; return {
        boot() {}, receive(id, factory) { got.push(id + typeof factory); }, init() { host.log(1, got.join()); return 0; },
        invoke() {}, turn() {}, event() {}, loopEmpty() {}, unhandledRejection() {} }; };`);
      return { isolate, context, isCacheAccepted: true };
    },
    compileBuiltin(isolate, id) {
      compiled.push(id);
      return id === 'unknown' ? undefined : isolate.compileScriptSync('(function () {})');
    },
    builtinText: () => undefined,
    aheadOf: () => [],
    scriptsOf: (modules, ids) => [...modules.flatMap((name) => [`${name}/a`, 'unknown', 'shared']), ...ids],
    wasmModule: () => undefined,
  };
  const logs: string[] = [];
  const nothing = () => undefined;
  const calls = Object.fromEntries(
    [
      'settle',
      'wake',
      'exit',
      'hrtime',
      'random',
      'mapPosition',
      'domainToAscii',
      'memoryUsage',
      'cpuTime',
      'fs',
      'ask',
      'start',
    ].map((name) => [name, nothing]),
  );
  const host = { ...calls, log: (_stream: number, text: string) => void logs.push(text) };
  const guest = openGuest(image, settings, host as unknown as SandboxCalls, 32, () => {});
  t.teardown(() => guest.dispose());
  guest.preload([], []);
  t.deepEqual(compiled, []);
  guest.preload(['http'], ['other']);
  t.deepEqual(compiled, ['http/a', 'unknown', 'shared', 'other']);
  callInit(guest);
  t.deepEqual(logs, ['http/afunction,sharedfunction,otherfunction']);
});
