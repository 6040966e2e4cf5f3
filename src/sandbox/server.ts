/**
 * Serves the host's calls: versions, environments and the volumes that wait for an heir. It decodes, finds what a call is
 * about, and answers; running functions is `environment.ts`.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import {
  decodeAnswerCredit,
  decodeCreate,
  decodeDefine,
  decodeDestroy,
  decodeGuestEvent,
  decodeInvoke,
  decodePing,
} from '../protocol/decode.ts';
import type { FrameBody } from '../protocol/frame.ts';
import {
  type CreateHead,
  type DestroyHead,
  type FailedReply,
  type Frame,
  frameTypes,
  type PingReply,
} from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { type Answer, Environment, EnvironmentGoneError, type EnvironmentHost } from './environment.ts';
import type { LaneRecord } from './lane.ts';
import type { PackageStore } from './package-store.ts';
import { Version } from './version.ts';
import type { BackingFile } from './volume/backing-file.ts';
import { createVolume, type Volume } from './volume/volume.ts';

export interface ServerOptions {
  readonly host: EnvironmentHost;
  readonly store: PackageStore;
  readonly backing: BackingFile;
  readonly clock: Clock;
  /** Where a version runs at first. Default: on the pool, like any stranger. */
  readonly lanes?: LaneRecord;
  readonly reply: (callId: number, head: object, body?: FrameBody) => void;
  /** A mistake of ours; the call was answered with a FailedReply. */
  readonly onBug: (error: unknown) => void;
}

export class Server {
  readonly #options: ServerOptions;
  readonly #versions = new Map<string, Version>();
  readonly #environments = new Map<string, Environment>();
  /** By the environment that left it. */
  readonly #volumes = new Map<string, Volume>();

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get environments(): number {
    return this.#environments.size;
  }

  /** @throws ProtocolError when the head is not what its type says */
  serve({ type: frameType, callId, head, body }: Frame): void {
    const { reply, host } = this.#options;
    switch (frameType) {
      case frameTypes.define: {
        const define = decodeDefine(head);
        const { store, clock, lanes } = this.#options;
        this.#versions.set(define.versionKey, new Version(define, store, clock, lanes));
        reply(callId, {});
        break;
      }
      case frameTypes.create: {
        const create = decodeCreate(head);
        this.#answer(callId, () => this.#create(create));
        break;
      }
      case frameTypes.invoke: {
        const invoke = decodeInvoke(head);
        const event = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
        this.#answer(callId, () => this.#find(invoke.environmentId).invoke(invoke, event));
        break;
      }
      case frameTypes.destroy:
        this.#destroy(decodeDestroy(head));
        reply(callId, {});
        break;
      case frameTypes.ping: {
        decodePing(head);
        const pong: PingReply = { environments: this.environments, rssBytes: host.residentBytes(), ...this.#running() };
        reply(callId, pong);
        break;
      }
      case frameTypes.hello:
      case frameTypes.reply:
      case frameTypes.log:
      case frameTypes.guestRequest:
      case frameTypes.overrun:
      case frameTypes.answerChunk:
      case frameTypes.guestEvent:
      case frameTypes.answerCredit:
        throw new ProtocolError('frame.type', 'a call to a sandbox', frameType);
      default:
        frameType satisfies never;
    }
  }

  #running(): Pick<PingReply, 'running'> {
    const running: string[] = [];
    for (const [environmentId, environment] of this.#environments) {
      if (environment.isRunning) running.push(environmentId);
    }
    return running.length === 0 ? {} : { running };
  }

  /** @throws ProtocolError */
  notice({ type: frameType, head, body }: Frame): void {
    if (frameType === frameTypes.answerCredit) {
      const credit = decodeAnswerCredit(head);
      this.#environments.get(credit.environmentId)?.credit(credit);
      return;
    }
    if (frameType !== frameTypes.guestEvent)
      throw new ProtocolError('frame.type', 'a guest event or a credit', frameType);
    const event = decodeGuestEvent(head);
    this.#environments.get(event.environmentId)?.receive(event, body);
  }

  #create(head: CreateHead): Promise<Answer<object>> {
    const version = this.#versions.get(head.versionKey);
    if (version === undefined) throw new UnknownError(`version ${head.versionKey} is not defined here`);
    if (this.#environments.has(head.environmentId)) throw new UnknownError(`${head.environmentId} exists already`);
    const environment = new Environment(head, version, this.#volumeFor(head, version), this.#options.host);
    this.#environments.set(head.environmentId, environment);
    return environment.create();
  }

  #volumeFor({ inheritsFrom }: CreateHead, version: Version): Volume {
    const left = inheritsFrom === undefined ? undefined : this.#volumes.get(inheritsFrom);
    if (inheritsFrom !== undefined && left !== undefined) {
      this.#volumes.delete(inheritsFrom);
      return left;
    }
    const quotaBytes = version.definition.ephemeralStorageMiB * 1024 * 1024;
    return createVolume({
      backing: this.#options.backing,
      quotaBytes,
      inodesMax: version.limits.tmpInodes,
      metadataBytesMax: version.limits.tmpMetadataBytes,
      clock: this.#options.clock,
    });
  }

  /** Also of an environment that is gone already, and of a volume that waits for an heir. */
  #destroy({ environmentId, keepVolume }: DestroyHead): void {
    const environment = this.#environments.get(environmentId);
    environment?.dispose();
    this.#environments.delete(environmentId);
    const volume = environment?.volume ?? this.#volumes.get(environmentId);
    if (volume === undefined) return;
    this.#volumes.delete(environmentId);
    if (keepVolume) this.#volumes.set(environmentId, volume);
    else volume[Symbol.dispose]();
  }

  #find(environmentId: string): Environment {
    const environment = this.#environments.get(environmentId);
    if (environment === undefined) throw new UnknownError(`environment ${environmentId} does not exist`);
    return environment;
  }

  async #answer(callId: number, work: () => Promise<Answer<object>>): Promise<void> {
    const { reply, onBug } = this.#options;
    try {
      const answer = await work();
      reply(callId, answer.reply, answer.body);
    } catch (error) {
      if (!(error instanceof UnknownError) && !(error instanceof EnvironmentGoneError)) onBug(error);
      const failed: FailedReply = { failed: describe(error) };
      reply(callId, failed);
    }
  }
}

/** The call is about something that is not here. */
class UnknownError extends Error {
  override readonly name = 'UnknownError';
}

function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.slice(0, limits.errorMessageCharsMax);
}
