/** quickjs-emscripten: an interpreter in WebAssembly, in the calling process. One runtime and one context for each function. */
import { importPackage, packageVersion } from '../peer-packages.ts';
import type { Driver } from './driver.ts';
import { defaultTimeoutMs, noProcess, noRegistry, peerOfEnvironments } from './environments.ts';

interface Handle {
  dispose(): void;
}

interface Context {
  evalCode(code: string): { readonly value?: Handle; readonly error?: Handle };
  unwrapResult(result: { readonly value?: Handle; readonly error?: Handle }): Handle;
  newString(text: string): Handle;
  readonly undefined: Handle;
  callFunction(run: Handle, self: Handle, argument: Handle): { readonly value?: Handle; readonly error?: Handle };
  getPromiseState(promise: Handle): { readonly type: string; readonly value?: Handle; readonly error?: Handle };
  getString(text: Handle): string;
  dump(value: Handle): unknown;
  dispose(): void;
}

interface Runtime {
  setMemoryLimit(bytes: number): void;
  setMaxStackSize(bytes: number): void;
  setInterruptHandler(handler: () => boolean): void;
  executePendingJobs(): unknown;
  newContext(): Context;
  dispose(): void;
}

export const quickjs: Driver = {
  name: 'quickjs',
  about: 'a QuickJS context in WebAssembly (quickjs-emscripten) in the calling process: an interpreter',
  version: () => packageVersion('quickjs-emscripten'),
  lacks: {
    http: 'it is a library',
    modules: "it has none of Node's modules",
    files: 'it has no files',
    registry: noRegistry,
    process: noProcess,
  },
  async open(options) {
    const { getQuickJS } = (await importPackage('quickjs-emscripten')) as {
      getQuickJS(): Promise<{ newRuntime(): Runtime }>;
    };
    // One module for all: its start is paid once, as that of any process is.
    const quickJs = await getQuickJS();
    return peerOfEnvironments(async ({ source, timeoutMs = defaultTimeoutMs }, phase) => {
      const runtime = quickJs.newRuntime();
      runtime.setMemoryLimit(128 * 1024 * 1024);
      let deadline = Number.POSITIVE_INFINITY;
      runtime.setInterruptHandler(() => performance.now() > deadline);
      phase('runtime');
      const context = runtime.newContext();
      phase('context');
      const code = `(() => { const exports = {}; ${source}\nreturn async (payload) => JSON.stringify(await exports.handler(JSON.parse(payload))); })()`;
      const run = context.unwrapResult(context.evalCode(code));
      phase('init');
      return {
        async call(payload) {
          deadline = performance.now() + timeoutMs;
          const text = context.newString(payload);
          const promise = context.unwrapResult(context.callFunction(run, context.undefined, text));
          text.dispose();
          runtime.executePendingJobs();
          const state = context.getPromiseState(promise);
          if (state.type !== 'fulfilled' || state.value === undefined) {
            throw new Error(`${state.type}: ${JSON.stringify(state.error && context.dump(state.error))}`);
          }
          const answer = context.getString(state.value);
          state.value.dispose();
          promise.dispose();
          return answer;
        },
        close() {
          run.dispose();
          context.dispose();
          runtime.dispose();
        },
      };
    }, options);
  },
};
