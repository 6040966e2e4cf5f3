/**
 * The files that are known to fail, by name and with a cause from a closed list, kept beside this file for each version of the
 * test tree. A run is compared with it: a failure that is not on the list is an error, and so is a file on it that passes.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FileResult } from './run.ts';

/** Each cause with what it means, as the page says it. */
export const causes = {
  'fails in Node 26 too':
    'The test belongs to another version of Node, or reads files that the test tree does not have; the pinned Node fails it as well.',
  'as Lambda':
    'Works as on Lambda, which is not as in a process of one’s own: its console, its fixed process, no `node` binary.',
  'one isolate': 'Needs what an isolate does not have: further threads, realms or processes.',
  'native only': 'Asks V8 what JavaScript cannot find out and no binding answers yet.',
  'rejections are copies': 'The reason of an unhandled rejection arrives as a copy with name, message and stack.',
  'not offered': 'Uses something that isotherm does not offer; the note names it.',
  'message differs': 'The behaviour is the same, the text is not.',
  limits: 'Needs more memory, disk or time than a function of 256 MiB has.',
  harness: 'Something around the test is missing: a part of `node:test`, or the main module’s place in `require`.',
  bug: 'A mistake of isotherm’s that is known and not mended yet; the note says which.',
} as const;
export type Cause = keyof typeof causes;

export interface Expectation {
  readonly cause: Cause;
  readonly note?: string;
  /** It passes at times: on timing, or on what the machine has. */
  readonly sometimes?: true;
}
export type Expectations = Readonly<Record<string, Expectation>>;

/** The tree whose numbers the page has. */
export const publishedVersion = '25.8.1';

export interface Deviation {
  readonly name: string;
  readonly what: 'new failure' | 'unexpected pass';
  readonly detail: string;
}

export function readExpectations(version: string): Expectations {
  const path = pathOf(version);
  if (!existsSync(path)) return {};
  const expectations = JSON.parse(readFileSync(path, 'utf8')) as Expectations;
  for (const [name, { cause }] of Object.entries(expectations)) {
    if (!Object.hasOwn(causes, cause)) throw new Error(`${path}: ${name} has the cause ${JSON.stringify(cause)}`);
  }
  return expectations;
}

export function deviations(results: readonly FileResult[], expected: Expectations): Deviation[] {
  return results.flatMap(({ name, outcome }): Deviation[] => {
    const known = expected[name];
    if (outcome.kind === 'failed' && known === undefined) {
      return [{ name, what: 'new failure', detail: `${outcome.status}\n${outcome.output}` }];
    }
    if (outcome.kind !== 'failed' && known !== undefined && known.sometimes !== true) {
      return [{ name, what: 'unexpected pass', detail: `was expected to fail: ${known.cause}` }];
    }
    return [];
  });
}

/**
 * The list as this run shows it: what passes goes, what fails anew comes with the cause that `explain` finds. Files that were not
 * run keep their entry.
 */
export function writeExpectations(
  version: string,
  results: readonly FileResult[],
  explain: (result: FileResult) => Expectation,
): void {
  const updated: Record<string, Expectation> = { ...readExpectations(version) };
  for (const result of results) {
    const known = updated[result.name];
    if (result.outcome.kind === 'failed') updated[result.name] = known ?? explain(result);
    else if (known?.sometimes !== true) delete updated[result.name];
  }
  const sorted = Object.fromEntries(Object.entries(updated).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(pathOf(version), `${JSON.stringify(sorted, undefined, 2)}\n`);
}

function pathOf(version: string): string {
  return fileURLToPath(new URL(`./expected/${version}.json`, import.meta.url));
}
