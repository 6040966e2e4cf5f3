import test from 'ava';
import { encodeLoopState, loopBits, settleKinds } from '../../src/bridge/contract.ts';
import { services as numbers } from '../../src/bridge/services.ts';
import { limits } from '../../src/model/limits.ts';
import type { CreateHead, DefineHead, InvokeHead } from '../../src/protocol/messages.ts';
import { Environment } from '../../src/sandbox/environment.ts';
import type { ServiceLink } from '../../src/sandbox/service.ts';
import { Version } from '../../src/sandbox/version.ts';
import { createBackingFile } from '../../src/sandbox/volume/backing-file.ts';
import { createVolume } from '../../src/sandbox/volume/volume.ts';
import {
  alive,
  answer,
  endless,
  immediates,
  initDone,
  type Script,
  type SliceScript,
  scriptedHost,
  settled,
} from './scripted-guest.ts';

const definition: DefineHead = {
  versionKey: 'version',
  settings: {
    programmingModel: 'promise',
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    functionName: 'test',
    functionVersion: '1',
    memorySize: 128,
    logGroupName: 'group',
    logFormat: 'Text',
    logLevel: 'TRACE',
    environment: {},
    entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  },
  bundle: { offset: 0, bytes: 0 },
  fileIndex: { offset: 0, bytes: 0 },
  ephemeralStorageMiB: 512,
};

function open(...scripts: readonly Script[]) {
  const scripted = scriptedHost(...scripts);
  const version = new Version(definition, { fd: -1, text: () => '' }, scripted.clock);
  const create = (head: Partial<CreateHead> = {}) => {
    const volume = createVolume({ backing: createBackingFile({ fd: -1 }), quotaBytes: 4_096, clock: scripted.clock });
    const full = {
      environmentId: 'e',
      versionKey: 'version',
      logStreamName: 's',
      init: 'now',
      initializationType: 'on-demand',
      initTimeoutMs: 10_000,
    } as const;
    return new Environment({ ...full, ...head }, version, volume, scripted.host);
  };
  return { ...scripted, scripted, version, create, environment: create() };
}

const head: InvokeHead = { environmentId: 'e', requestId: 'r', timeoutMs: 3_000, invokedFunctionArn: 'arn' };

/** Every slice that ends otherwise than with a state: what becomes of the invocation and of the environment. */
const ends: Record<string, { invoke: SliceScript; outcome: object; body?: string; isKept: boolean }> = {
  'an answer': { invoke: answer('{"a":1}'), outcome: { kind: 'success' }, body: '{"a":1}', isKept: true },
  'an error': {
    invoke: (calls) => void calls.settle(settleKinds.error, '{"errorType":"E"}', 'E'),
    outcome: { kind: 'error', errorType: 'E' },
    body: '{"errorType":"E"}',
    isKept: true,
  },
  'a fatal error': {
    invoke: (calls) => void calls.settle(settleKinds.fatal, '{}', 'E'),
    outcome: { kind: 'fatal', errorType: 'E' },
    body: '{}',
    isKept: false,
  },
  'a fatal error with the exit behind it': {
    invoke: (calls) => {
      calls.settle(settleKinds.fatal, '{}', 'E');
      calls.exit(128);
    },
    outcome: { kind: 'fatal', errorType: 'E' },
    body: '{}',
    isKept: false,
  },
  'an exit': { invoke: (calls) => calls.exit(7) as undefined, outcome: { kind: 'exit', code: 7 }, isKept: false },
  'a timeout of isolated-vm': { invoke: () => ({ kind: 'timeout' }), outcome: { kind: 'timeout' }, isKept: false },
  'no memory left': { invoke: () => ({ kind: 'out-of-memory' }), outcome: { kind: 'out-of-memory' }, isKept: false },
  'an isolate that isolated-vm disposed': {
    invoke: () => ({ kind: 'disposed' }),
    outcome: { kind: 'out-of-memory' },
    isKept: false,
  },
  'an answer before memory ran out': {
    invoke: (calls) => {
      calls.settle(settleKinds.answer, '1', '');
      return { kind: 'out-of-memory' };
    },
    outcome: { kind: 'success' },
    body: '1',
    isKept: false,
  },
  'an answer that is too large': {
    invoke: answer('x'.repeat(limits.responsePayloadBytesMax + 1)),
    outcome: { kind: 'response-too-large', payloadBytes: limits.responsePayloadBytesMax + 1 },
    isKept: true,
  },
  'an empty loop without an answer': { invoke: () => 0, outcome: { kind: 'exit', code: 0 }, isKept: false },
};
for (const [name, { invoke, outcome, body = '', isKept }] of Object.entries(ends)) {
  test(`an invocation that ends with ${name}`, async (t) => {
    const { environment, scripted } = open({ init: initDone, invoke });
    await environment.create();
    const answered = await environment.invoke(head, '{}');
    t.deepEqual(answered.reply.outcome as object, outcome);
    t.is(answered.body, body);
    t.deepEqual(environment.state, isKept ? { phase: 'ready' } : { phase: 'owes-init', because: 'reset' });
    const again = await environment.invoke(head, '{}');
    t.is(again.reply.init === undefined, isKept);
    t.is(scripted.opened, isKept ? 1 : 2);
  });
}

