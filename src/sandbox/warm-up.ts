/**
 * Runs a function that does nothing, before the first real one: V8 then has compiled this program, and the runtime's pages are
 * in memory. The throw-away environments live in the same process but meet no guest of a user.
 */
import { systemClock } from '../base/clock.ts';
import type { DefineHead } from '../protocol/messages.ts';
import { Environment, type EnvironmentHost } from './environment.ts';
import { Version } from './version.ts';
import type { BackingFile } from './volume/backing-file.ts';
import { createVolume } from './volume/volume.ts';

export const warmBundle = '(function(exports){exports.handler=async(event)=>{console.log("warm");return event}})';

export const warmDefinition: DefineHead = {
  versionKey: 'warm-up',
  settings: {
    programmingModel: 'promise',
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    functionName: 'warm-up',
    functionVersion: '$LATEST',
    memorySize: 128,
    logGroupName: '/aws/lambda/warm-up',
    logFormat: 'Text',
    logLevel: 'TRACE',
    environment: {},
    initializationType: 'on-demand',
    entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  },
  bundle: { offset: 0, bytes: 0 },
  fileIndex: { offset: 0, bytes: 0 },
  ephemeralStorageMiB: 1,
};

/** Enough for both lanes and for the code cache. */
const environmentCount = 4;
const invocationCount = 4;
const timeoutMs = 5_000;

/** @throws Error when the runtime does not work: such a sandbox must not say hello. */
export async function warmUp(host: EnvironmentHost, backing: BackingFile): Promise<void> {
  const silent: EnvironmentHost = { ...host, sendLog: () => {} };
  const version = new Version(warmDefinition, { fd: -1, text: () => warmBundle }, systemClock);
  for (let made = 0; made < environmentCount; made++) {
    const environmentId = `warm-up-${made}`;
    const volume = createVolume({ backing, quotaBytes: 1024 * 1024, clock: systemClock });
    const head = { environmentId, versionKey: warmDefinition.versionKey, logStreamName: '', init: 'now' } as const;
    const environment = new Environment({ ...head, initTimeoutMs: timeoutMs }, version, volume, silent);
    const { reply, body } = await environment.create();
    if (reply.init.status !== 'success') throw new Error(`the runtime's init ended with ${reply.init.status}: ${body}`);
    for (let invoked = 0; invoked < invocationCount; invoked++) {
      const answer = await environment.invoke(
        { environmentId, requestId: '', timeoutMs, invokedFunctionArn: '' },
        '{}',
      );
      const { kind } = answer.reply.outcome;
      if (kind !== 'success') throw new Error(`the runtime's first invocation ended with ${kind}: ${answer.body}`);
    }
    environment.dispose();
    volume[Symbol.dispose]();
  }
}
