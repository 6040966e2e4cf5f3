/** `npm run conformance`: runs Node's own tests in guests, and compares what fails with what is known to fail. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { applicability } from './applicability.ts';
import { openCorpus, readTests } from './corpus.ts';
import { moduleOf } from './modules.ts';
import { type FileResult, runTests } from './run.ts';

const { values } = parseArgs({
  options: {
    tests: { type: 'string' },
    'corpus-version': { type: 'string' },
    module: { type: 'string' },
    file: { type: 'string', multiple: true },
    json: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '20' },
    list: { type: 'boolean', default: false },
  },
});

const corpus = openCorpus(values.tests ?? '', values['corpus-version']);
const modules = values.module?.split(',');
const patterns = values.file?.map((glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
const all = readTests(
  corpus,
  (name) =>
    (modules === undefined || modules.includes(moduleOf(name))) &&
    (patterns === undefined || patterns.some((pattern) => pattern.test(name))),
);
const results: { name: string; module: string; outcome: FileResult['outcome']; elapsedMs: number }[] = [];
const tests = all.filter((test) => {
  const applies = applicability(test);
  if (applies.kind === 'applicable') return true;
  results.push({ name: test.name, module: moduleOf(test.name), outcome: applies, elapsedMs: 0 });
  return false;
});
if (values.list) {
  for (const { name } of tests) console.log(moduleOf(name), name);
} else {
  await runTests({
    corpus,
    tests,
    jobs: Number(values.jobs),
    timeoutSeconds: Number(values.timeout),
    onResult(result) {
      results.push({ module: moduleOf(result.name), ...result });
      if (result.outcome.kind === 'failed') {
        console.log(`FAILED ${result.name} (${result.outcome.status})\n${result.outcome.output.slice(0, 2000)}\n`);
      } else console.log(`${result.outcome.kind} ${result.name} ${Math.round(result.elapsedMs)} ms`);
    },
  });
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, undefined, 1));

const table = new Map<string, { passed: number; failed: number; inapplicable: number }>();
for (const { module, outcome } of results) {
  const row = table.get(module) ?? { passed: 0, failed: 0, inapplicable: 0 };
  table.set(module, row);
  row[outcome.kind] += 1;
}
for (const [module, { passed, failed, inapplicable }] of [...table].sort()) {
  const percent = passed + failed === 0 ? '-' : `${((100 * passed) / (passed + failed)).toFixed(1)} %`;
  console.log(`${module.padEnd(24)} ${passed} of ${passed + failed} (${percent}), ${inapplicable} do not apply`);
}
