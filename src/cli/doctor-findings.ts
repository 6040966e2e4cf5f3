/**
 * What `isotherm doctor` says: each finding with its state, what it is, and what would make it better. Pure: facts in, findings
 * out. The words for one layer are here and nowhere else.
 */
import { type HardeningLayerName, type HardeningReport, isAtLeast } from '../model/hardening.ts';
import { levelOf, missingFor, nextLevel, soundLevel } from '../model/hardening-demand.ts';
import type { MachineFacts } from '../supervisor/machine.ts';

export interface Finding {
  readonly group: 'isotherm' | 'sandbox' | 'hardening' | 'kernel' | 'limits';
  /** `less`: something works worse without it. `missing`: isotherm does not run, or a layer is absent. `note`: only said. */
  readonly state: 'ok' | 'less' | 'missing' | 'note';
  readonly name: string;
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}

const jailAdvice = 'install a C compiler, or use the published package, which brings launcher and lock';

/** What each layer needs, for when its reason is not enough. */
const layerAdvice: Readonly<Record<HardeningLayerName, string>> = {
  'parent-death-signal': jailAdvice,
  'resource-limits': jailAdvice,
  namespaces:
    'allow user namespaces: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, or a container profile that lets unshare through',
  capabilities: 'run isotherm as a user without special rights',
  'no-new-privileges': 'use a kernel of 3.5 or later, and a container profile that lets prctl through',
  landlock: 'use Linux 5.13 or later with landlock among its security modules (boot with lsm=landlock,...)',
  'seccomp-launch': 'use a kernel with seccomp filters, outside of tools that emulate system calls',
  undumpable: jailAdvice,
  'seccomp-lock': jailAdvice,
  'control-group':
    'start isotherm in a control group of version 2 that is given to it: systemd-run --user --scope -p Delegate=yes isotherm ..., or Delegate=yes in its service (docs/hardening.md)',
  'unprivileged-user':
    'run isotherm as a user other than root; or, as root, keep installation and cache (XDG_CACHE_HOME) where everybody may read',
};

export function hardeningFindings(report: HardeningReport): readonly Finding[] {
  const { level, layers, selfTest } = report;
  const isSound = isAtLeast(level, soundLevel);
  const allowed = selfTest.filter(({ isRefused }) => !isRefused);
  const absent = layers.filter(({ state }) => state === 'absent');
  // Without launcher and lock it is not the single layers that want something.
  const isOneReason = new Set(absent.map(({ reason }) => reason)).size === 1;
  const hasNoJail = isOneReason && absent.some(({ name }) => name === 'landlock') && absent.length > layers.length / 2;
  const next = nextLevel(level);
  const missing = next === undefined ? undefined : `for ${next}: ${missingFor(report, next)}`;
  const advice = hasNoJail ? jailAdvice : missing;
  return [
    {
      group: 'hardening',
      state: isSound ? 'ok' : 'missing',
      name: 'level',
      detail: isSound ? `${level} holds` : `${level}: not for the code of strangers, which needs ${soundLevel}`,
      ...(advice !== undefined && { advice }),
    },
    ...layers.map(({ name, state, reason }): Finding => {
      const isOn = state === 'on';
      const needed = isAtLeast(soundLevel, levelOf(name)) ? 'missing' : 'less';
      if (isOn) return { group: 'hardening', state: 'ok', name, detail: `on (${levelOf(name)})` };
      const why = hasNoJail ? {} : { advice: layerAdvice[name] };
      return { group: 'hardening', state: needed, name, detail: `absent: ${reason}`, ...why };
    }),
    {
      group: 'hardening',
      state: selfTest.length === 0 || allowed.length > 0 ? 'missing' : 'ok',
      name: 'self-test',
      detail: selfTestDetail(selfTest.length, allowed),
    },
  ];
}

function selfTestDetail(tried: number, allowed: HardeningReport['selfTest']): string {
  if (tried === 0) return 'nothing was tried: there is no lock that could refuse anything';
  if (allowed.length === 0) return `${tried} things that a sandbox must not do were tried and refused`;
  return `not refused: ${allowed.map(({ attempt }) => attempt).join(', ')}`;
}