const failedInits: Record<string, { init: SliceScript; status: object; outcome: object; body?: string }> = {
  'an error': {
    init: (calls) => void calls.settle(settleKinds.initError, '{"errorType":"E"}', 'E'),
    status: { status: 'error', errorType: 'E' },
    outcome: { kind: 'init-error', errorType: 'E' },
    body: '{"errorType":"E"}',
  },
  'a timeout': { init: () => ({ kind: 'timeout' }), status: { status: 'timeout' }, outcome: { kind: 'timeout' } },
  'an exit': {
    init: (calls) => calls.exit(3) as undefined,
    status: { status: 'exit', code: 3 },
    outcome: { kind: 'exit', code: 3 },
  },
  'a timeout in the slice in which it was done': {
    init: (calls) => {
      calls.settle(settleKinds.initDone, '', '');
      return { kind: 'timeout' };
    },
    status: { status: 'timeout' },
    outcome: { kind: 'timeout' },
  },
  'an exit right after it was done': {
    init: (calls) => {
      calls.settle(settleKinds.initDone, '', '');
      calls.exit(3);
      return undefined;
    },
    status: { status: 'exit', code: 3 },
    outcome: { kind: 'exit', code: 3 },
  },
  'no memory left': {
    init: () => ({ kind: 'out-of-memory' }),
    status: { status: 'out-of-memory' },
    outcome: { kind: 'out-of-memory' },
  },
};
for (const [name, { init, status, outcome, body = '' }] of Object.entries(failedInits)) {
  test(`an init that ends with ${name} is reported, and runs again inside each invocation`, async (t) => {
    const { environment } = open({ init });
    const created = await environment.create();
    t.like(created.reply.init, status);
    t.is(created.body, body);
    t.deepEqual(environment.state, { phase: 'owes-init', because: 'failed' });
    const { reply, body: payload } = await environment.invoke(head, '{}');
    t.deepEqual(reply.outcome as object, outcome);
    t.like(reply.init, status);
    t.is(payload, body);
    t.deepEqual(environment.state, { phase: 'owes-init', because: 'failed' });
  });
}

test('an invocation that was sent behind create waits for init', async (t) => {
  const { environment, calls } = open({ init: initDone, invoke: answer('1') });
  const created = environment.create();
  const invoked = environment.invoke(head, '{}');
  t.is((await created).reply.init.status, 'success');
  t.is((await invoked).body, '1');
  t.deepEqual(
    calls.map(({ name }) => name),
    ['init', 'invoke'],
  );
});

test('a bundle that does not compile is an init error, and one that does not fit is out of memory', async (t) => {
  const load = () => {
    throw new SyntaxError('Unexpected token');
  };
  const { environment } = open({ load });
  const { reply, body } = await environment.create();
  t.like(reply.init, { status: 'error', errorType: 'Runtime.UserCodeSyntaxError' });
  t.like(JSON.parse(String(body)), { errorMessage: 'SyntaxError: Unexpected token' });
});

