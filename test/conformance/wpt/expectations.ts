/**
 * Subtests that are known to fail, by file, with the cause. Where a file has many, their number stands for their names: a list of
 * hundreds says no more.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SpecResult } from './run.ts';

export interface Expectation {
  readonly cause: string;
  readonly subtests: readonly string[] | number;
  /** How many fail differs from run to run. */
  readonly sometimes?: true;
}
export type Expectations = Readonly<Record<string, Expectation>>;

const namesMax = 20;

export function readExpectations(version: string): Expectations {
  const path = pathOf(version);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Expectations) : {};
}

export function deviations(results: readonly SpecResult[], expected: Expectations): string[] {
  return results.flatMap((result) => {
    const { name } = result.spec;
    const known = expected[name];
    if (known?.sometimes === true) return [];
    const found = failing(result);
    if (JSON.stringify(known?.subtests ?? []) === JSON.stringify(found)) return [];
    const messages = result.failed.slice(0, 5).map((subtest) => `${subtest.name}: ${subtest.message}`);
    return [
      `${name}: expected to fail ${JSON.stringify(known?.subtests ?? [])}, did ${JSON.stringify(found)} (${messages.join('; ')})`,
    ];
  });
}

/** Causes of files that are on the list stay. */
export async function writeExpectations(
  version: string,
  results: readonly SpecResult[],
  explain: (result: SpecResult) => Promise<string>,
): Promise<void> {
  const updated: Record<string, Expectation> = { ...readExpectations(version) };
  for (const result of results) {
    const { name } = result.spec;
    const known = updated[name];
    if (known?.sometimes === true) continue;
    const subtests = failing(result);
    if (Array.isArray(subtests) && subtests.length === 0) delete updated[name];
    else updated[name] = { cause: known?.cause ?? (await explain(result)), subtests };
  }
  const sorted = Object.fromEntries(Object.entries(updated).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(pathOf(version), `${JSON.stringify(sorted, undefined, 2)}\n`);
}

function failing({ failed }: SpecResult): Expectation['subtests'] {
  return failed.length > namesMax ? failed.length : failed.map(({ name }) => name).sort();
}

function pathOf(version: string): string {
  return fileURLToPath(new URL(`./expected/${version}.json`, import.meta.url));
}
