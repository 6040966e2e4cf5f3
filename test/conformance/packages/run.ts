/** Runs a package's program whole-way: deployed as users do, in an engine, and beside it in Node itself. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Engine } from '../../../src/index.ts';
import { functionDirectory } from '../../fixtures/function-directory.ts';
import type { PackageProgram } from './programs.ts';

export interface PackageRun {
  /** What the function answered, or its error. */
  readonly answer: unknown;
  readonly expected: unknown;
}

export async function runPackage(
  engine: Engine,
  { name, beside = [], code, event = {} }: PackageProgram,
): Promise<PackageRun> {
  const directory = functionDirectory({ files: { 'index.mjs': code }, packages: [name, ...beside] });
  const functionName = name.replace(/\W+/g, '-').replace(/^-/, '');
  await engine.createFunction({ functionName, code: { directory }, memorySize: 256, timeout: 30 });
  const result = await engine.invoke({ functionName, payload: JSON.stringify(event) });
  await engine.deleteFunction(functionName);
  return { answer: JSON.parse(Buffer.from(result.payload).toString('utf8')), expected: inNode(directory, event) };
}

/** The answer of the Node that runs the tests, in a process of its own: packages leave their marks. */
function inNode(directory: string, event: unknown): unknown {
  const program = `
    import { writeSync } from 'node:fs';
    const { handler } = await import(${JSON.stringify(pathToFileURL(join(directory, 'index.mjs')).href)});
    const answer = await handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 30000 });
    writeSync(3, JSON.stringify(answer));
    process.exit();`;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, TZ: 'UTC' },
  });
  if (child.status !== 0) throw new Error(`Node itself fails with the program: ${child.stderr}`);
  return JSON.parse(child.output[3] ?? '');
}
