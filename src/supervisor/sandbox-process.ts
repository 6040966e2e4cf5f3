/**
 * One sandbox process as the engine sees it: what it is told, what it answers, and how it ends. It enforces; the sandbox only
 * co-operates, and is taken to be hostile. Which process gets which trust domain is `fleet.ts`'s business.
 */
import type { FileHandle } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { InvariantError, invariant } from '../base/invariant.ts';
import { processStat } from '../base/process-stat.ts';
import { ResidentMemory } from '../base/resident-memory.ts';
import { EngineError } from '../model/errors.ts';
import type { GuestLimits } from '../model/guest-limits.ts';
import { type HardeningReport, withLayer } from '../model/hardening.ts';
import { limits } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import {
  CallFailedError,
  CallsPendingError,
  CallUnreadError,
  type Channel,
  hotWait,
  openChannel,
  type Reply,
} from '../protocol/channel.ts';
import {
  decodeCreateReply,
  decodeEmptyReply,
  decodeHello,
  decodeInvokeReply,
  decodeOverrun,
  decodePingReply,
} from '../protocol/decode.ts';
import type { FrameBody } from '../protocol/frame.ts';
import {
  type CreateHead,
  type DestroyHead,
  type Frame,
  type FrameType,
  frameTypes,
  type InvokeHead,
  protocolVersion,
} from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ControlGroups } from './control-groups.ts';
import { Definitions } from './definitions.ts';
import { type Environment, Environments } from './environments.ts';
import { ExertionWatch } from './exertion.ts';
import { crashCause, describeCause, isWanted } from './exit-cause.ts';
import { Gateways } from './gateways.ts';
import type { GuestOutput } from './guest-output.ts';
import type { GuestCall } from './health.ts';
import { HeldBack } from './held-back.ts';
import { heldBytes } from './held-bytes.ts';
import type { Jail } from './jail.ts';
import { type Launch, type LaunchedSandbox, launch, type SandboxChild } from './launch.ts';
import { MemoryAllowance } from './memory-allowance.ts';
import { MemoryKills } from './memory-kills.ts';
import { OutputTail } from './output-tail.ts';
import { PackageStore } from './package-store.ts';
import { shouldRetire } from './retirement.ts';
import { type SandboxGroup, sandboxTasksMax } from './sandbox-group.ts';
import {
  type Created,
  type EnvironmentSpec,
  type ExitCause,
  type InvocationSpec,
  type Invoked,
  SandboxGoneError,
  type SandboxHandle,
  SandboxUnreadError,
} from './sandbox-port.ts';
import { isAlive, type SandboxEvent, type SandboxState, transition } from './sandbox-state.ts';
import { StartWatch } from './start-watch.ts';
import { VitalSigns } from './vital-signs.ts';
import { VolumeBooks } from './volume-books.ts';

export interface SandboxOptions {
  readonly sandboxId: string;
  readonly nodePath: string;
  readonly mainPath: string;
  readonly runtime: { readonly directory: string; readonly key: string };
  readonly guestLimits?: Partial<GuestLimits>;
  readonly clock: Clock;
  readonly observe: Observe;
  /** Absent: unjailed. */
  readonly jail?: Jail;
  /** Where it gets a control group of its own, or why it gets none. Absent: nobody asked for one. */
  readonly controlGroups?: Pick<ControlGroups, 'make'> | string;
  /** What it becomes when this process is root. */
  readonly userId?: number;
  readonly isAwaited?: boolean;
  /** For simulations. Default: a real child. */
  readonly launch?: Launch;
}

