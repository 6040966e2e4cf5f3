/**
 * The world around one simulated engine: its processes, its functions, the calls that were made, and everything that must hold of
 * them. It knows what really happened, because it made it happen; what the engine says is held against that.
 */
import { EngineError } from '../../src/model/errors.ts';
import type { InvokeResult } from '../../src/model/invocation.ts';
import { limits } from '../../src/model/limits.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import type { LaunchedSandbox, LaunchOptions } from '../../src/supervisor/launch.ts';
import { createFakeClock, type FakeClock } from '../fixtures/fake-clock.ts';
import { type RandomNumbers, randomNumbers } from '../fixtures/random-numbers.ts';
import { SimulatedProcess } from './process.ts';
import { SimulatedSandbox } from './sandbox.ts';

/** What an invocation makes its sandbox do, with how often that is asked for while faults are on. */
export const scripts = {
  answer: 40,
  throw: 4,
  'die inside': 2,
  exit: 3,
  'fill the heap': 2,
  'answer too much': 1,
  loop: 3,
  'run on': 3,
  stick: 3,
  slice: 4,
  crash: 4,
  grow: 2,
  'hang up': 1,
  'log and answer': 2,
  garbage: 1,
  'unknown id': 1,
  'answer twice': 1,
  'bad reply': 1,
  'forge a log': 1,
  cut: 1,
} as const;

export type Script = keyof typeof scripts;

/** How often things go wrong by themselves. All are 0 once faults are over. */
export interface Chances {
  readonly spawnFails: number;
  readonly startFails: number;
  readonly blankDies: number;
  readonly createFails: number;
  readonly defineFails: number;
  readonly destroyFails: number;
}

export const noChances: Chances = {
  spawnFails: 0,
  startFails: 0,
  blankDies: 0,
  createFails: 0,
  defineFails: 0,
  destroyFails: 0,
};

export interface SimulatedFunction {
  readonly functionName: string;
  readonly trustDomain: string;
  readonly isolation: 'domain' | 'function';
  readonly memorySize: number;
  readonly timeout: number;
}

interface CallRecord {
  readonly n: number;
  readonly functionName: string;
  readonly script: Script;
  readonly timeoutMs: number;
  readonly stalledBeforeMs: number;
  readonly begins: SimulatedSandbox[];
  beganMs: number | undefined;
  /** How it ended, as it reached the host. */
  arrived: string | undefined;
  /** The client went away. */
  isAborted: boolean;
  ended: string | undefined;
}

export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

export class World {
  /** The host's, and that of everything else: one stands still while the host is stopped. */
  readonly hostClock: FakeClock = createFakeClock();
  readonly clock: FakeClock = createFakeClock();
  readonly random: RandomNumbers;
  readonly runtimeKey = 'simulated';
  readonly functions = new Map<string, SimulatedFunction>();
  /** Also those that were deleted: a name keeps its domain. */
  readonly #everDeployed = new Map<string, SimulatedFunction>();
  readonly calls: CallRecord[] = [];
  readonly sandboxes: SimulatedSandbox[] = [];
  /** What happened, in order: the same seed tells the same. */
  readonly history: string[] = [];
  chances: Chances = noChances;
  /** For how long the host itself was stopped, in sum. */
  stalledMs = 0;
  #broken: string | undefined;
  /** What has reached a host that does not run. */
  #inbox: (() => void)[] | undefined;

  constructor(seed: number) {
    this.random = randomNumbers(seed);
  }

  tell(what: string): void {
    this.history.push(`${this.clock.nowMs().toFixed(3)} ${what}`);
  }

  broken(what: string): void {
    this.tell(`BROKEN: ${what}`);
    this.#broken ??= what;
  }

