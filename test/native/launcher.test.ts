/** The launcher alone: what a program that it becomes has, knows and may do. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { testJail } from '../fixtures/jail.ts';

const test = anyTest as TestFn<{ readonly launcher: string }>;

test.before(async (t) => {
  t.timeout(120_000);
  const jail = await testJail();
  if (jail.kind === 'absent') throw new Error(`this test needs a C compiler: ${jail.reason}`);
  t.context = { launcher: jail.launcherPath };
});

/** What a program may read that needs nothing but itself and libraries. */
const reads = ['/bin', '/usr/bin', '/lib', '/lib64', '/usr/lib', '/etc/ld.so.cache', '/proc'].flatMap((path) => [
  '--read',
  path,
]);

test('the program gets the variables that are named, and what became of each layer', (t) => {
  const args = [...reads, '--environment', 'TZ=UTC', '--', '/usr/bin/env'];
  const output = execFileSync(t.context.launcher, args, { encoding: 'utf8', env: { SECRET: 'x', PATH: '/bin' } });
  const [zone, report = '', ...rest] = output.trim().split('\n');
  t.is(zone, 'TZ=UTC');
  t.deepEqual(rest, []);
  t.regex(
    report,
    /^ISOTHERM_LAUNCHER=unprivileged-user=[^;]*;resource-limits=;namespaces=[^;]*;capabilities=[^;]*;no-new-privileges=;parent-death-signal=;landlock=[^;]*;seccomp-launch=[^;]*$/,
  );
});

test('no descriptor past the sixth is passed on', (t) => {
  const opened = Array.from({ length: 12 }, () => openSync('/dev/null', 'r'));
  t.teardown(() => opened.forEach((fd) => void closeSync(fd)));
  const listed = execFileSync(t.context.launcher, [...reads, '--', '/bin/ls', '/proc/self/fd'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', ...opened],
  });
  // ls itself opens the next free one.
  t.deepEqual(listed.trim().split('\n'), ['0', '1', '2', '3', '4', '5', '6']);
});

test('it joins its control group by the descriptor that it is given, and does not pass it on', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-launcher-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'cgroup.procs');
  const joinBy = (flags: string) => {
    const descriptor = openSync(path, flags);
    const { launcher } = t.context;
    const run = (program: string, ...args: string[]) =>
      execFileSync(launcher, [...reads, '--control-group', '6', '--', program, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', 'ignore', descriptor],
      });
    const told = [run('/usr/bin/env'), run('/bin/ls', '/proc/self/fd')] as const;
    closeSync(descriptor);
    return told;
  };
  const [report, listed] = joinBy('w');
  t.regex(report, /LAUNCHER=control-group=;/);
  // ls itself opens the third.
  t.deepEqual(listed.trim().split('\n'), ['0', '1', '2', '3']);
  t.is(readFileSync(path, 'utf8'), '00');
  t.regex(joinBy('r')[0], /LAUNCHER=control-group=joining: Bad file descriptor;/);
});

test('root becomes a user to whom nothing belongs, if that one can read what it needs', (t) => {
  const isRoot = process.getuid?.() === 0;
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-launcher-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const run = (...args: string[]): string =>
    execFileSync(t.context.launcher, [...reads, ...args], { encoding: 'utf8' });
  const own = String(process.getuid?.());
  const ids = run('--user', '1900000007', '--', '/bin/grep', '-E', '^(Uid|Gid|Groups|CapBnd):', '/proc/self/status');
  const user = isRoot ? '1900000007' : own;
  t.regex(ids, new RegExp(`^Uid:(\\t${user}){4}$`, 'm'));
  if (isRoot) t.regex(ids, /^Gid:(\t1900000007){4}\nGroups:\t ?\nCapBnd:\t0{16}$/m);
  t.regex(run('--user', '1900000007', '--', '/usr/bin/env'), /[=;]unprivileged-user=;/);
  // Of mode 0700.
  const unread = run('--user', '1900000007', '--read', directory, '--', '/usr/bin/env');
  t.is(unread.includes('unprivileged-user=its files can be read by root only;'), isRoot);
  const kept = run('--', '/usr/bin/env');
  t.is(kept.includes('unprivileged-user=the host is root and gives it no user of its own;'), isRoot);
});

test('files are readable only where it was said', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-launcher-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'secret'), 'secret');
  const cat = (...more: string[]) =>
    spawnSync(t.context.launcher, [...reads, ...more, '--', '/bin/cat', join(directory, 'secret')], {
      encoding: 'utf8',
    });
  t.is(cat('--read', directory).stdout, 'secret');
  const refused = cat();
  const { stdout: report } = spawnSync(t.context.launcher, [...reads, '--', '/usr/bin/env'], { encoding: 'utf8' });
  // A kernel without Landlock says so.
  if (report.includes(';landlock=;')) t.regex(refused.stderr, /Permission denied/);
  else t.regex(report, /;landlock=.+;/);
});

test('a host that is gone already starts nothing', (t) => {
  const { status, stdout } = spawnSync(t.context.launcher, ['--host', '1', ...reads, '--', '/usr/bin/env'], {
    encoding: 'utf8',
  });
  t.is(status, 0);
  t.is(stdout, '');
});

test('a program that does not exist and a wrong call end with a status of their own', (t) => {
  const missing = spawnSync(t.context.launcher, ['--', '/no/such/program'], { encoding: 'utf8' });
  t.is(missing.status, 127);
  t.regex(missing.stderr, /^launcher: \/no\/such\/program: No such file or directory$/m);
  for (const wrong of [[], ['--'], ['--read'], ['--magic', 'x', '--', '/bin/true']]) {
    t.is(spawnSync(t.context.launcher, wrong).status, 64, wrong.join(' '));
  }
});

test('root reads what belongs to others by the one capability that it needs, and says so', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-launcher-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'program'), 'text');
  chmodSync(directory, 0o700);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(directory, 65_534, 65_534);
  const run = (...program: string[]): string =>
    execFileSync(t.context.launcher, [...reads, '--read', directory, '--', ...program], { encoding: 'utf8' });
  t.is(run('/bin/cat', join(directory, 'program')), 'text');
  const kept = ';capabilities=files of other users must be read: CAP_DAC_READ_SEARCH is kept;';
  t.is(run('/usr/bin/env').includes(kept), isRoot);
  t.regex(run('/bin/grep', 'CapEff', '/proc/self/status'), isRoot ? /\t0{15}4$/m : /\t0{16}$/m);
});

test('the program belongs to a process group of its own and has no capability', (t) => {
  const run = (...program: string[]): string =>
    execFileSync(t.context.launcher, [...reads, '--', ...program], { encoding: 'utf8' });
  const [pid, , , , group] = run('/bin/cat', '/proc/self/stat').split(' ');
  t.is(pid, group);
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
    t.regex(run('/bin/grep', set, '/proc/self/status'), /\t0{16}$/m, set);
  }
});
