/**
 * One isolate with a booted runtime, as the sandbox sees it: the functions of `GuestCalls` as slices, and nothing else.
 * It knows no deadline, no event loop and no invocation; `environment` does.
 */
import type { GuestSettings, LoopState } from '../bridge/contract.ts';
import { scriptNames } from '../bridge/script-names.ts';
import { limits } from '../model/limits.ts';
import { Door, type SandboxCalls, type ServedCalls, type SliceName } from './door.ts';
import { type Context, ExternalCopy, type Isolate, type Reference, type Script } from './ivm.ts';
import type { NativeModuleInGuest, OpenedIsolate, RuntimeImage } from './runtime-image.ts';
import type { Watch, Watchdog } from './watchdog.ts';

/** How a slice ended. `rejection`: a promise of the guest was rejected and nobody handled it; the loop's state is not known then. */
export type SliceOutcome =
  | { readonly kind: 'state'; readonly state: LoopState }
  /** The same, and the guest itself knows which promises. */
  | { readonly kind: 'rejections' }
  | {
      readonly kind: 'rejection';
      readonly isError: boolean;
      readonly name: string;
      readonly message: string;
      readonly stack: string;
    }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'disposed' };

/** What may cross into a slice: plain values, or the bundle's function by reference. */
export type SliceArgument = string | number | boolean | undefined | LoadedBundle | ArrayBuffer;
export type LoadedBundle = ReturnType<Reference['derefInto']>;

export interface Guest {
  /** Runs on the calling thread; returns when the slice and its microtasks are done. */
  call(
    name: SliceName,
    args: readonly SliceArgument[],
    options: { readonly timeoutMs: number; readonly lane: 'main' },
  ): SliceOutcome;
  /** Runs on a thread of isolated-vm's pool. Host calls still come back on this process's main thread. */
  call(
    name: SliceName,
    args: readonly SliceArgument[],
    options: { readonly timeoutMs: number; readonly lane: 'pool' },
  ): Promise<SliceOutcome>;
  /** Compiles the user's bundle; what it returns is the argument of `init`. @throws SyntaxError of the bundle */
  load(bundle: string, cachedData?: ExternalCopy<ArrayBuffer>): LoadedBundle;
  /**
   * Brings in what these public modules need, and other modules by id, with their code cache. Only while no slice runs; it runs
   * nothing of the user's.
   */
  preload(modules: readonly string[], ids: Iterable<string>): void;
  /** Ids of modules that it asked for while it ran on the pool, where they are compiled without their code cache. */
  readonly askedOnPool: ReadonlySet<string>;
  /**
   * The code cache of the bundle that `load` was given, with all that was compiled by now, lazy functions included. For other
   * guests that load the same text. Blocks while a slice runs.
   */
  codeCache(bundle: string): ExternalCopy<ArrayBuffer> | undefined;
  /**
   * Gives memory back, on the pool; where there is a native module. No slice may run before it is done: it would block its thread.
   */
  tidy(): Promise<void>;
  /** Idempotent. Safe inside a host call: the guest is then terminated when the call returns. */
  dispose(): void;
  readonly isDisposed: boolean;
  /** While a slice runs on the pool: as last looked at. */
  memory(): GuestMemory;
  /** Microseconds of CPU time, all slices. */
  cpuTimeMicros(): number;
}

export interface GuestMemory {
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
}

export function openGuest(
  image: RuntimeImage,
  settings: GuestSettings,
  host: SandboxCalls,
  memoryLimitMiB: number,
  onCatastrophicError: (message: string) => void,
  watchdog?: Supervision,
): Guest {
  return bootGuest(image, image.open(memoryLimitMiB, onCatastrophicError), settings, host, watchdog);
}

/**
 * What ends slices on the main thread that run too long. `unwatched` is for a guest of ours that runs where no thread may be started:
 * nothing ends it, and it is disposed on this thread.
 */
export type Supervision = Watchdog | 'unwatched' | undefined;

/** Boots the runtime in an isolate that has met nobody yet, and takes it over: it is disposed when that fails. */
export function bootGuest(
  image: RuntimeImage,
  opened: OpenedIsolate,
  settings: GuestSettings,
  host: SandboxCalls,
  watchdog?: Supervision,
): Guest {
  try {
    return new OpenedGuest(image, opened, settings, host, watchdog);
  } catch (error) {
    opened.isolate.dispose();
    throw error;
  }
}

