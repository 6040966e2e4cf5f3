/**
 * `docs/compatibility.md`, from what runs have left: the results and expected failures of Node's own tests, of the Web Platform
 * Tests and of the package tests, and the table of modules.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { offeredModules, refusedModules } from '../../../src/bridge/node-modules.ts';
import { causes, readExpectations } from './expectations.ts';
import { byModule, percentOf } from './results.ts';
import type { FileResult } from './run.ts';

const page = fileURLToPath(new URL('../../../docs/compatibility.md', import.meta.url));
const nodeResults = fileURLToPath(new URL('./results.json', import.meta.url));
const webResults = fileURLToPath(new URL('../wpt/results.json', import.meta.url));
const packageResults = fileURLToPath(new URL('../../packages/results.json', import.meta.url));

interface NodeResults {
  readonly corpus: string;
  readonly node: string;
  /** `passed`, `failed`, or the rule by which the file does not apply. */
  readonly files: Readonly<Record<string, string>>;
}

/** What `test/packages` writes. */
interface PackageResult {
  readonly name: string;
  readonly version: string;
  readonly status: 'works' | 'partly' | 'fails';
  readonly note?: string;
}

export interface WebResults {
  readonly corpus: string;
  readonly areas: readonly {
    readonly area: string;
    readonly files: number;
    readonly passed: number;
    readonly failed: number;
    readonly notRun: number;
    readonly causes: readonly { readonly cause: string; readonly subtests: number }[];
  }[];
}

/** Files that were not run keep what an earlier run of the same version said. */
export function saveNodeResults(corpus: string, results: readonly FileResult[]): void {
  const before = existsSync(nodeResults) ? read<NodeResults>(nodeResults) : undefined;
  const files = { ...(before?.corpus === corpus ? before.files : {}) };
  for (const { name, outcome } of results) files[name] = outcome.kind === 'inapplicable' ? outcome.rule : outcome.kind;
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  const saved: NodeResults = { corpus, node: process.version, files: Object.fromEntries(sorted) };
  writeFileSync(nodeResults, `${JSON.stringify(saved, undefined, 1)}\n`);
}

export function writePage(): void {
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, `${[introduction(), nodeTests(), webTests(), packages(), modules()].join('\n\n')}\n`);
}

function introduction(): string {
  return `# What works in a guest

This page is generated (\`npm run conformance -- --tests DIR --write-docs\`) from what runs of public test suites have left; nothing
in it is written by hand. A function gets Node's own JavaScript library; what that library asks of native code is answered by
isotherm. So most of what differs is at that seam, and the lists below name it.`;
}

function nodeTests(): string {
  const { corpus, node, files } = read<NodeResults>(nodeResults);
  const results = Object.entries(files).map(([name, state]): FileResult => {
    const outcome: FileResult['outcome'] =
      state === 'passed'
        ? { kind: 'passed' }
        : state === 'failed'
          ? { kind: 'failed', status: '', output: '' }
          : { kind: 'inapplicable', rule: state };
    return { name, outcome, elapsedMs: 0 };
  });
  const counts = byModule(results);
  const rows = counts
    .filter(({ passed, failed }) => passed + failed > 0)
    .map((row) => [row.module, row.passed + row.failed, row.passed, percentOf(row), row.inapplicable]);
  const total = counts.reduce(
    (sum, { passed, failed, inapplicable }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      inapplicable: sum.inapplicable + inapplicable,
    }),
    { passed: 0, failed: 0, inapplicable: 0 },
  );
  rows.push(['all', total.passed + total.failed, total.passed, percentOf(total), total.inapplicable]);
  return `## Node's own tests

The files of \`test/parallel\` of Node ${corpus}, each as the main module of an environment of its own with 256 MiB; the library in
the guests is that of Node ${node.slice(1)}. A file passes when it ends as Node would end it: with status 0, nothing uncaught and all
expected calls made. A test file can hold a hundred checks and fails with the first.

${tableOf(['module', 'files that apply', 'pass', '%', 'do not apply'], rows)}

### Files that fail, by cause

${failures(corpus, files)}

### Files that do not apply, by rule

${inapplicable(files)}`;
}

