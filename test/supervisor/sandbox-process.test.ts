/**
 * One supervised process, with real small programs as children. Time is the system's where a child takes part in it; decisions over
 * time are tested in health.test.ts and vital-signs.test.ts.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { hardeningReport } from '../../src/model/hardening.ts';
import { limits } from '../../src/model/limits.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import {
  type ExitCause,
  type GuestLog,
  type InvocationSpec,
  type OpenGateway,
  SandboxGoneError,
} from '../../src/supervisor/sandbox-port.ts';
import { SandboxProcess } from '../../src/supervisor/sandbox-process.ts';
import { deployedVersion, noGateway } from '../fixtures/deployed-version.ts';
import { runtimeKey } from '../fixtures/sandboxes/hello.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

function program(name: string): string {
  return fileURLToPath(new URL(`../fixtures/sandboxes/${name}.ts`, import.meta.url));
}

/** A few children at a time: with forty at once on two cores, deadlines would test the machine. */
const turn = pLimit(2);

function sandboxTest(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  test(title, (t) => turn(() => run(t)));
}

interface Started {
  readonly sandbox: SandboxProcess;
  readonly events: PlatformEvent[];
}

async function start(t: ExecutionContext, name = 'scripted', clock: Clock = systemClock): Promise<Started> {
  const events: PlatformEvent[] = [];
  const sandbox = await SandboxProcess.start({
    sandboxId: 'sandbox-1',
    nodePath: process.execPath,
    mainPath: program(name),
    runtime: { directory: '/runtime/of/the/test', key: runtimeKey },
    clock,
    observe: (event) => events.push(event),
  });
  t.teardown(() => sandbox.kill(closing));
  return { sandbox, events };
}

/** Ready, assigned and with an environment `e1` of a version. */
async function startWithEnvironment(t: ExecutionContext, name?: string, clock?: Clock): Promise<Started> {
  const started = await start(t, name, clock);
  await started.sandbox.ready();
  started.sandbox.assign('customer-1');
  await started.sandbox.create(environment('e1'));
  return started;
}

const closing: ExitCause = { kind: 'killed', reason: 'closing', detail: 'the test is over' };
const version = deployedVersion({ files: { 'index.js': 'exports.handler = 1', 'data/a.txt': 'A' } });

function environment(environmentId: string, changes: object = {}) {
  return {
    environmentId,
    version,
    logStreamName: '2026/11/21/[$LATEST]abc',
    init: 'now' as const,
    initializationType: 'on-demand' as const,
    initTimeoutMs: 20_000,
    openGateway: noGateway,
    onLog: () => {},
    ...changes,
  };
}

let requests = 0;
function invocation(event: object, changes: Partial<InvocationSpec> = {}): InvocationSpec {
  requests += 1;
  return {
    environmentId: 'e1',
    requestId: `request-${requests}`,
    timeoutMs: 20_000,
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:greet',
    payload: Buffer.from(JSON.stringify(event)),
    onLog: () => {},
    ...changes,
  };
}

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}

async function causeOf(t: ExecutionContext, call: Promise<unknown>): Promise<ExitCause> {
  const error = await t.throwsAsync(call, { instanceOf: SandboxGoneError });
  return error.exitCause;
}

sandboxTest('an event goes in and its answer comes back', async (t) => {
  const { sandbox, events } = await startWithEnvironment(t);
  const { reply, body } = await sandbox.invoke(invocation({ do: 'echo', text: 'größe' }));
  t.deepEqual(parsed(body), { do: 'echo', text: 'größe' });
  t.deepEqual(reply.outcome, { kind: 'success' });
  t.is(sandbox.trustDomain, 'customer-1');
  const started = events.find((event) => event.type === 'sandbox.started');
  t.is(started?.pid, sandbox.pid);
  t.deepEqual(started?.hardening, hardeningReport([], [], 'a fixture'));
});

