/**
 * The test tree that a machine without other sources can have: that of Debian's source package of Node, through apt, which
 * checks its signature. Pinned by hash; kept in a cache directory once it was unpacked.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const debianVersion = '20.19.2';
const archive = `nodejs_${debianVersion}+dfsg.orig.tar.xz`;
const archiveSha256 = '5e5559381ad031d245a8efa403458abbb73755f74c3e6380f185a4dd342b7949';
const sourcesList = `deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main\n`;

/** A tree that is there already: `ISOTHERM_NODE_TESTS` names it. */
const given = process.env.ISOTHERM_NODE_TESTS;
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isotherm', `node-tests-${debianVersion}`);

/** @throws Error when the tree is not here and cannot be fetched */
export async function debianTests(): Promise<string> {
  if (given !== undefined && given !== '') return given;
  const tree = join(cache, 'test');
  if (existsSync(tree)) return tree;
  await mkdir(join(cache, '..'), { recursive: true });
  const work = await mkdtemp(`${cache}.`);
  try {
    const file = await fetchArchive(work).catch((error: unknown) => {
      throw new Error(
        `Node's test tree is missing and could not be fetched: set ISOTHERM_NODE_TESTS to the folder test/ of Node ${debianVersion}'s source, or give apt its way to deb.debian.org. ${error instanceof Error ? error.message : error}`,
      );
    });
    const below = `node-v${debianVersion}/test`;
    const wanted = ['parallel', 'common', 'fixtures', 'wpt'].map((folder) => `${below}/${folder}`);
    await run('tar', ['-xJf', file, '-C', work, '--strip-components=1', ...wanted]);
    await mkdir(cache, { recursive: true });
    await rename(join(work, 'test'), tree);
    return tree;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fetchArchive(work: string): Promise<string> {
  const list = join(work, 'sources.list');
  const lists = join(work, 'lists');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await writeFile(list, sourcesList);
  const options = [
    `Dir::Etc::SourceList=${list}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State::Lists=${lists}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', [...options, 'update'], { cwd: work });
  await run('apt-get', [...options, 'source', '--download-only', 'nodejs'], { cwd: work });
  const file = join(work, archive);
  const found = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  if (found !== archiveSha256) throw new Error(`${archive} has the hash ${found}, not ${archiveSha256}`);
  return file;
}