  assertWhole(): void {
    if (this.#broken !== undefined) throw new BrokenPromise(this.#broken);
  }

  // Time.

  reachHost(arrive: () => void): void {
    if (this.#inbox === undefined) arrive();
    else this.#inbox.push(arrive);
  }

  /** Lets time pass, timer by timer; what is due waits for nothing but the promises before it. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    await turn();
    for (;;) {
      const dueMs = Math.min(this.clock.nextDueMs ?? untilMs, this.hostClock.nextDueMs ?? untilMs);
      if (dueMs >= untilMs) break;
      this.#advance(dueMs);
      await turn();
    }
    this.#advance(untilMs);
    await turn();
  }

  #advance(toMs: number): void {
    for (const clock of [this.clock, this.hostClock]) clock.advance(Math.max(0, toMs - clock.nowMs()));
  }

  /** The host's own process does not run for a while; its sandboxes do. */
  async stall(ms: number): Promise<void> {
    this.tell(`the host is stopped for ${ms} ms`);
    await turn();
    this.#inbox = [];
    this.stalledMs += ms;
    // What processes do needs no promise of theirs.
    this.clock.advance(ms);
    this.hostClock.jump(ms);
    // A loop that goes on runs its timers first, and then reads.
    this.hostClock.advance(0);
    await turn();
    const inbox = this.#inbox;
    this.#inbox = undefined;
    for (const arrive of inbox) {
      arrive();
      await turn();
    }
  }

  // Processes.

  readonly launch = async <Adopted>(
    { sandboxId }: LaunchOptions,
    adopt: (launched: LaunchedSandbox) => Adopted,
  ): Promise<Adopted> => {
    const { random, chances } = this;
    if (random.happens(chances.spawnFails)) {
      this.tell(`${sandboxId} cannot be spawned`);
      throw Object.assign(new Error('spawn EAGAIN'), { code: 'EAGAIN' });
    }
    const process = new SimulatedProcess(this, this.sandboxes.length + 1, sandboxId);
    const sandbox = new SimulatedSandbox(this, process);
    this.sandboxes.push(sandbox);
    const script = random.happens(chances.startFails)
      ? random.pick(['never', 'dies', 'another runtime', 'slowly'] as const)
      : 'well';
    this.tell(`${sandboxId} starts: ${script}`);
    const adopted = adopt(process.launched());
    sandbox.start(script);
    return adopted;
  };

  running(): SimulatedSandbox[] {
    return this.sandboxes.filter(({ process }) => process.isRunning);
  }

  /** What the engine tells observers. */
  readonly observe = (event: PlatformEvent): void => {
    if (event.type === 'sandbox.exited') this.#exited(event.sandboxId, event.cause);
    else if (event.type === 'sandbox.unavailable') this.tell(`unavailable for ${event.retryAfterMs.toFixed(0)} ms`);
  };

  #exited(sandboxId: string, cause: string): void {
    this.tell(`${sandboxId} exited: ${cause}`);
    const [, reason] = /^killed \((deadline|heartbeat|memory|protocol)\)/.exec(cause) ?? [];
    const sandbox = this.sandboxes.find(({ process }) => process.sandboxId === sandboxId);
    if (reason === undefined || sandbox === undefined) return;
    const isGuilty = [...sandbox.guilt].some((guilt) => guilt === reason);
    if (!isGuilty) this.broken(`a healthy sandbox was killed: ${cause}`);
  }

  deployed(deployed: SimulatedFunction): void {
    this.functions.set(deployed.functionName, deployed);
    this.#everDeployed.set(deployed.functionName, deployed);
  }

  // What sandboxes see.

  functionOf(versionKey: string): string {
    return versionKey.slice(0, versionKey.lastIndexOf('-'));
  }

  /** Functions that have met in one process. */
  assertMayShare(functionNames: readonly string[]): void {
    const met = functionNames.map((functionName) => this.#everDeployed.get(functionName));
    const domains = new Set(met.map((each) => each?.trustDomain));
    if (domains.size > 1) this.broken(`one sandbox has ${functionNames.join(', ')} of several trust domains`);
    if (functionNames.length > 1 && met.some((each) => each?.isolation === 'function')) {
      this.broken(`${functionNames.join(', ')} share a sandbox, though one of them must be alone`);
    }
  }

  began(n: number, timeoutMs: number, sandbox: SimulatedSandbox): void {
    const call = this.#call(n);
    call.begins.push(sandbox);
    call.beganMs = this.clock.nowMs();
    this.tell(`call ${n} begins in ${sandbox.process.sandboxId}`);
    // One that breaks the protocol is not believed, also not that it made an environment.
    if (call.begins.filter(({ guilt }) => !guilt.has('protocol')).length > 1) this.broken(`call ${n} ran twice`);
    if (timeoutMs !== call.timeoutMs) this.broken(`call ${n} got ${timeoutMs} ms`);
  }

  /** The host has read the answer. */
  arrived(n: number, outcome: string, sandbox: SimulatedSandbox): void {
    this.tell(`call ${n} is answered by ${sandbox.process.sandboxId}: ${outcome}`);
    this.#call(n).arrived = outcome;
  }

  // Calls.

  accept(n: number, { functionName, timeout }: SimulatedFunction, script: Script): void {
    this.calls.push({
      n,
      functionName,
      script,
      timeoutMs: timeout * 1_000,
      stalledBeforeMs: this.stalledMs,
      begins: [],
      beganMs: undefined,
      arrived: undefined,
      isAborted: false,
      ended: undefined,
    });
  }

  abort(n: number): void {
    this.#call(n).isAborted = true;
  }

  succeeded(n: number, result: InvokeResult): void {
    const text = Buffer.from(result.payload).toString();
    const { functionError } = result;
    const how = functionError === undefined ? 'success' : functionErrorOf(text);
    const call = this.#end(n, how);
    if (call.begins.length === 0 && how !== 'timeout' && how !== 'init')
      this.broken(`call ${n} ended with ${how} and never ran`);
    if (functionError === undefined && text !== JSON.stringify({ n })) this.broken(`call ${n} got the answer ${text}`);
    this.#assertAnswer(call, how);
  }

  failed(n: number, error: unknown): void {
    const { isAborted } = this.#call(n);
    if (isAborted && error === abortReason) {
      this.#end(n, 'aborted');
      return;
    }
    const code = error instanceof EngineError ? error.code : String(error);
    const call = this.#end(n, code);
    if (!allowedErrors.has(code)) this.broken(`call ${n} ended with ${error instanceof Error ? error.stack : code}`);
    this.#assertAnswer(call, code);
  }

  #end(n: number, how: string): CallRecord {
    const call = this.#call(n);
    this.tell(`call ${n} of ${call.functionName} ends: ${how}`);
    if (call.ended !== undefined) this.broken(`call ${n} ended twice`);
    call.ended = how;
    return call;
  }

  /** What came in time is what the client gets; what did not come was given up in time. */
  #assertAnswer(call: CallRecord, how: string): void {
    const { n, script, arrived, beganMs } = call;
    const isSame = arrived === undefined || how === arrived || (how === 'killed' && arrived === 'exit');
    if (!isSame) this.broken(`call ${n} was answered with ${arrived} and ended with ${how}`);
    if (arrived === undefined && !isGivenUp(how))
      this.broken(`call ${n} (${script}) ended with ${how} without an answer`);
    if (beganMs === undefined || call.isAborted) return;
    const tookMs = this.clock.nowMs() - beganMs - (this.stalledMs - call.stalledBeforeMs);
    const mostMs = call.timeoutMs + limits.killGraceMs * 2 + giveUpMarginMs;
    if (tookMs > mostMs) this.broken(`call ${n} (${script}) ended ${tookMs} ms after it began, ${mostMs} at most`);
  }

