/** Machines of the test's own making: trees of files as the kernel would show them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { diskFreeBytes, readMachine } from '../../src/supervisor/machine.ts';

function machine(t: ExecutionContext, files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'isotherm-machine-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readMachine(root);
}

test('a machine that shows nothing is unknown, not wrong', (t) => {
  t.like(machine(t, {}), {
    userNamespaces: undefined,
    securityModules: undefined,
    seccompActions: undefined,
    controlGroup: undefined,
    openFilesMax: undefined,
  });
});

test('limits are the soft ones, and unlimited is infinite', (t) => {
  const limits = [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max processes             unlimited            unlimited            processes ',
    'Max open files            1024                 524288               files     ',
  ].join('\n');
  t.like(machine(t, { 'proc/self/limits': limits }), { openFilesMax: 1024, processesMax: Number.POSITIVE_INFINITY });
});

test('user namespaces may be restricted in three ways', (t) => {
  const max = { 'proc/sys/user/max_user_namespaces': '1000\n' };
  t.deepEqual(machine(t, max).userNamespaces, { max: 1000, restrictedBy: undefined });
  t.is(machine(t, { 'proc/sys/user/max_user_namespaces': '0\n' }).userNamespaces?.max, 0);
  for (const [file, value] of [
    ['apparmor_restrict_unprivileged_userns', '1'],
    ['unprivileged_userns_clone', '0'],
  ]) {
    const { userNamespaces } = machine(t, { ...max, [`proc/sys/kernel/${file}`]: `${value}\n` });
    t.is(userNamespaces?.restrictedBy, `kernel.${file}=${value}`);
  }
});

test('a control group of version 2 that we may write is delegated', (t) => {
  const found = machine(t, {
    'proc/self/cgroup': '0::/user.slice/mine\n',
    'sys/fs/cgroup/user.slice/mine/cgroup.controllers': 'cpu memory pids\n',
    'sys/fs/cgroup/user.slice/mine/cgroup.procs': '',
    'sys/fs/cgroup/user.slice/mine/pids.max': '300\n',
  });
  t.deepEqual(found.controlGroup, {
    version: 2,
    path: '/sys/fs/cgroup/user.slice/mine',
    isDelegated: true,
    controllers: ['cpu', 'memory', 'pids'],
    tasksMax: 300,
  });
});

test('one of version 1, or without its files, is not', (t) => {
  t.like(machine(t, { 'proc/self/cgroup': '8:pids:/box\n0::/\n' }).controlGroup, {
    version: 1,
    path: '/box',
    isDelegated: false,
  });
});

test('this very machine can be read', async (t) => {
  const { kernel, cores, memoryTotalBytes } = readMachine();
  t.true(kernel !== '' && cores > 0 && memoryTotalBytes > 0);
  t.true(((await diskFreeBytes(tmpdir())) ?? 0) > 0);
  t.is(await diskFreeBytes('/nowhere/at/all'), undefined);
});