test('only the first settlement counts, and only that of the running phase', async (t) => {
  const { environment } = open({
    init: (calls) => {
      calls.settle(settleKinds.answer, 'early', '');
      calls.settle(settleKinds.initDone, '', '');
      calls.settle(settleKinds.initError, 'late', 'E');
      return undefined;
    },
    invoke: (calls) => {
      calls.settle(settleKinds.initDone, '', '');
      calls.settle(settleKinds.answer, 'first', '');
      calls.settle(settleKinds.error, 'second', 'E');
      return undefined;
    },
  });
  t.is((await environment.create()).reply.init.status, 'success');
  t.is((await environment.invoke(head, '{}')).body, 'first');
});

test('the loop turns while something is due, and no longer', async (t) => {
  let left = 3;
  const { environment, calls } = open({
    init: initDone,
    invoke: () => immediates | alive,
    turn: (sandbox) => {
      left -= 1;
      if (left === 0) sandbox.settle(settleKinds.answer, 'done', '');
      return left === 0 ? 0 : immediates | alive;
    },
  });
  await environment.create();
  t.is((await environment.invoke(head, '{}')).body, 'done');
  t.deepEqual(
    calls.map(({ name }) => name),
    ['init', 'invoke', 'turn', 'turn', 'turn'],
  );
});

const initEnds = loopBits.initDone | immediates | alive;

test('an init that leaves nothing to wait for takes no turn', async (t) => {
  const { environment, calls } = open({ init: () => initEnds, invoke: answer('done') });
  t.is((await environment.create()).reply.init.status, 'success');
  t.is((await environment.invoke(head, '{}')).body, 'done');
  t.deepEqual(
    calls.map(({ name }) => name),
    ['init', 'invoke'],
  );
});

test('an init whose microtasks bring work, or a rejection, is not done yet', async (t) => {
  const woken = open({
    init(calls) {
      calls.wake(immediates | alive);
      return initEnds;
    },
    turn: initDone,
  });
  t.is((await woken.environment.create()).reply.init.status, 'success');
  t.deepEqual(
    woken.calls.map(({ name }) => name),
    ['init', 'turn'],
  );
  const rejected = open({
    init: () => ({ kind: 'rejections' }),
    unhandledRejection(calls) {
      calls.settle(settleKinds.initError, '{"errorType":"E"}', 'E');
      return initEnds;
    },
  });
  t.is((await rejected.environment.create()).reply.init.status, 'error');
});

test('an invocation does not end with what ends an init', async (t) => {
  const { environment } = open({ init: initDone, invoke: () => initEnds, turn: answer('done') });
  await environment.create();
  t.is((await environment.invoke(head, '{}')).body, 'done');
});

test('a timer is waited for, and its turn runs when it is due', async (t) => {
  const { environment, clock, calls } = open({
    init: initDone,
    invoke: () => encodeLoopState(alive, 50),
    turn: answer('fired'),
  });
  await environment.create();
  const invoked = environment.invoke(head, '{}');
  await settled();
  clock.advance(49);
  await settled();
  t.false(calls.some(({ name }) => name === 'turn'));
  clock.advance(1);
  const { reply, body } = await invoked;
  t.is(body, 'fired');
  t.is(reply.durationMs, 50);
  t.is(clock.timersArmed, 0);
});

test('an empty loop asks the guest once; what it starts then is run', async (t) => {
  const { environment, calls } = open({
    init: initDone,
    invoke: () => 0,
    loopEmpty: () => immediates | alive,
    turn: answer('null'),
  });
  await environment.create();
  t.is((await environment.invoke(head, '{}')).body, 'null');
  t.deepEqual(
    calls.map(({ name }) => name),
    ['init', 'invoke', 'loopEmpty', 'turn'],
  );
});

test('an unhandled rejection is given to the guest, word by word', async (t) => {
  const seen: unknown[] = [];
  const { environment } = open({
    init: initDone,
    invoke: () => ({ kind: 'rejection', isError: true, name: 'TypeError', message: 'm', stack: 's' }),
    unhandledRejection: (calls, args) => {
      seen.push(...args);
      calls.settle(settleKinds.fatal, '{}', 'TypeError');
      return undefined;
    },
  });
  await environment.create();
  t.is((await environment.invoke(head, '{}')).reply.outcome.kind, 'fatal');
  t.deepEqual(seen, [true, 'TypeError', 'm', 's']);
});

