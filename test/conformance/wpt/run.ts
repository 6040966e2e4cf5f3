/** Runs files of the Web Platform Tests, each in an environment of its own. A file that hangs is a failed file. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Corpus } from '../node/corpus.ts';
import { GuestLane } from '../node/lane.ts';
import { isNeeded, type Spec, wptRoot } from './specs.ts';

export interface Subtest {
  readonly name: string;
  readonly message: string;
}

export interface SpecResult {
  readonly spec: Spec;
  readonly passed: number;
  /** The file itself is a subtest when it did not come to its end. */
  readonly failed: readonly Subtest[];
}

export const wholeFile = '(the file)';

export interface RunOptions {
  readonly corpus: Corpus;
  readonly specs: readonly Spec[];
  readonly jobs: number;
  readonly timeoutSeconds: number;
  readonly onResult: (result: SpecResult) => void;
}

export async function runSpecs({ corpus, specs, jobs, timeoutSeconds, onResult }: RunOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'isotherm-wpt-'));
  try {
    const guest = fileURLToPath(new URL('./guest.ts', import.meta.url));
    await writeFile(join(folder, 'index.ts'), await readFile(guest));
    const root = wptRoot(corpus);
    await cp(root, join(folder, 'wpt'), { recursive: true, filter: (path) => isNeeded(path.slice(root.length + 1)) });
    const waiting = specs.filter(({ skip }) => skip === undefined);
    const runLane = async (): Promise<void> => {
      await using lane = await GuestLane.open({ folder, timeoutSeconds, environment: {} });
      for (let spec = waiting.shift(); spec !== undefined; spec = waiting.shift()) {
        const { scripts, search, title } = spec;
        const { answer, output } = await lane.invoke({ scripts, search, title });
        onResult({ spec, ...reportOf(answer, output) });
      }
    };
    await Promise.all(Array.from({ length: jobs }, runLane));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Report {
  readonly status: number;
  readonly message: string | null;
  readonly passed: number;
  readonly failed: readonly Subtest[];
}

export function reportOf(answer: string, output: string): Pick<SpecResult, 'passed' | 'failed'> {
  const printed = [...output.matchAll(/^\u0002(.*)$/gm)].map((line) => line[1]).join('');
  if (printed === '') {
    const { errorMessage = 'no report' } = JSON.parse(answer) as { readonly errorMessage?: string };
    const message = `${errorMessage.replace(/^RequestId: \S+ /, '')}\n${output}`.slice(0, 400);
    return { passed: 0, failed: [{ name: wholeFile, message }] };
  }
  const report = JSON.parse(printed) as Report;
  if (report.status === 0) return { passed: report.passed, failed: report.failed };
  const whole = { name: wholeFile, message: String(report.message ?? `status ${report.status}`).slice(0, 200) };
  return { passed: report.passed, failed: [...report.failed, whole] };
}
