/** Sandboxes that a template forked, with the real program: they are what sandboxes are that were started. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { processStat } from '../../src/base/process-stat.ts';
import type { HardeningReport } from '../../src/model/hardening.ts';
import { limits } from '../../src/model/limits.ts';
import type { Observe, PlatformEvent } from '../../src/model/platform-event.ts';
import { frameTypes } from '../../src/protocol/messages.ts';
import { createFleet } from '../../src/supervisor/fleet.ts';
import type { Jail } from '../../src/supervisor/jail.ts';
import { type CachedRuntime, ensureRuntime } from '../../src/supervisor/runtime-cache.ts';
import type { ExitCause, SandboxHandle } from '../../src/supervisor/sandbox-port.ts';
import { Templates } from '../../src/supervisor/templates.ts';
import { deployedVersion, noGateway } from '../fixtures/deployed-version.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { testJail } from '../fixtures/jail.ts';
import { testProgram } from '../fixtures/sandbox-program.ts';
import { slowClock } from '../fixtures/slow-clock.ts';
import { startSandbox, type TestSandbox } from '../sandbox/harness.ts';

interface Prepared {
  readonly runtime: CachedRuntime;
  readonly jail: Extract<Jail, { kind: 'built' }>;
  readonly mainPath: string;
}
const test = anyTest as TestFn<Prepared>;
type Context = ExecutionContext<Prepared>;

test.before(async (t) => {
  const runtime = await ensureRuntime({
    cacheDirectory: join(tmpdir(), 'isotherm-test-runtimes'),
    nodePath: process.execPath,
    observe: () => {},
    clock: systemClock,
  });
  const jail = await testJail();
  if (jail.kind !== 'built') return t.fail(`templates need the jail, which is absent: ${jail.reason}`);
  t.context = { runtime, jail, mainPath: await testProgram(runtime.directory) };
});

function order(
  t: Context,
  jail: Jail = t.context.jail,
  observe: Observe = () => {},
  // However long a template takes on a busy machine, whoever need not hurry waits for it.
  { clock = slowClock, mainPath = t.context.mainPath }: { clock?: Clock; mainPath?: string } = {},
) {
  const { directory, key, kind } = t.context.runtime;
  const templates = new Templates(clock, observe);
  const fleet = createFleet({
    nodePath: process.execPath,
    mainPath,
    runtime: { directory, key, kind },
    jail,
    clock: systemClock,
    observe,
    launch: templates.launch,
  });
  const close = async (): Promise<void> => {
    await fleet.close();
    await templates[Symbol.asyncDispose]();
  };
  t.teardown(close);
  return { fleet, close, templates };
}

/** One sandbox that was started, and others that were not. */
async function acquire(t: Context, forked: number, clock: Clock = slowClock, mainPath: string = t.context.mainPath) {
  const ordered = order(t, t.context.jail, () => {}, { clock, mainPath });
  const started = await ordered.fleet.acquire('first');
  // Nobody waits for the next ones until the spare is there, so a template makes it, and then most of them.
  await ordered.fleet.ready();
  const sandboxes: SandboxHandle[] = [];
  for (let asked = 0; sandboxes.length < forked; asked += 1) {
    const sandbox = await ordered.fleet.acquire(`domain-${asked}`);
    // While the template is late, as on a busy machine, they are started. Tests kill what forked them: that must not be this process.
    if (parentOf(sandbox.pid) !== process.pid) sandboxes.push(sandbox);
  }
  return { ...ordered, started, sandboxes };
}

/** 0: there is no such process. */
function parentOf(pid: number): number {
  return processStat(pid)?.parent ?? 0;
}

const spillPath = fileURLToPath(new URL('../fixtures/sandboxes/spill.ts', import.meta.url));

let environments = 0;

