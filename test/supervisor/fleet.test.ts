/** Sandboxes in number: the spare, the guard against crash loops, and that nothing is left behind. Children are real. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { hardeningDemand } from '../../src/model/hardening-demand.ts';
import { limits } from '../../src/model/limits.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { createFleet, type FleetOptions } from '../../src/supervisor/fleet.ts';
import type { SandboxFleet, SandboxHandle } from '../../src/supervisor/sandbox-port.ts';
import { deployedVersion, noGateway } from '../fixtures/deployed-version.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { runtimeKey } from '../fixtures/sandboxes/hello.ts';

const directory = ownTemporaryDirectory();

interface Ordered {
  readonly fleet: SandboxFleet;
  readonly events: PlatformEvent[];
  /** Resolves with the next event of the type from now on. */
  next<Type extends PlatformEvent['type']>(type: Type): Promise<Extract<PlatformEvent, { type: Type }>>;
}

function order(t: ExecutionContext, name = 'scripted', changes: Partial<FleetOptions> = {}): Ordered {
  const events: PlatformEvent[] = [];
  const waiting = new Set<(event: PlatformEvent) => void>();
  const fleet = createFleet({
    nodePath: process.execPath,
    mainPath: fileURLToPath(new URL(`../fixtures/sandboxes/${name}.ts`, import.meta.url)),
    runtime: { directory: '/runtime', key: runtimeKey, kind: 'snapshot' },
    clock: systemClock,
    observe: (event) => {
      events.push(event);
      for (const tell of waiting) tell(event);
    },
    ...changes,
  });
  t.teardown(() => fleet.close());
  return {
    fleet,
    events,
    next: (type) =>
      new Promise((resolve) => {
        // A spare alone does not keep this process alive.
        const awake = setInterval(() => {}, 60_000);
        const tell = (event: PlatformEvent) => {
          if (!isOf(event, type)) return;
          waiting.delete(tell);
          clearInterval(awake);
          resolve(event);
        };
        waiting.add(tell);
      }),
  };
}

function isOf<Type extends PlatformEvent['type']>(
  event: PlatformEvent,
  type: Type,
): event is Extract<PlatformEvent, { type: Type }> {
  return event.type === type;
}

const version = deployedVersion();

async function echo(sandbox: SandboxHandle, event: object = { do: 'echo' }): Promise<unknown> {
  const environmentId = `e-${Math.random()}`;
  const created = sandbox.create({
    environmentId,
    version,
    logStreamName: 'stream',
    init: 'now',
    initializationType: 'on-demand' as const,
    initTimeoutMs: 20_000,
    openGateway: noGateway,
    onLog: () => {},
  });
  const invocation = { environmentId, requestId: environmentId, timeoutMs: 20_000, invokedFunctionArn: 'arn' };
  const payload = Buffer.from(JSON.stringify(event));
  const [, { body }] = await Promise.all([
    created,
    sandbox.invoke({ ...invocation, payload, onLog: () => {} }, created),
  ]);
  return JSON.parse(Buffer.from(body).toString());
}

test.serial('a warmed fleet hands out its spare and starts another', async (t) => {
  const { fleet, next } = order(t);
  const spare = next('sandbox.started');
  fleet.warm();
  const { sandboxId, pid } = await spare;
  const second = next('sandbox.started');
  const sandbox = await fleet.acquire('customer-1');
  t.is(sandbox.sandboxId, sandboxId);
  t.is(sandbox.pid, pid);
  t.is(sandbox.trustDomain, 'customer-1');
  t.not((await second).sandboxId, sandboxId);
  t.deepEqual(await echo(sandbox), { do: 'echo' });
});

test.serial('nobody shares a sandbox', async (t) => {
  const { fleet } = order(t);
  const sandboxes = await Promise.all(['a', 'a', 'b', 'b'].map((domain) => fleet.acquire(domain)));
  t.is(new Set(sandboxes.map(({ pid }) => pid)).size, 4);
  t.deepEqual(
    sandboxes.map(({ trustDomain }) => trustDomain),
    ['a', 'a', 'b', 'b'],
  );
});

