/** Sandboxes that were taken over, slow or dead, as real processes that only speak the protocol (SECURITY.md section 4). */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { limits } from '../../src/model/limits.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { type Launch, launch } from '../../src/supervisor/launch.ts';
import type { ExitCause, InvocationSpec, OpenGateway } from '../../src/supervisor/sandbox-port.ts';
import { SandboxProcess } from '../../src/supervisor/sandbox-process.ts';
import { deployedVersion, noGateway } from '../fixtures/deployed-version.ts';
import { runtimeKey } from '../fixtures/sandboxes/hello.ts';

interface Started {
  readonly sandbox: SandboxProcess;
  readonly events: PlatformEvent[];
}

async function start(
  t: ExecutionContext,
  sandboxId: string,
  launchAs: Launch = launch,
  program = 'hostile',
): Promise<Started> {
  t.timeout(120_000);
  const events: PlatformEvent[] = [];
  const sandbox = await SandboxProcess.start({
    sandboxId,
    nodePath: process.execPath,
    mainPath: fileURLToPath(new URL(`../fixtures/sandboxes/${program}.ts`, import.meta.url)),
    runtime: { directory: '/runtime', key: runtimeKey },
    clock: systemClock,
    observe: (event) => events.push(event),
    launch: launchAs,
  });
  t.teardown(() => sandbox.kill(closing));
  return { sandbox, events };
}

const closing: ExitCause = { kind: 'killed', reason: 'closing', detail: 'the test is over' };

for (const what of ['garbage', 'frames']) {
  test.serial(`R12: ${what} of a sandbox that was taken over end it, and nothing else`, async (t) => {
    const seed = Date.now() % 1_000_000;
    t.log(`seed ${seed}`);
    const before = process.memoryUsage().rss;
    for (let number = 0; number < 4; number += 1) {
      const { sandbox, events } = await start(t, `${what}-${seed + number}`);
      // It may be found out before anybody could use it.
      const ready = await sandbox.ready().then(
        () => true,
        () => false,
      );
      const cause = await sandbox.exited;
      t.like(cause, { kind: 'killed', reason: 'protocol' }, `seed ${seed + number}, ready ${ready}`);
      t.is(events.filter(({ type }) => type === 'sandbox.protocolError').length, 1);
    }
    t.true(process.memoryUsage().rss - before < 4 * limits.frameBytesFromSandboxMax);
  });
}

test.serial('R13: frames that come byte by byte are frames', async (t) => {
  const { sandbox } = await start(t, 'dripping');
  await sandbox.ready();
  sandbox.assign('a');
  // An answer to a call, and heartbeats meanwhile.
  await sandbox.destroy('nothing', false);
  t.false(sandbox.isBlank());
  t.pass();
});

test.serial('R13: a frame that ends in the middle is the end of its sandbox', async (t) => {
  const { sandbox } = await start(t, 'torn');
  await sandbox.ready();
  sandbox.assign('a');
  await t.throwsAsync(sandbox.destroy('nothing', false), { name: 'SandboxGoneError' });
  t.is((await sandbox.exited).kind, 'crashed');
});

test.serial('R34: no process is signalled once it was reaped: its number may be a stranger’s', async (t) => {
  const signals: string[] = [];
  const { sandbox } = await start(t, 'slow-0', (options, adopt) =>
    launch(options, (launched) => {
      const { child } = launched;
      const kill = child.kill.bind(child);
      child.kill = (signal) => {
        signals.push(child.exitCode === null && child.signalCode === null ? 'to a child' : 'to nobody');
        const wasSent = kill(signal);
        if (wasSent && signals.at(-1) === 'to nobody') t.fail('a stranger was signalled');
        return wasSent;
      };
      return adopt(launched);
    }),
  );
  await sandbox.ready();
  process.kill(sandbox.pid, 'SIGKILL');
  await sandbox.exited;
  await sandbox.kill(closing);
  await sandbox.kill(closing);
  t.false(signals.includes('to a child'));
});

test.serial(
  'a sandbox that sends without end is read at a rate, loses nothing and keeps no other waiting',
  async (t) => {
    const requests: number[] = [];
    const openGateway: OpenGateway = () => ({ request: () => void requests.push(1), close() {} });
    const flooding = await startScripted(t, 'flooding', openGateway);
    const other = await startScripted(t, 'other', noGateway);
    const times = 200_000;
    const startMs = performance.now();
    const cpuBefore = process.cpuUsage();
    let isFlooding = true;
    const flooded = flooding.sandbox.invoke(invocation({ do: 'flood', times })).finally(() => (isFlooding = false));
    let answers = 0;
    while (isFlooding) {
      await other.sandbox.invoke(invocation({ do: 'echo' }));
      if (isFlooding) answers += 1;
      await delay(20);
    }
    await flooded;
    const elapsedMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    t.log(
      `${requests.length} frames in ${elapsedMs} ms, ${(user + system) / 1_000} ms of CPU time, ${answers} answers`,
    );
    t.is(requests.length, times);
    // The first window's worth, and a piece, may come at once.
    t.true(elapsedMs >= (times / limits.sandboxFramesPerSecondMax) * 1_000 - 2 * limits.sandboxInflowWindowMs);
    t.true((user + system) / 1_000 < 0.7 * elapsedMs);
    t.true(answers > 0);
    t.is(other.sandbox.heldBackMs(), 0);
    const told = flooding.events.find((event) => event.type === 'sandbox.heldBack');
    t.deepEqual(
      told?.functionNames,
      flooding.sandbox.heldBackMs() < limits.heldBackToldMsMin
        ? undefined
        : [deployedVersion({}).configuration.functionName],
    );
    t.deepEqual(
      flooding.events.filter(({ type }) => type === 'sandbox.protocolError'),
      [],
    );
  },
);

async function startScripted(t: ExecutionContext, sandboxId: string, openGateway: OpenGateway): Promise<Started> {
  const started = await start(t, sandboxId, launch, 'scripted');
  await started.sandbox.ready();
  started.sandbox.assign(sandboxId);
  await started.sandbox.create({
    environmentId: 'e1',
    version: deployedVersion({}),
    logStreamName: '2026/11/21/[$LATEST]abc',
    init: 'now',
    initializationType: 'on-demand',
    initTimeoutMs: 20_000,
    openGateway,
    onLog: () => {},
  });
  return started;
}

function invocation(event: object): InvocationSpec {
  return {
    environmentId: 'e1',
    requestId: 'r1',
    timeoutMs: 60_000,
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:greet',
    payload: Buffer.from(JSON.stringify(event)),
    onLog: () => {},
  };
}
