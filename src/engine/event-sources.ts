/**
 * Streams and event source mappings as the engine has them. Most engines have neither: nothing is opened for them, until somebody asks
 * or a data directory holds some.
 */
import type { Clock } from '../base/clock.ts';
import type { FunctionRegistry } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';
import { functionArn } from '../model/function-configuration.ts';
import type { InvokeInput, InvokeResult } from '../model/invocation.ts';
import type { Observe } from '../model/platform-event.ts';
import type { RedisStream } from '../model/redis-stream.ts';
import type { NewRecord } from '../queue/event-store.ts';
import { redisSourceKind } from '../queue/redis/redis-source.ts';
import { type EventSourceMappings, Mappings } from '../queue/sources/mappings.ts';
import type { FailureDestinations, FunctionPort, MappedFunction } from '../queue/sources/ports.ts';
import { StreamLog, type Streams } from '../queue/streams/stream-log.ts';
import { streamSourceKind } from '../queue/streams/stream-source.ts';
import { serviceOf, type Targets } from '../queue/target.ts';
import type { SourceStorage, SourceStores } from '../store/source-storage.ts';

export interface EventSourcesOptions {
  readonly clock: Clock;
  readonly storage: SourceStorage;
  readonly registry: FunctionRegistry;
  readonly observe: Observe | undefined;
  readonly destinations: FailureDestinations;
  readonly delayScale: number;
  readonly redisStreams: readonly RedisStream[];
  readonly invoke: (input: InvokeInput) => Promise<InvokeResult>;
}

interface Opened {
  readonly log: StreamLog;
  readonly stores: SourceStores;
  readonly mappings: Mappings;
}

export class EventSources implements AsyncDisposable {
  readonly #options: EventSourcesOptions;
  #opened: Opened | undefined;

  /** Begins to poll for the mappings that are kept. @throws EngineError DataDirectoryUnusable */
  constructor(options: EventSourcesOptions) {
    this.#options = options;
    if (options.storage.isThere) this.#open();
  }

  get streams(): Streams {
    return this.#open().log;
  }

  get mappings(): EventSourceMappings {
    return this.#open().mappings;
  }

  /** Begins nothing more; resolves when what was under way has ended and is stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#opened === undefined) return;
    const { log, stores, mappings } = this.#opened;
    await mappings.stop();
    log[Symbol.dispose]();
    await stores.close();
  }

  #open(): Opened {
    if (this.#opened !== undefined) return this.#opened;
    const { clock, storage, observe, destinations, delayScale, redisStreams } = this.#options;
    const stores = storage.open();
    const log = new StreamLog({ store: stores.streams, clock });
    const mappings = new Mappings({
      clock,
      store: stores.mappings,
      kinds: [streamSourceKind(log), redisSourceKind(redisStreams, clock)],
      functions: this.#functions(),
      destinations,
      observe,
      delayScale,
    });
    this.#opened = { log, stores, mappings };
    return this.#opened;
  }

  #functions(): FunctionPort {
    const { registry, invoke } = this.#options;
    const reference = ({ functionName, qualifier = '$LATEST' }: MappedFunction) => ({
      functionName,
      qualifier,
      qualified: qualifier !== '$LATEST',
    });
    return {
      invoke: ({ functionName, qualifier }, payload) =>
        invoke({ functionName, payload, ...(qualifier !== undefined && { qualifier }) }),
      describe: (target) => ({
        role: registry.get(reference(target)).configuration.role,
        arn: functionArn(target.functionName, target.qualifier),
      }),
    };
  }
}

/** By the courier of asynchronous invocations, which sends at least once. */
export function failureDestinations({
  clock,
  targets,
  tell,
}: {
  readonly clock: Clock;
  readonly targets: Targets;
  readonly tell: (record: NewRecord) => Promise<void>;
}): FailureDestinations {
  return {
    check(destinationArn) {
      const service = serviceOf(destinationArn);
      const isServed = service === 'sqs' || service === 'sns' || service === 's3';
      if (isServed && targets.of(destinationArn) !== undefined) return;
      const reason = isServed
        ? 'Nothing is mapped to it, by destinations or --destination.'
        : 'It has to be one of sqs, sns or s3.';
      throw new EngineError(
        'InvalidParameterValueException',
        `The destination ARN ${destinationArn} is invalid. ${reason}`,
      );
    },
    async send({ destinationArn, functionName, functionArn, requestId, condition, record }) {
      await tell({
        target: destinationArn,
        functionName,
        requestId,
        createdMs: clock.epochMs(),
        head: {
          kind: 'destination',
          condition: condition === 'RecordAgeExceeded' ? 'EventAgeExceeded' : 'RetriesExhausted',
          source: functionArn,
          hops: 0,
        },
        body: Buffer.from(JSON.stringify(record)),
      });
    },
  };
}
