/**
 * The filters themselves, instruction by instruction, for both architectures: each number of a system call is put to them and the
 * answer held against the table. arm64's are made here too, from the kernel's generic numbers, so that any machine tests both.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { findCompiler } from '../../src/supervisor/compiler.ts';
import { jailCompilerNames } from '../../src/supervisor/jail-files.ts';
import { type Answer, answerTo, architectures, type Instruction } from './filter-machine.ts';

type Stage = 'launch' | 'lock';

interface Row {
  readonly number: number;
  readonly launch: string;
  readonly lock: string;
}

interface Filters {
  readonly rows: ReadonlyMap<string, Row>;
  readonly byNumber: ReadonlyMap<number, Row>;
  readonly launch: readonly Instruction[];
  readonly lock: readonly Instruction[];
  readonly pid: number;
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function filtersOf(flags: readonly string[]): Filters {
  const compiler = findCompiler(jailCompilerNames, process.env.PATH ?? '');
  if (compiler === undefined) throw new Error('this test needs a C compiler');
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-filter-'));
  try {
    const jail = path('../../native/jail/');
    const program = join(directory, 'print-filter');
    const sources = [path('print-filter.c'), join(jail, 'filter.c')];
    execFileSync(compiler, ['-O1', '-std=gnu11', '-I', jail, ...flags, ...sources, '-o', program]);
    return parse(execFileSync(program, { encoding: 'utf8' }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function parse(printed: string): Filters {
  const rows = new Map<string, Row>();
  const filters: Record<Stage, Instruction[]> = { launch: [], lock: [] };
  let pid = 0;
  for (const line of printed.trim().split('\n')) {
    const [kind = '', ...fields] = line.split(' ');
    const [operation = 0, ifTrue = 0, ifFalse = 0, value = 0] = fields.map(Number);
    if (kind === 'row') {
      const [name = '', number, launch = '', lock = ''] = fields;
      rows.set(name, { number: Number(number), launch, lock });
    } else if (kind === 'pid') pid = operation;
    else filters[kind as Stage].push({ operation, ifTrue, ifFalse, value });
  }
  return { rows, byNumber: new Map([...rows.values()].map((row) => [row.number, row])), ...filters, pid };
}

const made: Readonly<Record<'x64' | 'arm64', Filters | undefined>> = {
  // x86-64's numbers are nobody else's: on arm64 only its own can be made.
  x64: process.arch === 'x64' ? filtersOf([]) : undefined,
  arm64: filtersOf(['-DPOLICY_ARM64']),
};

/** From the kernel's tables: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h. */
const knownNumbers = {
  x64: {
    read: 0,
    open: 2,
    clone: 56,
    execve: undefined,
    ptrace: 101,
    openat: 257,
    seccomp: undefined,
    io_uring_setup: 425,
  },
  arm64: {
    read: 63,
    open: undefined,
    clone: 220,
    ptrace: 117,
    openat: 56,
    futex: 98,
    io_uring_setup: 425,
    socket: 198,
  },
};

/** What a rule answers to a call with arguments that are all zero. `itself` and the like have cases of their own below. */
const answers: Readonly<Record<string, Answer>> = {
  allow: 'allow',
  rare: 'allow',
  refuse: 'EPERM',
  not_found: 'ENOENT',
  unknown: 'ENOSYS',
  threads: 'EPERM',
  itself: 'EPERM',
  own_thread: 'EPERM',
  names: 'EPERM',
  reads: 'allow',
  flags: 'EPERM',
  nonblocking: 'ENOTTY',
  unix_only: 'EACCES',
  small_pages: 'allow',
};

function answerOf(rule: string): Answer {
  const answer = answers[rule];
  if (answer === undefined) throw new Error(`there is no rule ${rule}`);
  return answer;
}

const otherwise: Readonly<Record<Stage, Answer>> = { launch: 'allow', lock: 'EPERM' };
/** Beyond the last number that any kernel has. */
const numbersMax = 1_024;