  #call(n: number): CallRecord {
    const call = this.calls[n];
    if (call === undefined) throw new Error(`there is no call ${n}`);
    return call;
  }
}

/** All promises that can settle have settled. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export const abortReason = new Error('the client went away');

/** An engine may say this of a call; anything else is a bug. */
const allowedErrors: ReadonlySet<string> = new Set([
  'SandboxLost',
  'SandboxStartFailed',
  'FunctionSuspended',
  'TooManyRequestsException',
  'EngineClosed',
  'ServiceException',
]);

/** Ways frames wait, SIGKILL is noticed, and a late look of the watch. */
const giveUpMarginMs = 60;

/** Ends that need no answer of the sandbox. */
function isGivenUp(how: string): boolean {
  return allowedErrors.has(how) || how === 'timeout' || how === 'out-of-memory' || how === 'ResourceNotFoundException';
}

/** Which outcome the platform's error payload stands for. */
function functionErrorOf(text: string): string {
  if (text === '{}') return 'error';
  const { errorType } = JSON.parse(text) as { errorType: string };
  switch (errorType) {
    case 'Sandbox.Timedout':
      return 'timeout';
    case 'Runtime.OutOfMemory':
      return 'out-of-memory';
    case 'Runtime.ExitError':
      return 'exit';
    case 'Function.ResponseSizeTooLarge':
      return 'response-too-large';
    default:
      return errorType;
  }
}
