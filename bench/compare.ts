/**
 * Compares two revisions of isotherm, for its developers: both are measured in turns, in rounds whose order is shuffled, each time in
 * processes of their own, and each measure gets a verdict.
 *   npm run bench:compare -- main .                 the commit that main is at, and the files as they are
 *   npm run bench:compare -- v0.1.0 main --scenario cold,warm --rounds 20
 * Exit status: 0 nothing got worse, 1 something did, 2 usage, 3 a revision could not be measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { systemClock } from '../src/base/clock.ts';
import { errorMessage } from '../src/base/error-text.ts';
import { UsageError } from '../src/cli/exit-status.ts';
import { integerOption } from '../src/cli/options.ts';
import { type Checkout, checkOut } from './compare/checkout.ts';
import { comparisonText } from './compare/comparison-text.ts';
import { type Measure, measures, type ScenarioName, scenarioNames } from './compare/measures.ts';
import { runToEnd } from './compare/run-to-end.ts';
import { judge, roundsMin } from './compare/verdict.ts';
import { seededRandom } from './random.ts';
import { createProgress } from './report/progress.ts';

const usage =
  'usage: npm run bench:compare -- REVISION_A REVISION_B [--scenario cold,warm,memory] [--rounds 12] [--seed 1]';
const roundsMax = 200;
const repository = fileURLToPath(new URL('..', import.meta.url));
const measurer = fileURLToPath(new URL('compare/measure.ts', import.meta.url));

interface Plan {
  readonly revisions: readonly [string, string];
  readonly scenarios: readonly ScenarioName[];
  readonly measures: readonly Measure[];
  readonly rounds: number;
  readonly seed: number;
}

type Figures = Readonly<Record<string, number>>;

function planFrom(args: readonly string[]): Plan {
  const { values, positionals } = parse(args);
  const [a, b, ...more] = positionals;
  if (a === undefined || b === undefined || more.length > 0) throw new UsageError(usage);
  const names = values.scenario.split(',');
  const unknown = names.find((name) => !scenarioNames.some((each) => each === name));
  if (unknown !== undefined) {
    throw new UsageError(`--scenario must name some of ${scenarioNames.join(', ')}, got ${JSON.stringify(unknown)}`);
  }
  const scenarios = scenarioNames.filter((name) => names.includes(name));
  const chosen = measures.filter(({ scenario }) => scenarios.includes(scenario));
  return {
    revisions: [a, b],
    scenarios,
    measures: chosen,
    rounds: integerOption('--rounds', values.rounds, roundsMin(chosen.length), roundsMax),
    seed: integerOption('--seed', values.seed, 0, 2 ** 32 - 1),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        scenario: { type: 'string', default: scenarioNames.join(',') },
        rounds: { type: 'string', default: '12' },
        seed: { type: 'string', default: '1' },
      },
    });
  } catch (error) {
    // parseArgs throws for what it does not know, and says which.
    throw new UsageError(`${errorMessage(error)}\n${usage}`);
  }
}

async function compare(plan: Plan, signal: AbortSignal): Promise<number> {
  using stack = new DisposableStack();
  const temporary = mkdtempSync(join(tmpdir(), 'isotherm-compare-'));
  stack.defer(() => rmSync(temporary, { recursive: true, force: true }));
  const sides: Checkout[] = [];
  for (const [at, revision] of plan.revisions.entries()) {
    const directory = join(temporary, at === 0 ? 'a' : 'b');
    sides.push(stack.use(await checkOut({ repository, revision, directory, signal })));
  }
  const [a, b] = sides as [Checkout, Checkout];
  process.stdout.write(`A  ${a.title}\nB  ${b.title}\n${plan.rounds} rounds, seed ${plan.seed}\n\n`);

  const pairs = await measureInTurns(a, b, plan, signal);
  const judged = plan.measures.map(({ name, title, unit }) => {
    const rounds = pairs.map((pair) => ({ a: pair.a[name] ?? Number.NaN, b: pair.b[name] ?? Number.NaN }));
    return { title, unit, rounds, verdict: judge(rounds, plan.measures.length) };
  });
  process.stdout.write(`${comparisonText(judged)}\n`);
  return judged.some(({ verdict }) => verdict.kind === 'worse') ? 1 : 0;
}

async function measureInTurns(
  a: Checkout,
  b: Checkout,
  { scenarios, rounds, seed }: Plan,
  signal: AbortSignal,
): Promise<readonly { readonly a: Figures; readonly b: Figures }[]> {
  const random = seededRandom(seed);
  using progress = createProgress(process.stderr, () => systemClock.nowMs());
  const total = (rounds + 1) * 2;
  let done = 0;
  const measured = async (side: Checkout, round: number): Promise<Figures> => {
    const what = round === 0 ? 'builds the runtime and fills caches' : `round ${round} of ${rounds}`;
    progress.report(done, total, `${side.name}: ${what}`);
    const figures = await measure(side, scenarios, signal);
    done += 1;
    return figures;
  };
  const pairs = [];
  for (let round = 0; round <= rounds; round += 1) {
    const isAFirst = random() < 0.5;
    const first = await measured(isAFirst ? a : b, round);
    const second = await measured(isAFirst ? b : a, round);
    // The first round is not measured: it pays for what is built once.
    if (round > 0) pairs.push(isAFirst ? { a: first, b: second } : { a: second, b: first });
  }
  return pairs;
}

async function measure({ directory, title }: Checkout, scenarios: readonly ScenarioName[], signal: AbortSignal) {
  const entry = join(directory, 'src', 'index.ts');
  try {
    const output = await runToEnd(process.execPath, [measurer, entry, scenarios.join(',')], { cwd: directory, signal });
    return z.record(z.string(), z.number()).parse(JSON.parse(output));
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`${title} cannot be measured: ${errorMessage(error)}`, { cause: error });
  }
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort(name));
try {
  process.exitCode = await compare(planFrom(process.argv.slice(2)), interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) {
    // Everything is put away by now, so the signal may have its usual effect.
    process.kill(process.pid, interrupted.signal.reason);
  } else {
    process.stderr.write(`isotherm: ${errorMessage(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 3;
  }
}