test('rejections that the guest knows itself are left to it', async (t) => {
  const seen: unknown[][] = [];
  const { environment } = open({
    init: initDone,
    invoke: () => ({ kind: 'rejections' }),
    unhandledRejection: (calls, args) => {
      seen.push([...args]);
      calls.settle(settleKinds.fatal, '{}', 'Error');
      return undefined;
    },
  });
  await environment.create();
  t.is((await environment.invoke(head, '{}')).reply.outcome.kind, 'fatal');
  t.deepEqual(seen, [[]]);
});

test('after the answer, what is due already runs, within a limit; then nothing runs until the next invocation', async (t) => {
  const { environment, calls } = open({
    init: initDone,
    invoke: (sandbox) => {
      sandbox.settle(settleKinds.answer, '1', '');
      return immediates | alive;
    },
    turn: () => immediates | alive,
  });
  await environment.create();
  await environment.invoke(head, '{}');
  t.is(calls.filter(({ name }) => name === 'turn').length, limits.turnsAfterAnswerMax);
  const before = calls.length;
  await settled();
  t.is(calls.length, before);
});

test('a slice on the pool that does not end is disposed at the deadline, not before', async (t) => {
  const { environment, clock } = open({ init: initDone, invoke: endless });
  await environment.create();
  const invoked = environment.invoke({ ...head, timeoutMs: 100 }, '{}');
  await settled();
  // Node's timers can ring early; the deadline is looked at again.
  clock.advance(99.5);
  await settled();
  t.is(environment.state.phase, 'busy');
  clock.advance(0.5);
  const { reply } = await invoked;
  t.deepEqual(reply.outcome, { kind: 'timeout' });
  t.is(reply.durationMs, 100);
  t.is(clock.timersArmed, 0);
});

test('waiting for a place on the pool is part of an invocation’s time', async (t) => {
  const { create, clock, scripted, version } = open({ init: initDone, invoke: endless });
  const environments = [create(), create(), create()];
  for (const environment of environments) await environment.create();
  const [first, second, third] = environments.map((environment, index) =>
    environment.invoke({ ...head, timeoutMs: index === 2 ? 50 : 100 }, '{}'),
  );
  await settled();
  t.is(scripted.calls.filter(({ name }) => name === 'invoke').length, 2);
  clock.advance(50);
  const waited = await third;
  t.deepEqual(waited?.reply.outcome, { kind: 'timeout' });
  t.is(waited?.reply.longestSliceMs, 0);
  clock.advance(50);
  t.deepEqual((await first)?.reply.outcome, { kind: 'timeout' });
  t.deepEqual((await second)?.reply.outcome, { kind: 'timeout' });
  t.is(version.laneFor('first'), 'pool');
});

test('what compiling the bundle held the main thread for is told with the first invocation behind it', async (t) => {
  for (const init of ['now', 'deferred'] as const) {
    const { create, clock } = open({ load: () => clock.jump(600), init: initDone, invoke: answer('1') });
    const environment = create({ init });
    await environment.create();
    t.is((await environment.invoke(head, '{}')).reply.longestSliceMs, 600);
    t.is((await environment.invoke(head, '{}')).reply.longestSliceMs, 0);
  }
});

test('so it is when init fails', async (t) => {
  const { environment, clock } = open({
    load: () => clock.jump(600),
    init: (calls) => void calls.settle(settleKinds.initError, '{}', 'E'),
  });
  await environment.create();
  t.is((await environment.invoke(head, '{}')).reply.longestSliceMs, 600);
});

test('a host call after the deadline ends the guest: isolated-vm’s timeout stands still meanwhile', async (t) => {
  const { environment, clock } = open({
    init: initDone,
    invoke: (calls) => {
      clock.jump(101);
      calls.settle(settleKinds.answer, 'too late', '');
      return undefined;
    },
  });
  await environment.create();
  t.deepEqual((await environment.invoke({ ...head, timeoutMs: 100 }, '{}')).reply.outcome, { kind: 'timeout' });
});

