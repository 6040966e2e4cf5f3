/**
 * Runs a function that does nothing, before the first real one: V8 then has compiled this program, and the runtime's pages are
 * in memory. The throw-away environments live in the same process but meet no guest of a user.
 */
import { systemClock } from '../base/clock.ts';
import type { DefineHead } from '../protocol/messages.ts';
import { Environment, type EnvironmentHost } from './environment.ts';
import { type LaneRecord, newLaneRecord } from './lane.ts';
import { Traffic } from './traffic.ts';
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
    entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  },
  bundle: { offset: 0, bytes: 0 },
  fileIndex: { offset: 0, bytes: 0 },
  ephemeralStorageMiB: 1,
};

const warmHead = { logStreamName: '', initializationType: 'on-demand', init: 'now' } as const;

/** Enough for both lanes and for the code cache. The first takes half of the time. */
const environmentCount = 4;
const invocationCount = 4;
const timeoutMs = 5_000;

export class WarmUp {
  readonly #host: EnvironmentHost;
  readonly #backing: BackingFile;
  readonly #version: Version;
  #made = 0;

  /** @param lanes where it runs at first. Default: on the pool, like any stranger. */
  constructor(host: EnvironmentHost, backing: BackingFile, lanes: LaneRecord = newLaneRecord) {
    this.#host = { ...host, sendLog: () => {} };
    this.#backing = backing;
    this.#version = new Version(warmDefinition, { fd: -1, text: () => warmBundle }, systemClock, lanes);
  }

  /** @throws Error when the runtime does not work: such a sandbox must not say hello. */
  begin(): Promise<void> {
    return this.#step(this.#host);
  }

  /**
   * The rest, which whoever waits for a sandbox does not wait for, and which one that has served needs no more.
   * @throws Error when the runtime does not work
   */
  async finish(isOfUse: () => boolean): Promise<void> {
    const apart: EnvironmentHost = { ...this.#host, traffic: new Traffic() };
    while (this.#made < environmentCount && isOfUse()) await this.#step(apart);
  }

  async #step(host: EnvironmentHost): Promise<void> {
    const environmentId = `warm-up-${this.#made}`;
    this.#made += 1;
    const volume = createVolume({ backing: this.#backing, quotaBytes: 1024 * 1024, clock: systemClock });
    const head = { environmentId, versionKey: warmDefinition.versionKey, ...warmHead } as const;
    const environment = new Environment({ ...head, initTimeoutMs: timeoutMs }, this.#version, volume, host);
    try {
      const { reply, body } = await environment.create();
      if (reply.init.status !== 'success')
        throw new Error(`the runtime's init ended with ${reply.init.status}: ${body}`);
      for (let invoked = 0; invoked < invocationCount; invoked++) {
        const answer = await environment.invoke(
          { environmentId, requestId: '', timeoutMs, invokedFunctionArn: '' },
          '{}',
        );
        const { kind } = answer.reply.outcome;
        if (kind !== 'success') throw new Error(`the runtime's first invocation ended with ${kind}: ${answer.body}`);
      }
    } finally {
      environment.dispose();
      volume[Symbol.dispose]();
    }
  }
}
