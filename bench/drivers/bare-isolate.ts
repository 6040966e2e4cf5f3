/** The least that a cold start in V8 can be: an isolate and a context, in which nothing runs. */

import type { Driver } from './driver.ts';
import { isolatedVmVersion, loadIsolatedVm, memoryMiB } from './isolated-vm.ts';

export const bareIsolate: Driver = {
  name: 'bare isolate',
  about: 'an isolate and a context made by isolated-vm in the calling process; no function is run in it',
  version: isolatedVmVersion,
  isFloor: true,
  lacks: {},
  async open() {
    const { Isolate } = await loadIsolatedVm();
    const held = new Map<string, InstanceType<typeof Isolate>>();
    return {
      async deploy() {},
      async call(name) {
        const isolate = new Isolate({ memoryLimit: memoryMiB });
        isolate.createContextSync();
        held.set(name, isolate);
        return { isCold: true };
      },
      async remove(name) {
        held.get(name)?.dispose();
        held.delete(name);
      },
      async [Symbol.asyncDispose]() {
        for (const isolate of held.values()) isolate.dispose();
      },
    };
  },
};