test.serial('warming twice starts one spare', async (t) => {
  const { fleet, events, next } = order(t);
  const started = next('sandbox.started');
  fleet.warm();
  fleet.warm();
  await started;
  fleet.warm();
  await fleet.close();
  t.is(events.filter((event) => event.type === 'sandbox.started').length, 1);
});

test.serial('a spare that dies is replaced', async (t) => {
  const { fleet, next } = order(t);
  const first = next('sandbox.started');
  fleet.warm();
  const { pid } = await first;
  const second = next('sandbox.started');
  process.kill(pid, 'SIGKILL');
  const { pid: secondPid } = await second;
  const sandbox = await fleet.acquire('a');
  t.is(sandbox.pid, secondPid);
});

test.serial('for a sandbox that was killed the spare stands in, without waiting for a start', async (t) => {
  const { fleet, next } = order(t);
  const first = next('sandbox.started');
  fleet.warm();
  await first;
  const second = next('sandbox.started');
  const sandbox = await fleet.acquire('a');
  const { pid: sparePid } = await second;
  const running = echo(sandbox, { do: 'ignore' });
  // It has read the one when it answers the other.
  t.deepEqual(await echo(sandbox), { do: 'echo' });
  const killedMs = performance.now();
  process.kill(sandbox.pid, 'SIGKILL');
  await t.throwsAsync(running, { name: 'SandboxGoneError' });
  const heir = await fleet.acquire('a');
  t.deepEqual(await echo(heir), { do: 'echo' });
  t.log(`${(performance.now() - killedMs).toFixed(1)} ms from the kill to the next answer`);
  t.is(heir.pid, sparePid);
});

test.serial('who leaves while waiting leaves a spare behind', async (t) => {
  const { fleet, events, next } = order(t);
  const leaving = new AbortController();
  const started = next('sandbox.started');
  const acquired = fleet.acquire('a', leaving.signal);
  leaving.abort(new Error('changed my mind'));
  await t.throwsAsync(acquired, { message: 'changed my mind' });
  const { pid } = await started;
  const sandbox = await fleet.acquire('b');
  t.is(sandbox.trustDomain, 'b');
  t.true(events.some((event) => event.type === 'sandbox.started' && event.pid === pid));
  await t.throwsAsync(fleet.acquire('c', AbortSignal.abort(new Error('too late'))), { message: 'too late' });
});

test.serial('sandboxes that do not start are said to, with the cause', async (t) => {
  const { fleet } = order(t, 'broken');
  await t.throwsAsync(fleet.acquire('a'), { code: 'SandboxStartFailed', message: /the fixture is broken/ });
});

test.serial('a Node that is not there is a start that failed', async (t) => {
  const { fleet } = order(t, 'scripted', { nodePath: '/nowhere/node' });
  await t.throwsAsync(fleet.acquire('a'), { code: 'SandboxStartFailed', message: /ENOENT/ });
});

