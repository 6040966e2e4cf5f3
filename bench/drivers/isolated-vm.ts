/** isolated-vm as its README shows it: an isolate and a context in the process that calls, and nothing around them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type ivm from 'isolated-vm';
import type { Driver } from './driver.ts';
import { defaultTimeoutMs, noProcess, noRegistry, peerOfEnvironments } from './environments.ts';

export const memoryMiB = 128;

/** Behind a function: only processes started with `--no-node-snapshot` may load it. */
export async function loadIsolatedVm(): Promise<typeof ivm> {
  return (await import('isolated-vm')).default;
}

export function isolatedVmVersion(): string {
  const manifest = createRequire(import.meta.url).resolve('isolated-vm/package.json');
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

export const isolatedVm: Driver = {
  name: 'isolated-vm',
  about: 'an isolate and a context in the calling process, without any runtime',
  version: isolatedVmVersion,
  lacks: {
    http: 'it is a library',
    modules: "it has none of Node's modules",
    files: 'it has no files',
    registry: noRegistry,
    process: noProcess,
  },
  async open(openOptions) {
    const { Isolate } = await loadIsolatedVm();
    return peerOfEnvironments(async ({ source, timeoutMs = defaultTimeoutMs }, phase) => {
      const isolate = new Isolate({ memoryLimit: memoryMiB });
      phase('isolate');
      const context = await isolate.createContext();
      phase('context');
      const compiled = await isolate.compileScript(
        `(() => { const exports = {}; ${source}\nreturn async (payload) => JSON.stringify(await exports.handler(JSON.parse(payload))); })()`,
      );
      const run = await compiled.run(context, { reference: true, timeout: timeoutMs });
      phase('init');
      const options = { timeout: timeoutMs, result: { copy: true, promise: true } } as const;
      return {
        call: async (payload) => String(await run.apply(undefined, [payload], options)),
        close: () => isolate.dispose(),
      };
    }, openOptions);
  },
};