test('what a guest calls after its end is answered with nothing', async (t) => {
  let late: (() => unknown)[] = [];
  const { environment, logs } = open({
    init: initDone,
    invoke: (calls) => {
      late = [
        () => calls.log(3, 'late'),
        () => calls.settle(settleKinds.answer, 'late', ''),
        () => calls.wake(immediates),
        () => calls.exit(9),
        () => calls.fs(1, '/tmp'),
        () => calls.random(8).byteLength,
        () => calls.mapPosition(1, 1),
        () => calls.domainToAscii('example.com'),
        () => calls.cpuTime(),
        () => calls.memoryUsage().reduce((sum, value) => sum + value),
      ];
      calls.exit(1);
      return undefined;
    },
  });
  await environment.create();
  t.deepEqual((await environment.invoke(head, '{}')).reply.outcome, { kind: 'exit', code: 1 });
  t.deepEqual(
    late.map((call) => call()),
    [undefined, undefined, undefined, undefined, 0, 0, '', '', 0, 0],
  );
  t.is(logs.length, 0);
});

test('short invocations move a version to the main thread, its new environments too; a long slice there moves it back', async (t) => {
  let sliceMs = 1;
  const { create, clock, scripted } = open({
    init: initDone,
    invoke: (calls) => {
      clock.jump(sliceMs);
      calls.settle(settleKinds.answer, '1', '');
      return undefined;
    },
  });
  const lanes = async (invocations: number) => {
    const from = scripted.calls.length;
    const environment = create();
    await environment.create();
    for (let count = 0; count < invocations; count++) await environment.invoke(head, '{}');
    return scripted.calls.slice(from).map(({ lane }) => lane);
  };
  t.deepEqual(await lanes(4), ['pool', 'pool', 'pool', 'pool', 'main']);
  t.deepEqual(await lanes(2), ['pool', 'pool', 'main']);
  t.deepEqual(await lanes(2), ['main', 'main', 'main']);
  sliceMs = limits.shortSliceMsMax + 1;
  t.deepEqual(await lanes(3), ['main', 'main', 'main', 'pool']);
  sliceMs = 1;
  t.deepEqual(await lanes(4), ['main', 'pool', 'pool', 'pool', 'pool']);
});

test('a slice that only waited for its processor is not long', async (t) => {
  const { create, clock, host, version } = open({
    init: initDone,
    invoke: (calls) => {
      clock.jump(1_000);
      calls.settle(settleKinds.answer, '1', '');
      return undefined;
    },
  });
  t.truthy(host);
  const environment = create();
  await environment.create();
  // The scripted guest uses no processor time on the pool.
  for (let count = 0; count < 3; count++) {
    t.is((await environment.invoke(head, '{}')).reply.longestSliceMs, 0);
  }
  t.is(version.laneFor('later'), 'main');
});

test('destroying while init or an invocation runs fails it, and ends its guest', async (t) => {
  const starting = open({ init: endless });
  const created = starting.environment.create();
  const waiting = starting.environment.invoke(head, '{}');
  const refused = [t.throwsAsync(created, { message: /destroyed/ }), t.throwsAsync(waiting, { message: /destroyed/ })];
  await settled();
  starting.environment.dispose();
  await Promise.all(refused);

  const busy = open({ init: initDone, invoke: () => encodeLoopState(alive, 60_000) });
  await busy.environment.create();
  const invoked = t.throwsAsync(busy.environment.invoke(head, '{}'), { message: /destroyed/ });
  await settled();
  busy.environment.dispose();
  busy.environment.dispose();
  await invoked;
  t.is(busy.clock.timersArmed, 0);
});

test('environments that are asked for at once answer while others are still to be made', async (t) => {
  const { environment, create, scripted } = open({ init: initDone, invoke: answer('1') });
  const openedBy: number[] = [];
  const call = async (called: Environment): Promise<void> => {
    const [, { body }] = await Promise.all([called.create(), called.invoke(head, '{}')]);
    t.is(body, '1');
    openedBy.push(scripted.opened);
  };
  await Promise.all([environment, create(), create()].map(call));
  t.deepEqual(openedBy, [1, 2, 3]);
});

