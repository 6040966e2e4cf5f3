/**
 * The world behind the scheduler: turns its slots into sandbox processes and its removals into calls, and tells it what
 * became of them. It decides nothing. Only the engine holds one.
 */
import { invariant } from '../base/invariant.ts';
import { EngineError } from '../model/errors.ts';
import type { Observe } from '../model/platform-event.ts';
import type { RemovalReason } from '../scheduler/environment-state.ts';
import type { FleetPort } from '../scheduler/scheduler.ts';
import { type SandboxFleet, SandboxGoneError, type SandboxHandle } from '../supervisor/sandbox-port.ts';
import type { EnvironmentFacts } from './environment-facts.ts';

/** What the scheduler is told. */
export interface SlotListener {
  slotReady(slotId: number): void;
  slotGone(slotId: number): void;
  runningIn(slotId: number): number;
  drain(slotId: number, reason: string): void;
}

export interface RunningSandbox {
  readonly slotId: number;
  readonly domain: string;
  readonly handle: SandboxHandle;
}

interface Loss {
  /** Invocations that ran in it when it was lost. */
  readonly running: number;
  /** Why it could not be started. */
  readonly failure: EngineError | undefined;
}

interface Slot {
  readonly domain: string;
  readonly environments: Map<string, EnvironmentFacts>;
  /** Absent while the process starts. */
  handle: SandboxHandle | undefined;
  readonly started: Promise<SandboxHandle>;
}

export class Sandboxes implements FleetPort {
  readonly #fleet: SandboxFleet;
  readonly #observe: Observe | undefined;
  readonly #slots = new Map<number, Slot>();
  /** Sandboxes that were lost with invocations in them, for those of them that have not asked yet. */
  readonly #losses = new Map<number, Loss>();
  #listener: SlotListener | undefined;

  constructor(fleet: SandboxFleet, observe: Observe | undefined) {
    this.#fleet = fleet;
    this.#observe = observe;
  }

  /** The scheduler and this know each other; the scheduler is made second. */
  listen(listener: SlotListener): void {
    this.#listener = listener;
  }

  /** The process of a slot: at once when it runs, undefined when it ended. @throws EngineError when it could not be started */
  handle(slotId: number): SandboxHandle | Promise<SandboxHandle> | undefined {
    const slot = this.#slots.get(slotId);
    if (slot !== undefined) return slot.handle ?? slot.started;
    const failure = this.#losses.get(slotId)?.failure;
    if (failure !== undefined) throw failure;
    return undefined;
  }

  facts(slotId: number, environmentId: string): EnvironmentFacts | undefined {
    return this.#slots.get(slotId)?.environments.get(environmentId);
  }

  /** Remembers an environment that is about to be created. An heir goes on with what was known of its predecessor. */
  register(slotId: number, environmentId: string, facts: EnvironmentFacts, inheritsFrom?: string): EnvironmentFacts {
    const environments = this.#slots.get(slotId)?.environments;
    const inherited = inheritsFrom === undefined ? undefined : environments?.get(inheritsFrom);
    if (inheritsFrom !== undefined) environments?.delete(inheritsFrom);
    const registered = inherited ?? facts;
    environments?.set(environmentId, registered);
    return registered;
  }

  /** A call to the sandbox failed because its process ended. Answers how many invocations ran in it then. */
  lost(slotId: number): number {
    this.#lose(slotId);
    return this.#losses.get(slotId)?.running ?? 1;
  }

  /** Sandboxes whose process runs. */
  *running(): Generator<RunningSandbox> {
    for (const [slotId, { domain, handle }] of this.#slots) {
      if (handle !== undefined) yield { slotId, domain, handle };
    }
  }

  // FleetPort

  open(slotId: number, domain: string): void {
    const started = Promise.withResolvers<SandboxHandle>();
    // Every invocation that is placed there awaits it too and tells its client; without one there is nobody to tell.
    started.promise.catch(() => undefined);
    this.#slots.set(slotId, {
      domain,
      environments: new Map(),
      handle: undefined,
      started: started.promise,
    });
    this.#start(slotId, domain).then(started.resolve, started.reject);
  }

  close(slotId: number, reason: string): void {
    const slot = this.#slots.get(slotId);
    this.#slots.delete(slotId);
    void slot?.handle?.kill({ kind: 'retired', reason });
  }

  reset(environmentId: string, slotId: number): void {
    this.#destroy(slotId, environmentId, true);
  }

  remove(environmentId: string, slotId: number, functionName: string, reason: RemovalReason): void {
    const slot = this.#slots.get(slotId);
    // What an heir takes over it takes over when it is created.
    if (reason !== 'inherited') slot?.environments.delete(environmentId);
    if (reason !== 'inherited' && reason !== 'lost') this.#destroy(slotId, environmentId, false);
    this.#observe?.({ type: 'environment.removed', functionName, environmentId, reason });
  }

  isBusy(slotId: number): boolean {
    return this.#slots.get(slotId)?.handle?.isBusy() ?? false;
  }

  #destroy(slotId: number, environmentId: string, keepVolume: boolean): void {
    this.#slots
      .get(slotId)
      ?.handle?.destroy(environmentId, keepVolume)
      .catch((error: unknown) => {
        // A sandbox that has ended has forgotten everything. One that cannot forget is not to be trusted with more.
        if (!(error instanceof SandboxGoneError)) this.#listener?.drain(slotId, 'it could not end an environment');
      });
  }

  async #start(slotId: number, domain: string): Promise<SandboxHandle> {
    let handle: SandboxHandle;
    try {
      handle = await this.#fleet.acquire(domain);
    } catch (error) {
      const failure =
        error instanceof EngineError
          ? error
          : new EngineError('SandboxStartFailed', 'No sandbox process could be started.', { cause: error });
      this.#lose(slotId, failure);
      throw failure;
    }
    const slot = this.#slots.get(slotId);
    if (slot === undefined) {
      // The scheduler let go of it while it started.
      void handle.kill({ kind: 'retired', reason: 'no longer needed' });
      throw new EngineError('SandboxLost', 'The sandbox was ended before the invocation reached it.');
    }
    slot.handle = handle;
    void handle.unreachable.then(() => this.#lose(slotId));
    invariant(this.#listener, 'the scheduler listens before it opens a slot');
    this.#listener.slotReady(slotId);
    return handle;
  }

  #lose(slotId: number, failure?: EngineError): void {
    if (!this.#slots.delete(slotId)) return;
    invariant(this.#listener, 'the scheduler listens before it opens a slot');
    const running = this.#listener.runningIn(slotId);
    if (running > 0) this.#remember(slotId, { running, failure });
    this.#listener.slotGone(slotId);
  }

  /** Those who lost their invocation ask in this turn of the loop or soon after. */
  #remember(slotId: number, loss: Loss): void {
    this.#losses.set(slotId, loss);
    for (const oldest of this.#losses.keys()) {
      if (this.#losses.size <= lossesRememberedMax) return;
      this.#losses.delete(oldest);
    }
  }
}

const lossesRememberedMax = 64;
