/** The native module for tests that are about it: they fail where it cannot be built, and say why. */
import { systemClock } from '../../src/base/clock.ts';
import { ensureNativeModule } from '../../src/supervisor/native-module.ts';
import { testCacheDirectory as cacheDirectory } from '../fixtures/jail.ts';

export async function nativeModulePath(): Promise<string> {
  const built = await ensureNativeModule({
    cacheDirectory,
    nodePath: process.execPath,
    clock: systemClock,
    onBuild: () => {},
  });
  if (built.kind === 'absent') throw new Error(`this test needs a C++ compiler and Node's headers: ${built.reason}`);
  return built.path;
}