for (const [name, filters] of Object.entries(made)) {
  if (filters === undefined) continue;
  const architecture = architectures[name as keyof typeof made];
  const ask = (stage: Stage, call: string, ...args: bigint[]): Answer => {
    const row = filters.rows.get(call);
    if (row === undefined) throw new Error(`${call} is not in the table`);
    return answerTo(filters[stage], { architecture, number: row.number, args });
  };

  test(`${name}: the numbers are those of the architecture`, (t) => {
    for (const [call, number] of Object.entries(knownNumbers[name as keyof typeof made])) {
      t.is(filters.rows.get(call)?.number, number, call);
    }
    t.is(filters.byNumber.size, filters.rows.size);
  });

  for (const stage of ['launch', 'lock'] as const) {
    test(`${name}, at ${stage}: every call gets what the table says, and what is not in it the same answer`, (t) => {
      for (let number = 0; number < numbersMax; number += 1) {
        const rule = filters.byNumber.get(number)?.[stage];
        const expected = rule === undefined ? otherwise[stage] : answerOf(rule);
        t.is(answerTo(filters[stage], { architecture, number }), expected, `${number} ${rule}`);
      }
    });

    test(`${name}, at ${stage}: calls of every other architecture end the process`, (t) => {
      const others = Object.entries(architectures).filter(([other]) => other !== name);
      for (const [other, foreign] of others) {
        for (let number = 0; number < numbersMax; number += 1) {
          t.is(answerTo(filters[stage], { architecture: foreign, number }), 'kill', `${other} ${number}`);
        }
      }
    });

    test(`${name}, at ${stage}: the numbers of x32 are no way around`, (t) => {
      for (let number = 0; number < numbersMax; number += 1) {
        const answer = answerTo(filters[stage], { architecture, number: 0x4000_0000 + number });
        // arm64 has no such interface: to its kernel these are numbers that nobody has.
        t.is(answer, name === 'x64' ? 'kill' : otherwise[stage]);
      }
    });

    test(`${name}, at ${stage}: every jump stays inside, and forward`, (t) => {
      for (const [at, { operation, ifTrue, ifFalse }] of filters[stage].entries()) {
        if ((operation & 7) === 5) t.true(at + 1 + Math.max(ifTrue, ifFalse) < filters[stage].length, String(at));
      }
      t.true(filters[stage].length < 4_096);
    });
  }

  test(`${name}: what is allowed on a condition is allowed on that one`, (t) => {
    const thread = 0x10000n | 0x100n | 0x200n | 0x400n | 0x800n | 0x40000n;
    t.is(ask('lock', 'clone', thread), 'allow');
    t.is(ask('lock', 'clone', 17n), 'EPERM');
    // Namespaces, tracing, vfork, somebody else's parent.
    for (const flag of [
      0x20000n,
      0x2000000n,
      0x4000000n,
      0x8000000n,
      0x10000000n,
      0x20000000n,
      0x40000000n,
      0x2000n,
      0x4000n,
      0x8000n,
    ])
      t.is(ask('lock', 'clone', thread | flag), 'EPERM', flag.toString(16));
    for (const call of ['kill', 'tgkill']) {
      t.is(ask('lock', call, BigInt(filters.pid)), 'allow');
      for (const other of [0n, 1n, -1n, BigInt(filters.pid + 1), BigInt(-filters.pid)])
        t.is(ask('lock', call, other), 'EPERM');
    }
    // SIGKILL, SIGSTOP: who ends itself is not to look like the victim of somebody else.
    for (const signal of [9n, 19n]) {
      t.is(ask('lock', 'kill', BigInt(filters.pid), signal), 'EPERM');
      t.is(ask('lock', 'tgkill', BigInt(filters.pid), BigInt(filters.pid), signal), 'EPERM');
    }
    t.is(ask('lock', 'tgkill', BigInt(filters.pid), 9n, 6n), 'allow');
    t.is(ask('lock', 'prctl', 15n), 'allow');
    t.is(ask('lock', 'prctl', 0x53564d41n), 'allow');
    // PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_PDEATHSIG.
    for (const option of [4n, 22n, 1n]) t.is(ask('lock', 'prctl', option), 'EPERM');
    t.is(ask('lock', 'prlimit64', 0n, 7n, 0n, 0x1000n), 'allow');
    // A pointer in either half.
    for (const limit of [0x1000n, 0x1_0000_0000n]) t.is(ask('lock', 'prlimit64', 0n, 7n, limit), 'EPERM');
    for (const command of [1n, 2n, 3n, 4n]) t.is(ask('lock', 'fcntl', 5n, command), 'allow');
    // F_DUPFD, F_SETLK, F_SETOWN, F_DUPFD_CLOEXEC, F_ADD_SEALS.
    for (const command of [0n, 6n, 8n, 1030n, 1033n]) t.is(ask('lock', 'fcntl', 5n, command), 'EPERM');
    t.is(ask('lock', 'ioctl', 5n, 0x5421n), 'allow');
    t.is(ask('lock', 'ioctl', 5n, 0x541bn), 'allow');
    // TIOCSTI, which types into a terminal.
    t.is(ask('lock', 'ioctl', 0n, 0x5412n), 'ENOTTY');
    // MAP_PRIVATE | MAP_ANONYMOUS, as it is and with MAP_HUGETLB, of whichever size, shared too; MAP_NORESERVE and MAP_STACK are neighbours.
    const mapped = (flags: bigint): Answer => ask('lock', 'mmap', 0n, 0x200000n, 3n, flags, -1n, 0n);
    for (const flags of [0x22n, 0x4022n, 0x20022n]) t.is(mapped(flags), 'allow');
    for (const flags of [0x40022n, 0x40021n, 0x40022n | (21n << 26n), 0x40022n | (30n << 26n)])
      t.is(mapped(flags), 'EPERM');
    t.is(ask('launch', 'socket', 1n), 'allow');
    for (const family of [2n, 10n, 16n, 17n, 38n, 40n]) t.is(ask('launch', 'socket', family), 'EACCES');
    t.is(ask('lock', 'socket', 1n), 'EPERM');
  });
}

test('both architectures have the same policy, but for calls that only x86-64 ever had', (t) => {
  const { x64, arm64 } = made;
  if (x64 === undefined || arm64 === undefined) {
    t.is(process.arch, 'arm64');
    return;
  }
  const onlyThere = [...x64.rows.keys()].filter((call) => !arm64.rows.has(call));
  t.deepEqual(onlyThere, ['poll', 'open', 'stat', 'lstat', 'access', 'readlink']);
  for (const [call, { launch, lock }] of arm64.rows) t.like(x64.rows.get(call), { launch, lock }, call);
});

test('a filter that leads nowhere is noticed', (t) => {
  const call = { architecture: architectures.x64, number: 0 };
  const load = { operation: 0x20, ifTrue: 0, ifFalse: 0, value: 0 };
  t.throws(() => answerTo([load], call), { message: 'the filter came to no answer' });
  t.throws(() => answerTo([{ ...load, operation: 0x16 }], call), { message: /is unknown/ });
  t.throws(() => answerTo([{ ...load, operation: 6, value: 0x7ff0_0000 }], call), { message: /not ours/ });
});