test('an environment that is destroyed before its isolate is made makes none', async (t) => {
  const { environment, create, scripted } = open({ init: initDone });
  const second = create();
  const created = environment.create();
  const refused = t.throwsAsync(second.create(), { message: /destroyed/ });
  second.dispose();
  await Promise.all([created, refused]);
  t.is(scripted.opened, 1);
});

test('deferred init opens the isolate and runs nothing', async (t) => {
  const { create, scripted } = open({ init: initDone, invoke: answer('1') });
  const environment = create({ init: 'deferred' });
  t.deepEqual((await environment.create()).reply.init, { status: 'deferred' });
  t.is(scripted.opened, 1);
  t.is(scripted.calls.length, 0);
  t.is((await environment.invoke(head, '{}')).reply.init?.status, 'success');
  t.is(scripted.opened, 1);
});

test('the memory peak never falls, also over a reset', async (t) => {
  const { environment } = open(
    { init: initDone, invoke: () => ({ kind: 'out-of-memory' }) },
    { init: initDone, invoke: answer('1') },
  );
  await environment.create();
  const peak = (await environment.invoke(head, '{}')).reply.memoryPeakBytes;
  t.is(peak, 128 * 1024 * 1024);
  t.is((await environment.invoke(head, '{}')).reply.memoryPeakBytes, peak);
});

/** A service that hands out its link and keeps what it is told. */
function withNetwork(opened: ReturnType<typeof open>) {
  const links: ServiceLink[] = [];
  const received: object[] = [];
  let closed = 0;
  opened.openers.network = (link) => {
    links.push(link);
    return {
      ask: () => 'asked',
      start: () => {},
      receive: (event) => void received.push(event),
      close: () => {
        closed += 1;
      },
    };
  };
  return { links, received, closed: () => closed };
}

const askNetwork: SliceScript = (calls) => {
  calls.ask(numbers.network, 1);
  calls.settle(settleKinds.initDone, '', '');
  return undefined;
};

test('an event is a slice of its own, and a guest that waits for one is kept alive', async (t) => {
  const seen: unknown[] = [];
  const opened = open({
    init: askNetwork,
    invoke: () => alive,
    event: (calls, args) => {
      seen.push(args);
      return answer('got it')(calls, args);
    },
  });
  const { links } = withNetwork(opened);
  await opened.environment.create();
  const invoked = opened.environment.invoke(head, '{}');
  await settled();
  links[0]?.emit(7, 2, 'text', 3);
  t.is((await invoked).body, 'got it');
  t.deepEqual(seen, [[numbers.network, 7, 2, 'text', 3]]);
});

test('what came while the guest was frozen waits for the next invocation, which knows of it and runs it first', async (t) => {
  const told: unknown[] = [];
  const opened = open({
    init: askNetwork,
    invoke: (_calls, args) => {
      told.push(args[2]);
      return alive | immediates;
    },
    event: () => alive | immediates,
    turn: answer('1'),
  });
  const { links } = withNetwork(opened);
  await opened.environment.create();
  links[0]?.emit(1, 0);
  links[0]?.emit(1, 1);
  await settled();
  t.deepEqual(
    opened.calls.map(({ name }) => name),
    ['init'],
  );
  await opened.environment.invoke(head, '{}');
  await opened.environment.invoke(head, '{}');
  t.deepEqual(told, [true, false]);
  t.deepEqual(
    opened.calls.map(({ name }) => name),
    ['init', 'invoke', 'event', 'event', 'turn', 'invoke', 'turn'],
  );
});

test('events and turns take turns: neither starves the other', async (t) => {
  let turns = 0;
  const opened = open({
    init: askNetwork,
    invoke: () => alive | immediates,
    event: () => alive | immediates,
    turn: (calls, args) => {
      turns += 1;
      return turns === 3 ? answer('1')(calls, args) : alive | immediates;
    },
  });
  const { links } = withNetwork(opened);
  await opened.environment.create();
  const invoked = opened.environment.invoke(head, '{}');
  for (let count = 0; count < 10; count++) links[0]?.emit(1, count);
  await invoked;
  const names = opened.calls.map(({ name }) => name).slice(2);
  t.deepEqual(names.filter((name) => name === 'turn').length, 3);
  t.regex(names.join(' '), /event turn event turn/);
});

