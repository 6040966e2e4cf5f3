/**
 * The volume against a real file system: random sequences of system calls, run on both, must give the same values and the same
 * error codes. Paths never lead above `/tmp`, where the real one has a different world.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { createFixture, type Fixture } from './fixture.ts';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

/** One step. Paths are relative to `/tmp`; descriptors are counted from the first that was opened. */
type Step =
  | { readonly call: 'open'; readonly path: string; readonly flags: number }
  | { readonly call: 'close' | 'fstat'; readonly fd: number }
  | { readonly call: 'read'; readonly fd: number; readonly length: number; readonly position: number | null }
  | { readonly call: 'write'; readonly fd: number; readonly length: number; readonly position: number | null }
  | { readonly call: 'ftruncate'; readonly fd: number; readonly length: number }
  | { readonly call: 'truncate'; readonly path: string; readonly length: number }
  | { readonly call: 'rename' | 'link' | 'copyFile'; readonly path: string; readonly to: string }
  | { readonly call: 'symlink'; readonly target: string; readonly path: string }
  | { readonly call: PathCall; readonly path: string };
const pathCalls = ['stat', 'lstat', 'readdir', 'mkdir', 'mkdirAll', 'rmdir', 'unlink', 'readlink', 'realpath'] as const;
type PathCall = (typeof pathCalls)[number];

interface World {
  perform(step: Step): unknown;
}

const name = fc.constantFrom('a', 'b', 'c', 'd');
/** Each `..` stands behind a name, and link targets have none, so that no path leaves `/tmp`. */
const path = fc
  .record({
    first: fc.array(name, { minLength: 1, maxLength: 3 }),
    rest: fc.option(fc.tuple(fc.constantFrom('..', '.', ''), fc.array(name, { minLength: 1, maxLength: 2 }))),
    end: fc.constantFrom('', '', '', '', '/', '/.'),
  })
  .map(({ first, rest, end }) => [...first, ...(rest === null ? [] : [rest[0], ...rest[1]])].join('/') + end);
const target = fc
  .tuple(fc.constantFrom('', '/tmp/'), fc.array(name, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '', '/'))
  .map(([start, names, end]) => start + names.join('/') + end);
/** Around the borders of blocks, of what stays in memory, and of chunks. */
const offset = fc.oneof(
  fc.nat(20),
  fc.nat(70_000),
  fc.constantFrom(4095, 4096, 4097, 16_383, 16_384, 16_385, 1_048_575, 1_048_577, 1_100_000),
);
/** Node answers a length of 0 by itself. */
const length = offset.map((bytes) => Math.max(1, bytes));
const position = fc.option(offset, { freq: 2 });
const fd = fc.nat(5);
const flags = fc
  .tuple(
    fc.constantFrom(O_RDONLY, O_WRONLY, O_RDWR),
    fc.subarray([O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW]),
  )
  .map(([access, more]) => more.reduce((sum, flag) => sum | flag, access))
  // Kernels differ in what these pairs mean.
  .filter((all) => (all & O_CREAT) === 0 || (all & O_DIRECTORY) === 0)
  .filter((all) => (all & O_TRUNC) === 0 || (all & 3) !== O_RDONLY)
  .filter((all) => (all & O_EXCL) === 0 || (all & O_CREAT) !== 0);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ call: fc.constant('open'), path, flags }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('open'), path, flags: fc.constant(O_RDWR | O_CREAT) }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constantFrom('close', 'fstat'), fd }) },
  { weight: 5, arbitrary: fc.record({ call: fc.constantFrom('read', 'write'), fd, length, position }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('ftruncate'), fd, length: offset }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('truncate'), path, length: offset }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constantFrom('rename', 'link', 'copyFile'), path, to: path }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('symlink'), target, path }) },
  { weight: 8, arbitrary: fc.record({ call: fc.constantFrom(...pathCalls), path }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constant('mkdir'), path }) },
);

/** Recognisable bytes, so that content that lands in the wrong place shows. */
function content(length: number, salt: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + salt * 7 + 1) & 0xff);
}

