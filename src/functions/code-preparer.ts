/**
 * Turns a package, a handler and a runtime into what a sandbox runs, once: the result lies beside the package and is found
 * there the next time, also after a restart. Few at a time, each within a time limit.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Clock } from '../base/clock.ts';
import type { EntryPoint } from '../bridge/contract.ts';
import { limits } from '../model/limits.ts';
import type { RuntimeIdentifier } from '../model/runtime-identifier.ts';
import { type AsyncFunctions, type Bundle, BundleFailedError, bundle } from './bundle.ts';
import { type CodeStore, isNotFound, writeAtomically } from './code-store.ts';
import { EsbuildEndedError, endService, version as esbuildVersion } from './esbuild.ts';
import { PackageReader } from './package-reader.ts';
import type { CodePack } from './prepared-code.ts';
import { resolveHandler } from './resolve-handler.ts';
import type { SyntaxProblem } from './syntax-problem.ts';
import { taskRoot } from './task-files.ts';

/** Raised whenever a bundle of the same package would come out differently. */
const bundlerRevision = 4;

export interface Preparation {
  readonly entry: EntryPoint;
  readonly problem?: SyntaxProblem;
  /** Absent when the entry is an error. */
  readonly bundle?: StoredBytes;
  readonly sourceMap?: StoredBytes;
}

/** What the file beside the package says. */
type Note = Pick<Preparation, 'entry' | 'problem'>;

/** Bytes on disk, read when asked for: thousands of functions may be deployed, and few run at once. */
export class StoredBytes {
  readonly #path: string;
  #last: WeakRef<Uint8Array> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The same object as long as anybody holds it, so that who compares or shares by identity can. Synchronous: a read of the page cache. */
  read(): Uint8Array {
    const known = this.#last?.deref();
    if (known !== undefined) return known;
    const bytes = readFileSync(this.#path);
    this.#last = new WeakRef(bytes);
    return bytes;
  }
}

export class CodePreparer {
  readonly #store: CodeStore;
  readonly #clock: Clock;
  readonly #asyncFunctions: AsyncFunctions;
  readonly #limit = pLimit(limits.bundlesAtOnceMax);
  readonly #alone = pLimit(1);
  readonly #closing = new AbortController();
  /** By path: who asks for the same while it is made shares it. */
  readonly #running = new Map<string, Promise<Preparation>>();

  /** @param asyncFunctions see `BundleRequest`: what the sandboxes of this engine need */
  constructor(store: CodeStore, clock: Clock, asyncFunctions: AsyncFunctions = 'native') {
    this.#store = store;
    this.#clock = clock;
    this.#asyncFunctions = asyncFunctions;
  }

  /** @throws BundleFailedError, whose message is for the client; errors of the disk */
  async prepare(pack: CodePack, handler: string, runtime: RuntimeIdentifier): Promise<Preparation> {
    const stem = this.#stem(pack, handler, runtime);
    const known = this.#running.get(stem);
    if (known !== undefined) return await known;
    const running = this.#prepareAnew(stem, pack, handler, runtime);
    this.#running.set(stem, running);
    try {
      return await running;
    } finally {
      this.#running.delete(stem);
    }
  }

