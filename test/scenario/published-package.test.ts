/** What `npm publish` would send, installed into an empty project: compiled sources, and the guest's sources as they are. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the published package works as a library and as a command', (t) => {
  const project = mkdtempSync(join(tmpdir(), 'isotherm-package-'));
  t.teardown(() => rmSync(project, { recursive: true, force: true }));
  const installed = join(project, 'node_modules', 'isotherm');
  mkdirSync(installed, { recursive: true });
  execFileSync(process.execPath, [join(root, 'scripts', 'build.ts'), join(installed, 'dist')], { stdio: 'pipe' });
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: readonly string[] };
  for (const file of [...files, 'package.json'].filter((name) => name !== 'dist')) {
    cpSync(join(root, file), join(installed, file), { recursive: true });
  }
  // The command names them where something is missing or too little.
  for (const page of ['hardening.md', 'limits.md', 'security.md']) {
    t.true(existsSync(join(installed, 'docs', page)), page);
  }
  // For machines without a compiler.
  for (const name of ['launcher', 'lock.node'])
    t.true(existsSync(join(installed, 'dist', 'jail', process.arch, name)), name);
  // Its dependencies, as an install beside it would have them.
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));

  writeFileSync(join(project, 'greet.cjs'), 'exports.handler = async (event) => `hello ${event.name}`;');
  const command = [join(installed, 'bin', 'isotherm.js'), 'invoke', 'greet.cjs', '--event', '{"name":"Ada"}'];
  t.is(execFileSync(process.execPath, command, { cwd: project, stdio: 'pipe', encoding: 'utf8' }), '"hello Ada"\n');

  // The benchmark finds its own programs, this isotherm, and says how to get peers that are not there.
  const bench = [join(installed, 'bin', 'isotherm.js'), 'bench', '--quick', '--scenario', 'throughput', '--peer'];
  const benched = spawnSync(process.execPath, [...bench, 'workerd'], { cwd: project, encoding: 'utf8' });
  t.regex(benched.stdout, /^ {2}isotherm over HTTP +[\d,.]+\/s/m, benched.stderr);
  t.regex(benched.stdout, /^missing: workerd: not installed: npm install [\s\S]*workerd@/m);

  writeFileSync(
    join(project, 'main.mjs'),
    `import { createEngine } from 'isotherm';
     await using engine = await createEngine();
     const greet = await engine.createFunction({
       functionName: 'greet', timeout: 20,
       code: { source: 'export const handler = async (event) => \`hello \${event.name}\`' },
     });
     console.log(await greet({ name: 'Ada' }));`,
  );
  t.is(execFileSync(process.execPath, ['main.mjs'], { cwd: project, stdio: 'pipe', encoding: 'utf8' }), 'hello Ada\n');
});
