/**
 * `npm run conformance`: runs Node's own tests in guests and compares what fails with what is known to fail.
 *
 *   --tests DIR        the test tree; its version is read from the path, or given with --corpus-version
 *   --module a,b       only files of these modules
 *   --file GLOB        only files of this name; may be repeated
 *   --json FILE        results with output, for whoever mends something
 *   --jobs N           environments at once
 *   --timeout SECONDS  for each file
 *   --list             names what would run
 *   --update           writes the list of expected failures; causes of new ones are guesses to look at
 *   --write-docs       writes the results of this version, those of earlier runs for files that were not run, and
 *                      docs/compatibility.md
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openCorpus } from './corpus.ts';
import { deviations, publishedVersion, readExpectations, writeExpectations } from './expectations.ts';
import { explain } from './explain.ts';
import { moduleOf } from './modules.ts';
import { passingNatively } from './native.ts';
import { selectTests, summary } from './results.ts';
import { type FileResult, runTests } from './run.ts';
import { saveNodeResults, writePage } from './write-docs.ts';

const { values } = parseArgs({
  options: {
    tests: { type: 'string' },
    'corpus-version': { type: 'string' },
    module: { type: 'string' },
    file: { type: 'string', multiple: true },
    json: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '15' },
    list: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});
if (values.tests === undefined) throw new Error('--tests DIR is needed: a test tree of Node');

const corpus = openCorpus(values.tests, values['corpus-version']);
const modules = values.module?.split(',');
const patterns = values.file?.map((glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
const { applicable, results } = selectTests(
  corpus,
  (name) =>
    (modules === undefined || modules.includes(moduleOf(name))) &&
    (patterns === undefined || patterns.some((pattern) => pattern.test(name))),
);
if (values.list) {
  for (const { name } of applicable) console.log(moduleOf(name), name);
} else {
  const expected = readExpectations(corpus.version);
  const ran: FileResult[] = [];
  await runTests({
    corpus,
    tests: applicable,
    jobs: Number(values.jobs),
    timeoutSeconds: Number(values.timeout),
    isExpected: (name) => expected[name] !== undefined,
    onResult(result) {
      ran.push(result);
      const { name, outcome } = result;
      if (outcome.kind !== 'failed') console.log(`${outcome.kind} ${name} ${Math.round(result.elapsedMs)} ms`);
      else console.log(`FAILED ${name} (${outcome.status})\n${outcome.output.slice(0, 2_000)}\n`);
    },
  });
  results.push(...ran);
  if (values.json !== undefined) {
    const withModules = results.map((result) => ({ module: moduleOf(result.name), ...result }));
    writeFileSync(values.json, JSON.stringify(withModules, undefined, 1));
  }
  if (values.update) {
    const failing = ran.filter(({ name, outcome }) => outcome.kind === 'failed' && expected[name] === undefined);
    const published = corpus.version === publishedVersion ? {} : readExpectations(publishedVersion);
    const native = await passingNatively(
      corpus,
      failing.map(({ name }) => name),
    );
    writeExpectations(corpus.version, ran, (result) => explain(result, native.has(result.name), published));
  }
  if (values['write-docs']) {
    saveNodeResults(corpus.version, results);
    writePage();
  }
  console.log(`\n${summary(results)}\n`);
  const found = deviations(ran, readExpectations(corpus.version));
  for (const { name, what } of found) console.log(`${what}: ${name}`);
  if (found.length > 0) process.exitCode = 1;
}