sandboxTest('the sandbox gets the code through its store, and reads it there', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const { body } = await sandbox.invoke(invocation({ do: 'report', versionKey: version.code.versionKey }));
  const report = parsed(body) as Record<string, unknown>;
  t.deepEqual(report.files, { 'index.js': [0o644, 'exports.handler = 1'], 'data/a.txt': [0o644, 'A'] });
  t.is(report.bundle, Buffer.from(version.code.bundle ?? []).toString());
  t.is(report.sourceMap, undefined);
  t.like(report.settings, {
    functionName: 'greet',
    programmingModel: 'promise',
    logLevel: 'TRACE',
    environment: {},
  });
});

sandboxTest('it inherits no environment, no path and no writable store', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const { body } = await sandbox.invoke(invocation({ do: 'report', versionKey: version.code.versionKey }));
  const report = parsed(body) as Record<string, unknown>;
  t.deepEqual(report.environment, { MALLOC_ARENA_MAX: '2', TZ: 'UTC', ISOTHERM_UNJAILED: 'there is no jail' });
  t.is(report.directory, '/');
  t.is(report.storeIsWritable, false);
  t.deepEqual(report.links, [0, 0]);
  t.deepEqual(report.arguments, ['/runtime/of/the/test', 'sandbox-1']);
  t.true((report.flags as string[]).includes('--disable-sigusr1'));
  t.deepEqual(report.descriptors, [0, 1, 2, 3, 4, 5]);
});

sandboxTest('a version is defined once, and calls may be sent one behind the other', async (t) => {
  const { sandbox } = await start(t);
  await sandbox.ready();
  sandbox.assign('customer-1');
  const created = ['e1', 'e2'].map((id) => sandbox.create(environment(id)));
  const answers = ['e1', 'e2'].map((environmentId, index) =>
    sandbox.invoke(invocation({ do: 'echo' }, { environmentId, requestId: environmentId }), created[index]),
  );
  await Promise.all(answers);
  await sandbox.create(environment('e3'));
  const { body } = await sandbox.invoke(invocation({ do: 'report' }, { requestId: 'report' }));
  const { received } = parsed(body) as { received: string[] };
  t.is(received.filter((line) => line.startsWith('define')).length, 1);
  t.is(received[0], 'define greet-1');
  for (const id of ['e1', 'e2']) t.true(received.indexOf(`create ${id}`) < received.indexOf(`invoke ${id}`));
});

sandboxTest('versions with the same package share its bytes', async (t) => {
  const { sandbox } = await start(t);
  await sandbox.ready();
  sandbox.assign('customer-1');
  const files = { 'large.bin': 'x'.repeat(3_000_000) };
  const bundle = Buffer.from('shared');
  const first = deployedVersion({ versionKey: 'a', codeSha256: 'same', files, bundle });
  const second = deployedVersion({ versionKey: 'b', codeSha256: 'same', files, bundle, packPath: '/nowhere' });
  await sandbox.create(environment('e1', { version: first }));
  await sandbox.create(environment('e2', { version: second }));
  const { body } = await sandbox.invoke(invocation({ do: 'report', versionKey: 'b' }));
  const report = parsed(body) as { storeBytes: number; files: Record<string, [number, string]>; bundle: string };
  t.true(report.storeBytes < 3_100_000);
  t.is(report.files['large.bin']?.[1].length, 3_000_000);
  t.is(report.bundle, 'shared');
});

sandboxTest('a package that cannot be read fails the create and may be tried again', async (t) => {
  const { sandbox } = await start(t);
  await sandbox.ready();
  sandbox.assign('customer-1');
  const broken = deployedVersion({ versionKey: 'broken', files: { a: 'a' }, packPath: '/nowhere/pack' });
  const created = sandbox.create(environment('e1', { version: broken }));
  const invoked = sandbox.invoke(invocation({ do: 'echo' }), created);
  await t.throwsAsync(created, { code: 'ServiceException' });
  await t.throwsAsync(invoked, { code: 'ServiceException' });
  const mended = deployedVersion({ versionKey: 'broken', files: { a: 'a' } });
  await sandbox.create(environment('e1', { version: mended }));
  t.deepEqual(parsed((await sandbox.invoke(invocation({ do: 'echo' }))).body), { do: 'echo' });
});