test.serial('a program that never says hello is a start that failed', async (t) => {
  const clock = createFakeClock();
  const { fleet, next } = order(t, 'silent', { clock });
  const acquired = fleet.acquire('a');
  acquired.catch(() => {});
  for (let attempt = 0; attempt < limits.sandboxStartAttemptsMax; attempt += 1) {
    const exited = next('sandbox.exited');
    while (clock.timersArmed === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(limits.sandboxStartTimeoutMs);
    t.regex((await exited).cause, /it was not ready within 10000 ms/);
  }
  await t.throwsAsync(acquired, { code: 'SandboxStartFailed', message: /it was not ready within 10000 ms/ });
});

test.serial('after many failures starts are held back, and callers told until when', async (t) => {
  const clock = createFakeClock();
  const { fleet, events, next } = order(t, 'broken', { clock });
  const unavailable = next('sandbox.unavailable');
  await t.throwsAsync(fleet.acquire('a'), { code: 'SandboxStartFailed' });
  await t.throwsAsync(fleet.acquire('a'), { code: 'SandboxStartFailed' });
  const { reason, retryAfterMs } = await unavailable;
  t.regex(reason, /the fixture is broken/);
  t.is(retryAfterMs, limits.crashBackoffMsMin);

  const exits = events.filter((event) => event.type === 'sandbox.exited').length;
  await t.throwsAsync(fleet.acquire('b'), { message: /the fixture is broken.*next try in 100 ms/ });
  t.is(events.filter((event) => event.type === 'sandbox.exited').length, exits);

  const again = next('sandbox.unavailable');
  clock.advance(limits.crashBackoffMsMin);
  t.is((await again).retryAfterMs, limits.crashBackoffMsMin * 2);
});

test.serial('blank sandboxes that end by themselves are a crash loop', async (t) => {
  const clock = createFakeClock();
  const { fleet, events, next } = order(t, 'fleeting', { clock });
  const unavailable = next('sandbox.unavailable');
  fleet.warm();
  t.regex((await unavailable).reason, /exit code 9/);
  t.is(events.filter((event) => event.type === 'sandbox.exited').length, limits.crashLoopExitsMax);
});

test.serial('a trust domain that crashes its sandboxes waits, the others do not', async (t) => {
  const clock = createFakeClock();
  const { fleet, next } = order(t, 'scripted', { clock });
  const unavailable = next('sandbox.unavailable');
  for (let crash = 0; crash < limits.crashLoopExitsMax; crash += 1) {
    const sandbox = await fleet.acquire('poisoned');
    await t.throwsAsync(echo(sandbox, { do: 'crash' }), { name: 'SandboxGoneError' });
    await sandbox.exited;
  }
  t.regex((await unavailable).reason, /trust domain poisoned crash/);
  await t.throwsAsync(fleet.acquire('poisoned'), {
    code: 'SandboxStartFailed',
    message: /sandboxes of trust domain poisoned crash: .*next try in 100 ms/,
  });
  t.deepEqual(await echo(await fleet.acquire('healthy')), { do: 'echo' });
  clock.advance(limits.crashBackoffMsMin);
  t.deepEqual(await echo(await fleet.acquire('poisoned')), { do: 'echo' });
});

test.serial('a sandbox that is jailed less than demanded is ended before anything reaches it', async (t) => {
  const { fleet, events } = order(t, 'scripted', { hardening: hardeningDemand('required') });
  const refused = {
    code: 'HardeningUnavailable',
    message: /at least S2, and sandboxes reach S0 here: no .*\(a fixture\)/,
  };
  await t.throwsAsync(fleet.ready(), refused);
  await t.throwsAsync(fleet.acquire('a'), refused);
  t.is(fleet.hardening?.level, 'S0');
  t.true(events.every((event) => event.type !== 'sandbox.exited' || event.wanted));
  t.false(events.some((event) => event.type === 'hardening.less'));
});

test.serial('one that is jailed as demanded is handed out', async (t) => {
  const { fleet, events } = order(t, 'jailed', { hardening: hardeningDemand('required') });
  await fleet.ready();
  t.is(fleet.hardening?.level, 'S2');
  await (await fleet.acquire('a')).kill({ kind: 'retired', reason: 'the test is over' });
  t.false(events.some((event) => event.type === 'hardening.less'));
});

test.serial('without a demand a weak jail is told once, and used', async (t) => {
  const { fleet, events } = order(t);
  await fleet.ready();
  await echo(await fleet.acquire('a'));
  await echo(await fleet.acquire('b'));
  const told = events.filter((event) => event.type === 'hardening.less');
  t.is(told.length, 1);
  t.like(told[0], { level: 'S0' });
  t.regex(told[0]?.missing ?? '', /^no .*, landlock, .* \(a fixture\)$/);
});

test.serial('without a demand also a level is told that an ordinary Linux has and this one has not', async (t) => {
  const { fleet, events } = order(t, 'jailed');
  await fleet.ready();
  const told = events.filter((event) => event.type === 'hardening.less');
  t.deepEqual(told, [{ type: 'hardening.less', level: 'S2', missing: 'no namespaces (a fixture)' }]);
});

test.serial('a jail that was switched off is not complained about', async (t) => {
  const { fleet, events } = order(t, 'scripted', { hardening: hardeningDemand('off') });
  await fleet.ready();
  t.false(events.some((event) => event.type === 'hardening.less'));
});

test.serial('a closed fleet gives nothing', async (t) => {
  const { fleet } = order(t);
  await fleet.close();
  await t.throwsAsync(fleet.acquire('a'), { code: 'EngineClosed' });
  t.notThrows(() => fleet.warm());
  await fleet.close();
});

test.serial('closing while sandboxes start ends them all', async (t) => {
  const { fleet, events } = order(t);
  const acquired = Array.from({ length: 6 }, () => fleet.acquire('a'));
  for (const acquiring of acquired) acquiring.catch(() => {});
  fleet.warm();
  await fleet.close();
  for (const acquiring of acquired) await t.throwsAsync(acquiring, { code: 'EngineClosed' });
  const settled = events.length;
  await new Promise((resolve) => setImmediate(resolve));
  t.is(events.length, settled);
  t.deepEqual(children(), []);
});

test.serial('twenty sandboxes, started and closed, leave nothing behind', async (t) => {
  const before = leftovers();
  for (let round = 0; round < 5; round += 1) {
    const { fleet } = order(t);
    fleet.warm();
    const sandboxes = await Promise.all(['a', 'b', 'c', 'd'].map((domain) => fleet.acquire(domain)));
    await Promise.all(sandboxes.map((sandbox) => echo(sandbox)));
    await fleet.close();
  }
  t.deepEqual(leftovers(), before);
});

test.serial('starts that fail leave nothing behind', async (t) => {
  const before = leftovers();
  for (const changes of [{ nodePath: '/nowhere/node' }, { nodePath: '/etc/passwd' }]) {
    const { fleet } = order(t, 'scripted', changes);
    await t.throwsAsync(fleet.acquire('a'), { code: 'SandboxStartFailed' });
    await fleet.close();
  }
  t.deepEqual(leftovers(), before);
});

interface HostReport {
  readonly pids: readonly number[];
  readonly error?: string;
}

/** Runs `fixtures/sandboxes/host.ts` in a process of its own and resolves with its first line. */
async function startHost(t: ExecutionContext, scenario: string, prefix: readonly string[] = []) {
  const program = fileURLToPath(new URL('../fixtures/sandboxes/host.ts', import.meta.url));
  const [command, ...rest] = [...prefix, process.execPath, program, scenario];
  t.truthy(command);
  const host = spawn(command ?? '', rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => host.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: host.stdout }), 'line');
  const report: HostReport = JSON.parse(String(line));
  return { host, report };
}

