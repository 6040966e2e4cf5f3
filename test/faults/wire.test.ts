/** Sandboxes that were taken over, slow or dead, as real processes that only speak the protocol (SECURITY.md section 4). */
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { limits } from '../../src/model/limits.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { type Launch, launch } from '../../src/supervisor/launch.ts';
import type { ExitCause } from '../../src/supervisor/sandbox-port.ts';
import { SandboxProcess } from '../../src/supervisor/sandbox-process.ts';
import { runtimeKey } from '../fixtures/sandboxes/hello.ts';

interface Started {
  readonly sandbox: SandboxProcess;
  readonly events: PlatformEvent[];
}

async function start(t: ExecutionContext, sandboxId: string, launchAs: Launch = launch): Promise<Started> {
  t.timeout(120_000);
  const events: PlatformEvent[] = [];
  const sandbox = await SandboxProcess.start({
    sandboxId,
    nodePath: process.execPath,
    mainPath: fileURLToPath(new URL('../fixtures/sandboxes/hostile.ts', import.meta.url)),
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