sandboxTest('a call that the sandbox refuses fails alone', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  await t.throwsAsync(sandbox.create(environment('refused')), { code: 'ServiceException', message: /refused/ });
  t.deepEqual(parsed((await sandbox.invoke(invocation({ do: 'echo' }))).body), { do: 'echo' });
});

sandboxTest('output goes to the invocation that runs, and before its answer', async (t) => {
  const { sandbox } = await start(t);
  await sandbox.ready();
  sandbox.assign('customer-1');
  const init: GuestLog[] = [];
  await sandbox.create(environment('e1', { onLog: (log: GuestLog) => init.push(log) }));
  t.deepEqual(init, [{ kind: 'line', text: 'init\n' }]);
  const logs: GuestLog[] = [];
  await sandbox.invoke(invocation({ do: 'log' }, { onLog: (log) => logs.push(log) }));
  t.deepEqual(logs, [
    { kind: 'line', text: 'one\n' },
    { kind: 'raw', text: 'two' },
  ]);
  // Without an id it is output of an init that runs ahead, whatever was sent behind it.
  t.deepEqual(init, [
    { kind: 'line', text: 'init\n' },
    { kind: 'line', text: 'three\n' },
  ]);
});

sandboxTest('output that is not UTF-8 is made so', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const logs: GuestLog[] = [];
  await sandbox.invoke(invocation({ do: 'log binary' }, { onLog: (log) => logs.push(log) }));
  t.deepEqual(logs, [{ kind: 'line', text: 'a\ufffdb' }]);
});

sandboxTest('output over the limit of an invocation is dropped and counted', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  let chars = 0;
  const bytes = limits.logBytesPerInvocationMax + 1024 * 1024;
  const { reply } = await sandbox.invoke(
    invocation(
      { do: 'log much', bytes },
      {
        onLog({ text }) {
          chars += text.length;
        },
      },
    ),
  );
  t.is(chars, limits.logBytesPerInvocationMax);
  t.is(reply.logBytesDropped, 1024 * 1024);
});

sandboxTest('chunks of a streamed answer come before its reply, to whoever takes it', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const seen: string[] = [];
  const answer = { open: () => {}, chunk: (bytes: Uint8Array) => seen.push(Buffer.from(bytes).toString()) };
  const { body } = await sandbox.invoke(invocation({ do: 'stream', texts: ['one', 'two'] }, { answer }));
  t.deepEqual([...seen, parsed(body)], ['one', 'two', 'behind it']);
});

sandboxTest('a sandbox that streams to somebody else, or more than was allowed, is killed', async (t) => {
  const offences: [event: object, message: RegExp, reader: 'reads' | 'does not'][] = [
    [{ do: 'stream', texts: ['unasked'] }, /answerChunk/, 'does not'],
    [{ do: 'stream for another request', requestId: 'of-someone-else' }, /answerChunk\.requestId/, 'reads'],
    [{ do: 'stream more than the window', bytes: limits.responseStreamWindowBytes }, /window of its answer/, 'reads'],
  ];
  for (const [event, message, reader] of offences) {
    const { sandbox, events } = await startWithEnvironment(t);
    let bytes = 0;
    const answer = {
      open: () => {},
      chunk: (chunk: Uint8Array) => {
        bytes += chunk.byteLength;
      },
    };
    sandbox.invoke(invocation(event, reader === 'reads' ? { answer } : {})).catch(() => {});
    t.like(await sandbox.exited, { kind: 'killed', reason: 'protocol' });
    const offence = events.find((seen) => seen.type === 'sandbox.protocolError');
    t.regex(offence?.message ?? '', message);
    t.true(bytes <= limits.responseStreamWindowBytes);
  }
});

