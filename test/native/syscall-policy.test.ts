/**
 * The system-call policy as data: each row has its reason, what is allowed is needed, and each class of calls that leads out of a
 * sandbox is refused. `traced-calls.json` is what a locked sandbox did under strace (`trace-calls.ts`).
 */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { startSandbox } from '../sandbox/harness.ts';

interface Row {
  readonly name: string;
  readonly atLaunch: string;
  readonly atLock: string;
  readonly why: string;
}

const table = readFileSync(new URL('../../native/jail/syscall-policy.h', import.meta.url), 'utf8');
const rows: readonly Row[] = [...table.matchAll(/CALL\((\w+), (\w+), (\w+), "([^"]*)"\)/g)].map(
  ([, name = '', atLaunch = '', atLock = '', why = '']) => ({ name, atLaunch, atLock, why }),
);
const byName = new Map(rows.map((row) => [row.name, row]));
const traced: { readonly calls: readonly string[] } = JSON.parse(
  readFileSync(new URL('traced-calls.json', import.meta.url), 'utf8'),
);

const always = ['allow', 'rare'];
const onCondition = ['threads', 'itself', 'own_thread', 'names', 'reads', 'flags', 'nonblocking', 'small_pages'];
const never = ['refuse', 'not_found', 'unknown'];

test('the table is whole: every row has known rules and a reason, and none is there twice', (t) => {
  t.true(rows.length > 90);
  t.is(rows.length, table.match(/CALL\(\w+, \w+, /g)?.length ?? 0);
  t.is(byName.size, rows.length);
  for (const { name, atLaunch, atLock, why } of rows) {
    t.true(['allow', 'refuse', 'unknown', 'unix_only'].includes(atLaunch), name);
    t.true([...always, ...onCondition, ...never].includes(atLock), name);
    t.true(why.length > 5, name);
  }
});

test('what the lock allows the launcher has not refused', (t) => {
  for (const { name, atLaunch, atLock } of rows) {
    if (!never.includes(atLock)) t.is(atLaunch, 'allow', name);
  }
});

test('what the lock allows is needed: a trace shows it, or the row says that none does', (t) => {
  for (const { name, atLock } of rows) {
    if (atLock === 'allow') t.true(traced.calls.includes(name), `${name} is allowed and no trace shows it`);
  }
});

test('what a sandbox at work calls is in the table', (t) => {
  for (const name of traced.calls) t.not(byName.get(name)?.atLock ?? 'refuse', 'refuse', name);
});

const classes: Record<string, readonly string[]> = {
  'opening files': ['open', 'openat', 'openat2', 'creat', 'open_by_handle_at', 'open_tree', 'memfd_create'],
  'looking at files': [
    'stat',
    'lstat',
    'statx',
    'newfstatat',
    'access',
    'faccessat2',
    'readlink',
    'getdents64',
    'statfs',
  ],
  'changing files': [
    'unlinkat',
    'renameat2',
    'mkdirat',
    'linkat',
    'symlinkat',
    'fchmod',
    'fchmodat',
    'fchownat',
    'truncate',
    'mknodat',
  ],
  'changing what is open': [
    'dup',
    'dup2',
    'dup3',
    'flock',
    'ftruncate',
    'fallocate',
    'sendfile',
    'splice',
    'copy_file_range',
  ],
  networking: ['socket', 'socketpair', 'connect', 'bind', 'listen', 'accept', 'accept4', 'setsockopt'],
  'passing descriptors': ['sendmsg', 'recvmsg', 'sendmmsg', 'recvmmsg', 'sendto', 'recvfrom', 'pidfd_getfd'],
  'starting processes': ['fork', 'vfork', 'clone3', 'execve', 'execveat'],
  'other processes': [
    'ptrace',
    'process_vm_readv',
    'process_vm_writev',
    'pidfd_open',
    'pidfd_send_signal',
    'rt_sigqueueinfo',
    'kcmp',
    'tkill',
  ],
  'other users': [
    'setuid',
    'setgid',
    'setresuid',
    'setresgid',
    'setgroups',
    'setfsuid',
    'capset',
    'setpriority',
    'setrlimit',
  ],
  namespaces: [
    'unshare',
    'setns',
    'mount',
    'umount2',
    'pivot_root',
    'chroot',
    'chdir',
    'fchdir',
    'move_mount',
    'fsopen',
  ],
  'the kernel': [
    'bpf',
    'perf_event_open',
    'userfaultfd',
    'keyctl',
    'add_key',
    'request_key',
    'init_module',
    'finit_module',
    'kexec_load',
    'seccomp',
    'modify_ldt',
  ],
  'input and output past the filter': [
    'io_uring_setup',
    'io_uring_enter',
    'io_uring_register',
    'io_setup',
    'io_submit',
  ],
  'shared things': [
    'shmget',
    'shmat',
    'semget',
    'msgget',
    'mq_open',
    'inotify_init1',
    'fanotify_init',
    'timerfd_create',
    'signalfd4',
  ],
  'the machine': [
    'reboot',
    'swapon',
    'acct',
    'quotactl',
    'syslog',
    'settimeofday',
    'clock_settime',
    'adjtimex',
    'sethostname',
    'iopl',
    'ioperm',
  ],
};

for (const [name, calls] of Object.entries(classes)) {
  test(`the lock refuses ${name}`, (t) => {
    // What the table does not name is refused.
    for (const call of calls) t.true(never.includes(byName.get(call)?.atLock ?? 'refuse'), call);
  });
}

test('a locked sandbox has tried each class, and was refused', async (t) => {
  t.timeout(120_000);
  await using sandbox = await startSandbox();
  const { hardening } = await sandbox.hello;
  if (hardening.selfTest.length === 0) {
    // There is no lock on this machine, and the report says why.
    t.not(hardening.layers.find(({ name }) => name === 'seccomp-lock')?.reason, '');
    return;
  }
  t.deepEqual(
    hardening.selfTest.filter(({ isRefused }) => !isRefused),
    [],
  );
  t.true(hardening.selfTest.length >= 31);
  t.true(hardening.selfTest.some(({ attempt }) => attempt === 'map huge pages'));
});
