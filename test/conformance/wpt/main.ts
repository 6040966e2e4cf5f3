/**
 * `npm run conformance:web`: runs Web Platform Tests in guests and compares what fails with what is known to fail.
 *
 *   --tests DIR      Node's test tree, which carries them; its version is read from the path, or given with --corpus-version
 *   --area a,b       only these folders
 *   --file PART      only files whose name has this part
 *   --update         writes the list of expected failures; causes of new ones are guesses to look at
 *   --write-docs     writes the results and docs/compatibility.md; needs a full run
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCorpus } from '../node/corpus.ts';
import { type WebResults, writePage } from '../node/write-docs.ts';
import { deviations, readExpectations, writeExpectations } from './expectations.ts';
import { explain } from './explain.ts';
import { failingNatively } from './native.ts';
import { runSpecs, type SpecResult } from './run.ts';
import { areas, readSpecs } from './specs.ts';

const { values } = parseArgs({
  options: {
    tests: { type: 'string' },
    'corpus-version': { type: 'string' },
    area: { type: 'string' },
    file: { type: 'string' },
    json: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '15' },
    update: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});
if (values.tests === undefined) throw new Error("--tests DIR is needed: Node's test tree");

const corpus = openCorpus(values.tests, values['corpus-version']);
const wanted = values.area?.split(',');
const specs = readSpecs(
  corpus,
  areas.filter((area) => wanted === undefined || wanted.includes(area)),
).filter(({ name }) => values.file === undefined || name.includes(values.file));
const results: SpecResult[] = [];
await runSpecs({
  corpus,
  specs,
  jobs: Number(values.jobs),
  timeoutSeconds: Number(values.timeout),
  onResult(result) {
    results.push(result);
    console.log(`${result.spec.name}: ${result.passed} passed, ${result.failed.length} failed`);
    for (const { name, message } of result.failed.slice(0, 10)) console.log(`    ${name}: ${message}`);
  },
});
if (values.json !== undefined) {
  const plain = results.map(({ spec, passed, failed }) => ({ name: spec.name, area: spec.area, passed, failed }));
  writeFileSync(values.json, JSON.stringify(plain, undefined, 1));
}
if (values.update) {
  const explained = async (result: SpecResult) => explain(result, await failingNatively(corpus, result.spec));
  await writeExpectations(corpus.version, results, explained);
}
const expected = readExpectations(corpus.version);
const found = webResults();
if (values['write-docs']) {
  if (wanted !== undefined || values.file !== undefined) throw new Error('--write-docs needs a run of all files');
  const path = fileURLToPath(new URL('./results.json', import.meta.url));
  writeFileSync(path, `${JSON.stringify(found, undefined, 1)}\n`);
  writePage();
}
for (const { area, passed, failed, notRun } of found.areas) {
  console.log(`${area.padEnd(44)} ${passed} of ${passed + failed} subtests, ${notRun} files not run`);
}
for (const deviation of deviations(results, expected)) {
  console.log(deviation);
  process.exitCode = 1;
}

function webResults(): WebResults {
  const ran = areas.filter((area) => specs.some((spec) => spec.area === area));
  return {
    corpus: corpus.version,
    areas: ran.map((area) => {
      const here = results.filter(({ spec }) => spec.area === area);
      const causes = new Map<string, number>();
      for (const { spec, failed } of here) {
        const cause = expected[spec.name]?.cause;
        if (cause !== undefined) causes.set(cause, (causes.get(cause) ?? 0) + failed.length);
      }
      return {
        area,
        files: here.length,
        passed: here.reduce((sum, { passed }) => sum + passed, 0),
        failed: here.reduce((sum, { failed }) => sum + failed.length, 0),
        notRun: specs.filter((spec) => spec.area === area && spec.skip !== undefined).length,
        causes: [...causes].map(([cause, subtests]) => ({ cause, subtests })),
      };
    }),
  };
}
