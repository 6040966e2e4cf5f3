/**
 * What watches files: `internalBinding('fs_event_wrap')` and the StatWatcher of `internalBinding('fs')`. Only the function itself can
 * change its `/tmp`, and it does not run between invocations, so there is nothing to watch: both refuse.
 */
import type { FsDependencies } from './dependencies.ts';

interface ErrorsModule {
  readonly codes: { readonly ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: new (feature: string) => Error };
}

export function createFsWatchers(dependencies: FsDependencies) {
  function refuse(feature: string): never {
    const { codes } = dependencies.requireBuiltin('internal/errors') as ErrorsModule;
    throw new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(feature);
  }

  return {
    FSEvent: class FSEvent {
      readonly initialized = false;
      start(): never {
        return refuse('fs.watch');
      }
      close(): void {}
      getAsyncId(): number {
        return 0;
      }
    },
    StatWatcher: class StatWatcher {
      start(): never {
        return refuse('fs.watchFile');
      }
      close(): void {}
      getAsyncId(): number {
        return 0;
      }
    },
  };
}
