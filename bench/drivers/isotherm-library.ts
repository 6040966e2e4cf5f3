/** isotherm inside the process that calls it, with the options it has when one gives none, save for what a scenario asks of every peer. */
import pLimit from 'p-limit';
import type { InvocationReport } from '../../src/model/invocation.ts';
import { isothermVersion } from '../isotherm-package.ts';
import type { Phase } from '../measure.ts';
import type { Driver, OpenOptions } from './driver.ts';
import { deploysAtOnce, engineLimits } from './engine-limits.ts';
import { zipOf } from './zip.ts';

const runtime = 'nodejs22.x';

export const isothermLibrary: Driver = {
  name: 'isotherm',
  about: 'an isolate with the whole runtime, in a jailed process of its own, called through the library',
  version: () => isothermVersion,
  lacks: { http: 'it is a library' },
  async open({ environments, idleMs }: OpenOptions) {
    // Only here: the processes of other peers import this file too, and need not read a whole engine.
    const { createEngine } = await import('../../src/index.ts');
    const engine = await createEngine({ limits: engineLimits(environments, idleMs) });
    return {
      async deploy(functions) {
        await pLimit(deploysAtOnce).map(functions, async ({ name, source, timeoutMs }) => {
          const timeout = timeoutMs === undefined ? {} : { timeout: timeoutMs / 1000 };
          // As a zip, like over HTTP: the text of a source has a limit that large bundles are over.
          const code = { zipFile: await zipOf(source) };
          await engine.createFunction({ functionName: name, runtime, handler: 'index.handler', code, ...timeout });
        });
      },
      async call(functionName, payload) {
        const result = await engine.invoke({ functionName, payload });
        const text = Buffer.from(
          result.payload.buffer,
          result.payload.byteOffset,
          result.payload.byteLength,
        ).toString();
        if (result.functionError !== undefined) throw new Error(text);
        const isCold = result.report?.coldStart === true;
        return isCold && result.report
          ? { payload: text, isCold, phases: coldPhases(result.report) }
          : { payload: text, isCold };
      },
      remove: (name) => engine.deleteFunction(name),
      async kill() {
        // Whichever holds the function: all that hold anything.
        for (const { pid, environments } of engine.stats().sandboxes)
          if (environments > 0) process.kill(pid, 'SIGKILL');
      },
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    };
  },
};

/** In the order in which they happen. What comes after the answer is left out: the caller does not wait for it. */
function coldPhases({ phases }: InvocationReport): Phase[] {
  return [
    { name: 'queue', ms: phases.queuedMs + phases.placedMs },
    { name: 'sandbox', ms: phases.sandboxMs },
    { name: 'isolate', ms: phases.isolateMs ?? 0 },
    { name: 'init', ms: phases.initMs ?? 0 },
    { name: 'handler', ms: phases.handlerMs },
  ];
}
