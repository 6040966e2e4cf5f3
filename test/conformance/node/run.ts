/**
 * Runs test files, each in an environment of its own, through the engine as a client would: the exit status is read from what
 * Lambda answers when a runtime ends. A file that hangs, or costs its sandbox the life, is a failed file and nothing more.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../src/functions/bundle.ts';
import { PackageReader } from '../../../src/functions/package-reader.ts';
import { createEngine, type Engine, type PlatformEvent } from '../../../src/index.ts';
import { ownSkipRule } from './applicability.ts';
import type { Corpus, TestFile } from './corpus.ts';
import { guestRoot, writePackage } from './package.ts';

export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly status: string; readonly output: string }
  /** Ended by itself without checking anything. */
  | { readonly kind: 'inapplicable'; readonly rule: string };

export interface FileResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly elapsedMs: number;
}

export interface RunOptions {
  readonly corpus: Corpus;
  readonly tests: readonly TestFile[];
  readonly jobs: number;
  readonly timeoutSeconds: number;
  readonly onResult: (result: FileResult) => void;
}

export const memorySizeMiB = 256;
const runtime = 'nodejs24.x';
/** Beside the 256 MiB of the function, what the guest prints is kept to this length. */
const outputCharsMax = 16_384;

export async function runTests({ corpus, tests, jobs, timeoutSeconds, onResult }: RunOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'isotherm-conformance-'));
  try {
    await writePackage(corpus, tests, folder);
    const waiting = [...tests];
    const lane = async (number: number): Promise<void> => {
      await using runner = await Lane.open(folder, number, timeoutSeconds);
      for (let test = waiting.shift(); test !== undefined; test = waiting.shift()) {
        const beganMs = performance.now();
        const outcome = await runner.run(test);
        onResult({ name: test.name, outcome, elapsedMs: performance.now() - beganMs });
      }
    };
    await Promise.all(Array.from({ length: jobs }, (_, number) => lane(number)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One engine, and in it one sandbox at a time: what a file does to its sandbox is no other file's failure. */
class Lane implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #functionName: string;
  readonly #reader: PackageReader;
  readonly #output: string[];

  private constructor(engine: Engine, functionName: string, reader: PackageReader, output: string[]) {
    this.#engine = engine;
    this.#functionName = functionName;
    this.#reader = reader;
    this.#output = output;
  }

  static async open(folder: string, number: number, timeoutSeconds: number): Promise<Lane> {
    const output: string[] = [];
    const observe = (event: PlatformEvent): void => {
      if (event.type === 'function') output.push(event.text);
      if (event.type === 'sandbox.exited' && !event.wanted) output.push(`sandbox: ${event.cause}\n`);
    };
    const engine = await createEngine({ observe, limits: { queueMs: 30_000 } });
    const functionName = `conformance-${number}`;
    await engine.createFunction({
      functionName,
      runtime,
      handler: 'index.handler',
      code: { directory: folder },
      memorySize: memorySizeMiB,
      timeout: timeoutSeconds,
      environment: { NODE_SKIP_FLAG_CHECK: '1', NODE_TEST_DIR: '/tmp' },
    });
    const { code } = engine.functions.resolve({ functionName, qualifier: '$LATEST', qualified: false });
    return new Lane(engine, functionName, await PackageReader.open(code.pack), output);
  }

  async run({ name }: TestFile): Promise<Outcome> {
    this.#output.length = 0;
    const file = `${guestRoot}/parallel/${name}`;
    try {
      const payload = JSON.stringify({ file, ...(name.endsWith('.mjs') ? { script: await this.#script(file) } : {}) });
      const { payload: answer } = await this.#engine.invoke({ functionName: this.#functionName, payload });
      return this.#outcome(Buffer.from(answer).toString());
    } catch (error) {
      // The sandbox is gone, does not start for now, or the module has no bundle.
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', status: 'not run', output: `${message}\n${this.#printed()}` };
    }
  }

  #outcome(answer: string): Outcome {
    const output = this.#printed();
    const { errorMessage = '', errorType = '' } = JSON.parse(answer) as { errorMessage?: string; errorType?: string };
    if (errorMessage.endsWith('Runtime exited without providing a reason')) {
      const reason = /(?:^|\t|\n)1\.\.0 # Skipped: (.*)/.exec(output)?.[1];
      if (reason === undefined) return { kind: 'passed' };
      const rule = ownSkipRule(reason);
      return rule === undefined
        ? { kind: 'failed', status: `skips itself: ${reason}`, output }
        : { kind: 'inapplicable', rule };
    }
    const status = /exit status (\d+)$/.exec(errorMessage)?.[1];
    return {
      kind: 'failed',
      status: status === undefined ? `${errorType}: ${errorMessage.replace(/^RequestId: \S+ /, '')}` : `exit ${status}`,
      output,
    };
  }

  /** An ES module as the product itself would bundle it. */
  async #script(file: string): Promise<string> {
    const bundled = await bundle({ reader: this.#reader, entry: file, runtime });
    if (bundled.kind === 'error') throw new Error(`cannot be bundled: ${bundled.error.errorMessage}`);
    return bundled.script;
  }

  #printed(): string {
    return this.#output.join('').slice(-outputCharsMax);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
    await this.#engine.close();
  }
}
