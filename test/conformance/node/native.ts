/**
 * Runs test files with the very Node whose library the guests have, outside of any sandbox: what fails there says nothing about a
 * guest. Used when expectations are written, not in tests.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { type Corpus, testEnvironment } from './corpus.ts';

const timeoutMs = 30_000;

/** Names of the files that pass. */
export async function passingNatively(corpus: Corpus, names: readonly string[]): Promise<ReadonlySet<string>> {
  const directory = await mkdtemp(join(tmpdir(), 'isotherm-native-'));
  try {
    const turn = pLimit(2);
    const passed = await Promise.all(
      names.map((name) => turn(async () => ((await status(corpus, name, directory)) === 0 ? [name] : []))),
    );
    return new Set(passed.flat());
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function status(corpus: Corpus, name: string, temporary: string): Promise<number | null> {
  const env = { ...process.env, ...testEnvironment(corpus), NODE_TEST_DIR: temporary, TEST_THREAD_ID: name };
  const child = spawn(process.execPath, [join(corpus.directory, 'parallel', name)], {
    env,
    stdio: 'ignore',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve) => {
    child.on('error', () => resolve(null));
    child.on('exit', (code) => resolve(code));
  });
}
