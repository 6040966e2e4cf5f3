/**
 * Bindings that describe the machine and the process, with fixed answers: a guest learns nothing about its host.
 */
import type { CoreContext } from '../context.ts';

const { BigInt, MathFloor, StringPrototypeSlice, TypedArrayPrototypeFill } = primordials;

export function createBindings(context: CoreContext): Record<string, object> {
  const { process } = context;
  let priority = 0;
  const isSelf = (pid: number, failure: SystemFailure): boolean => {
    if (pid === 0 || pid === process.pid) return true;
    failure.syscall = 'uv_os_getpriority';
    failure.code = 'ESRCH';
    failure.message = 'no such process';
    failure.errno = -3;
    return false;
  };
  const memoryBytes = (): number => context.settings.memorySize * 1024 * 1024;
  const usedBytes = (): number => context.host.memoryUsage()[0] ?? 0;
  return {
    process_methods: createProcessMethods(context),
    credentials: {
      implementsPosixCredentials: true,
      safeGetenv: (name: string) => process.env[name],
      getTempDir: () => temporaryDirectory(process.env),
      getuid: () => userId,
      geteuid: () => userId,
      getgid: () => groupId,
      getegid: () => groupId,
      getgroups: () => [groupId],
    },
    os: {
      isBigEndian: false,
      getAvailableParallelism: () => 1,
      getCPUs: () => ['vCPU', 2500, 0, 0, 0, 0, 0],
      getFreeMem: () => memoryBytes() - usedBytes(),
      getHomeDirectory: () => process.env.HOME ?? '/home/sbx_user1051',
      getHostname: () => '169.254.0.1',
      getInterfaceAddresses: () => ['lo', '127.0.0.1', '255.0.0.0', 'IPv4', '00:00:00:00:00:00', true, -1],
      getLoadAvg: (into: Float64Array) => TypedArrayPrototypeFill(into, 0),
      getOSInformation: () => ['Linux', '#1 SMP', '5.10.0', 'x86_64'],
      getPriority: (pid: number, failure: SystemFailure) => (isSelf(pid, failure) ? priority : undefined),
      // A guest has no priority of its own; what it asked for is all that it can find out.
      setPriority(pid: number, asked: number, failure: SystemFailure) {
        if (!isSelf(pid, failure)) return -3;
        priority = asked;
        return 0;
      },
      getTotalMem: memoryBytes,
      getUptime: () => context.host.hrtime() / 1e9,
      getUserInfo: () => ({
        uid: userId,
        gid: groupId,
        username: 'sbx_user1051',
        homedir: '/home/sbx_user1051',
        shell: '/sbin/nologin',
      }),
    },
  };
}

/** Lambda's sandbox user. */
const userId = 993;
const groupId = 990;

function createProcessMethods(context: CoreContext): object {
  const hrtimeBuffer = new Uint32Array(3);
  const hrtimeBigInt = new BigInt64Array(hrtimeBuffer.buffer, 0, 1);
  return {
    hrtimeBuffer: hrtimeBuffer.buffer,
    hrtime() {
      const now = context.host.hrtime();
      const seconds = MathFloor(now / 1e9);
      hrtimeBuffer[0] = MathFloor(seconds / 0x1_0000_0000);
      hrtimeBuffer[1] = seconds >>> 0;
      hrtimeBuffer[2] = MathFloor(now % 1e9);
    },
    hrtimeBigInt() {
      hrtimeBigInt[0] = BigInt(MathFloor(context.host.hrtime()));
    },
    setEmitWarningSync: () => {},
    patchProcessObject: () => {},
    cwd: () => context.process.cwd(),
  };
}

/** Filled in for Node's library, which throws it. */
interface SystemFailure {
  syscall?: string;
  code?: string;
  message?: string;
  errno?: number;
}

/** libuv's order; a slash at the end is not part of the name. */
function temporaryDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const names = ['TMPDIR', 'TMP', 'TEMP', 'TEMPDIR'];
  for (let at = 0; at < names.length; at++) {
    const value = env[names[at] ?? ''];
    if (value === undefined || value === '') continue;
    return value.length > 1 && value[value.length - 1] === '/' ? StringPrototypeSlice(value, 0, -1) : value;
  }
  return '/tmp';
}
