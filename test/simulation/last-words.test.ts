/** What a sandbox answered before it was killed, in the moment between two processes that no test with a real one can hit. */
import test, { type ExecutionContext } from 'ava';
import { type ExitCause, SandboxGoneError } from '../../src/supervisor/sandbox-port.ts';
import { SandboxProcess } from '../../src/supervisor/sandbox-process.ts';
import { deployedVersion, noGateway } from '../fixtures/deployed-version.ts';
import type { Order } from './sandbox.ts';
import { World } from './world.ts';

const deployed = {
  functionName: 'f1',
  trustDomain: 'd1',
  isolation: 'domain',
  memorySize: 128,
  timeout: 1,
} as const;

/** A sandbox that has begun an invocation in an environment whose making the host has not heard of yet. */
async function begun(t: ExecutionContext) {
  const world = new World(1);
  const { hostClock: clock, observe, launch } = world;
  world.deployed(deployed);
  world.accept(0, deployed, 'answer');
  const runtime = { directory: '/nowhere', key: world.runtimeKey };
  const sandbox = await SandboxProcess.start({
    sandboxId: 'sandbox-1',
    nodePath: '/nowhere',
    mainPath: '/nowhere',
    runtime,
    clock,
    observe,
    launch,
  });
  await world.pass(200);
  sandbox.assign('d1');
  const environmentId = 'e1';
  const creating = sandbox.create({
    environmentId,
    version: deployedVersion({ versionKey: 'f1-1' }),
    logStreamName: 'stream',
    init: 'now',
    initializationType: 'on-demand',
    initTimeoutMs: 10_000,
    openGateway: noGateway,
    onLog: () => undefined,
  });
  const order: Order = { n: 0, script: 'answer', ms: 400, versionKey: 'f1-1' };
  const invoking = sandbox.invoke(
    {
      environmentId,
      requestId: 'r1',
      timeoutMs: 1_000,
      invokedFunctionArn: 'arn',
      payload: Buffer.from(JSON.stringify(order)),
      onLog: () => undefined,
    },
    creating,
  );
  const outcomes = Promise.allSettled([creating, invoking]);
  while (world.calls[0]?.beganMs === undefined) await world.pass(0.05);
  t.false(world.history.some((line) => line.includes('BROKEN')));
  return { world, sandbox, outcomes };
}

test('an environment that was made before its sandbox was killed is known to have been made', async (t) => {
  const { world, sandbox, outcomes } = await begun(t);
  const cause: ExitCause = { kind: 'killed', reason: 'memory', detail: 'a neighbour grew' };
  void sandbox.kill(cause);
  await world.pass(500);
  const [created, invoked] = await outcomes;
  t.is(created.status, 'fulfilled');
  t.true(invoked.status === 'rejected' && invoked.reason instanceof SandboxGoneError);
});

test('of a sandbox that broke the protocol nothing is believed any more', async (t) => {
  const { world, sandbox, outcomes } = await begun(t);
  void sandbox.kill({ kind: 'killed', reason: 'protocol', detail: 'it lied' });
  await world.pass(500);
  const [created, invoked] = await outcomes;
  t.is(created.status, 'rejected');
  t.is(invoked.status, 'rejected');
});

test('whoever holds a sandbox knows that it is gone before it is reaped', async (t) => {
  const { world, sandbox } = await begun(t);
  const known: string[] = [];
  void sandbox.unreachable.then(() => known.push('unreachable'));
  void sandbox.exited.then(() => known.push('exited'));
  void sandbox.kill({ kind: 'killed', reason: 'heartbeat', detail: 'it was silent' });
  await world.pass(0);
  t.deepEqual(known, ['unreachable']);
  await world.pass(500);
  t.deepEqual(known, ['unreachable', 'exited']);
});
