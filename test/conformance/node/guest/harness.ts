/**
 * The function that runs one file of Node's tests: as the main module, until the event loop is empty. It never answers; Node's own
 * end of a process (`beforeExit`, `exit`, the exit status) is the result.
 */
import { createRequire } from 'node:module';

interface TestEvent {
  readonly file: string;
  /** An ES module, bundled: the script's value takes what Node gives to a module. */
  readonly script?: string;
}

type Load = (
  exports: object,
  require: unknown,
  module: object,
  file: string,
  directory: string,
  meta: object,
) => unknown;

export function handler({ file, script }: TestEvent): Promise<never> {
  process.argv[1] = file;
  // Lambda's runtime adds globals of its own, and Node's tests look for those that nobody knows.
  for (const name of ['awslambda']) Object.defineProperty(globalThis, name, { enumerable: false });
  const rethrow = (error: unknown): void =>
    process.nextTick(() => {
      throw error;
    });
  try {
    if (script === undefined) createRequire(file)(file);
    else Promise.resolve(evaluate(file, script)).catch(rethrow);
  } catch (error) {
    // A handler that throws has an answer; a main module that throws ends the process.
    rethrow(error);
  }
  return new Promise(() => {});
}

function evaluate(file: string, script: string): unknown {
  // biome-ignore lint/security/noGlobalEval: the harness evaluates what it was sent
  const load = globalThis.eval(`${script}\n//# sourceURL=${file}`) as Load;
  const directory = file.slice(0, file.lastIndexOf('/'));
  const meta = { dirname: directory, filename: file, url: `file://${file}`, main: true };
  return load({}, createRequire(file), { exports: {} }, file, directory, meta);
}