function failures(corpus: string, files: NodeResults['files']): string {
  const expected = readExpectations(corpus);
  const failing = Object.keys(files).filter((name) => files[name] === 'failed');
  return Object.entries(causes)
    .map(([cause, meaning]) => {
      const names = failing.filter((name) => expected[name]?.cause === cause);
      if (names.length === 0) return '';
      const lines = names.map((name) => {
        const note = expected[name]?.note;
        return `- \`${name}\`${note === undefined ? '' : `: ${inline(note)}`}`;
      });
      return `**${cause}** (${names.length}). ${meaning}\n\n${lines.join('\n')}`;
    })
    .filter((section) => section !== '')
    .join('\n\n');
}

/** Each file is listed with its rule in the results beside the tests; the page has the sums. */
function inapplicable(files: NodeResults['files']): string {
  const rules = new Map<string, number>();
  for (const state of Object.values(files)) {
    if (state !== 'passed' && state !== 'failed') rules.set(state, (rules.get(state) ?? 0) + 1);
  }
  const rows = [...rules].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${tableOf(['rule', 'files'], rows)}

Which file falls under which rule: \`test/conformance/node/results.json\`. The rules: \`test/conformance/node/applicability.ts\`.`;
}

function webTests(): string {
  if (!existsSync(webResults)) return '## Web Platform Tests\n\nNot run yet.';
  const { corpus, areas } = read<WebResults>(webResults);
  const rows = areas.map((row) => [
    row.area,
    row.files,
    row.passed + row.failed,
    row.passed,
    percentOf(row),
    row.notRun,
  ]);
  const reasons = areas
    .filter(({ causes: found }) => found.length > 0)
    .map(({ area, causes: found }) => {
      const lines = found.map(({ cause, subtests }) => `- ${inline(cause)} (${subtests})`);
      return `**${area}**\n\n${lines.join('\n')}`;
    });
  return `## Web Platform Tests

The parts of the Web Platform Tests that Node ${corpus} carries, by subtest, with the harness of that project in the guest. What has no
variant for scripts outside of a page is not run.

${tableOf(['area', 'files', 'subtests', 'pass', '%', 'files not run'], rows)}

### Subtests that fail, by cause

${reasons.join('\n\n')}`;
}

function packages(): string {
  if (!existsSync(packageResults)) return '## Packages\n\nNot run yet.';
  const rows = read<readonly PackageResult[]>(packageResults).map(({ name, version, status, note = '' }) => [
    name,
    version,
    status,
    inline(note),
  ]);
  return `## Packages

Each is bundled with a small function that uses it as its users do, and run.

${tableOf(['package', 'version', 'state', 'note'], rows)}`;
}

function modules(): string {
  const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  return `## Modules

Offered: ${list(offeredModules.filter((id) => !(refusedModules as readonly string[]).includes(id)))}.

Can be loaded and not used: ${list(refusedModules)}. They have Node's names and constants, so a package that loads one for a feature that
is not asked for works. Each of their functions throws an \`Error\` with the code \`ERR_FEATURE_UNAVAILABLE_ON_PLATFORM\` and a message like
\`child_process.spawn() is not offered by isotherm\`; so do \`new Worker()\` of worker_threads, other contexts and time limits of vm, and V8's
flags, snapshots and profiles.`;
}

function tableOf(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text of guests and tests, in one line of Markdown. */
function inline(text: string): string {
  return text.replace(/[\n|]+/g, ' ').replace(/[<>`*_]/g, (character) => `\\${character}`);
}

function read<Content>(path: string): Content {
  return JSON.parse(readFileSync(path, 'utf8')) as Content;
}
