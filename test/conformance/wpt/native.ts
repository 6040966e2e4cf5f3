/**
 * The same file under the very Node whose library the guests have, outside of any sandbox: what fails there as well says nothing
 * about a guest. Used when expectations are written, not in tests.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Corpus } from '../node/corpus.ts';
import { reportOf, wholeFile } from './run.ts';
import { type Spec, wptRoot } from './specs.ts';

const timeoutMs = 30_000;
const program = `import(process.argv[1]).then(({ handler }) => handler(JSON.parse(process.argv[2])))`;

/** Names of the subtests that fail. */
export async function failingNatively(corpus: Corpus, { scripts, search, title }: Spec): Promise<ReadonlySet<string>> {
  const guest = fileURLToPath(new URL('./guest.ts', import.meta.url));
  const event = JSON.stringify({ scripts, search, title });
  const child = spawn(process.execPath, ['--no-warnings', '-e', program, guest, event], {
    env: { WPT_ROOT: wptRoot(corpus), TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const output = await text(child.stdout);
  const { failed } = reportOf(`{"errorMessage":"${wholeFile}"}`, output);
  return new Set(failed.map(({ name }) => name));
}