async function run(sandbox: SandboxHandle, body: string): Promise<unknown> {
  environments += 1;
  const environmentId = `e${environments}`;
  const bundle = Buffer.from(`(function (exports, require) { exports.handler = async (event) => { ${body} }; })`);
  const created = sandbox.create({
    environmentId,
    version: deployedVersion({ versionKey: environmentId, codeSha256: 'empty', bundle }),
    logStreamName: 'stream',
    init: 'now',
    initializationType: 'on-demand',
    initTimeoutMs: limits.initTimeoutMs,
    openGateway: noGateway,
    onLog: () => {},
  });
  const answer = await sandbox.invoke(
    {
      environmentId,
      requestId: environmentId,
      timeoutMs: 60_000,
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:greet',
      payload: Buffer.from('{}'),
      onLog: () => {},
    },
    created,
  );
  return JSON.parse(Buffer.from(answer.body).toString());
}

test.serial('the first sandbox is started, the others are children of one template', async (t) => {
  const { started, sandboxes } = await acquire(t, 3);
  t.is(parentOf(started.pid), process.pid);
  const parents = new Set(sandboxes.map(({ pid }) => parentOf(pid)));
  t.is(parents.size, 1);
  const [template = 0] = parents;
  t.not(template, process.pid);
  t.is(parentOf(template), process.pid);
  // While it is made it may yield the cores to others, and what it forks does not.
  for (const pid of [template, ...sandboxes.map((sandbox) => sandbox.pid)])
    t.is(getPriority(pid), getPriority(process.pid));
});

test.serial('a forked sandbox is jailed as far as one that was started', async (t) => {
  const reports: HardeningReport[] = [];
  const { fleet } = order(t, t.context.jail, (event) => {
    if (event.type === 'sandbox.started') reports.push(event.hardening);
  });
  for (const domain of ['a', 'b', 'c']) await fleet.acquire(domain);
  const [started, ...forked] = reports;
  t.true(forked.length >= 2);
  for (const report of forked) t.deepEqual(report, started);
  t.true(started?.selfTest.every(({ isRefused }) => isRefused));
});

test.serial('nothing random is the same in two of them', async (t) => {
  const { sandboxes } = await acquire(t, 3);
  const body = `return [Math.random(), crypto.randomUUID(), require('crypto').randomBytes(8).toString('hex'), require('crypto').randomInt(2 ** 40)]`;
  const drawn = await Promise.all(sandboxes.map((sandbox) => run(sandbox, body)));
  const values = drawn.flat();
  t.is(values.length, 12);
  t.is(new Set(values).size, 12);
});

test.serial('V8, the pool and threads for long work find their threads', async (t) => {
  const { sandboxes } = await acquire(t, 3);
  // Garbage of all kinds, code that is optimised, WebAssembly, and each of the pools.
  const body = `
    let kept = [];
    for (let i = 0; i < 400_000; i++) { kept.push({ i, text: 'x' + i }); if (kept.length > 20_000) kept = []; }
    let sum = 0; const add = (a, b) => a + b; for (let i = 0; i < 2e6; i++) sum = add(sum, i % 3);
    const key = await new Promise((done, fail) => require('crypto').pbkdf2('a', 'b', 50_000, 32, 'sha256', (error, made) => error ? fail(error) : done(made.length)));
    const zipped = await new Promise((done, fail) => require('zlib').gzip('x'.repeat(1e6), (error, made) => error ? fail(error) : done(made.length)));
    await new Promise((done) => setTimeout(done, 1));
    return [sum, key, zipped > 100];`;
  const rounds = [1, 2, 3];
  for (const _ of rounds) {
    const answers = await Promise.all(sandboxes.map((sandbox) => run(sandbox, body)));
    t.deepEqual(answers, Array(sandboxes.length).fill([1_999_999, 32, true]));
  }
});

test.serial('one that is killed from outside is told of, reaped, and costs its siblings nothing', async (t) => {
  const { sandboxes } = await acquire(t, 2);
  const [victim, sibling] = sandboxes as [SandboxHandle, SandboxHandle];
  process.kill(victim.pid, 'SIGKILL');
  t.like(await endOf(victim), { kind: 'crashed', by: 'stranger' });
  t.is(await run(sibling, 'return 1'), 1);
});

/** An idle sandbox keeps no program running, and neither does one that is about to be told of. */
async function endOf(sandbox: SandboxHandle): Promise<ExitCause> {
  const waiting = setInterval(() => {}, 1_000);
  try {
    return await sandbox.exited;
  } finally {
    clearInterval(waiting);
  }
}