const offences: [event: object, message: RegExp][] = [
  [{ do: 'garbage' }, /frame\.length/],
  [{ do: 'oversize' }, /frame\.length must be between .* received 67108864/],
  [{ do: 'unknown id' }, /reply\.callId must be the id of a pending call/],
  [{ do: 'answer twice' }, /reply\.callId must be the id of a pending call/],
  [{ do: 'second hello' }, /notice\.type must be a log/],
  [{ do: 'host frame' }, /notice\.type must be a log/],
  [{ do: 'bad reply' }, /invokeReply\.outcome\.kind/],
  [{ do: 'log for another request', requestId: 'request-of-someone-else' }, /log\.requestId/],
  [{ do: 'log for another environment', environmentId: 'e99' }, /log\.environmentId/],
  [{ do: 'print much', bytes: 2_000_000 }, /sandboxOutputBytesMax/],
];

for (const [event, message] of offences) {
  sandboxTest(`a sandbox that breaks the protocol is killed: ${JSON.stringify(event)}`, async (t) => {
    const { sandbox, events } = await startWithEnvironment(t);
    // Not necessarily this call: `answer twice` answers it first.
    sandbox.invoke(invocation(event)).catch(() => {});
    const cause = await sandbox.exited;
    t.like(cause, { kind: 'killed', reason: 'protocol' });
    const offence = events.find((seen) => seen.type === 'sandbox.protocolError');
    t.regex(offence?.message ?? '', message);
    t.is(events.filter((seen) => seen.type === 'sandbox.exited').length, 1);
    t.deepEqual(await causeOf(t, sandbox.invoke(invocation({ do: 'echo' }))), cause);
  });
}

sandboxTest('a crash fails what is in flight, and says what the process said last', async (t) => {
  const { sandbox, events } = await startWithEnvironment(t);
  await sandbox.create(environment('e2'));
  const neighbour = sandbox.invoke(invocation({ do: 'ignore' }, { environmentId: 'e2' }));
  const causes = await Promise.all([
    causeOf(t, sandbox.invoke(invocation({ do: 'crash' }))),
    causeOf(t, neighbour),
    sandbox.exited,
  ]);
  for (const cause of causes) {
    t.like(cause, { kind: 'crashed' });
    t.regex('detail' in cause ? cause.detail : '', /SIGABRT.*Fatal error in fixture/);
    t.false('detail' in cause && cause.detail.includes('\u001b'));
  }
  t.like(
    events.find((event) => event.type === 'sandbox.exited'),
    { wanted: false },
  );
});

sandboxTest('a sandbox that exits by itself is a crash too', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const cause = await causeOf(t, sandbox.invoke(invocation({ do: 'exit' })));
  t.like(cause, { kind: 'crashed', detail: 'it ended with exit code 3' });
});

sandboxTest('SIGKILL by somebody else fails what is in flight at once', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const invoked = sandbox.invoke(invocation({ do: 'ignore' }));
  // It has read the one when it answers the other.
  await sandbox.create(environment('e2'));
  process.kill(sandbox.pid, 'SIGKILL');
  const cause = await causeOf(t, invoked);
  t.like(cause, { kind: 'crashed' });
  t.regex('detail' in cause ? cause.detail : '', /SIGKILL/);
});

sandboxTest('a sandbox that closes its socket and runs on is killed', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const cause = await causeOf(t, sandbox.invoke(invocation({ do: 'hang up' })));
  t.like(cause, { kind: 'crashed' });
  t.regex('detail' in cause ? cause.detail : '', /SIGKILL \(it had closed its connection\)/);
});

sandboxTest('no answer by the far deadline kills the sandbox, and blames the environment', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const beforeMs = performance.now();
  const cause = await causeOf(t, sandbox.invoke(invocation({ do: 'ignore' }, { timeoutMs: 100 })));
  const tookMs = performance.now() - beforeMs;
  t.like(cause, { kind: 'killed', reason: 'deadline', suspects: ['e1'] });
  t.true(tookMs >= 100 + limits.killGraceMs - 1, `${tookMs} ms`);
  t.is(await sandbox.exited, cause);
});

