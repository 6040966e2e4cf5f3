/**
 * A program: runs the bundled sandbox program as a sandbox would, in a process of its own, and keeps what V8 compiled for it. Exits
 * with 0 when V8 takes that back.
 *
 *     node [flags] record-program.ts <folder of the bundled program> <runtime directory>
 */
import { spawnSync } from 'node:child_process';
import { existsSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { limits } from '../model/limits.ts';
import { programFiles } from '../protocol/program-files.ts';
import { loadProgram } from './bundled-program.ts';

const [folder, runtimeDirectory, role] = process.argv.slice(2);
if (folder === undefined || runtimeDirectory === undefined)
  throw new Error('usage: record-program.ts <folder> <runtime directory>');
if (role === 'rehearse') await record(folder, runtimeDirectory);
else supervise(folder, runtimeDirectory);

/** A process that has run a sandbox does not end politely (SECURITY.md 2.1): it is what it wrote that counts. */
function supervise(folder: string, runtimeDirectory: string): void {
  const program = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, program, folder, runtimeDirectory, 'rehearse'];
  const { stderr } = spawnSync(process.execPath, args, {
    ...{ encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] },
    ...{ timeout: limits.runtimeBuildTimeoutMs, killSignal: 'SIGKILL' },
  });
  if (!existsSync(join(folder, programFiles.cache))) throw new Error(`the sandbox program does not run: ${stderr}`);
  if (loadProgram(folder, 'cached').script.cachedDataRejected !== false) throw new Error('V8 refuses the code cache');
}

async function record(folder: string, runtimeDirectory: string): Promise<void> {
  const { script, program } = loadProgram(folder, 'uncached');
  const backingPath = join(folder, 'backing');
  const fd = openSync(backingPath, 'wx+', 0o600);
  unlinkSync(backingPath);
  await program.rehearse(runtimeDirectory, fd);
  writeFileSync(join(folder, programFiles.cache), script.createCachedData());
  process.kill(process.pid, 'SIGKILL');
}