class RealWorld implements World, Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), 'isotherm-conformance-'));
  readonly #fds: number[] = [];
  #salt = 0;

  perform(step: Step): unknown {
    try {
      return this.#perform(step);
    } catch (error) {
      if (error instanceof Error && 'code' in error) return error.code;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const open of this.#fds) if (open >= 0) closeSync(open);
    rmSync(this.#root, { recursive: true, force: true });
  }

  #perform(step: Step): unknown {
    switch (step.call) {
      case 'open':
        this.#fds.push(openSync(this.#path(step.path), step.flags, 0o644));
        return 'opened';
      case 'close': {
        closeSync(this.#fd(step.fd));
        this.#fds[step.fd] = -1;
        return 'closed';
      }
      case 'fstat':
        return summary(fstatSync(this.#fd(step.fd)));
      case 'read': {
        const target = new Uint8Array(step.length);
        const count = readSync(this.#fd(step.fd), target, 0, step.length, step.position);
        return Buffer.from(target.subarray(0, count)).toString('hex');
      }
      case 'write':
        return writeSync(this.#fd(step.fd), content(step.length, this.#salt++), 0, step.length, step.position);
      case 'ftruncate':
        return ftruncateSync(this.#fd(step.fd), step.length);
      case 'truncate':
        return truncateSync(this.#path(step.path), step.length);
      case 'rename':
        return renameSync(this.#path(step.path), this.#path(step.to));
      case 'link':
        return linkSync(this.#path(step.path), this.#path(step.to));
      case 'copyFile':
        // libuv removes the target when the source is a directory. The volume does not follow it in that.
        if (statSync(this.#path(step.path)).isDirectory()) return 'EISDIR';
        return copyFileSync(this.#path(step.path), this.#path(step.to));
      case 'symlink': {
        const real = step.target.startsWith('/tmp/') ? join(this.#root, step.target.slice(5)) : step.target;
        const end = step.target.endsWith('/') && !real.endsWith('/') ? '/' : '';
        return symlinkSync(real + end, this.#path(step.path));
      }
      case 'stat':
        return summary(statSync(this.#path(step.path)));
      case 'lstat':
        return summary(lstatSync(this.#path(step.path)));
      case 'readdir':
        return readdirSync(this.#path(step.path)).sort();
      case 'mkdir':
        return mkdirSync(this.#path(step.path));
      case 'mkdirAll':
        return this.#virtual(mkdirSync(this.#path(step.path), { recursive: true }) ?? '');
      case 'rmdir':
        return rmdirSync(this.#path(step.path));
      case 'unlink':
        return unlinkSync(this.#path(step.path));
      case 'readlink':
        return this.#virtual(readlinkSync(this.#path(step.path)));
      case 'realpath':
        return this.#virtual(realpathSync.native(this.#path(step.path)));
      default:
        return step satisfies never;
    }
  }

  #fd(index: number): number {
    const open = this.#fds[index];
    if (open === undefined || open < 0) throw Object.assign(new Error('not open'), { code: 'EBADF' });
    return open;
  }

  #path(path: string): string {
    return `${this.#root}/${path}`;
  }

  #virtual(path: string): string {
    return path.startsWith(this.#root) ? `/tmp${path.slice(this.#root.length)}` : path;
  }
}

class VirtualWorld implements World {
  readonly #run: Fixture['run'];
  readonly #fds: number[] = [];
  #salt = 0;

  constructor(fixture: Fixture) {
    this.#run = fixture.run;
  }

  perform(step: Step): unknown {
    switch (step.call) {
      case 'open': {
        const opened = this.#run('open', `/tmp/${step.path}`, step.flags, 0o644);
        if (typeof opened !== 'number') return opened;
        this.#fds.push(opened);
        return 'opened';
      }
      case 'close': {
        const closed = this.#run('close', this.#fd(step.fd));
        if (closed !== 0) return closed;
        this.#fds[step.fd] = -1;
        return 'closed';
      }
      case 'fstat':
        return this.#stats(this.#run('fstat', this.#fd(step.fd)));
      case 'read': {
        const read = this.#run('read', this.#fd(step.fd), step.length, step.position ?? -1);
        return read instanceof ArrayBuffer ? Buffer.from(read).toString('hex') : read;
      }
      case 'write': {
        if (this.#fd(step.fd) < 0) return 'EBADF';
        const data = content(step.length, this.#salt++);
        return this.#run('write', this.#fd(step.fd), data.buffer, step.position ?? -1);
      }
      case 'ftruncate':
        return this.#nothing(this.#run('ftruncate', this.#fd(step.fd), step.length));
      case 'truncate':
        return this.#nothing(this.#run('truncate', `/tmp/${step.path}`, step.length));
      case 'rename':
      case 'link':
        return this.#nothing(this.#run(step.call, `/tmp/${step.path}`, `/tmp/${step.to}`));
      case 'copyFile':
        return this.#nothing(this.#run('copyFile', `/tmp/${step.path}`, `/tmp/${step.to}`, 0));
      case 'symlink':
        return this.#nothing(this.#run('symlink', step.target, `/tmp/${step.path}`));
      case 'stat':
      case 'lstat':
        return this.#stats(this.#run(step.call, `/tmp/${step.path}`));
      case 'readdir': {
        const list = this.#run('readdir', `/tmp/${step.path}`);
        return Array.isArray(list) ? list.filter((_, at) => at % 2 === 0) : list;
      }
      case 'mkdir':
        return this.#nothing(this.#run('mkdir', `/tmp/${step.path}`, 0o777, 0));
      case 'mkdirAll':
        return this.#run('mkdir', `/tmp/${step.path}`, 0o777, 1);
      case 'rmdir':
      case 'unlink':
        return this.#nothing(this.#run(step.call, `/tmp/${step.path}`));
      case 'readlink':
      case 'realpath':
        return this.#run(step.call, `/tmp/${step.path}`);
      default:
        return step satisfies never;
    }
  }

  #fd(index: number): number {
    return this.#fds[index] ?? -1;
  }

  #nothing(reply: unknown): unknown {
    return reply === 0 || reply === '' ? undefined : reply;
  }

  #stats(reply: unknown): unknown {
    if (!Array.isArray(reply)) return reply;
    const [, mode, nlink, , , , , , size] = reply;
    return shape(Number(mode), Number(nlink), Number(size));
  }
}

function summary(stats: Stats): string {
  return shape(stats.mode, stats.nlink, stats.size);
}

/** What file systems agree on: of a directory neither its size nor its links, of a link not its length (targets are mapped). */
function shape(mode: number, nlink: number, size: number): string {
  const type = (mode & constants.S_IFMT).toString(8);
  return (mode & constants.S_IFMT) === constants.S_IFREG ? `${type} ${nlink} links ${size} bytes` : type;
}

test('random sequences of system calls give what a real file system gives', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
      using real = new RealWorld();
      const fixture = createFixture();
      const virtual = new VirtualWorld(fixture);
      for (const [at, one] of steps.entries()) {
        const expected = real.perform(one);
        const actual = virtual.perform(one);
        if (JSON.stringify(actual) === JSON.stringify(expected)) continue;
        throw new Error(`step ${at} ${JSON.stringify(one)}: got ${show(actual)}, a real one gives ${show(expected)}`);
      }
      fixture.fs.close();
      fixture.volume[Symbol.dispose]();
      if (fixture.backing.chunksHeld !== 0) throw new Error('chunks are still held');
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
  t.pass();
});

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 200);
}