export class SandboxProcess implements SandboxHandle {
  readonly sandboxId: string;
  readonly pid: number;
  readonly unreachable: Promise<void>;
  readonly exited: Promise<ExitCause>;
  readonly #options: SandboxOptions;
  readonly #child: SandboxChild;
  readonly #socket: Socket;
  readonly #outputs: readonly Socket[];
  readonly #channel: Channel;
  readonly #heldBack: HeldBack;
  readonly #output = new OutputTail(limits.sandboxOutputTailBytes);
  readonly #memory: ResidentMemory;
  /** Or why there is none. */
  readonly #group: OwnGroup;
  readonly #storeFile: FileHandle;
  readonly #store: PackageStore;
  readonly #volumesFile: FileHandle;
  readonly #volumes = new VolumeBooks();
  readonly #allowance = new MemoryAllowance();
  readonly #vitals: VitalSigns;
  readonly #startedMs: number;
  readonly #startLimit: Disposable;
  readonly #greeted = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<ExitCause>();
  readonly #environments = new Environments(this.#allowance, (credit) =>
    this.#channel.notify(frameTypes.answerCredit, credit),
  );
  readonly #definitions: Definitions;
  readonly #gateways = new Gateways(
    (head, body) => this.#channel.notify(frameTypes.guestEvent, head, body),
    (environmentId) => this.#environments.get(environmentId)?.running?.requestId,
  );
  readonly #guestCalls = new Set<GuestCall>();
  /** Those of them that only make an environment. */
  readonly #opening = new Set<{ deadlineMs: number }>();
  #state: SandboxState = { phase: 'starting' };
  /** Outlives the state: also of a sandbox that ended one may ask whose it was. */
  #trustDomain: string | undefined;
  #exitLimit: Disposable | undefined;
  readonly #memoryKills = new MemoryKills();
  #hardening: HardeningReport | undefined;
  #connection: 'kept' | 'abandoned' = 'kept';
  /** Reasons to keep this program's event loop alive. An idle sandbox is none. */
  #holds = 0;

  /** Resolves as soon as the process exists. @throws the system's error when it could not be started. */
  static async start(options: SandboxOptions): Promise<SandboxProcess> {
    const { nodePath, mainPath, sandboxId, runtime, jail, userId, isAwaited = false, launch: start = launch } = options;
    const ownGroup = await makeGroup(options);
    const group = typeof ownGroup === 'string' ? undefined : ownGroup;
    const jailed = { ...(jail && { jail }), ...(group && { group }), ...(userId !== undefined && { userId }) };
    try {
      return await start(
        { nodePath, mainPath, sandboxId, runtimeDirectory: runtime.directory, isAwaited, ...jailed },
        (launched) => new SandboxProcess(options, launched, ownGroup),
      );
    } catch (error) {
      await group?.[Symbol.asyncDispose]();
      throw error;
    } finally {
      await group?.joined();
    }
  }

  /** Only for `start`: the process must have been spawned in this very turn. */
  constructor(
    options: SandboxOptions,
    { child, pid, socket, output, store, volumes }: LaunchedSandbox,
    group: OwnGroup,
  ) {
    this.#options = options;
    this.#group = group;
    this.sandboxId = options.sandboxId;
    this.pid = pid;
    this.unreachable = this.#left.promise;
    this.exited = this.#ended.promise;
    this.#child = child;
    this.#socket = socket;
    this.#outputs = output;
    this.#volumesFile = volumes;
    this.#storeFile = store;
    this.#store = new PackageStore(store);
    this.#definitions = new Definitions({
      store: this.#store,
      guestLimits: options.guestLimits ?? {},
      send: (head) => this.#ask(frameTypes.define, head, decodeEmptyReply),
      requireAlive: () => this.#requireAlive(),
    });
    this.#memory = new ResidentMemory(pid);
    this.#startedMs = options.clock.nowMs();
    this.#startLimit = new StartWatch(
      options.clock,
      () => processStat(pid)?.cpuMs,
      (detail) => void this.kill({ kind: 'killed', reason: 'deadline', detail }),
      nextTurn,
    );
    // Nobody may be waiting for a spare.
    this.#greeted.promise.catch(() => {});
    this.#vitals = new VitalSigns({
      clock: options.clock,
      memory: this.#memory,
      allowance: this.#allowance,
      volumes: {
        heldBytes: () => heldBytes(volumes.fd),
        allowedBytes: () => this.#volumes.allowedBytes,
      },
      exertion: new ExertionWatch(() => processStat(pid), sandboxTasksMax()),
      guestCalls: () => this.#guestCalls,
      sendPing: (sentMs) => this.#ping(sentMs),
      onIllness: (illness) => void this.kill({ kind: 'killed', ...illness }),
      onSettled: () => this.#bound(),
      afterReading: nextTurn,
    });
    this.#heldBack = new HeldBack(options.clock);
    this.#channel = openChannel(socket, {
      incoming: { frameBytesMax: limits.frameBytesFromSandboxMax, headBytesMax: limits.frameHeadBytesMax },
      outgoing: { frameBytesMax: limits.frameBytesToSandboxMax, headBytesMax: limits.frameHeadBytesMax },
      callsPendingMax: limits.callsPendingMax,
      noticeBytesWaitingMax: limits.noticeBytesWaitingMax,
      inflow: {
        clock: options.clock,
        framesPerSecondMax: limits.sandboxFramesPerSecondMax,
        bytesPerSecondMax: limits.sandboxBytesPerSecondMax,
        windowMs: limits.sandboxInflowWindowMs,
        onPause: (pauseMs) => this.#pauses(pauseMs),
        onResume: () => this.#resumes(),
      },
      // Microtasks lie between `define`, `create` and `invoke` of a cold start: a tick comes behind them, and all three leave in one write.
      beforeIdle: process.nextTick,
      afterReading: nextTurn,
      ...hotWait(options.clock, nextTurn),
      onNotice: (frame) => this.#notice(frame),
      onCall: (frame) => {
        throw new ProtocolError('frame.type', 'a hello, a reply or a log', frame.type);
      },
      onProtocolError: (error) => this.#offend(error.message),
      onEnd: () => this.#disconnected(),
    });
    for (const stream of output) {
      stream.on('data', (chunk: Buffer) => this.#print(chunk));
      stream.on('error', () => {}); // A broken pipe says no more than the process's end, which follows.
      stream.unref();
    }
    socket.unref();
    child.unref();
    child.once('exit', (code, signal) => this.#reaped(code, signal));
  }

  /** Resolves when it is blank and answers. @throws SandboxGoneError */
  async ready(): Promise<void> {
    this.#hold();
    try {
      await this.#greeted.promise;
    } finally {
      this.#release();
    }
  }

  /** How far it is jailed, as it said in its hello. */
  get hardening(): HardeningReport {
    invariant(this.#hardening !== undefined, 'a sandbox that has not said hello has no report');
    return this.#hardening;
  }

  isBlank(): boolean {
    // With a limit for its exit its end of the socket is closed.
    return this.#state.phase === 'ready' && this.#exitLimit === undefined;
  }

  /** Gives the blank sandbox to a trust domain, for good. */
  assign(trustDomain: string): void {
    this.#become({ type: 'assigned', trustDomain });
    this.#trustDomain = trustDomain;
  }

  get trustDomain(): string {
    invariant(this.#trustDomain !== undefined, 'a blank sandbox belongs to no trust domain');
    return this.#trustDomain;
  }

  async create(spec: EnvironmentSpec): Promise<Created> {
    this.#requireAlive();
    if (this.#state.phase === 'draining') {
      throw new SandboxGoneError({ kind: 'retired', reason: this.#state.reason });
    }
    const { environmentId } = spec;
    const environment = this.#environments.add(spec);
    this.#volumes.add(environmentId, spec.version.configuration.ephemeralStorage, spec.inheritsFrom);
    this.#bound();
    this.#gateways.add(spec);
    try {
      environment.defined = this.#definitions.define(spec.version);
      if (environment.defined !== undefined) {
        await environment.defined;
        environment.defined = undefined;
        this.#requireAlive();
      }
      const budgetMs = (spec.init === 'now' ? spec.initTimeoutMs : 0) + limits.createGraceMs;
      const call = this.#enter(environment, environmentId, undefined, budgetMs, undefined);
      if (spec.init === 'deferred') this.#opening.add(call);
      try {
        const { head, body } = await this.#ask(frameTypes.create, createHead(spec), decodeCreateReply);
        this.#letOpen();
        return { reply: withDropped(head, environment.initOutput), body };
      } finally {
        this.#guestCalls.delete(call);
        this.#opening.delete(call);
      }
    } catch (error) {
      this.#forget(environmentId);
      throw error;
    }
  }

  async invoke(spec: InvocationSpec, created?: Promise<unknown>): Promise<Invoked> {
    this.#requireAlive();
    const { environmentId, requestId } = spec;
    const { environment, output } = this.#environments.begin(spec);
    this.#gateways.invoked(environmentId);
    try {
      // Only while its version is new to this sandbox: otherwise the frame leaves in this very turn.
      if (environment.defined !== undefined) {
        await environment.defined;
        this.#requireAlive();
      }
      const call = this.#enter(environment, environmentId, requestId, spec.timeoutMs, created);
      this.#hold();
      try {
        // As `#ask` does, without a promise of its own: each costs a turn of the microtasks.
        const replied = this.#channel.call(frameTypes.invoke, invokeHead(spec), decodeInvokeReply, spec.payload);
        const { head, body } = await replied;
        return { reply: withDropped(head, output), body };
      } catch (error) {
        return await this.#fail(frameTypes.invoke, error);
      } finally {
        this.#release();
        this.#guestCalls.delete(call);
      }
    } finally {
      environment.running = undefined;
    }
  }

  async destroy(environmentId: string, keepVolume: boolean): Promise<void> {
    this.#requireAlive();
    await this.#environments.get(environmentId)?.defined;
    const head: DestroyHead = { environmentId, keepVolume };
    if (!keepVolume) this.#volumes.delete(environmentId);
    await this.#ask(frameTypes.destroy, head, decodeEmptyReply);
    this.#forget(environmentId);
  }

  /** Takes no new environments from now on; ends when its last one is destroyed. */
  drain(reason: string): void {
    if (!isAlive(this.#state)) return;
    this.#become({ type: 'drained', reason });
    this.#endIfDrained();
  }

  retirement(): string | undefined {
    return shouldRetire({
      ageMs: this.#options.clock.nowMs() - this.#startedMs,
      environmentsServed: this.#environments.served,
      rssBytes: this.#vitals.residentBytes,
      keptBytes: this.#allowance.keptBytes,
      storeBytes: this.#store.bytes,
    });
  }

  isBusy(): boolean {
    return this.#vitals.isHeld();
  }

  rssBytes(): number {
    return this.#vitals.residentBytes;
  }

  heldBackMs(): number {
    return this.#heldBack.totalMs;
  }

  async kill(cause: ExitCause): Promise<void> {
    if (isAlive(this.#state)) {
      this.#become({ type: 'killed', cause });
      // Signals nothing once the child is reaped: a stranger with its pid is safe.
      this.#child.kill('SIGKILL');
      this.#stop(cause);
      // What it wrote before is true, though it is read only now: an environment that it has made may have begun, and must not begin
      // elsewhere. Of one that breaks the protocol nothing is believed.
      if (cause.kind === 'killed' && cause.reason === 'protocol') this.#channel.close(new SandboxGoneError(cause));
    }
    this.#child.ref();
    await this.exited;
  }

  /** What must not outlive the decision that it is gone. */
  #stop(cause: ExitCause): void {
    this.#left.resolve();
    this.#startLimit[Symbol.dispose]();
    this.#exitLimit?.[Symbol.dispose]();
    this.#vitals.stop();
    this.#gateways.close();
    this.#greeted.reject(new SandboxGoneError(cause));
  }

  #become(event: SandboxEvent): void {
    this.#state = transition(this.#state, event);
  }

  #requireAlive(): void {
    if ('cause' in this.#state) throw new SandboxGoneError(this.#state.cause);
  }

  // Calls.

  /** A call that runs guest code is about to be sent. Its time begins now, or when `after` settles. */
  #enter(
    environment: Environment,
    environmentId: string,
    requestId: string | undefined,
    budgetMs: number,
    after: Promise<unknown> | undefined,
  ): GuestCall & { deadlineMs: number } {
    const { clock } = this.#options;
    const sentMs = clock.nowMs();
    const farMs = budgetMs + limits.killGraceMs;
    const deadlineMs = after === undefined ? sentMs + farMs : Number.POSITIVE_INFINITY;
    const call = { environmentId, requestId, sentMs, deadlineMs };
    if (after !== undefined) {
      const begin = () => {
        if (!this.#guestCalls.has(call)) return;
        const nowMs = clock.nowMs();
        call.deadlineMs = nowMs + farMs;
        this.#vitals.expect(call.deadlineMs, nowMs);
      };
      after.then(begin, begin);
    }
    this.#allowance.run(environment.share);
    this.#guestCalls.add(call);
    this.#vitals.expect(deadlineMs, sentMs);
    return call;
  }

  /**
   * An environment was made, so those behind it have their time from now on: a hundred of a burst take longer than one. None of their
   * functions' code runs in it, and each of them is answered once, so this puts nothing off for ever.
   */
  #letOpen(): void {
    const deadlineMs = this.#options.clock.nowMs() + limits.createGraceMs + limits.killGraceMs;
    for (const call of this.#opening) call.deadlineMs = deadlineMs;
  }

  /** Tells the kernel how much it may hold. */
  #bound(): void {
    if (typeof this.#group === 'string') return;
    this.#group.bound(this.#allowance.boundBytes, this.#volumes.mostMiB);
  }

  async #ask<Head>(
    type: FrameType,
    head: object,
    decode: (head: unknown) => Head,
    body?: FrameBody,
  ): Promise<Reply<Head>> {
    this.#hold();
    try {
      return await this.#channel.call(type, head, decode, body);
    } catch (error) {
      return await this.#fail(type, error);
    } finally {
      this.#release();
    }
  }

  /** Throws what a call that failed means to whoever made it. */
  async #fail(type: FrameType, error: unknown): Promise<never> {
    if (!(error instanceof CallUnreadError)) throw explain(error);
    // Where an invocation runs instead does not depend on why a process ended that nobody here killed; what becomes of anything else does.
    if (type === frameTypes.invoke && isAlive(this.#state))
      throw new SandboxUnreadError(error.message, { cause: error });
    throw new SandboxGoneError(await this.exited);
  }

  #ping(sentMs: number): void {
    this.#channel.call(frameTypes.ping, { sentMs }, decodePingReply).then(
      ({ head }) => this.#vitals.pong(head.rssBytes, head.running),
      // Too many calls are pending: not answered is what it is. Gone: then nobody watches any more.
      () => {},
    );
  }

  #forget(environmentId: string): void {
    this.#gateways.delete(environmentId);
    this.#environments.delete(environmentId);
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.#state.phase !== 'draining' || this.#environments.size > 0) return;
    void this.kill({ kind: 'retired', reason: this.#state.reason });
  }

  #hold(): void {
    if (this.#holds === 0) this.#socket.ref();
    this.#holds += 1;
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#socket.unref();
  }

  /** Its socket is not read for a moment, so it keeps no event loop alive, and what is waited for does. */
  #pauses(pauseMs: number): void {
    this.#vitals.heldBack(pauseMs);
    if (this.#holds > 0) this.#child.ref();
    const heldMs = this.#heldBack.note(pauseMs);
    if (heldMs === undefined) return;
    const { sandboxId } = this;
    this.#options.observe({ type: 'sandbox.heldBack', sandboxId, heldMs, functionNames: this.#functionsRunning() });
  }

  #resumes(): void {
    // From then on the child is waited for anyway.
    if (isAlive(this.#state) && this.#exitLimit === undefined) this.#child.unref();
  }

  /** Each of them may be who sends; of a process that was taken over nobody can tell more. */
  #functionsRunning(): string[] {
    const names = new Set<string>();
    for (const { environmentId } of this.#guestCalls) {
      const environment = this.#environments.get(environmentId);
      if (environment !== undefined) names.add(environment.functionName);
      if (names.size === functionsToldMax) break;
    }
    return [...names];
  }

  // What comes from the sandbox.

  /** @throws ProtocolError */
  #notice(frame: Frame): void {
    // Its guests have no host any more.
    if (!isAlive(this.#state)) return;
    if (this.#state.phase === 'starting') {
      this.#greet(frame);
    } else if (frame.type === frameTypes.log) {
      this.#environments.deliver(frame);
    } else if (frame.type === frameTypes.answerChunk) {
      this.#environments.deliverAnswer(frame);
    } else if (frame.type === frameTypes.guestRequest) {
      this.#gateways.request(frame);
    } else if (frame.type === frameTypes.overrun) {
      this.#overrun(frame);
    } else {
      throw new ProtocolError('notice.type', 'a log, an answer chunk, a guest request or an overrun', frame.type);
    }
  }

  /** @throws ProtocolError when it is about nobody who runs */
  #overrun(frame: Frame): void {
    const { environmentId, limit } = decodeOverrun(frame.head);
    const isRunning = [...this.#guestCalls].some((call) => call.environmentId === environmentId);
    // Its answer may have crossed this.
    if (!isRunning && this.#environments.get(environmentId) !== undefined) return;
    if (!isRunning) throw new ProtocolError('overrun.environmentId', 'that of an environment', environmentId);
    const detail = `environment ${environmentId} ran on after it was ended for ${limit.limit}: ${Math.round(limit.found)} of ${limit.value}`;
    void this.kill({ kind: 'killed', reason: 'limit', detail, suspects: [environmentId], limit });
  }

  #greet(frame: Frame): void {
    if (frame.type !== frameTypes.hello) throw new ProtocolError('frame.type', 'a hello first', frame.type);
    const hello = decodeHello(frame.head);
    const { runtime, clock, observe } = this.#options;
    if (hello.protocol !== protocolVersion) {
      throw new ProtocolError('hello.protocol', String(protocolVersion), hello.protocol);
    }
    if (hello.runtimeKey !== runtime.key) {
      throw new ProtocolError('hello.runtimeKey', `the key of the runtime given, ${runtime.key}`, hello.runtimeKey);
    }
    this.#startLimit[Symbol.dispose]();
    // Of control groups the host knows more than who is in one.
    const isGiven = typeof this.#group !== 'string' || this.#options.jail?.kind !== 'built';
    const known = { name: 'control-group', state: 'absent', reason: isGiven ? '' : this.#group } as const;
    this.#hardening = isGiven ? hello.hardening : withLayer(hello.hardening, known);
    this.#become({ type: 'greeted' });
    observe({
      type: 'sandbox.started',
      sandboxId: this.sandboxId,
      pid: this.pid,
      startMs: clock.nowMs() - this.#startedMs,
      hardening: this.#hardening,
    });
    this.#vitals.start();
    this.#greeted.resolve();
  }

  #offend(message: string): void {
    if (!isAlive(this.#state)) return;
    this.#options.observe({ type: 'sandbox.protocolError', sandboxId: this.sandboxId, message });
    void this.kill({ kind: 'killed', reason: 'protocol', detail: message });
  }

  #print(chunk: Buffer): void {
    this.#output.push(chunk);
    if (this.#output.bytesSeen > limits.sandboxOutputBytesMax && isAlive(this.#state)) {
      this.#offend(`it printed more than ${limits.sandboxOutputBytesMax} bytes (sandboxOutputBytesMax)`);
    }
  }

  /** Its end of the socket is closed. Most likely it is dying and tells why when it is reaped; if not, it is of no use any more. */
  #disconnected(): void {
    if (!isAlive(this.#state)) return;
    this.#left.resolve();
    // Its end is near, and its last words count: this program must not end for want of anything else to wait for.
    this.#child.ref();
    for (const stream of this.#outputs) stream.ref();
    this.#exitLimit = this.#options.clock.after(limits.killGraceMs, () => {
      if (this.#child.kill('SIGKILL')) this.#connection = 'abandoned';
    });
  }

  // The end.

  #reaped(code: number | null, signal: string | null): void {
    const finish = () => {
      lingering[Symbol.dispose]();
      const output = this.#output.text();
      const memoryKills = this.#memoryKills.seen();
      const crash = crashCause({ code, signal, output, connection: this.#connection, memoryKills });
      void this.#finish(signal === 'SIGKILL' ? (this.#killedByGroup() ?? crash) : crash);
    };
    // 'close' follows when all its pipes are read to the end: last answers and last words. Somebody else may hold them open.
    const lingering = this.#options.clock.after(limits.killGraceMs, () => {
      this.#child.off('close', finish);
      finish();
    });
    this.#child.once('close', finish);
  }

  #killedByGroup(): ExitCause | undefined {
    if (typeof this.#group === 'string' || !this.#group.wasOutOfMemory()) return undefined;
    return { kind: 'killed', ...this.#vitals.illnessOfGroup(this.#group.maxBytes) };
  }

  async #finish(seen: ExitCause): Promise<void> {
    this.#become({ type: 'reaped', cause: seen });
    invariant(this.#state.phase === 'exited', 'a reaped sandbox has exited');
    const { cause } = this.#state;
    this.#stop(cause);
    this.#channel.close(new SandboxGoneError(cause));
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#memory[Symbol.dispose]();
    // Waits for what is being written; a stranger's file may get the same descriptor only afterwards.
    await this.#storeFile.close();
    // The last that kept the file: from here on the disk has it back.
    await this.#volumesFile.close();
    if (typeof this.#group !== 'string') await this.#group[Symbol.asyncDispose]();
    this.#options.observe({
      type: 'sandbox.exited',
      sandboxId: this.sandboxId,
      cause: describeCause(cause),
      wanted: isWanted(cause),
    });
    this.#ended.resolve(cause);
  }
}

const functionsToldMax = 8;

type OwnGroup = SandboxGroup | string;

/** Whoever is not jailed has no launcher, which would join. */
async function makeGroup({ jail, controlGroups, sandboxId }: SandboxOptions): Promise<OwnGroup> {
  if (controlGroups === undefined || jail?.kind !== 'built') return 'nobody asked for one';
  return typeof controlGroups === 'string' ? controlGroups : await controlGroups.make(sandboxId);
}

function nextTurn(callback: () => void): void {
  setImmediate(callback);
}

function createHead(spec: EnvironmentSpec) {
  const { environmentId, version, logStreamName, initializationType, init, initTimeoutMs, inheritsFrom, bindings } =
    spec;
  return {
    environmentId,
    versionKey: version.code.versionKey,
    logStreamName,
    initializationType,
    init,
    initTimeoutMs,
    ...(inheritsFrom === undefined ? {} : { inheritsFrom }),
    ...(bindings === undefined ? {} : { bindings }),
  } satisfies CreateHead;
}

/** Absent members stay undefined, which JSON leaves out: this runs for every invocation. */
function invokeHead(spec: InvocationSpec) {
  const { environmentId, requestId, timeoutMs, invokedFunctionArn, traceId, clientContextJson, cognitoIdentityJson } =
    spec;
  return {
    environmentId,
    requestId,
    timeoutMs,
    invokedFunctionArn,
    traceId,
    clientContextJson,
    cognitoIdentityJson,
    answer: spec.answer && 'streamed',
  } satisfies { [Key in keyof InvokeHead]: InvokeHead[Key] | undefined };
}

/** What the host dropped counts as dropped, like what the sandbox dropped. */
function withDropped<Head extends { readonly logBytesDropped?: number }>(head: Head, output: GuestOutput): Head {
  if (output.droppedBytes === 0) return head;
  return { ...head, logBytesDropped: (head.logBytesDropped ?? 0) + output.droppedBytes };
}

function explain(error: unknown): unknown {
  if (error instanceof CallFailedError) {
    return new EngineError('ServiceException', `the sandbox could not do it: ${error.message}`, { cause: error });
  }
  if (error instanceof CallsPendingError) {
    return new EngineError('ServiceException', `a sandbox has too many calls pending: ${error.message}`, {
      cause: error,
      limit: { name: 'callsPendingMax', value: limits.callsPendingMax },
    });
  }
  if (error instanceof SandboxGoneError || error instanceof InvariantError) return error;
  return new InvariantError(`a sandbox call failed in an unknown way: ${String(error)}`);
}
