/** The supervisor with the real sandbox program and real guests: faults from outside, and guests that only SIGKILL stops. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { limits } from '../../src/model/limits.ts';
import { type ControlGroups, openControlGroups } from '../../src/supervisor/control-groups.ts';
import { createFleet } from '../../src/supervisor/fleet.ts';
import type { Jail } from '../../src/supervisor/jail.ts';
import { findLaunchWrapper } from '../../src/supervisor/launch-wrapper.ts';
import { type CachedRuntime, ensureRuntime } from '../../src/supervisor/runtime-cache.ts';
import {
  type ExitCause,
  type GuestLog,
  type SandboxFleet,
  SandboxGoneError,
  type SandboxHandle,
  SandboxUnreadError,
} from '../../src/supervisor/sandbox-port.ts';
import { deployedVersion, noGateway } from '../fixtures/deployed-version.ts';
import { GroupKernel } from '../fixtures/group-kernel.ts';
import { testJail } from '../fixtures/jail.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { testProgram } from '../fixtures/sandbox-program.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

interface Prepared {
  readonly runtime: CachedRuntime;
  readonly jail: Jail;
  readonly mainPath: string;
}
const test = anyTest as TestFn<Prepared>;
type Context = ExecutionContext<Prepared>;

const runtimes = join(tmpdir(), 'isotherm-test-runtimes');
const directory = ownTemporaryDirectory();

test.before(async (t) => {
  const runtime = await ensureRuntime({
    cacheDirectory: runtimes,
    nodePath: process.execPath,
    observe: () => {},
    clock: systemClock,
  });
  t.context = { runtime, jail: await testJail(), mainPath: await testProgram(runtime.directory) };
});

function order(
  t: Context,
  jail: Jail = t.context.jail,
  controlGroups: ControlGroups | string = 'the test has none',
  clock: Clock = systemClock,
): SandboxFleet {
  const { directory, key, kind } = t.context.runtime;
  const fleet = createFleet({
    nodePath: process.execPath,
    mainPath: t.context.mainPath,
    runtime: { directory, key, kind },
    jail,
    controlGroups,
    clock,
    observe: () => {},
  });
  t.teardown(() => fleet.close());
  return fleet;
}

let environments = 0;

/** Makes an environment whose handler has this body, and returns how to call it. */
function deploy(sandbox: SandboxHandle, body: string) {
  environments += 1;
  const environmentId = `e${environments}`;
  const bundle = Buffer.from(`(function (exports) { exports.handler = async (event) => { ${body} }; })`);
  const created = sandbox.create({
    environmentId,
    version: deployedVersion({ versionKey: environmentId, codeSha256: 'empty', bundle }),
    logStreamName: 'stream',
    init: 'now',
    initializationType: 'on-demand',
    initTimeoutMs: 30_000,
    openGateway: noGateway,
    onLog: () => {},
  });
  let requests = 0;
  return {
    environmentId,
    created,
    async invoke(event: unknown, timeoutMs = 20_000, onLog: (log: GuestLog) => void = () => {}) {
      requests += 1;
      const answer = await sandbox.invoke(
        {
          environmentId,
          requestId: `${environmentId}-${requests}`,
          timeoutMs,
          invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:greet',
          payload: Buffer.from(JSON.stringify(event)),
          onLog,
        },
        created,
      );
      return { ...answer, text: Buffer.from(answer.body).toString() };
    },
  };
}

async function causeOf(t: Context, call: Promise<unknown>): Promise<ExitCause> {
  const error = await t.throwsAsync(call, { instanceOf: SandboxGoneError });
  return error.exitCause;
}

test.serial('without its launcher a sandbox is bounded as far as util-linux can, and says so', async (t) => {
  const wrapper = await findLaunchWrapper({ clock: systemClock, wanted: 'bounds' });
  const fleet = order(t, { kind: 'absent', reason: 'no C compiler', ...(wrapper && { wrapper }) });
  const sandbox = await fleet.acquire('a');
  t.is((await deploy(sandbox, 'return event').invoke(1)).text, '1');
  const layers = fleet.hardening?.layers ?? [];
  t.deepEqual(
    layers.filter(({ state }) => state === 'on').map(({ name }) => name),
    wrapper?.layers ?? [],
  );
  const status = readFileSync(`/proc/${sandbox.pid}/status`, 'utf8');
  const bounds = readFileSync(`/proc/${sandbox.pid}/limits`, 'utf8');
  const isBounded = wrapper?.layers.includes('resource-limits') ?? false;
  t.is(fleet.hardening?.level, isBounded ? 'S1' : 'S0');
  t.is(/^NoNewPrivs:\t1$/m.test(status), isBounded);
  t.is(new RegExp(`^Max open files +${limits.sandboxDescriptorsMax} `, 'm').test(bounds), isBounded);
  t.is(layers.find(({ name }) => name === 'landlock')?.reason, 'no C compiler');
});