test('a guest with more events under way than any service allows is ended', async (t) => {
  const opened = open({ init: askNetwork, invoke: () => alive });
  const { links, closed } = withNetwork(opened);
  await opened.environment.create();
  for (let count = 0; count <= limits.eventsWaitingMax; count++) links[0]?.emit(1, 0);
  t.is(closed(), 1);
  const { reply } = await opened.environment.invoke(head, '{}');
  t.is(reply.outcome.kind, 'out-of-memory');
});

test('what the host sends reaches the isolate that asked, never the next one', async (t) => {
  const opened = open(
    { init: askNetwork, invoke: (calls) => void calls.exit(1) },
    { init: askNetwork, invoke: answer('1') },
  );
  const { links, received, closed } = withNetwork(opened);
  const { environment } = opened;
  await environment.create();
  links[0]?.request({ kind: 'connect' });
  t.deepEqual(opened.requests, [
    { environmentId: 'e', incarnation: 1, service: 'network', request: { kind: 'connect' } },
  ]);
  const event = { environmentId: 'e', service: 'network', event: { kind: 'connected' } } as const;
  environment.receive({ ...event, incarnation: 1 }, new Uint8Array());
  t.is(received.length, 1);
  await environment.invoke(head, '{}');
  t.is(closed(), 1);
  links[0]?.request({ kind: 'late' });
  await environment.invoke(head, '{}');
  environment.receive({ ...event, incarnation: 1 }, new Uint8Array());
  t.is(received.length, 1);
  environment.receive({ ...event, incarnation: 2 }, new Uint8Array());
  t.is(received.length, 2);
  t.is(opened.requests.length, 1);
});

test('what a bundle names is brought in before it runs, and for the next environment what the first one asked for, too', async (t) => {
  const { create, guests, version } = open({ init: initDone, invoke: answer('1') });
  const { entry } = version.definition.settings;
  Object.assign(entry, { builtins: ['fs'] });
  const first = create();
  await first.create();
  t.deepEqual(guests[0]?.preloaded, ['fs']);
  guests[0]?.askedOnPool.add('internal/url');
  await first.invoke(head, '{}');
  await create({ environmentId: 'second' }).create();
  t.deepEqual(guests[1]?.preloaded, ['fs', 'internal/url']);
  Object.assign(entry, { builtins: undefined });
});

test('garbage is collected once after the first answer, and the next invocation waits for that', async (t) => {
  const { create, guests, tidyClock, calls } = open({ init: initDone, invoke: answer('1') });
  const environment = create();
  await environment.create();
  await environment.invoke(head, '{}');
  t.is(guests[0]?.tidying, undefined);
  tidyClock.advance(limits.tidyDelayMs);
  t.truthy(guests[0]?.tidying);
  const before = calls.length;
  const second = environment.invoke(head, '{}');
  await settled();
  t.is(calls.length, before);
  guests[0]?.tidying?.resolve();
  t.deepEqual((await second).reply.outcome, { kind: 'success' });
  Object.assign(guests[0] ?? {}, { tidying: undefined });
  tidyClock.advance(limits.tidyDelayMs * 2);
  t.is(guests[0]?.tidying, undefined);
});

test('a large heap is left to V8, and so is an environment that is gone', async (t) => {
  const { create, guests, tidyClock } = open({ init: initDone, invoke: answer('1') });
  for (const change of [
    (environment: Environment) => environment.dispose(),
    () => Object.assign(guests.at(-1) ?? {}, { heapTotalBytes: limits.tidyHeapBytesMax + 1 }),
  ]) {
    const environment = create();
    await environment.create();
    await environment.invoke(head, '{}');
    change(environment);
    tidyClock.advance(limits.tidyDelayMs);
    t.is(guests.at(-1)?.tidying, undefined);
  }
});