export function kernelFindings(machine: MachineFacts): readonly Finding[] {
  const { userNamespaces, securityModules, seccompActions, controlGroup } = machine;
  const finding = (name: string, state: Finding['state'], detail: string): Finding => {
    return { group: 'kernel', state, name, detail };
  };
  return [
    finding('kernel', 'note', `${machine.kernel}, ${machine.cores} ${machine.cores === 1 ? 'core' : 'cores'}`),
    userNamespaces === undefined
      ? finding('user namespaces', 'note', 'unknown')
      : finding(
          'user namespaces',
          userNamespaces.max === 0 || userNamespaces.restrictedBy !== undefined ? 'less' : 'ok',
          userNamespaces.max === 0
            ? 'none allowed (user.max_user_namespaces=0)'
            : (userNamespaces.restrictedBy ?? `allowed, at most ${userNamespaces.max}`),
        ),
    securityModules === undefined
      ? finding('landlock', 'note', 'the list of security modules cannot be read; the layer tells')
      : finding(
          'landlock',
          securityModules.includes('landlock') ? 'ok' : 'less',
          `security modules: ${securityModules.join(', ')}`,
        ),
    seccompActions === undefined
      ? finding('seccomp', 'less', 'no filters (/proc/sys/kernel/seccomp is not there)')
      : finding('seccomp', 'ok', `actions: ${seccompActions.join(', ')}`),
    controlGroup === undefined
      ? finding('control groups', 'note', 'unknown')
      : finding(
          'control groups',
          controlGroup.isDelegated ? 'ok' : 'note',
          `version ${controlGroup.version}, ${controlGroup.path}, ${controlGroup.isDelegated ? `delegated: ${controlGroup.controllers.join(', ')}` : 'not delegated to us'}`,
        ),
  ];
}

/** A sandbox takes about 13 descriptors of its host; 16 of them and the connections of clients and guests need some hundreds. */
const openFilesComfortable = 1_024;
const processesComfortable = 512;
const memoryComfortableBytes = 512 * 1024 * 1024;
const diskComfortableBytes = 1024 * 1024 * 1024;

export interface Disk {
  readonly name: string;
  readonly path: string;
  readonly freeBytes: number | undefined;
}

export function limitFindings(machine: MachineFacts, disks: readonly Disk[]): readonly Finding[] {
  const { openFilesMax, processesMax, controlGroup, memoryFreeBytes, memoryTotalBytes } = machine;
  const tasksMax = Math.min(
    processesMax ?? Number.POSITIVE_INFINITY,
    controlGroup?.tasksMax ?? Number.POSITIVE_INFINITY,
  );
  return [
    {
      group: 'limits',
      state: openFilesMax === undefined || openFilesMax >= openFilesComfortable ? 'ok' : 'less',
      name: 'open files',
      detail: `at most ${amount(openFilesMax)} (NOFILE)`,
      ...((openFilesMax ?? openFilesComfortable) < openFilesComfortable && {
        advice: `ulimit -n ${openFilesComfortable}`,
      }),
    },
    {
      group: 'limits',
      state: tasksMax >= processesComfortable ? 'ok' : 'less',
      name: 'processes and threads',
      detail: `at most ${amount(tasksMax)}`,
      ...(tasksMax < processesComfortable && {
        advice: `a sandbox has about 12 threads, and V8 ends it when it cannot start one: allow ${processesComfortable} or more (ulimit -u, pids.max)`,
      }),
    },
    {
      group: 'limits',
      state: memoryFreeBytes >= memoryComfortableBytes ? 'ok' : 'less',
      name: 'memory',
      detail: `${size(memoryFreeBytes)} free of ${size(memoryTotalBytes)}`,
    },
    ...disks.map(
      ({ name, path, freeBytes }): Finding => ({
        group: 'limits',
        state: freeBytes === undefined ? 'note' : freeBytes >= diskComfortableBytes ? 'ok' : 'less',
        name,
        detail: `${freeBytes === undefined ? 'unknown' : `${size(freeBytes)} free`} in ${path}`,
      }),
    ),
  ];
}

function amount(value: number | undefined): string {
  if (value === undefined) return 'unknown';
  return Number.isFinite(value) ? String(value) : 'unlimited';
}

function size(bytes: number): string {
  const mebibytes = bytes / (1024 * 1024);
  return mebibytes < 1024 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