test.serial('one that its host kills is gone when that is done', async (t) => {
  const { fleet, sandboxes } = await acquire(t, 1);
  const [sandbox] = sandboxes as [SandboxHandle];
  const cause = { kind: 'killed', reason: 'closing', detail: 'for a test' } as const;
  await sandbox.kill(cause);
  t.is(await sandbox.exited, cause);
  // Its template has noted that by the time that it forks again.
  await fleet.acquire('another');
  await fleet.ready();
  t.false(existsSync(`/proc/${sandbox.pid}`));
});

/** Files without a name that this process keeps open. */
function unnamedFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).endsWith(' (deleted)');
    } catch {
      // That of the directory that is read.
      return false;
    }
  }).length;
}

test.serial(
  'one that was taken over and fills the disk is ended, started or forked, and the disk has it back',
  async (t) => {
    const before = unnamedFiles();
    const { started, sandboxes, close } = await acquire(t, 2, slowClock, spillPath);
    const [forked, sibling] = sandboxes as [SandboxHandle, SandboxHandle];
    for (const sandbox of [started, forked]) {
      process.kill(sandbox.pid, 'SIGUSR2');
      const cause = await endOf(sandbox);
      t.like(cause, { kind: 'killed', reason: 'volumes', suspects: [] });
      t.like(cause, { limit: { limit: 'volume-bytes', effect: 'ended', value: limits.volumeSlackMiB * 1024 * 1024 } });
    }
    t.is(await run(sibling, 'return 1'), 1);
    await close();
    t.is(unnamedFiles(), before);
  },
);

test.serial('a template that ends takes its sandboxes along, and the next ones are served all the same', async (t) => {
  const { fleet, started, sandboxes } = await acquire(t, 2);
  const [one, other] = sandboxes as [SandboxHandle, SandboxHandle];
  process.kill(parentOf(one.pid), 'SIGKILL');
  t.is((await endOf(one)).kind, 'crashed');
  t.is((await endOf(other)).kind, 'crashed');
  t.is(await run(started, 'return 1'), 1);
  for (const domain of ['next', 'after that', 'and then']) {
    t.is(await run(await fleet.acquire(domain), 'return 2'), 2);
  }
});

test.serial('one that cannot go on ends itself, by its own number, and nobody else', async (t) => {
  await using templates = new Templates(slowClock, () => {});
  // Sandboxes keep no program running.
  const waiting = setInterval(() => {}, 1_000);
  t.teardown(() => clearInterval(waiting));
  const forked: TestSandbox[] = [];
  while (forked.length < 2) {
    const sandbox = await startSandbox({ jail: t.context.jail }, templates.launch);
    if (parentOf(sandbox.pid) === process.pid) await sandbox[Symbol.asyncDispose]();
    else forked.push(sandbox);
  }
  const [one, other] = forked as [TestSandbox, TestSandbox];
  t.is((await one.hello).pid, one.pid);
  one.channel.notify(frameTypes.ping, { sentMs: 1 });
  t.deepEqual(await one.exited, [null, 'SIGABRT']);
  t.regex(one.stderr, /^protocol error: frame\.type must be a guest event/);
  t.notRegex(one.stderr, /EPERM/);
  t.is((await other.ping()).environments, 0);
  for (const sandbox of forked) await sandbox[Symbol.asyncDispose]();
});

test.serial('a template that does not do what it is told is ended, and nobody waits for it for ever', async (t) => {
  const { sandboxes, fleet } = await acquire(t, 2, systemClock);
  const [one, other] = sandboxes as [SandboxHandle, SandboxHandle];
  process.kill(parentOf(one.pid), 'SIGSTOP');
  const cause = { kind: 'killed', reason: 'closing', detail: 'for a test' } as const;
  await one.kill(cause);
  t.is(await one.exited, cause);
  t.is((await endOf(other)).kind, 'crashed');
  t.is(await run(await fleet.acquire('next'), 'return 3'), 3);
});

