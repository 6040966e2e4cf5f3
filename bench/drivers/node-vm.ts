/** A context of node:vm in the calling process. Node's own documentation says that it is no security mechanism. */
import { createRequire } from 'node:module';
import { createContext, Script } from 'node:vm';
import type { Driver } from './driver.ts';
import { defaultTimeoutMs, noProcess, noRegistry, peerOfEnvironments } from './environments.ts';

export const nodeVm: Driver = {
  name: 'node:vm',
  about: 'a context of node:vm in the calling process, which isolates nothing from whoever wants out',
  version: () => process.version,
  lacks: {
    http: 'it is a library',
    registry: noRegistry,
    process: noProcess,
  },
  open: async (options) =>
    peerOfEnvironments(async ({ source, timeoutMs = defaultTimeoutMs }, phase) => {
      const shared: Record<string, unknown> = {
        require: createRequire(import.meta.url),
        process: { env: { BENCH_TMP: options.directory } },
        Buffer,
        payload: '',
      };
      const context = createContext(shared);
      phase('context');
      const script = new Script(
        `(() => { const exports = {}; ${source}\nreturn async (payload) => JSON.stringify(await exports.handler(JSON.parse(payload))); })()`,
      );
      // The time limit of node:vm holds only for a script that is being run, so each call is one.
      shared.run = script.runInContext(context, { timeout: timeoutMs });
      const invoke = new Script('run(payload)');
      phase('init');
      return {
        call(payload) {
          shared.payload = payload;
          return invoke.runInContext(context, { timeout: timeoutMs });
        },
        close() {},
      };
    }, options),
};
