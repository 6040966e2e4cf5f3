import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkOut, workingTree } from '../../../bench/compare/checkout.ts';
import { ownTemporaryDirectory } from '../../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

const { signal } = new AbortController();

/** A repository of two commits, the second of which changes `file`, with dependencies that are installed. */
function repository() {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-checkout-'));
  const git = (...args: string[]) => {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false'];
    return execFileSync('git', ['-C', directory, ...identity, ...args], { encoding: 'utf8' });
  };
  git('init', '--quiet');
  mkdirSync(join(directory, 'node_modules'));
  writeFileSync(join(directory, 'node_modules', 'kept'), 'kept');
  writeFileSync(join(directory, '.gitignore'), 'node_modules/\n');
  writeFileSync(join(directory, 'package-lock.json'), '{}');
  for (const content of ['old', 'new']) {
    writeFileSync(join(directory, 'file'), content);
    git('add', '--all');
    git('commit', '--quiet', '--message', `Write ${content}`);
  }
  return { directory, git };
}

test('a revision has its own files and the dependencies of the repository, and leaves nothing', async (t) => {
  const { directory, git } = repository();
  const side = join(mkdtempSync(join(tmpdir(), 'isotherm-side-')), 'a');
  {
    using old = await checkOut({ repository: directory, revision: 'HEAD~1', directory: side, signal });
    t.regex(old.title, /^[0-9a-f]+ Write old$/);
    t.is(readFileSync(join(side, 'file'), 'utf8'), 'old');
    t.true(lstatSync(join(side, 'node_modules')).isSymbolicLink());
    t.is(readFileSync(join(side, 'node_modules', 'kept'), 'utf8'), 'kept');
  }
  t.false(existsSync(side));
  t.is(git('worktree', 'list').trimEnd().split('\n').length, 1);
  t.is(readFileSync(join(directory, 'node_modules', 'kept'), 'utf8'), 'kept');
  t.is(readFileSync(join(directory, 'file'), 'utf8'), 'new');
});

test('the same revision can be both sides', async (t) => {
  const { directory } = repository();
  const both = mkdtempSync(join(tmpdir(), 'isotherm-sides-'));
  using a = await checkOut({ repository: directory, revision: 'HEAD', directory: join(both, 'a'), signal });
  using b = await checkOut({ repository: directory, revision: 'HEAD', directory: join(both, 'b'), signal });
  t.is(a.title, b.title);
  t.not(a.directory, b.directory);
});

test('the working tree is used where it is, and stays', async (t) => {
  const { directory } = repository();
  writeFileSync(join(directory, 'file'), 'changed');
  {
    using tree = await checkOut({ repository: directory, revision: workingTree, directory: '/nowhere', signal });
    t.is(tree.directory, directory);
  }
  t.is(readFileSync(join(directory, 'file'), 'utf8'), 'changed');
});

test('what is no revision is refused, an option too, and leaves nothing', async (t) => {
  const { directory, git } = repository();
  for (const revision of ['nothing', '--all', '', 'HEAD~7', 'HEAD:file']) {
    const side = join(tmpdir(), 'isotherm-none');
    await t.throwsAsync(checkOut({ repository: directory, revision, directory: side, signal }), {
      message: /must be a commit of this repository or \./,
    });
    t.false(existsSync(side));
  }
  t.is(git('worktree', 'list').trimEnd().split('\n').length, 1);
});

test('a revision whose dependencies cannot be provided leaves nothing', async (t) => {
  const { directory, git } = repository();
  // Others than those of the commit, so that they would be installed; what aborts it comes first.
  writeFileSync(join(directory, 'package-lock.json'), '{"other":true}');
  const side = join(mkdtempSync(join(tmpdir(), 'isotherm-side-')), 'a');
  const aborted = AbortSignal.abort(new Error('interrupted'));
  await t.throwsAsync(checkOut({ repository: directory, revision: 'HEAD', directory: side, signal: aborted }), {
    message: 'interrupted',
  });
  t.false(existsSync(side));
  t.is(git('worktree', 'list').trimEnd().split('\n').length, 1);
});
