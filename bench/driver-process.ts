/** The process of one driver: opens its peer and does what the run asks, one thing after the other. It ends with the run. */
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Command, Request, Response } from './driver-messages.ts';
import { driverNamed } from './drivers/all.ts';
import type { RunningPeer } from './drivers/driver.ts';
import { atOnce, type Batch, inTurn, keepBusy, openLoop, overruns, recovery, throughput } from './measure.ts';

let opened: RunningPeer | undefined;

function peer(): RunningPeer {
  if (opened === undefined) throw new Error('no peer is open');
  return opened;
}

async function run(command: Command): Promise<Batch | undefined> {
  switch (command.type) {
    case 'open':
      opened = await driverNamed(command.peer).open(command);
      return undefined;
    case 'deploy':
      await peer().deploy(command.functions);
      return undefined;
    case 'collect garbage':
      collectGarbage();
      return undefined;
    case 'remove':
      for (const name of command.names) await peer().remove(name);
      return undefined;
    case 'in turn':
      return await inTurn(peer(), command.calls);
    case 'at once':
      return await atOnce(peer(), command.calls);
    case 'throughput':
      return await throughput(peer(), command.calls, command.inFlight, command.durationMs);
    case 'open loop': {
      if (command.neighbours === undefined) return await openLoop(peer(), command.loop);
      const { names, fromMs } = command.neighbours;
      const busy = pause(fromMs).then(() => keepBusy(peer(), names));
      const batch = await openLoop(peer(), command.loop);
      await (await busy)[Symbol.asyncDispose]();
      return batch;
    }
    case 'recovery':
      return await recovery(peer(), command);
    case 'overruns':
      return await overruns(peer(), command.name, command.limitMs, command.count);
    default:
      return command satisfies never;
  }
}

/** The flag is set only now: with it from the start, functions in this process would see a `gc`. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  setFlagsFromString('--no-expose-gc');
}

function send(response: Response): void {
  process.send?.(response);
}

let last: Promise<void> = Promise.resolve();

process.on('message', ({ id, command }: Request) => {
  last = last.then(() =>
    run(command).then(
      (reply) => send({ id, reply }),
      (error: Error) => send({ id, error: error.message }),
    ),
  );
});

// The run closes the channel when it is done with this peer, and the kernel does when the run is gone.
process.on('disconnect', async () => {
  try {
    await opened?.[Symbol.asyncDispose]();
  } catch {
    // Nobody is there to hear of it; the run ends what is left.
  }
  process.exit();
});
