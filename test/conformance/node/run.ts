/**
 * Runs test files, each in an environment of its own, through the engine as a client would: the exit status is read from what
 * Lambda answers when a runtime ends. A file that hangs, or costs its sandbox the life, is a failed file and nothing more.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../src/functions/bundle.ts';
import { PackageReader } from '../../../src/functions/package-reader.ts';
import { ownSkipRule } from './applicability.ts';
import { type Corpus, type TestFile, testEnvironment } from './corpus.ts';
import { GuestLane, type LaneOptions, runtime } from './lane.ts';
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
  /** A failure that is not expected is tried once more, alone: the machine may have been busy. */
  readonly isExpected: (name: string) => boolean;
  readonly onResult: (result: FileResult) => void;
}

/** What a file prints is kept to its end. */
const outputCharsMax = 16_384;

export async function runTests(options: RunOptions): Promise<void> {
  const { corpus, tests, jobs, timeoutSeconds, isExpected, onResult } = options;
  const folder = await mkdtemp(join(tmpdir(), 'isotherm-conformance-'));
  try {
    await writePackage(corpus, tests, folder);
    const waiting = [...tests];
    const again: TestFile[] = [];
    const lane = async (round: 'first' | 'second'): Promise<void> => {
      await using runner = await TestLane.open({
        folder,
        environment: { ...testEnvironment(corpus), NODE_TEST_DIR: '/tmp' },
        timeoutSeconds,
      });
      for (let test = waiting.shift(); test !== undefined; test = waiting.shift()) {
        const { name } = test;
        const beganMs = performance.now();
        const outcome = await runner.run(test);
        const elapsedMs = performance.now() - beganMs;
        const isWorthAnother = outcome.kind === 'failed' && !outcome.status.startsWith('Sandbox.Timedout');
        if (round === 'first' && isWorthAnother && !isExpected(name)) again.push(test);
        else onResult({ name, outcome, elapsedMs });
      }
    };
    await Promise.all(Array.from({ length: jobs }, () => lane('first')));
    if (again.length === 0) return;
    waiting.push(...again);
    await lane('second');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A lane of guests, and what the outcome of a file is. */
class TestLane implements AsyncDisposable {
  readonly #lane: GuestLane;
  readonly #reader: PackageReader;

  private constructor(lane: GuestLane, reader: PackageReader) {
    this.#lane = lane;
    this.#reader = reader;
  }

  static async open(options: LaneOptions): Promise<TestLane> {
    const lane = await GuestLane.open(options);
    return new TestLane(lane, await PackageReader.open(lane.pack));
  }

  async run({ name }: TestFile): Promise<Outcome> {
    const file = `${guestRoot}/parallel/${name}`;
    try {
      const script = name.endsWith('.mjs') ? { script: await this.#script(file) } : {};
      const { answer, output } = await this.#lane.invoke({ file, ...script });
      return outcomeOf(answer, output.slice(-outputCharsMax));
    } catch (error) {
      // The module has no bundle.
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', status: 'not run', output: message };
    }
  }

  /** An ES module as the product itself would bundle it. */
  async #script(file: string): Promise<string> {
    const bundled = await bundle({ reader: this.#reader, entry: file, runtime });
    if (bundled.kind === 'error') throw new Error(`cannot be bundled: ${bundled.error.errorMessage}`);
    return bundled.script;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
    await this.#lane[Symbol.asyncDispose]();
  }
}

function outcomeOf(answer: string, output: string): Outcome {
  const { errorMessage = '', errorType = '' } = JSON.parse(answer) as { errorMessage?: string; errorType?: string };
  if (!errorMessage.endsWith('Runtime exited without providing a reason')) {
    const code = /exit status (\d+)$/.exec(errorMessage)?.[1];
    const status =
      code === undefined ? `${errorType}: ${errorMessage.replace(/^RequestId: \S+ /, '')}` : `exit ${code}`;
    return { kind: 'failed', status, output };
  }
  const reason = /(?:^|\t|\n)1\.\.0 # Skipped: (.*)/.exec(output)?.[1];
  if (reason === undefined) return { kind: 'passed' };
  const rule = ownSkipRule(reason);
  return rule === undefined
    ? { kind: 'failed', status: `skips itself: ${reason}`, output }
    : { kind: 'inapplicable', rule };
}