sandboxTest('an answer just before the far deadline counts', async (t) => {
  const { sandbox } = await startWithEnvironment(t, undefined, slowClock);
  // 300 ms, and a grace of 750.
  const { body } = await sandbox.invoke(invocation({ do: 'slow', ms: 400 }, { timeoutMs: 30 }));
  t.is(parsed(body), 'late');
});

sandboxTest('the time that its create takes does not count for an invocation', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const created = sandbox.create(environment('slow-1500'));
  const invoked = sandbox.invoke(invocation({ do: 'echo' }, { environmentId: 'slow-1500', timeoutMs: 1_000 }), created);
  t.deepEqual(parsed((await invoked).body), { do: 'echo' });
});

sandboxTest('an environment that is never made kills the sandbox', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const created = sandbox.create(environment('hanging', { initTimeoutMs: 0, init: 'deferred' }));
  const invocationBehind = invocation({ do: 'ignore' }, { environmentId: 'hanging', timeoutMs: 10 });
  const invoked = sandbox.invoke(invocationBehind, created);
  const cause = await causeOf(t, created);
  t.like(cause, { kind: 'killed', reason: 'deadline', suspects: ['hanging'] });
  t.deepEqual(await causeOf(t, invoked), cause);
});

sandboxTest('environments that are made one behind the other have their time each', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const bare = { initTimeoutMs: 0, init: 'deferred' };
  const made = ['slow-1000', 'slow-2600'].map((id) => sandbox.create(environment(id, bare)));
  await t.notThrowsAsync(Promise.all(made));
});

sandboxTest('a held main thread makes the sandbox busy, and no longer than it is held', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  t.false(sandbox.isBusy());
  const invoked = sandbox.invoke(invocation({ do: 'block', ms: 2_000 }));
  while (!sandbox.isBusy()) await new Promise((resolve) => setTimeout(resolve, 5));
  await invoked;
  await sandbox.invoke(invocation({ do: 'echo' }));
  while (sandbox.isBusy()) await new Promise((resolve) => setTimeout(resolve, 5));
  t.pass();
});

sandboxTest('a guest that holds the main thread is killed at its own deadline, not for its heartbeat', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const invoked = sandbox.invoke(invocation({ do: 'block', ms: 60_000 }, { timeoutMs: 1_500 }));
  t.like(await causeOf(t, invoked), { kind: 'killed', reason: 'deadline', suspects: ['e1'] });
});

sandboxTest('a stopped process is killed although it still has time', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const invoked = sandbox.invoke(invocation({ do: 'ignore' }, { timeoutMs: 60_000 }));
  process.kill(sandbox.pid, 'SIGSTOP');
  t.like(await causeOf(t, invoked), { kind: 'killed', reason: 'heartbeat' });
});

sandboxTest('an idle process that was stopped is killed', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  process.kill(sandbox.pid, 'SIGSTOP');
  t.like(await sandbox.exited, { kind: 'killed', reason: 'heartbeat' });
});

sandboxTest('more memory than its environments may use kills the sandbox', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const invoked = sandbox.invoke(invocation({ do: 'hold memory', bytes: 700 * 1024 * 1024 }, { timeoutMs: 30_000 }));
  const cause = await causeOf(t, invoked);
  t.like(cause, { kind: 'killed', reason: 'memory', suspects: ['e1'] });
});

sandboxTest('memory within the size of its environment is allowed', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const bytes = 120 * 1024 * 1024;
  const { body } = await sandbox.invoke(invocation({ do: 'hold memory', bytes, answer: true }));
  t.is(parsed(body), 'held');
  await sandbox.invoke(invocation({ do: 'slow', ms: 100 }));
  t.true(sandbox.rssBytes() > bytes);
});

sandboxTest('the first cause stands', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  const first: ExitCause = { kind: 'retired', reason: 'the first' };
  await Promise.all([sandbox.kill(first), sandbox.kill(closing)]);
  t.is(await sandbox.exited, first);
  await sandbox.kill(closing);
  t.is(await sandbox.exited, first);
});