async function allGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => existsSync(`/proc/${pid}`))) await new Promise((resolve) => setTimeout(resolve, 5));
}

test.serial('when the host exits its sandboxes go, also one that is stuck', async (t) => {
  const { host, report } = await startHost(t, 'stuck');
  t.is(report.pids.length, 2);
  host.stdin.end();
  await once(host, 'exit');
  await allGone(report.pids);
  t.pass();
});

test.serial('when the host is killed its sandboxes go by themselves', async (t) => {
  const { host, report } = await startHost(t, 'idle');
  t.is(report.pids.length, 2);
  host.kill('SIGKILL');
  await allGone(report.pids);
  t.pass();
});

test.serial('an idle fleet does not keep its host alive', async (t) => {
  const { host, report } = await startHost(t, 'leave');
  const [code] = await once(host, 'exit');
  t.is(code, 0);
  await allGone(report.pids);
});

test.serial('when descriptors run out a start fails, and works again when there are some', async (t) => {
  const { host, report } = await startHost(t, 'exhaust', ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']);
  t.regex(report.error ?? '', /SandboxStartFailed.*(EMFILE|EAGAIN)/);
  t.is(report.pids.length, 1);
  host.stdin.end();
  const [code] = await once(host, 'exit');
  t.is(code, 0);
});

/** Pids of this process's children, dead ones that nobody reaped included. */
function children(): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** Everything that a fleet could forget. */
function leftovers() {
  const descriptors = readdirSync('/proc/self/fd')
    .map((fd) => `/proc/self/fd/${fd}`)
    .filter((path) => existsSync(path))
    .map((path) => readlinkSync(path).replace(/\d+/g, 'N'))
    .sort();
  return {
    descriptors,
    children: children(),
    scratch: readdirSync(directory).filter((name) => !name.startsWith('isotherm-test-')),
    resources: process.getActiveResourcesInfo().filter((name) => /Pipe|Process|FSReq|FileHandle/.test(name)),
    exitListeners: process.listenerCount('exit'),
  };
}
