/**
 * The sandbox program in one file, and what V8 compiled of it in an earlier process: loaded with that, it compiles nothing. The host
 * makes both and checks them (`supervisor/sandbox-program.ts`). V8 refuses a cache that was made under other flags, and the program
 * then starts slower.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { programFiles } from '../protocol/program-files.ts';

type Program = typeof import('./serve.ts');

export interface LoadedProgram {
  readonly script: Script;
  readonly program: Program;
}

export function loadProgram(folder: string, cache: 'cached' | 'uncached'): LoadedProgram {
  const filename = join(folder, programFiles.program);
  const script = new Script(readFileSync(filename, 'latin1'), {
    filename,
    ...(cache === 'cached' && { cachedData: readFileSync(join(folder, programFiles.cache)) }),
  });
  const open = script.runInThisContext() as (require: NodeJS.Require) => Program;
  return { script, program: open(createRequire(filename)) };
}