test.serial('a function answers, cold and warm, and its output arrives before its answer', async (t) => {
  const fleet = order(t);
  const sandbox = await fleet.acquire('a');
  const greet = deploy(sandbox, 'console.log("seen"); return { hello: event.name }');
  const logs: GuestLog[] = [];
  t.is((await greet.invoke({ name: 'Ada' })).text, '{"hello":"Ada"}');
  t.is((await greet.invoke({ name: 'Bob' }, 20_000, (log) => logs.push(log))).text, '{"hello":"Bob"}');
  t.regex(logs.map(({ text }) => text).join(''), /seen/);
  await sandbox.destroy(greet.environmentId, false);
  t.is(sandbox.retirement(), undefined);
  t.true(sandbox.rssBytes() > 20 * 1024 * 1024);
});

test.serial('kill -9 during an invocation fails it as a crash, and the next sandbox serves', async (t) => {
  const fleet = order(t);
  const sandbox = await fleet.acquire('a');
  const waiting = deploy(sandbox, "console.log('began'); return new Promise((resolve) => setTimeout(resolve, 60_000))");
  const began = Promise.withResolvers<void>();
  const running = waiting.invoke({}, 60_000, () => began.resolve());
  await began.promise;
  process.kill(sandbox.pid, 'SIGKILL');
  t.like(await causeOf(t, running), { kind: 'crashed' });
  await sandbox.exited;
  const greet = deploy(await fleet.acquire('a'), 'return event');
  t.is((await greet.invoke(1)).text, '1');
});

test.serial('an invocation that reaches nobody any more is known not to have begun', async (t) => {
  // So that hardly ever a heartbeat comes behind it.
  const sandbox = await order(t, t.context.jail, undefined, slowClock).acquire('a');
  const greet = deploy(sandbox, 'return event');
  t.is((await greet.invoke(1)).text, '1');
  process.kill(sandbox.pid, 'SIGKILL');
  await t.throwsAsync(greet.invoke(2), { instanceOf: SandboxUnreadError });
  await sandbox.exited;
});

test.serial('kill -STOP during an invocation ends in a heartbeat kill', async (t) => {
  const sandbox = await order(t).acquire('a');
  const waiting = deploy(sandbox, 'return new Promise((resolve) => setTimeout(resolve, 60_000))');
  await waiting.created;
  const running = waiting.invoke({}, 60_000);
  process.kill(sandbox.pid, 'SIGSTOP');
  t.like(await causeOf(t, running), { kind: 'killed', reason: 'heartbeat' });
});

test.serial('a timeout that the sandbox enforces itself costs nobody the process', async (t) => {
  const sandbox = await order(t, undefined, undefined, slowClock).acquire('a');
  const looping = deploy(sandbox, 'for (;;);');
  const neighbour = deploy(sandbox, 'return event');
  await neighbour.invoke(0);
  const { reply } = await looping.invoke({}, 300);
  t.deepEqual(reply.outcome, { kind: 'timeout' });
  t.is((await neighbour.invoke(2)).text, '2');
});

const unstoppable: [name: string, body: string][] = [
  ['a sparse search', 'return Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)'],
  ['a sparse array', 'const sparse = []; sparse.length = 2 ** 32 - 2; return sparse.indexOf(1)'],
];
for (const [name, body] of unstoppable) {
  test.serial(`what only SIGKILL stops is gone soon after its timeout: ${name}`, async (t) => {
    const sandbox = await order(t).acquire('a');
    const runaway = deploy(sandbox, body);
    await runaway.created;
    const beganMs = performance.now();
    const cause = await causeOf(t, runaway.invoke({}, 500));
    await sandbox.exited;
    const tookMs = performance.now() - beganMs;
    t.log(`gone ${(tookMs - 500).toFixed(1)} ms after the timeout`);
    t.like(cause, { kind: 'killed', reason: 'deadline', suspects: [runaway.environmentId] });
    t.false(existsSync(`/proc/${sandbox.pid}`));
  });
}

test.serial('memory that isolated-vm does not count is counted here', async (t) => {
  const sandbox = await order(t).acquire('a');
  const bomb = deploy(
    sandbox,
    `const kept = [];
     // ICU takes its memory from malloc.
     for (;;) kept.push(new Intl.DateTimeFormat('de', { dateStyle: 'full', timeStyle: 'long' }));`,
  );
  await bomb.created;
  const cause = await causeOf(t, bomb.invoke({}, 60_000));
  t.like(cause, { kind: 'killed', reason: 'memory', suspects: [bomb.environmentId] });
});

/** A kernel of the test's own, with a descriptor that the launcher can really write to. */
class Groups extends GroupKernel {
  override async openForWriting(): ReturnType<GroupKernel['openForWriting']> {
    return await open('/dev/null', 'r+');
  }
}

