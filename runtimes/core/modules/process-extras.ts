/** Methods of `process` that few functions call, loaded when one of them is. */
import type { CoreContext } from '../context.ts';
import { refuses } from './refusal.ts';

const { ArrayPrototypePush, ObjectKeys, ObjectPrototypeHasOwnProperty, ReflectApply } = primordials;

type ErrorClass = new (...args: unknown[]) => Error;

interface ErrorsModule {
  readonly codes: Readonly<Record<'ERR_INVALID_ARG_TYPE' | 'ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET', ErrorClass>>;
}

interface PerThread {
  readonly ref: (value: unknown) => void;
  readonly unref: (value: unknown) => void;
}

interface FsModule {
  readFileSync(path: unknown, encoding: string): string;
}

export function createProcessExtras(context: CoreContext): Record<string, unknown> {
  const { library } = context;
  let capture: ((error: unknown) => void) | null = null;
  let original: ((error: unknown) => void) | undefined;
  return {
    hasUncaughtExceptionCaptureCallback: () => capture !== null,
    setUncaughtExceptionCaptureCallback(callback: ((error: unknown) => void) | null) {
      const { codes } = library.require<ErrorsModule>('internal/errors');
      if (callback === null) {
        capture = null;
        return;
      }
      if (typeof callback !== 'function') {
        throw new codes.ERR_INVALID_ARG_TYPE('fn', ['Function', 'null'], callback);
      }
      if (capture !== null) throw new codes.ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET();
      capture = callback;
      if (original !== undefined) return;
      const before = context.uncaughtException;
      original = before;
      context.uncaughtException = (error) => {
        if (capture === null) before(error);
        else ReflectApply(capture as never, context.process, [error]);
      };
    },
    loadEnvFile(path: unknown = '.env') {
      const { readFileSync } = library.require<FsModule>('fs');
      const { parseEnv } = library.internalBinding('util') as { parseEnv(text: string): Record<string, string> };
      const { getValidatedPath } = library.require<{ getValidatedPath(path: unknown, name: string): unknown }>(
        'internal/fs/utils',
      );
      const found = parseEnv(readFileSync(getValidatedPath(path, 'path'), 'utf8'));
      const names = ObjectKeys(found);
      const { env } = context.process;
      for (let at = 0; at < names.length; at++) {
        const name = names[at] ?? '';
        // What the environment says already goes before the file.
        if (!ObjectPrototypeHasOwnProperty(env, name)) env[name] = found[name];
      }
    },
    getActiveResourcesInfo() {
      const active: string[] = [];
      const { loop } = context;
      for (let at = 0; at < (loop.timeoutInfo[0] ?? 0); at++) ArrayPrototypePush(active, 'Timeout');
      for (let at = 0; at < (loop.immediateInfo[immediateReferenced] ?? 0); at++)
        ArrayPrototypePush(active, 'Immediate');
      return active;
    },
    get ref() {
      return library.require<PerThread>('internal/process/per_thread').ref;
    },
    get unref() {
      return library.require<PerThread>('internal/process/per_thread').unref;
    },
    get finalization() {
      const { createFinalization } = library.require<{ createFinalization(): object }>('internal/process/finalization');
      return createFinalization();
    },
    get report() {
      return createReport();
    },
  };
}

/** As in Node's `env.h`. */
const immediateReferenced = 1;

/** A report tells about the host. Its settings can be read, and it is never written. */
function createReport(): object {
  return {
    writeReport: refuses('process.report.writeReport', 'writeReport'),
    getReport: refuses('process.report.getReport', 'getReport'),
    directory: '',
    filename: '',
    compact: false,
    excludeNetwork: true,
    signal: 'SIGUSR2',
    reportOnFatalError: false,
    reportOnSignal: false,
    reportOnUncaughtException: false,
    excludeEnv: true,
  };
}
