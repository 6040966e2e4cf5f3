/**
 * A host whose disk is full for a while: it mounts a small one for itself, fills it, and says as JSON how deployments and calls
 * ended meanwhile and afterwards. Needs a mount namespace of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../../src/index.ts';
import { how } from './how.ts';

const [kind = '', disk = ''] = process.argv.slice(2);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk]);
mkdirSync(join(disk, 'tmp'));
if (kind === 'temporary') process.env.TMPDIR = join(disk, 'tmp');

function fill(): void {
  const bytes = Buffer.alloc(65_536);
  try {
    for (let number = 0; ; number += 1) writeFileSync(join(disk, `filler-${number}`), bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

function empty(): void {
  for (const name of readdirSync(disk)) if (name.startsWith('filler-')) rmSync(join(disk, name));
}

const source = `import { writeFileSync, rmSync } from 'node:fs';
export const handler = async ({ bytes }) => {
  try { writeFileSync('/tmp/file', Buffer.alloc(bytes ?? 0)); return 'written'; }
  catch (error) { return error.code; }
  finally { rmSync('/tmp/file', { force: true }); }
};`;
const large = `export const handler = async () => '${'x'.repeat(300_000)}'`;
const two = `export const handler = async () => 'two'`;

await using engine = await createEngine(kind === 'data' ? { dataDirectory: join(disk, 'data') } : {});
const writer = await engine.createFunction({ functionName: 'writer', timeout: 30, code: { source } });
const other = await engine.createFunction({ functionName: 'other', timeout: 30, code: { source } });
const before = [await how(writer({ bytes: 4_000_000 })), await how(other({}))];
const [sandbox] = engine.stats().sandboxes;
fill();
const full = {
  create: await how(engine.createFunction({ functionName: 'third', code: { source: large } })),
  update: await how(engine.updateFunctionCode({ functionName: 'other', code: { source: large } })),
  write: await how(writer({ bytes: 8_000_000 })),
  others: await how(other({})),
  functions: engine.stats().functions,
};
empty();
const after = {
  create: await how(engine.createFunction({ functionName: 'third', code: { source: large } })),
  update: await how(engine.updateFunctionCode({ functionName: 'other', code: { source: two } })),
  write: await how(writer({ bytes: 4_000_000 })),
  others: await how(other({})),
  isSameSandbox: engine.stats().sandboxes.some(({ pid }) => pid === sandbox?.pid),
};
process.stdout.write(`${JSON.stringify({ before, full, after })}\n`);
