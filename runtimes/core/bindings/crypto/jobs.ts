/**
 * Node's crypto jobs: one piece of work that is done at once, later with a callback, or later for a promise of Web Crypto. What
 * is wrong with the arguments is thrown by the constructor in each case.
 */
import type { CoreContext } from '../../context.ts';
import type { Answer } from './message.ts';
import type { Compose, CryptoService } from './service.ts';

const { Promise, ReflectApply, ReflectConstruct } = primordials;

/** As `internalBinding('crypto')` numbers them. */
export const jobModes = { async: 0, sync: 1, webCrypto: 2 } as const;

export interface Work {
  now(): unknown;
  later(done: (error: Error | undefined, value: unknown) => void): void;
}

/** Arguments behind the mode. */
export type Prepare = (args: readonly never[], mode: number) => Work;

export interface JobClass {
  new (mode: number, ...args: never[]): object;
}

export interface JobTools {
  readonly core: CoreContext;
  readonly service: CryptoService;
  /** Declares what a job does; the binding makes its class. */
  prepare(prepare: Prepare): Prepare;
  jobClass(prepare: Prepare): JobClass;
  /** By the service. */
  remote(operation: number, compose: Compose, convert: (answer: Answer) => unknown): Work;
  /** In the guest, in little time. */
  local(compute: () => unknown): Work;
}

type OnDone = (error: unknown, value?: unknown) => void;

export function createJobTools(core: CoreContext, service: CryptoService): JobTools {
  class Job {
    declare ondone: OnDone | undefined;
    readonly #mode: number;
    readonly #work: Work;
    readonly #frame: unknown;

    constructor(mode: number, work: Work) {
      this.#mode = mode;
      this.#work = work;
      this.#frame = asyncFrame(core)?.getContinuationPreservedEmbedderData();
    }

    run(): unknown {
      if (this.#mode === jobModes.sync) return this.#runNow();
      if (this.#mode === jobModes.webCrypto) return this.#promise();
      this.#work.later((error, value) => this.#complete(error, value));
      return undefined;
    }

    #runNow(): readonly [Error | undefined, unknown] {
      try {
        return [undefined, this.#work.now()];
      } catch (error) {
        // The operation's failure, which the caller throws.
        return [error as Error, undefined];
      }
    }

    #complete(error: Error | undefined, value: unknown): void {
      const callback = this.ondone;
      if (callback === undefined) return;
      const frame = asyncFrame(core);
      frame?.setContinuationPreservedEmbedderData(this.#frame);
      try {
        ReflectApply(callback as never, this, error === undefined ? [undefined, value] : [error]);
      } finally {
        frame?.setContinuationPreservedEmbedderData(undefined);
      }
    }

    #promise(): Promise<unknown> {
      return new Promise((resolve, reject) => {
        this.#work.later((error, value) => {
          if (error === undefined) resolveShielded(core, resolve, value);
          else reject(operationError(core, error));
        });
      });
    }
  }

  return {
    core,
    service,
    prepare: (prepare) => prepare,
    jobClass(prepare) {
      function CryptoJob(mode: number, ...args: never[]): object {
        return ReflectConstruct(Job as never, [mode, prepare(args, mode)], new.target as never);
      }
      CryptoJob.prototype = Job.prototype;
      return CryptoJob as unknown as JobClass;
    },
    remote: (operation, compose, convert) => ({
      now: () => convert(service.ask(operation, compose)),
      later: (done) =>
        service.start(operation, compose, (error, answer) => {
          if (answer === undefined) done(error, undefined);
          else complete(() => convert(answer), done);
        }),
    }),
    local: (compute) => ({
      now: compute,
      later: (done) => core.loop.enqueueOperation(() => complete(compute, done)),
    }),
  };
}

/** Only what `compute` throws is a failure; what `done` throws is the caller's. */
function complete(compute: () => unknown, done: (error: Error | undefined, value: unknown) => void): void {
  let value: unknown;
  try {
    value = compute();
  } catch (error) {
    done(error as Error, undefined);
    return;
  }
  done(undefined, value);
}

interface AsyncContextFrame {
  getContinuationPreservedEmbedderData(): unknown;
  setContinuationPreservedEmbedderData(frame: unknown): void;
}

/** Nobody has a context before the binding is loaded. */
function asyncFrame({ library }: CoreContext): AsyncContextFrame | undefined {
  return library.isLoaded('isotherm/bindings/async')
    ? (library.internalBinding('async_context_frame') as AsyncContextFrame)
    : undefined;
}

interface UtilModule {
  lazyDOMException(message: string, options: object): Error;
}

interface CryptoUtilModule {
  resolveWebCryptoResult(resolve: (value: unknown) => void, value: unknown): void;
}

/** The one error that Web Crypto has for what the native code finds wrong. */
function operationError({ library }: CoreContext, cause: Error): Error {
  return library
    .require<UtilModule>('internal/util')
    .lazyDOMException('The operation failed for an operation-specific reason', {
      __proto__: null,
      name: 'OperationError',
      cause,
    });
}

/** A `then` that the user gave to all objects must not see the result. */
function resolveShielded({ library }: CoreContext, resolve: (value: unknown) => void, value: unknown): void {
  library.require<CryptoUtilModule>('internal/crypto/util').resolveWebCryptoResult(resolve, value);
}
