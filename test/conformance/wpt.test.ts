/**
 * Web Platform Tests, against the list of subtests that are known to fail: the small areas, of the tree that every machine can
 * fetch. `npm run conformance:web` runs all.
 */
import test from 'ava';
import { openCorpus } from './node/corpus.ts';
import { debianTests, debianVersion } from './node/debian.ts';
import { deviations, readExpectations } from './wpt/expectations.ts';
import { runSpecs, type SpecResult } from './wpt/run.ts';
import { readSpecs } from './wpt/specs.ts';

const small = ['FileAPI', 'dom/abort', 'dom/events', 'html/webappapis/atob', 'url', 'user-timing'] as const;

test('what passes of the Web Platform Tests is what is expected to', async (t) => {
  t.timeout(180_000);
  const corpus = openCorpus(await debianTests(), debianVersion);
  const specs = readSpecs(corpus, small);
  const results: SpecResult[] = [];
  await runSpecs({ corpus, specs, jobs: 2, timeoutSeconds: 15, onResult: (result) => results.push(result) });
  t.is(results.length, specs.filter(({ skip }) => skip === undefined).length);
  t.deepEqual(deviations(results, readExpectations(debianVersion)), []);
});