class OpenedGuest implements Guest {
  readonly #isolate: Isolate;
  readonly #context: Context;
  readonly #door: Door;
  readonly askedOnPool = new Set<string>();
  readonly #image: RuntimeImage;
  readonly #received: OpenedIsolate['received'];
  readonly #watchdog: Supervision;
  readonly #native: NativeModuleInGuest | undefined;
  #watch: Watch | undefined;
  #timedCalls = 0;
  #isOnPool = false;
  #latestMemory: GuestMemory | undefined;

  constructor(
    image: RuntimeImage,
    opened: OpenedIsolate,
    settings: GuestSettings,
    host: SandboxCalls,
    watchdog: Supervision,
  ) {
    const { isolate, context, received, native } = opened;
    this.#isolate = isolate;
    this.#watchdog = watchdog;
    this.#native = native;
    this.#context = context;
    this.#image = image;
    this.#received = received;
    const loadBuiltin: ServedCalls['loadBuiltin'] = (id) => {
      const wasm = image.wasmModule(id);
      if (wasm !== undefined) return wasm;
      if (!this.#isOnPool) return this.#bringIn(id);
      const text = textOnPool(image, id);
      if (text !== false) this.askedOnPool.add(id);
      return text;
    };
    this.#door = opened.door ?? openDoor(image, opened);
    this.#door.enter({ calls: { ...host, loadBuiltin }, dispose: () => this.dispose() }, settings);
  }

  call(name: SliceName, args: readonly SliceArgument[], options: { timeoutMs: number; lane: 'main' }): SliceOutcome;
  call(
    name: SliceName,
    args: readonly SliceArgument[],
    options: { timeoutMs: number; lane: 'pool' },
  ): Promise<SliceOutcome>;
  call(
    name: SliceName,
    args: readonly SliceArgument[],
    { timeoutMs, lane }: { timeoutMs: number; lane: 'main' | 'pool' },
  ): SliceOutcome | Promise<SliceOutcome> {
    const slice = this.#door.slices[name];
    const timeout = Math.max(1, Math.ceil(timeoutMs));
    const dueMs = performance.now() + timeout;
    if (lane === 'pool') {
      this.#latestMemory ??= this.memory();
      this.#isOnPool = true;
      return slice.apply(undefined, crossing(args), { timeout }).then(
        (state) => {
          this.#isOnPool = false;
          return this.#stateOutcome(state);
        },
        (error: unknown) => {
          this.#isOnPool = false;
          return this.#failure(error, dueMs);
        },
      );
    }
    return this.#callOnMain(slice, args, timeout, dueMs);
  }

  #callOnMain(slice: Reference, args: readonly SliceArgument[], timeout: number, dueMs: number): SliceOutcome {
    const watch = this.#readyWatch();
    if (watch === undefined) {
      try {
        const bound = this.#watchdog === 'unwatched' ? {} : { timeout };
        return this.#stateOutcome(slice.applySync(undefined, crossing(args), bound));
      } catch (error) {
        return this.#failure(error, dueMs);
      }
    }
    watch.begin(timeout);
    try {
      const state: unknown = slice.applySync(undefined, crossing(args));
      watch.end();
      return this.#stateOutcome(state);
    } catch (error) {
      const isEnded = watch.end();
      return isEnded && this.#isolate.isDisposed ? { kind: 'timeout' } : this.#failure(error, dueMs);
    }
  }

