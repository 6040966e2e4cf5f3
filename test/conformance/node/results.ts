/** What a run says about each file, and the same by module. */
import { applicability } from './applicability.ts';
import { type Corpus, readTests, type TestFile } from './corpus.ts';
import { moduleOf } from './modules.ts';
import type { FileResult } from './run.ts';

/** Sorts out what cannot say anything about a guest; `results` has those already. */
export function selectTests(
  corpus: Corpus,
  isWanted: (name: string) => boolean,
): { readonly applicable: TestFile[]; readonly results: FileResult[] } {
  const applicable: TestFile[] = [];
  const results: FileResult[] = [];
  for (const test of readTests(corpus, isWanted)) {
    const outcome = applicability(test);
    if (outcome.kind === 'applicable') applicable.push(test);
    else results.push({ name: test.name, outcome, elapsedMs: 0 });
  }
  return { applicable, results };
}

export interface ModuleCount {
  readonly module: string;
  readonly passed: number;
  readonly failed: number;
  readonly inapplicable: number;
}

export function byModule(results: readonly FileResult[]): ModuleCount[] {
  const groups = Map.groupBy(results, ({ name }) => moduleOf(name));
  return [...groups]
    .map(([module, files]) => {
      const count = (kind: FileResult['outcome']['kind']) =>
        files.filter(({ outcome }) => outcome.kind === kind).length;
      return { module, passed: count('passed'), failed: count('failed'), inapplicable: count('inapplicable') };
    })
    .sort((a, b) => (a.module < b.module ? -1 : 1));
}

export function percentOf({ passed, failed }: Pick<ModuleCount, 'passed' | 'failed'>): string {
  return passed + failed === 0 ? '–' : `${((100 * passed) / (passed + failed)).toFixed(1)} %`;
}

export function summary(results: readonly FileResult[]): string {
  const rows = byModule(results).map((row) => {
    const { module, passed, failed, inapplicable } = row;
    return `${module.padEnd(24)} ${passed} of ${passed + failed} (${percentOf(row)}), ${inapplicable} do not apply`;
  });
  return rows.join('\n');
}
