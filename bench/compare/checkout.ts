/**
 * A revision's files in a directory of their own, which is gone when it is disposed, and so is git's note of it. Its dependencies are those of
 * this repository where both lock files are the same; else they are installed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../src/cli/exit-status.ts';
import { runToEnd } from './run-to-end.ts';

export interface Checkout extends Disposable {
  /** As it was asked for. */
  readonly name: string;
  /** Short hash and subject, or what stands for them. */
  readonly title: string;
  readonly directory: string;
}

/** Stands for the files as they are, committed or not. */
export const workingTree = '.';

export interface CheckoutInput {
  readonly repository: string;
  readonly revision: string;
  /** Must not exist yet. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** @throws UsageError for a revision that is none */
export async function checkOut({ repository, revision, directory, signal }: CheckoutInput): Promise<Checkout> {
  if (revision === workingTree) {
    return { name: revision, title: 'the working tree', directory: repository, [Symbol.dispose]() {} };
  }
  const hash = commitOf(repository, revision);
  const title = git(repository, ['log', '-1', '--format=%h %s', hash]).trim();
  using stack = new DisposableStack();
  stack.defer(() => forget(repository, directory));
  git(repository, ['worktree', 'add', '--quiet', '--detach', directory, hash]);
  await provideDependencies(repository, directory, signal);
  const owned = stack.move();
  return { name: revision, title, directory, [Symbol.dispose]: () => owned.dispose() };
}

function commitOf(repository: string, revision: string): string {
  try {
    return git(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]).trim();
  } catch {
    // Git says nothing with --quiet, and ends with 1.
    throw new UsageError(
      `a revision must be a commit of this repository or ${workingTree}, got ${JSON.stringify(revision)}`,
    );
  }
}

async function provideDependencies(repository: string, directory: string, signal: AbortSignal): Promise<void> {
  const lock = 'package-lock.json';
  if (readFileSync(join(repository, lock), 'utf8') === readFileSync(join(directory, lock), 'utf8')) {
    symlinkSync(realpathSync(join(repository, 'node_modules')), join(directory, 'node_modules'));
    return;
  }
  await runToEnd('npm', ['ci', '--no-progress'], { cwd: directory, signal });
}

function forget(repository: string, directory: string): void {
  // The link first: what it leads to belongs to the repository.
  rmSync(join(directory, 'node_modules'), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
  git(repository, ['worktree', 'prune']);
}

function git(repository: string, args: readonly string[]): string {
  return execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