async function orderInGroups(t: Context) {
  const kernel = new Groups({ own: '/box', pid: process.pid });
  const controlGroups = await openControlGroups({ files: kernel, use: 'must', isRoot: false });
  if (typeof controlGroups === 'string') throw new Error(controlGroups);
  t.teardown(() => controlGroups[Symbol.asyncDispose]());
  const fleet = order(t, t.context.jail, controlGroups);
  const sandbox = await fleet.acquire('a');
  const path = Object.keys(kernel.tree).find((name) => name.endsWith(sandbox.sandboxId));
  return { kernel, fleet, sandbox, path: `/sys/fs/cgroup${path}` };
}

test.serial('a sandbox in a control group says so, and its group is gone when it is', async (t) => {
  const { kernel, fleet, sandbox, path } = await orderInGroups(t);
  const report = fleet.hardening?.layers.find(({ name }) => name === 'control-group');
  t.deepEqual(report, { name: 'control-group', state: 'on', reason: '' });
  const before = Number(kernel.group(path).values.get('memory.max'));
  t.is((await deploy(sandbox, 'return event').invoke(1)).text, '1');
  // Its first reading has brought it down from the most that any may hold.
  t.true(before < limits.sandboxRssMiBMax * 1024 * 1024);
  await sandbox.kill({ kind: 'killed', reason: 'closing', detail: 'a test' });
  t.throws(() => kernel.group(path), { code: 'ENOENT' });
});

test.serial('what the kernel ends for the memory of its group is an end for memory, of whoever ran', async (t) => {
  const { kernel, sandbox, path } = await orderInGroups(t);
  const idle = deploy(sandbox, 'return event');
  await idle.invoke(1);
  const running = deploy(sandbox, 'await new Promise(() => setInterval(() => {}, 1e6))');
  await running.created;
  const call = running.invoke({}, 60_000);
  // It has read the one when it answers the other.
  await idle.invoke(2);
  await kernel.write(`${path}/memory.events`, 'low 0\noom 1\noom_kill 1');
  process.kill(sandbox.pid, 'SIGKILL');
  const cause = await causeOf(t, call);
  t.like(cause, { kind: 'killed', reason: 'memory', suspects: [running.environmentId] });
  t.like(cause, { limit: { limit: 'resident-memory', effect: 'ended' } });
});

test.serial('without control groups the report of a jailed sandbox says what the host found', async (t) => {
  const fleet = order(t, t.context.jail, 'this is a test');
  await fleet.ready();
  t.like(
    fleet.hardening?.layers.find(({ name }) => name === 'control-group'),
    {
      state: 'absent',
      reason: t.context.jail.kind === 'built' ? 'this is a test' : t.context.jail.reason,
    },
  );
});

test.serial(
  'guests that fill their /tmp wholly, empty it and fill it again are not taken for one that was taken over',
  async (t) => {
    const fleet = order(t);
    const sandbox = await fleet.acquire('a');
    const body = `
    const fs = process.getBuiltinModule('node:fs');
    const piece = Buffer.alloc(256 * 1024, 1);
    let written = 0;
    for (let round = 0; round < 2; round += 1) {
      const fd = fs.openSync('/tmp/full', 'w');
      try { for (;;) written += fs.writeSync(fd, piece); } catch (error) { if (error.code !== 'ENOSPC') throw error; }
      fs.closeSync(fd);
      if (round === 0) fs.rmSync('/tmp/full');
    }
    return written;`;
    const filling = [deploy(sandbox, body), deploy(sandbox, body)];
    for (const { text } of await Promise.all(filling.map(({ invoke }) => invoke({}, 60_000)))) {
      t.is(Number(text), 2 * limits.ephemeralStorageMiBDefault * 1024 * 1024);
    }
    // Both are full now, and stay so for longer than between two looks.
    const wait = `await new Promise((done) => setTimeout(done, ${2 * limits.heartbeatIntervalMs}))`;
    t.is((await deploy(sandbox, `${wait}; return event`).invoke(1)).text, '1');
  },
);

test.serial('twenty sandboxes, started and closed, leave nothing behind', async (t) => {
  const before = leftovers();
  for (let round = 0; round < 5; round += 1) {
    const fleet = order(t);
    const sandboxes = await Promise.all(['a', 'b', 'c', 'd'].map((domain) => fleet.acquire(domain)));
    const answers = await Promise.all(sandboxes.map((sandbox) => deploy(sandbox, 'return event').invoke(round)));
    t.deepEqual(
      answers.map(({ text }) => text),
      Array(4).fill(String(round)),
    );
    await fleet.close();
  }
  t.deepEqual(leftovers(), before);
});

function leftovers() {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    children: readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'),
    scratch: readdirSync(directory).filter((name) => !name.startsWith('isotherm-test-')),
  };
}
