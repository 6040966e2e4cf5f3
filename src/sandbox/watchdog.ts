/**
 * Ends guests on the main thread that run past their deadline, from a thread of its own: an isolate of ours, on isolated-vm's
 * pool, which waits in `Atomics.wait` and disposes what runs too long. isolated-vm's own timeout would do, but leaves a timer
 * behind with every call until the timeout has passed: at 900 seconds and a thousand calls a second, hundreds of megabytes.
 * Here a slice costs a few stores to shared memory.
 */
import { ExternalCopy, Isolate, type NativeModule, type Reference } from './ivm.ts';

/** Indexes into the memory shared with the watching thread. */
const cells = {
  /** Which isolate runs a slice on the main thread now; 0 for none. */
  slot: 0,
  /** Changes with every slice. */
  slice: 1,
  /** What the slice was given. */
  timeoutMs: 2,
  /** How many calls wait for the thread to return from `watch`. */
  asked: 3,
  /** The thread waits for the bell alone. */
  asleep: 4,
  bell: 5,
  /** The slice that was ended last. */
  fired: 6,
} as const;
const cellCount = 7;

/** How often the thread looks. A slice is ended at most two looks late. */
const lookIntervalMs = 10;
/** After so many looks without a slice the thread sleeps until the next one. */
const idleLooksMax = 100;
/** The guest has no monotonic clock. Of a jump of the wall clock at most this much counts, and nothing of one backwards. */
const jumpMsMax = 250;
const memoryLimitMiB = 16;

const program = `
  const cells = new Int32Array($0), native = $1, isolates = new Map();
  const { load, store, sub, wait } = Atomics;
  return {
    add(slot, isolate, stopNumber, forgotten) {
      isolates.set(slot, { isolate, stopNumber });
      for (const old of forgotten.split(',')) isolates.delete(Number(old));
      sub(cells, ${cells.asked}, 1);
    },
    watch() {
      let slice = -1, ended = -1, leftMs = 0, idleLooks = 0, atMs = Date.now();
      while (load(cells, ${cells.asked}) === 0) {
        const bell = load(cells, ${cells.bell});
        if (idleLooks < ${idleLooksMax}) wait(cells, ${cells.bell}, bell, ${lookIntervalMs});
        else {
          store(cells, ${cells.asleep}, 1);
          if (load(cells, ${cells.slot}) === 0) wait(cells, ${cells.bell}, bell);
          store(cells, ${cells.asleep}, 0);
          idleLooks = 0;
        }
        const nowMs = Date.now(), passedMs = Math.max(0, Math.min(nowMs - atMs, ${jumpMsMax}));
        atMs = nowMs;
        const slot = load(cells, ${cells.slot}), running = load(cells, ${cells.slice});
        if (slot === 0) { idleLooks++; continue; }
        idleLooks = 0;
        if (running !== slice) { slice = running; leftMs = load(cells, ${cells.timeoutMs}); continue; }
        leftMs -= passedMs;
        const late = isolates.get(slot);
        if (leftMs > 0 || late === undefined) continue;
        if (ended !== slice) {
          ended = slice;
          try {
            late.isolate.dispose();
            store(cells, ${cells.fired}, slice);
          } catch {
            // Somebody else disposed it meanwhile: a host call that found the deadline passed.
          }
        }
        // Ends what does not look whether it is to be interrupted. Again at each look: V8 may miss it.
        native?.terminate(late.stopNumber);
      }
    },
  };`;

/** One isolate's place with the watchdog. */
export interface Watch {
  /** False until the watching thread knows the isolate. */
  readonly isReady: boolean;
  /** A slice begins on the main thread. Only one can. */
  begin(timeoutMs: number): void;
  /** It ended. True when the watchdog ended it. */
  end(): boolean;
  /** The isolate is gone. */
  forget(): void;
}

export class Watchdog {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #add: Reference;
  readonly #watch: Reference;
  readonly #onEnd: (reason: unknown) => void;
  #slots = 0;
  #forgotten: number[] = [];

  /**
   * @param onEnd when it cannot watch any more: then nothing holds deadlines on the main thread
   * @param native stops what isolated-vm's way does not
   */
  constructor(onEnd: (reason: unknown) => void, native?: NativeModule) {
    this.#onEnd = onEnd;
    this.#cells = new Int32Array(new SharedArrayBuffer(cellCount * Int32Array.BYTES_PER_ELEMENT));
    const isolate = new Isolate({ memoryLimit: memoryLimitMiB });
    const context = isolate.createContextSync();
    const functions = native?.createSync(context).derefInto({ release: true });
    const watcher: Reference<Record<'add' | 'watch', unknown>> = context.evalClosureSync(
      program,
      [new ExternalCopy(this.#cells.buffer).copyInto(), functions],
      { result: { reference: true } },
    );
    this.#add = watcher.getSync('add', { reference: true });
    this.#watch = watcher.getSync('watch', { reference: true });
    // Its thread begins with the first isolate to watch: a template has none of its own, and so have the first calls of a sandbox.
  }

  /** @param stopNumber what the native module stops it by; 0 for none */
  watch(isolate: Isolate, stopNumber = 0): Watch {
    this.#slots += 1;
    const slot = this.#slots;
    let state: 'adding' | 'ready' | 'gone' = 'adding';
    // Both are queued now and run one after the other, however long this thread is busy then.
    Atomics.add(this.#cells, cells.asked, 1);
    this.#ring();
    this.#add.apply(undefined, [slot, isolate, stopNumber, this.#forgotten.splice(0).join()]).then(() => {
      if (state === 'adding') state = 'ready';
    }, this.#onEnd);
    this.#start();

    let slice = 0;
    return {
      get isReady() {
        return state === 'ready';
      },
      begin: (timeoutMs) => {
        slice = Atomics.add(this.#cells, cells.slice, 1) + 1;
        Atomics.store(this.#cells, cells.timeoutMs, Math.ceil(timeoutMs));
        Atomics.store(this.#cells, cells.slot, slot);
        if (Atomics.load(this.#cells, cells.asleep) === 1) this.#ring();
      },
      end: () => {
        Atomics.store(this.#cells, cells.slot, 0);
        return Atomics.load(this.#cells, cells.fired) === slice;
      },
      forget: () => {
        if (state === 'gone') return;
        state = 'gone';
        this.#forgotten.push(slot);
      },
    };
  }

  #start(): void {
    this.#watch.apply(undefined, []).catch(this.#onEnd);
  }

  #ring(): void {
    Atomics.add(this.#cells, cells.bell, 1);
    Atomics.notify(this.#cells, cells.bell);
  }
}