sandboxTest('a drained sandbox finishes what it has and ends with its last environment', async (t) => {
  const { sandbox, events } = await startWithEnvironment(t);
  await sandbox.create(environment('e2'));
  const running = sandbox.invoke(invocation({ do: 'slow', ms: 50 }));
  sandbox.drain('it is old');
  t.deepEqual(await causeOf(t, sandbox.create(environment('e3'))), { kind: 'retired', reason: 'it is old' });
  await sandbox.destroy('e2', false);
  t.is(parsed((await running).body), 'late');
  await sandbox.destroy('e1', false);
  t.deepEqual(await sandbox.exited, { kind: 'retired', reason: 'it is old' });
  t.like(
    events.find((event) => event.type === 'sandbox.exited'),
    { wanted: true },
  );
});

sandboxTest('a drained sandbox without environments ends at once', async (t) => {
  const { sandbox } = await start(t);
  await sandbox.ready();
  sandbox.assign('customer-1');
  sandbox.drain('it is old');
  t.deepEqual(await sandbox.exited, { kind: 'retired', reason: 'it is old' });
});

sandboxTest('an environment that was destroyed may be made again', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  await sandbox.destroy('e1', true);
  await sandbox.create(environment('e1'));
  t.deepEqual(parsed((await sandbox.invoke(invocation({ do: 'echo' }))).body), { do: 'echo' });
});

const impostors: [program: string, message: RegExp][] = [
  ['wrong-version', /hello\.protocol must be 5, received 999/],
  ['wrong-runtime', /hello\.runtimeKey must be .*fixture-runtime, received "another"/],
  ['babbling', /must be a hello first/],
];
for (const [name, message] of impostors) {
  sandboxTest(`a program that does not start as it must is killed: ${name}`, async (t) => {
    const { sandbox, events } = await start(t, name);
    const cause = await causeOf(t, sandbox.ready());
    t.like(cause, { kind: 'killed', reason: 'protocol' });
    t.regex('detail' in cause ? cause.detail : '', message);
    await sandbox.exited;
    t.is(
      events.find((event) => event.type === 'sandbox.started'),
      undefined,
    );
  });
}

sandboxTest('a program that dies before hello says why', async (t) => {
  const { sandbox } = await start(t, 'broken');
  const cause = await causeOf(t, sandbox.ready());
  t.regex('detail' in cause ? cause.detail : '', /exit code 1: .*the fixture is broken/);
});

sandboxTest('a dead sandbox is reaped and no zombie stays', async (t) => {
  const { sandbox } = await startWithEnvironment(t);
  await sandbox.kill(closing);
  t.throws(() => readFileSync(`/proc/${sandbox.pid}/stat`), { code: 'ENOENT' });
});

sandboxTest('a program that does not exist cannot be started', async (t) => {
  const started = SandboxProcess.start({
    sandboxId: 'sandbox-1',
    nodePath: '/nowhere/node',
    mainPath: program('scripted'),
    runtime: { directory: '/', key: runtimeKey },
    clock: systemClock,
    observe: () => {},
  });
  await t.throwsAsync(started, { code: 'ENOENT' });
});

sandboxTest(
  'a sandbox that goes on asking and does not read the answers is ended before they fill the host',
  async (t) => {
    const { sandbox } = await start(t);
    await sandbox.ready();
    sandbox.assign('customer-1');
    const answer = Buffer.alloc(1024 * 1024);
    const openGateway: OpenGateway = ({ send }) => ({ request: () => send('bindings', {}, answer), close() {} });
    await sandbox.create(environment('e1', { openGateway }));
    const times = 4 * (limits.noticeBytesWaitingMax / answer.byteLength);
    const invoked = sandbox.invoke(invocation({ do: 'ask and do not read', times }, { timeoutMs: 60_000 }));
    t.like(await causeOf(t, invoked), { kind: 'killed', reason: 'protocol' });
  },
);
