/**
 * Joins the parts of an engine: scheduler, sandboxes, registry, invocations, maintenance. It opens nothing itself; whoever
 * brings the fleet and the registry (create-engine, or a test) has opened them, and `close` here closes them.
 */
import { randomBytes } from 'node:crypto';
import type { Rate } from '../base/token-bucket.ts';
import { createBindingSet } from '../bindings/binding-set.ts';
import { EgressGate } from '../egress/gate.ts';
import { parseFunctionReference } from '../functions/function-reference.ts';
import type { FunctionReference, FunctionRegistry, PublishVersionInput } from '../functions/registry.ts';
import type { FunctionLogs } from '../logs/function-logs.ts';
import { LogStore } from '../logs/log-store.ts';
import { EngineError } from '../model/errors.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import type { InvokeInput, InvokeResult, StreamedResult, StreamInput } from '../model/invocation.ts';
import { limits as constants } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import { MemoryScheduleStore, type ScheduleStore } from '../queue/schedules/schedule-store.ts';
import type { Schedules } from '../queue/schedules/schedules.ts';
import type { EventSourceMappings } from '../queue/sources/mappings.ts';
import type { Streams } from '../queue/streams/stream-log.ts';
import { Targets as DestinationTargets } from '../queue/target.ts';
import { type FunctionLoad, Scheduler } from '../scheduler/scheduler.ts';
import { type EventStorage, eventStorage } from '../store/event-storage.ts';
import { type SourceStorage, sourceStorage } from '../store/source-storage.ts';
import type { SandboxFleet } from '../supervisor/sandbox-port.ts';
import { callableFunction } from './callable-function.ts';
import { Conduct } from './conduct.ts';
import { createCounters } from './counters.ts';
import type { CallableFunction, Engine, EngineStats } from './engine.ts';
import type { ValidOptions } from './engine-options.ts';
import { EventSources, failureDestinations } from './event-sources.ts';
import { Events } from './events.ts';
import { createGateways } from './gateway.ts';
import { InvokePath } from './invoke.ts';
import { assertObject } from './invoke-input.ts';
import { Lineage } from './lineage.ts';
import { Maintenance } from './maintenance.ts';
import { observedRegistry } from './observed-registry.ts';
import { Provisioner } from './provisioner.ts';
import { Sandboxes } from './sandboxes.ts';
import { type ScheduledInvocations, scheduledInvocations } from './scheduled-invocations.ts';
import { engineStats } from './stats.ts';
import { Targets } from './target.ts';

export interface EngineParts {
  readonly options: Pick<
    ValidOptions,
    'clock' | 'limits' | 'guestLimits' | 'asyncDelayScale' | 'destinations' | 'destinationDirectory' | 'redisStreams'
  >;
  readonly observe: Observe | undefined;
  readonly fleet: SandboxFleet;
  /** Absent: there are none. */
  readonly templates?: { readonly problem: string | undefined };
  readonly registry: FunctionRegistry;
  /** Default: in memory. */
  readonly scheduleStore?: ScheduleStore;
  /** Default: in memory. */
  readonly sourceStorage?: SourceStorage;
  /** Absent: nothing is kept. */
  readonly logs?: FunctionLogs;
  /** Where asynchronous events are kept. Default: in memory. */
  readonly eventStorage?: EventStorage;
  /** Closes fleet and registry, in this order, and what lies under them. */
  readonly release: () => Promise<void>;
}

export function composeEngine(parts: EngineParts): Engine {
  return new ComposedEngine(parts);
}

