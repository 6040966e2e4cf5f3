/**
 * The methods of `process` that need no module of Node's library until they fail. None of them has power outside the guest:
 * signals, native bindings and other directories are refused.
 */
import type { CoreContext } from './context.ts';
import type { ProcessObject } from './process.ts';

const { BigInt, MathFloor, StringPrototypeStartsWith } = primordials;

/** Lambda's sandbox user. */
const userId = 993;
const groupId = 990;
const startDirectory = '/var/task';

export function createProcessMethods(process: ProcessObject, context: () => CoreContext): Record<string, unknown> {
  const codes = (): Record<string, new (...args: unknown[]) => Error> =>
    context().library.require<{ codes: Record<string, new (...args: unknown[]) => Error> }>('internal/errors').codes;
  const unsupported = (feature: string): Error =>
    context().library.require<{ refusal(feature: string): Error }>('isotherm/modules/refusal').refusal(feature);
  let directory = startDirectory;
  let mask = 0o22;
  const nanoseconds = (): number => context().host.hrtime();
  const hrtime = (previous?: readonly [number, number]): [number, number] => {
    const now = nanoseconds();
    let seconds = MathFloor(now / 1e9);
    let rest = MathFloor(now % 1e9);
    if (previous !== undefined) {
      const { validateArray } = context().library.require<{ validateArray(value: unknown, name: string): void }>(
        'internal/validators',
      );
      validateArray(previous, 'time');
      if (previous.length !== 2) {
        const OutOfRange = codes().ERR_OUT_OF_RANGE;
        if (OutOfRange !== undefined) throw new OutOfRange('time', 2, (previous as readonly number[]).length);
      }
      seconds -= previous[0];
      rest -= previous[1];
      if (rest < 0) {
        seconds--;
        rest += 1e9;
      }
    }
    return [seconds, rest];
  };
  hrtime.bigint = (): bigint => BigInt(MathFloor(nanoseconds()));
  const memoryUsage = (): object => {
    const usage = context().host.memoryUsage();
    return {
      rss: usage[4] ?? 0,
      heapTotal: usage[1] ?? 0,
      heapUsed: usage[0] ?? 0,
      external: usage[2] ?? 0,
      arrayBuffers: usage[3] ?? 0,
    };
  };
  memoryUsage.rss = (): number => context().host.memoryUsage()[4] ?? 0;

  return {
    hrtime,
    memoryUsage,
    cwd: () => directory,
    chdir(path: string) {
      context()
        .library.require<{ validateString(value: unknown, name: string): void }>('internal/validators')
        .validateString(path, 'directory');
      const resolved = context()
        .library.require<{ resolve(...parts: string[]): string }>('path')
        .resolve(directory, path);
      const inside = resolved === '/tmp' || resolved === startDirectory;
      if (
        !inside &&
        !StringPrototypeStartsWith(resolved, '/tmp/') &&
        !StringPrototypeStartsWith(resolved, `${startDirectory}/`)
      ) {
        throw unsupported(`process.chdir() to '${resolved}', outside /var/task and /tmp,`);
      }
      directory = resolved;
    },
    umask(next?: number | string) {
      const before = mask;
      if (next !== undefined) {
        const { parseFileMode } = context().library.require<{
          parseFileMode(value: unknown, name: string): number;
        }>('internal/validators');
        mask = parseFileMode(next, 'mask') & 0o777;
      }
      return before;
    },
    uptime: () => nanoseconds() / 1e9,
    cpuUsage(previous?: { readonly user: number; readonly system: number }) {
      const user = context().host.cpuTime() - (previous?.user ?? 0);
      return { user, system: 0 - (previous?.system ?? 0) };
    },
    threadCpuUsage: () => ({ user: context().host.cpuTime(), system: 0 }),
    resourceUsage: () => ({ userCPUTime: context().host.cpuTime(), ...unmeasured }),
    constrainedMemory: () => context().settings.memorySize * 1024 * 1024,
    availableMemory: () => context().settings.memorySize * 1024 * 1024 - (context().host.memoryUsage()[0] ?? 0),
    getuid: () => userId,
    geteuid: () => userId,
    getgid: () => groupId,
    getegid: () => groupId,
    getgroups: () => [groupId],
    binding(name: unknown) {
      throw unsupported(`process.binding('${String(name)}')`);
    },
    _linkedBinding(name: unknown) {
      throw unsupported(`process._linkedBinding('${String(name)}')`);
    },
    dlopen() {
      throw unsupported('process.dlopen()');
    },
    kill() {
      throw unsupported('process.kill()');
    },
    execve() {
      throw unsupported('process.execve()');
    },
    abort: () => context().host.exit(134),
    reallyExit: (code: unknown) => context().host.exit(exitStatus(code)),
    exit(code?: number | string | null) {
      if (code !== undefined) process.exitCode = code;
      if (process._exiting !== true) {
        process._exiting = true;
        if (context().library.isLoaded('events')) {
          process.emit('exit', exitStatus(process.exitCode));
        }
      }
      context().host.exit(exitStatus(process.exitCode));
    },
    _getActiveHandles: () => [],
    _getActiveRequests: () => [],
    setSourceMapsEnabled: () => {},
    _rawDebug: (...args: unknown[]) => {
      const { format } = context().library.require<{ format(...values: unknown[]): string }>('internal/util/inspect');
      context().host.log(2, `${format(...args)}\n`);
    },
  };
}

const unmeasured = {
  systemCPUTime: 0,
  maxRSS: 0,
  sharedMemorySize: 0,
  unsharedDataSize: 0,
  unsharedStackSize: 0,
  minorPageFault: 0,
  majorPageFault: 0,
  swappedOut: 0,
  fsRead: 0,
  fsWrite: 0,
  ipcSent: 0,
  ipcReceived: 0,
  signalsCount: 0,
  voluntaryContextSwitches: 0,
  involuntaryContextSwitches: 0,
};

/** What a process would end with: Node takes integers and strings of them, anything else is 1. */
export function exitStatus(code: unknown): number {
  const value = typeof code === 'string' ? +code : code;
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' && value === MathFloor(value) ? value & 255 : 1;
}