  /** What an earlier run left beside the package, or undefined. At once: it is a small file, and invocations ask. */
  prepared(pack: CodePack, handler: string, runtime: RuntimeIdentifier): Preparation | undefined {
    return stored(this.#stem(pack, handler, runtime));
  }

  /** Stops what is running; it rejects. */
  close(): void {
    this.#closing.abort(new BundleFailedError('the engine was closed'));
  }

  #stem(pack: CodePack, handler: string, runtime: RuntimeIdentifier): string {
    // What another engine prepared, on this machine with a compiler or without, is another bundle.
    const identity = [bundlerRevision, esbuildVersion, handler, runtime, this.#asyncFunctions];
    const key = createHash('sha256').update(JSON.stringify(identity));
    return join(this.#store.folder(pack.codeSha256), 'bundles', key.digest('hex').slice(0, 32));
  }

  async #prepareAnew(stem: string, pack: CodePack, handler: string, runtime: RuntimeIdentifier): Promise<Preparation> {
    const earlier = stored(stem);
    if (earlier !== undefined) return earlier;
    const prepare = async (): Promise<Preparation> => {
      const { note, made } = await this.#bundled(pack, handler, runtime);
      await mkdir(join(stem, '..'), { recursive: true, mode: 0o700 });
      if (made !== undefined) {
        await writeAtomically(`${stem}.js`, made.script);
        await writeAtomically(`${stem}.map`, made.sourceMap);
      }
      // Last: where the note is, everything is.
      await writeAtomically(`${stem}.json`, JSON.stringify(note));
      return fromNote(stem, note);
    };
    try {
      return await this.#limit(prepare);
    } catch (error) {
      if (!(error instanceof EsbuildEndedError)) throw error;
    }
    // Any of those that ran together may be why. Tried again with nothing beside it, only the guilty one fails again.
    try {
      return await this.#byItself(prepare);
    } catch (error) {
      throw error instanceof EsbuildEndedError ? new BundleFailedError(error.message, { cause: error }) : error;
    }
  }

  async #bundled(
    pack: CodePack,
    handler: string,
    runtime: RuntimeIdentifier,
  ): Promise<{ readonly note: Note; readonly made?: Extract<Bundle, { kind: 'bundle' }> }> {
    await using reader = await PackageReader.open(pack);
    const resolved = resolveHandler(reader.files, handler, runtime);
    if (resolved.kind === 'error') return { note: { entry: resolved } };
    const { file, exportPath } = resolved;
    const made = await this.#inTime((signal) =>
      bundle({ reader, entry: file, runtime, asyncFunctions: this.#asyncFunctions, signal }),
    );
    if (made.kind === 'error') {
      return { note: { entry: made.error, ...(made.problem === undefined ? {} : { problem: made.problem }) } };
    }
    const { format, builtins } = made;
    const importsLate = /\bimport\s*\(/.test(made.script);
    const entry = { kind: 'bundle', format, file, exportPath, builtins, ...(importsLate && { importsLate }) } as const;
    return { note: { entry }, made };
  }

  /** Takes all places of those that run side by side, and runs in one of them. */
  async #byItself<Result>(run: () => Promise<Result>): Promise<Result> {
    return await this.#alone(async () => {
      const over = Promise.withResolvers<void>();
      const places = Array.from({ length: limits.bundlesAtOnceMax }, () => Promise.withResolvers<void>());
      const held = places.map(({ resolve }) =>
        this.#limit(() => {
          resolve();
          return over.promise;
        }),
      );
      try {
        await Promise.all(places.map(({ promise }) => promise));
        return await run();
      } finally {
        over.resolve();
        await Promise.all(held);
      }
    });
  }

  async #inTime(run: (signal: AbortSignal) => Promise<Bundle>): Promise<Bundle> {
    const late = new AbortController();
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    signal.throwIfAborted();
    using _timer = this.#clock.after(limits.bundleTimeoutMs, () =>
      late.abort(
        new BundleFailedError(
          `bundling ${taskRoot} took longer than ${limits.bundleTimeoutMs} ms (bundleTimeoutMs), so it was stopped`,
        ),
      ),
    );
    using ends = new DisposableStack();
    // esbuild hears of the signal, too, but looks up only between two files.
    const onAbort = (): void => {
      ends.use(this.#clock.after(limits.bundlerStopMsMax, () => endService('esbuild did not stop in time')));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await run(signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
      // However it ended then: it was given up.
      signal.throwIfAborted();
    }
  }
}

function stored(stem: string): Preparation | undefined {
  try {
    // Our own file, written whole or not at all, under a name that changes with its format.
    return fromNote(stem, JSON.parse(readFileSync(`${stem}.json`, 'utf8')) as Note);
  } catch (error) {
    if (isNotFound(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fromNote(stem: string, note: Note): Preparation {
  if (note.entry.kind === 'error') return note;
  return { ...note, bundle: new StoredBytes(`${stem}.js`), sourceMap: new StoredBytes(`${stem}.map`) };
}