test.serial('without a module to fork with, sandboxes are started', async (t) => {
  const { fleet } = order(t, { ...t.context.jail, templatePath: '/nowhere/template.node' });
  for (const domain of ['a', 'b', 'c']) {
    const sandbox = await fleet.acquire(domain);
    t.is(parentOf(sandbox.pid), process.pid);
    t.is(await run(sandbox, 'return 3'), 3);
  }
});

test.serial('a template that never gets ready holds nobody up, and is ended', async (t) => {
  const clock = createFakeClock();
  const mainPath = fileURLToPath(new URL('../fixtures/sandboxes/stuck-template.ts', import.meta.url));
  const { fleet } = order(t, t.context.jail, () => {}, { clock, mainPath });
  await fleet.acquire('first');
  const stuck = await untilDefined(() => childrenOf(process.pid).find(isTemplate));
  // Nobody waits for the spare that waits for it: after a while it is started.
  clock.advance(limits.templateWaitMsMax);
  t.is(await run(await fleet.acquire('second'), 'return 4'), 4);
  clock.advance(limits.sandboxStartTimeoutMs);
  await untilDefined(() => (existsSync(`/proc/${stuck}`) ? undefined : true));
  // The next spare waits for the next template, and whoever comes meanwhile for that spare.
  const passing = setInterval(() => clock.advance(limits.templateWaitMsMax), 10);
  t.teardown(() => clearInterval(passing));
  t.is(await run(await fleet.acquire('third'), 'return 5'), 5);
});

test.serial('templates that do not come to life are told of, and tried again after a while that grows', async (t) => {
  const clock = createFakeClock();
  const jail = { ...t.context.jail, templatePath: '/nowhere/template.node' };
  const told: Extract<PlatformEvent, { type: 'template.unavailable' }>[] = [];
  const observe: Observe = (event) => void (event.type === 'template.unavailable' && told.push(event));
  const { fleet, templates } = order(t, jail, observe, { clock });
  const { templateBackoffMsMin: waitMs } = limits;
  let sandboxes = 0;
  const acquireUntil = async (done: (sandbox: SandboxHandle) => boolean): Promise<void> => {
    let sandbox: SandboxHandle;
    do {
      sandboxes += 1;
      sandbox = await fleet.acquire(`domain-${sandboxes}`);
    } while (!done(sandbox));
  };
  await acquireUntil(() => told.length === 1);
  t.is(told[0]?.retryAfterMs, waitMs);
  t.regex(told[0]?.reason ?? '', /nowhere\/template\.node/);
  t.is(templates.problem, told[0]?.reason);

  clock.advance(waitMs);
  await acquireUntil(() => told.length === 2);
  t.is(told[1]?.retryAfterMs, 2 * waitMs);

  clock.advance(2 * waitMs);
  Object.assign(jail, { templatePath: t.context.jail.templatePath });
  await acquireUntil(({ pid }) => parentOf(pid) !== process.pid);
  t.is(templates.problem, undefined);
  t.is(told.length, 2);
});

/** By its command line, which names the module that it forks with. */
function isTemplate(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('template.node');
}

async function untilDefined<Value>(look: () => Value | undefined): Promise<Value> {
  while (true) {
    const found = look();
    if (found !== undefined) return found;
    await setTimeout(10);
  }
}

test.serial(
  'a template has so many sandboxes and then another takes its place; nothing of either is left',
  async (t) => {
    const before = childrenOf(process.pid);
    const { fleet, close } = await acquire(t, 0);
    const perTemplate = new Map<number, number>();
    // While the second one gets ready, which takes long on a busy machine, sandboxes are started.
    for (let taken = 0; perTemplate.size < 2; taken += 1) {
      const sandbox = await fleet.acquire(`domain-${taken}`);
      const parent = parentOf(sandbox.pid);
      if (parent !== process.pid) perTemplate.set(parent, (perTemplate.get(parent) ?? 0) + 1);
      await sandbox.kill({ kind: 'retired', reason: 'for a test' });
    }
    const [first = 0] = perTemplate.values();
    t.true(first <= limits.templateSeats, `${first}`);
    await close();
    t.deepEqual(childrenOf(process.pid), before);
    for (const template of perTemplate.keys()) t.false(existsSync(`/proc/${template}`));
  },
);

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((each) => each > 0 && parentOf(each) === pid)
    .sort();
}
