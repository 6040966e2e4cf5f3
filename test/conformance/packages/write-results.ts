/**
 * A program: runs every package's program and writes what `docs/compatibility.md` says of packages.
 *
 *     node test/conformance/packages/write-results.ts
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { createEngine } from '../../../src/index.ts';
import { packageVersion } from '../../fixtures/function-directory.ts';
import { writePage } from '../node/write-docs.ts';
import { packagePrograms } from './programs.ts';
import { runPackage } from './run.ts';

interface PackageResult {
  readonly name: string;
  readonly version: string;
  readonly status: 'works' | 'fails';
  readonly note?: string;
}

const results: PackageResult[] = [];
const engine = await createEngine();
for (const program of packagePrograms) {
  const { answer, expected } = await runPackage(engine, program);
  const status = isDeepStrictEqual(answer, expected) ? 'works' : 'fails';
  const { name, note } = program;
  results.push({ name, version: packageVersion(name), status, ...(note === undefined ? {} : { note }) });
  console.log(`${status.padEnd(6)} ${name}`);
}
await engine.close();
const file = fileURLToPath(new URL('../../packages/results.json', import.meta.url));
writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
writePage();