  #stateOutcome(state: unknown): SliceOutcome {
    const rejections = this.#native === undefined ? 0 : this.#image.native?.rejections(this.#native.stopNumber);
    return rejections ? { kind: 'rejections' } : stateOutcome(state);
  }

  /** Telling the watchdog of an isolate costs as much as a few dozen of isolated-vm's timers: only for one that stays. */
  #readyWatch(): Watch | undefined {
    if (this.#watchdog === 'unwatched') return undefined;
    if (this.#watch === undefined) {
      this.#timedCalls += 1;
      if (this.#timedCalls > limits.timedSlicesMax)
        this.#watch = this.#watchdog?.watch(this.#isolate, this.#native?.stopNumber);
      return undefined;
    }
    return this.#watch.isReady ? this.#watch : undefined;
  }

  load(bundle: string, cachedData?: ExternalCopy<ArrayBuffer>): LoadedBundle {
    const script = this.#isolate.compileScriptSync(bundle, {
      filename: scriptNames.bundle,
      ...(cachedData === undefined ? {} : { cachedData }),
    });
    const loaded: Reference = script.runSync(this.#context, { reference: true });
    script.release();
    return loaded.derefInto({ release: true });
  }

  preload(modules: readonly string[], ids: Iterable<string>): void {
    // It compiles them itself when it needs them, as fast, on the thread it runs on.
    if (this.#image.native !== undefined) return;
    for (const id of this.#image.scriptsOf(modules, ids)) {
      if (this.#received?.has(id) !== true) this.#bringIn(id);
    }
  }

  /** Compiles a module with its code cache and hands its factory over. */
  #bringIn(id: string): boolean {
    const factory = factoryOf(this.#image, this.#isolate, this.#context, id);
    if (factory === undefined) return false;
    this.#door.receive.applySync(undefined, [id, factory.derefInto({ release: true })]);
    return true;
  }

  codeCache(bundle: string): ExternalCopy<ArrayBuffer> | undefined {
    const script: Script & { readonly cachedData?: ExternalCopy<ArrayBuffer> } = this.#isolate.compileScriptSync(
      bundle,
      {
        filename: scriptNames.bundle,
        produceCachedData: true,
      },
    );
    script.release();
    return script.cachedData;
  }

  async tidy(): Promise<void> {
    if (this.#native === undefined || this.isDisposed) return;
    const collectGarbage: Reference = this.#native.functions.getSync('collectGarbage', { reference: true });
    try {
      await collectGarbage.apply(undefined, []);
    } catch (error) {
      // It may be disposed meanwhile.
      if (!this.isDisposed) throw error;
    } finally {
      collectGarbage.release();
    }
  }

  dispose(): void {
    this.#watch?.forget();
    if (this.#isolate.isDisposed) return;
    // A guest chooses what tearing its heap down costs, up to seconds (SECURITY.md 0.6). The thread that holds the isolate last
    // pays, so a pool thread is given some work in it first. That work is cancelled, which is how it ends.
    if (this.#watchdog !== 'unwatched') this.#isolate.getHeapStatistics().catch(() => {});
    this.#isolate.dispose();
    // isolated-vm asks V8 to interrupt what runs, which arithmetic of BigInt and many a built-in never look at (SECURITY.md 2.2).
    if (this.#native !== undefined) this.#image.native?.terminate(this.#native.stopNumber);
  }

  get isDisposed(): boolean {
    return this.#isolate.isDisposed;
  }

  memory(): GuestMemory {
    // Asking would be a call into the guest; see `textOnPool`.
    if (this.#isOnPool && this.#latestMemory !== undefined) return this.#latestMemory;
    if (this.#isolate.isDisposed) return this.#latestMemory ?? noMemory;
    const heap = this.#isolate.getHeapStatisticsSync();
    this.#latestMemory = {
      heapUsedBytes: heap.used_heap_size,
      heapTotalBytes: heap.total_heap_size,
      externalBytes: heap.externally_allocated_size,
    };
    return this.#latestMemory;
  }

  cpuTimeMicros(): number {
    return Number(this.#isolate.cpuTime / 1000n);
  }

  /**
   * isolated-vm throws its own verdicts and the guest's unhandled rejections through the same door. The guest chooses the
   * text of a rejection, so a verdict counts only when what happened agrees with it: the isolate's state, or the time.
   */
  #failure(error: unknown, dueMs: number): SliceOutcome {
    const message = error instanceof Error ? error.message : '';
    if (this.#isolate.isDisposed) {
      return message.includes('memory limit') ? { kind: 'out-of-memory' } : { kind: 'disposed' };
    }
    const isDue = performance.now() >= dueMs - timerEarlyMsMax;
    if (isDue && message === 'Script execution timed out.') return { kind: 'timeout' };
    return rejection(error);
  }
}

/** isolated-vm's clock and ours are read a moment apart. */
const timerEarlyMsMax = 1;

function openDoor(image: RuntimeImage, opened: OpenedIsolate): Door {
  return new Door(opened, image.native?.table);
}

/**
 * Does in an isolate what can be done before there is a function: brings modules in, evaluates those that can be, one at a step, and at
 * last opens the door. Whoever boots a guest in it finds what was done by then.
 */
export function* fillAhead(
  image: RuntimeImage,
  opened: OpenedIsolate,
  modules: readonly string[],
  ids: ReadonlySet<string>,
): Generator<void> {
  if (modules.length + ids.size > 0) yield* bringModulesAhead(image, opened, modules, ids);
  opened.door = openDoor(image, opened);
  yield;
}

function* bringModulesAhead(
  image: RuntimeImage,
  opened: OpenedIsolate,
  modules: readonly string[],
  ids: Iterable<string>,
): Generator<void> {
  const { context } = opened;
  const ahead: Reference<Ahead> = context.global.getSync('__isothermAhead', { reference: true });
  const require: Reference = ahead.getSync('require', { reference: true });
  yield* image.native === undefined
    ? bringInAhead(image, opened, ahead, modules, ids)
    : useNative(image.native.table, opened, ahead);
  for (const id of image.aheadOf(modules)) {
    // Where modules are brought in, those that come of calls alone are not among them.
    if (image.native === undefined && id.startsWith('internal/')) continue;
    require.applySync(undefined, [id]);
    yield;
  }
  for (const reference of [ahead, require]) reference.release();
}

/** What it evaluates then compiles itself, without being asked for. */
function* useNative(table: number, { native }: OpenedIsolate, ahead: Reference<Ahead>): Generator<void> {
  const use: Reference = ahead.getSync('useNative', { reference: true });
  use.applySync(undefined, [native?.functions.derefInto(), table]);
  use.release();
  yield;
}

function* bringInAhead(
  image: RuntimeImage,
  { isolate, context, received }: OpenedIsolate,
  ahead: Reference<Ahead>,
  modules: readonly string[],
  ids: Iterable<string>,
): Generator<void> {
  const receive: Reference = ahead.getSync('receive', { reference: true });
  for (const id of image.scriptsOf(modules, ids)) {
    const factory = factoryOf(image, isolate, context, id);
    if (factory === undefined) continue;
    receive.applySync(undefined, [id, factory.derefInto({ release: true })]);
    received?.add(id);
    yield;
  }
  receive.release();
}

/** What `runtimes/core` leaves in a context until it is booted. */
export interface Ahead {
  receive(id: string, compiled: unknown): void;
  require(id: string): void;
  useNative(native: unknown, table: number): void;
}

/** Running the script makes its functions and runs none of them. */
function factoryOf(image: RuntimeImage, isolate: Isolate, context: Context, id: string): Reference | undefined {
  const script = image.compileBuiltin(isolate, id);
  if (script === undefined) return undefined;
  const factory: Reference = script.runSync(context, { reference: true });
  script.release();
  return factory;
}

/** Byte arrays are moved, not copied: whoever gave them has them no more. */
function crossing(args: readonly SliceArgument[]): unknown[] {
  return args.map((value) =>
    value instanceof ArrayBuffer
      ? new ExternalCopy(value, { transferOut: true }).copyInto({ transferIn: true, release: true })
      : value,
  );
}

const noMemory: GuestMemory = { heapUsedBytes: 0, heapTotalBytes: 0, externalBytes: 0 };

/**
 * While a guest runs on the pool, calling into it from this thread would run its microtasks and take its rejected promises, in
 * the middle of the user's code (isolated-vm does both after every call that is not a recursive one). So there the guest
 * compiles the text itself, without the code cache.
 */
function textOnPool(image: RuntimeImage, id: string): string | false {
  const found = image.builtinText(id);
  return found === undefined ? false : `${found.source}\n//# sourceURL=${found.filename}`;
}

function stateOutcome(state: unknown): SliceOutcome {
  return { kind: 'state', state: typeof state === 'number' && state >= 0 ? state : 0 };
}

function rejection(error: unknown): SliceOutcome {
  if (!(error instanceof Error)) {
    return {
      kind: 'rejection',
      isError: false,
      name: '',
      message: text(error, limits.errorMessageCharsMax),
      stack: '',
    };
  }
  // isolated-vm appends its own frames, and with them paths of this host, behind its mark.
  const [stack = ''] = text(error.stack, limits.errorStackCharsMax).split('\n    at (<isolated-vm boundary>)');
  return {
    kind: 'rejection',
    isError: true,
    name: text(error.name, limits.errorMessageCharsMax),
    message: text(error.message, limits.errorMessageCharsMax),
    stack,
  };
}

/** One character more than the runtime keeps, so that it knows and tells that it cut something. */
function text(value: unknown, charsMax: number): string {
  return String(value).slice(0, charsMax + 1);
}
