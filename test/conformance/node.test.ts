/**
 * Node's own tests, against the list of those that are known to fail. The tree is Debian's copy of Node 20's, because that is what
 * every machine can fetch; the published page has the numbers of a newer one. Of the files that apply, every sixth in order of
 * their names is run, which takes a minute or two on two cores; `npm run conformance` runs all.
 */
import test from 'ava';
import { openCorpus } from './node/corpus.ts';
import { debianTests, debianVersion } from './node/debian.ts';
import { deviations, readExpectations } from './node/expectations.ts';
import { selectTests } from './node/results.ts';
import { type FileResult, runTests } from './node/run.ts';

const everyNth = 6;

test("what passes of Node's own tests is what is expected to", async (t) => {
  t.timeout(280_000);
  const corpus = openCorpus(await debianTests(), debianVersion);
  const expected = readExpectations(debianVersion);
  const { applicable } = selectTests(corpus, () => true);
  // A file that runs another one is run with all of them only.
  const alone = applicable.filter(({ text }) => !text.includes("require('./test-"));
  const tests = alone.filter((_, at) => at % everyNth === 0);
  const results: FileResult[] = [];
  await runTests({
    corpus,
    tests,
    jobs: 2,
    timeoutSeconds: 15,
    isExpected: (name) => expected[name] !== undefined,
    onResult: (result) => results.push(result),
  });
  t.is(results.length, tests.length);
  const found = deviations(results, expected);
  // Some pass when the machine is quick and fail when it is not: that one passes is told, and only the command insists on it.
  for (const { name, what } of found) t.log(what, name);
  t.deepEqual(
    found.filter(({ what }) => what === 'new failure'),
    [],
  );
});