class ComposedEngine implements Engine {
  readonly functions: FunctionRegistry;
  readonly logs: FunctionLogs;
  readonly #parts: EngineParts;
  readonly #scheduler: Scheduler;
  readonly #sandboxes: Sandboxes;
  readonly #targets: Targets;
  readonly #conduct: Conduct;
  readonly #counters = createCounters();
  readonly #path: InvokePath;
  readonly #provisioner: Provisioner;
  readonly #events: Events;
  readonly #maintenance: Maintenance;
  readonly #scheduled: ScheduledInvocations;
  readonly #sources: EventSources;
  /** Set by the first `close`; the engine takes nothing from then on. */
  #closing: Promise<void> | undefined;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { options, observe, fleet } = parts;
    const { clock, limits, guestLimits } = options;
    this.logs = parts.logs ?? new LogStore({ clock });
    this.#targets = new Targets(guestLimits);
    this.#sandboxes = new Sandboxes(fleet, observe);
    this.#scheduler = new Scheduler({
      limits,
      clock,
      port: this.#sandboxes,
      // As long as the id in a log stream's name, so that it can be that id (E1.9).
      makeEnvironmentId: () => randomBytes(16).toString('hex'),
      onProvisionLost: ({ functionName }) => this.#provisioner.sync(functionName),
    });
    this.#sandboxes.listen(this.#scheduler);
    this.#conduct = new Conduct(clock, observe);
    const destinations = new DestinationTargets(options.destinations, options.destinationDirectory);
    const mayRecur = (functionName: string): boolean => parts.registry.recursion.get(functionName) === 'Allow';
    this.#events = new Events({
      clock,
      observe,
      registry: parts.registry,
      storage: parts.eventStorage ?? eventStorage(undefined),
      limits,
      asyncDelayScale: options.asyncDelayScale,
      targets: destinations,
      mayRecur,
      deliver: (event) => this.#path.deliver(event),
    });
    const lineage = new Lineage(mayRecur);
    const path = {
      lineage,
      clock,
      observe,
      registry: parts.registry,
      scheduler: this.#scheduler,
      sandboxes: this.#sandboxes,
      targets: this.#targets,
      conduct: this.#conduct,
      counters: this.#counters,
      streamRate: streamRate(limits.responseStreamBytesPerSecond),
      openGateway: createGateways({
        egress: new EgressGate({ clock, observe }),
        clock,
        hopsOf: (requestId) => lineage.of(requestId),
      }),
    };
    this.#path = new InvokePath({ ...path, accept: (event) => this.#events.accept(event) });
    this.#provisioner = new Provisioner(path);
    const listener = {
      changed: (functionName: string) => {
        this.#conduct.forget(functionName);
        this.#outdate(functionName);
        this.#provisioner.sync(functionName);
        this.#events.changed(functionName);
      },
      deleted: (functionName: string) => {
        this.#events.deleted(functionName);
        this.#conduct.forget(functionName);
        this.#scheduler.forget(functionName);
        this.#targets.forget(functionName);
        this.#provisioner.forget(functionName);
      },
      versionDeleted: (functionName: string, version: string) => {
        this.#scheduler.forget(functionName, version);
        this.#provisioner.sync(functionName);
      },
      reserved: (functionName: string, concurrency: number | undefined) => {
        this.#scheduler.reserve(functionName, concurrency);
        this.#events.reserved(functionName, concurrency);
      },
      aliasChanged: (functionName: string) => this.#provisioner.retry(functionName),
      provisioned: (functionName: string) => this.#provisioner.retry(functionName),
    };
    this.functions = observedRegistry(parts.registry, listener, (config) => this.#provisioner.tell(config));
    for (const [functionName, reserved] of parts.registry.concurrency.all()) {
      this.#scheduler.reserve(functionName, reserved);
    }
    this.#maintenance = new Maintenance({
      clock,
      fleet,
      scheduler: this.#scheduler,
      sandboxes: this.#sandboxes,
      environmentIdleMs: limits.environmentIdleMs,
    });
    this.#provisioner.begin();
    this.#scheduled = scheduledInvocations({
      clock,
      observe,
      store: parts.scheduleStore ?? new MemoryScheduleStore(),
      invoke: (input) => this.invoke(input),
    });
    this.#sources = new EventSources({
      clock,
      observe,
      storage: parts.sourceStorage ?? sourceStorage(undefined),
      registry: parts.registry,
      destinations: failureDestinations({ clock, targets: destinations, tell: (record) => this.#events.tell(record) }),
      delayScale: options.asyncDelayScale,
      redisStreams: options.redisStreams,
      invoke: (input) => this.invoke(input),
    });
  }

  get schedules(): Schedules {
    this.#assertOpen();
    return this.#scheduled.schedules;
  }

  get streams(): Streams {
    this.#assertOpen();
    return this.#sources.streams;
  }

  get eventSources(): EventSourceMappings {
    this.#assertOpen();
    return this.#sources.mappings;
  }

  async createFunction(input: Parameters<Engine['createFunction']>[0]): Promise<CallableFunction> {
    this.#assertOpen();
    assertObject(input);
    const { bindings, ...created } = input;
    const set = bindings === undefined ? undefined : createBindingSet(bindings);
    // The client may have written the name as an ARN.
    const { functionName } = (await this.functions.create(created)).configuration;
    if (set !== undefined) this.#targets.bind(functionName, set);
    await this.#settled(functionName);
    return this.function(functionName);
  }

  async publishVersion(input: PublishVersionInput): Promise<FunctionRecord> {
    this.#assertOpen();
    assertObject(input);
    return this.functions.publishVersion(input);
  }

  async updateFunctionCode(input: Parameters<Engine['updateFunctionCode']>[0]): Promise<FunctionRecord> {
    this.#assertOpen();
    assertObject(input);
    const record = await this.functions.updateCode(input);
    const { functionName } = record.configuration;
    const settled = input.dryRun === true ? record : await this.#settled(functionName);
    return input.publish === true && input.dryRun !== true ? this.functions.get(versionOf(record)) : settled;
  }

  async updateFunctionConfiguration(
    input: Parameters<Engine['updateFunctionConfiguration']>[0],
  ): Promise<FunctionRecord> {
    this.#assertOpen();
    assertObject(input);
    const record = await this.functions.updateConfiguration(input);
    return this.#settled(record.configuration.functionName);
  }

  async deleteFunction(functionName: string): Promise<void> {
    this.#assertOpen();
    await this.functions.delete(latest(functionName));
  }

  bind(functionName: string, bindings: object): void {
    this.#assertOpen();
    const set = createBindingSet(bindings);
    // Refuses a name that is none, and one that is nobody's.
    const { configuration } = this.#parts.registry.get(parseFunctionReference(functionName));
    this.#targets.bind(configuration.functionName, set);
    this.#outdate(configuration.functionName);
    this.#provisioner.renew(configuration.functionName);
  }

  function(functionName: string): CallableFunction {
    return callableFunction(parseFunctionReference(functionName), {
      invokeStringified: async (reference, text, signal) => {
        this.#assertOpen();
        return this.#path.invokeStringified(reference, text, signal);
      },
      record: (reference) => this.#parts.registry.get(reference),
    });
  }

  invoke(input: InvokeInput): Promise<InvokeResult> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return this.#path.invoke(input);
  }

  async invokeStream(input: StreamInput): Promise<StreamedResult> {
    this.#assertOpen();
    return this.#path.invokeStream(input);
  }

  stats(): EngineStats {
    const { registry, fleet, templates } = this.#parts;
    return engineStats({
      registry,
      scheduler: this.#scheduler.stats(),
      sandboxes: [...this.#sandboxes.running()],
      counters: this.#counters,
      async: this.#events.stats(),
      fleet,
      templatesMissing: templates?.problem,
    });
  }

  loads(): readonly FunctionLoad[] {
    return this.#scheduler.loads();
  }

  close({ graceMs = 0 }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const { options, fleet, release } = this.#parts;
    this.#maintenance[Symbol.dispose]();
    this.#provisioner[Symbol.dispose]();
    const quiet = this.#scheduled[Symbol.asyncDispose]();
    this.#events.stop();
    const drained = this.#sources[Symbol.asyncDispose]();
    this.#scheduler.close();
    const ended = this.#scheduler.whenEnded();
    if (graceMs > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      using _timer = options.clock.after(graceMs, resolve);
      await Promise.race([ended, promise]);
    }
    // Whatever still runs ends with its sandbox, and its client is told.
    await fleet.close();
    await ended;
    await quiet;
    await drained;
    await this.#events.close();
    await release();
  }

  /** Code that could not be prepared is an error of the client who sent it. */
  async #settled(functionName: string): Promise<FunctionRecord> {
    const record = await this.#parts.registry.settled(functionName);
    if (record.state !== 'Failed' && record.lastUpdateStatus !== 'Failed') return record;
    const reason = record.lastUpdateStatusReason ?? record.stateReason ?? 'no reason was given';
    throw new EngineError(
      'InvalidParameterValueException',
      `Function ${functionName} could not be prepared: ${reason}`,
    );
  }

  #outdate(functionName: string): void {
    if (this.#closing !== undefined) return;
    try {
      const version = this.#parts.registry.resolve(latest(functionName));
      // `$LATEST` never is a promise; published versions are not outdated by anything.
      if (!(version instanceof Promise)) this.#scheduler.outdate(this.#targets.of(version).demand);
    } catch (error) {
      // It was deleted or changed again meanwhile, which is told separately. Anything else is a bug.
      if (!(error instanceof EngineError)) throw error;
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

function closedError(): EngineError {
  return new EngineError('EngineClosed', 'The engine is closed.');
}

/** Lambda's shape: what a function writes first goes as fast as it can. */
function streamRate(perSecond: number): Rate | undefined {
  return perSecond === 0 ? undefined : { perSecond, burst: constants.responseStreamBurstBytes };
}

function versionOf({ configuration: { functionName }, version }: FunctionRecord): FunctionReference {
  return { functionName, qualifier: version, qualified: true };
}

function latest(functionName: string): FunctionReference {
  return { functionName, qualifier: '$LATEST', qualified: false };
}
