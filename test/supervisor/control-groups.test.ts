/**
 * Control groups against a kernel of the test's own (`fixtures/group-kernel.ts`), because most machines give none to a test. What
 * was tried on a real one is in docs/hardening.md.
 */
import test from 'ava';
import { ownerMark } from '../../src/base/owner-mark.ts';
import { limits } from '../../src/model/limits.ts';
import { type ControlGroups, openControlGroups } from '../../src/supervisor/control-groups.ts';
import { makeSandboxGroup, type SandboxGroup } from '../../src/supervisor/sandbox-group.ts';
import { GroupKernel, type KernelOptions } from '../fixtures/group-kernel.ts';

const MiB = 1024 * 1024;
const pid = 500;
const service = '/sys/fs/cgroup/user/service';
const ours = `/user/service/isotherm-${ownerMark}`;

interface Asked {
  readonly isRoot?: boolean;
  readonly use?: 'may' | 'must';
}

function kernel(options: Partial<KernelOptions> = {}): GroupKernel {
  return new GroupKernel({ own: '/user/service', pid, writable: service, ...options });
}

function open(files: GroupKernel, { isRoot = false, use = 'may' }: Asked = {}): Promise<ControlGroups | string> {
  return openControlGroups({ files, pid, isRoot, use });
}

async function opened(files: GroupKernel, asked?: Asked): Promise<ControlGroups> {
  const groups = await open(files, asked);
  if (typeof groups === 'string') throw new Error(groups);
  return groups;
}

async function made(groups: ControlGroups, name = 'sandbox-1'): Promise<SandboxGroup> {
  const group = await groups.make(name);
  if (typeof group === 'string') throw new Error(group);
  return group;
}

async function refused(options: Partial<KernelOptions>, asked?: Asked): Promise<string> {
  const files = kernel(options);
  const before = files.tree;
  const reason = await open(files, asked);
  if (typeof reason !== 'string') throw new Error('it was not refused');
  const after = Object.entries(files.tree);
  // Nothing is left of the attempt.
  if (JSON.stringify(after) !== JSON.stringify(Object.entries(before))) throw new Error(JSON.stringify(after));
  return reason;
}

test('a sandbox gets a group of its own, bounded before anybody is in it', async (t) => {
  const files = kernel();
  const groups = await opened(files);
  t.deepEqual(files.tree, { '': [], '/user': [], '/user/service': [], [ours]: [], [`${ours}/host`]: [pid] });
  await made(groups);
  const { values } = files.group(`/sys/fs/cgroup${ours}/sandbox-1`);
  t.is(values.get('memory.max'), String((limits.sandboxRssMiBMax + limits.controlGroupSlackMiB) * MiB));
  t.is(values.get('memory.oom.group'), '1');
  t.is(values.get('memory.swap.max'), '0');
  t.true(Number(values.get('pids.max')) >= limits.sandboxTasksMin);
  t.is(values.get('cpu.weight'), String(limits.sandboxCpuWeight));
});

test('when the last is closed the group is as it was found', async (t) => {
  const files = kernel();
  const before = files.tree;
  const groups = await opened(files);
  const group = await made(groups);
  await group.joined();
  await group[Symbol.asyncDispose]();
  await groups[Symbol.asyncDispose]();
  t.deepEqual(files.tree, before);
  t.is(await files.read(`${service}/cgroup.subtree_control`), '\n');
  t.is(files.open.size, 0);
});

test('a group that is busy for a moment after its sandbox ended goes with the engine', async (t) => {
  const files = kernel({ processes: { 7: [1, 'node'] } });
  const before = files.tree;
  const groups = await opened(files);
  const group = await made(groups);
  files.join(`/sys/fs/cgroup${ours}/sandbox-1`, 7);
  await group[Symbol.asyncDispose]();
  files.exit(7);
  await groups[Symbol.asyncDispose]();
  t.deepEqual(files.tree, before);
});

test('what this process started moves along, what it did not start keeps it from moving', async (t) => {
  const child = { 501: [pid, 'esbuild'], 502: [501, 'grandchild'], 400: [1, 'a (strange) name'] } as const;
  const files = kernel({ processes: child });
  files.join(service, 501);
  files.join(service, 502);
  const groups = await opened(files);
  t.deepEqual(files.tree[`${ours}/host`], [pid, 501, 502]);
  await groups[Symbol.asyncDispose]();
  t.deepEqual(files.tree['/user/service'], [pid, 501, 502]);
  files.join(service, 400);
  t.is(
    await open(files),
    'control group service holds other programs, which would have to move: a (strange) name (pid 400)',
  );
});

test('a container is ours as a whole: what started this process moves along', async (t) => {
  const processes = { 1: [0, 'tini'], 9: [0, 'sh'], [pid]: [1, 'node'] } as const;
  const options = { own: '/', root: 'namespace', writable: '/sys/fs/cgroup', processes } as const;
  const files = kernel(options);
  files.join('/sys/fs/cgroup', 1);
  const groups = await opened(files, { isRoot: true });
  t.deepEqual(files.tree[`/isotherm-${ownerMark}/host`], [pid, 1]);
  await groups[Symbol.asyncDispose]();
  // Somebody who looks in from outside is nobody's parent here.
  files.join('/sys/fs/cgroup', 9);
  t.regex(String(await open(files, { isRoot: true })), /holds other programs.*: sh \(pid 9\)$/);
});

test('root takes the group that it is in only when S4 is demanded', async (t) => {
  t.regex(
    await refused({}, { isRoot: true }),
    /^root may write to .*service, but may not have been given it: demand S4/,
  );
  await t.notThrowsAsync(opened(kernel(), { isRoot: true, use: 'must' }));
});

test('in the root of all groups nobody has to move', async (t) => {
  const files = kernel({ own: '/', writable: '/sys/fs/cgroup', processes: { 1: [0, 'init'] } });
  files.join('/sys/fs/cgroup', 1);
  const groups = await opened(files, { isRoot: true, use: 'must' });
  t.deepEqual(files.tree, { '': [pid, 1], [`/isotherm-${ownerMark}`]: [] });
  await made(groups);
  await groups[Symbol.asyncDispose]();
  t.deepEqual(files.tree, { '': [pid, 1] });
});

test('each reason for which there can be none is said', async (t) => {
  t.is(await refused({ mounted: '' }), 'no control groups of version 2 are mounted here');
  t.is(
    await refused({ mounted: '30 23 0:26 /other /sys/fs/cgroup ro - cgroup2 cgroup ro' }),
    'the control group of this process is not in the tree that is mounted here',
  );
  t.is(
    await refused({ controllers: ['hugetlb'], oldLines: ['8:pids:/', '4:memory:/box', '1:cpu,cpuacct:/'] }),
    'this machine has memory and pids in control groups of version 1: isotherm uses those of version 2',
  );
  t.is(await refused({ controllers: ['memory'] }), 'pids is not passed on to the control group of this process');
  t.regex(await refused({ writable: '/elsewhere' }), /^control group .*service is not for us to divide: EACCES/);
});

test('shares of the processor are not needed', async (t) => {
  const files = kernel({ controllers: ['memory', 'pids'] });
  await made(await opened(files));
  t.false(files.group(`/sys/fs/cgroup${ours}/sandbox-1`).values.has('cpu.weight'));
});

test('a sandbox whose group cannot be made is told why, and nothing of it is left', async (t) => {
  const files = kernel();
  const groups = await opened(files);
  // A service manager that was not told takes its controllers back.
  await files.write(`/sys/fs/cgroup${ours}/cgroup.subtree_control`, '-memory');
  t.regex(String(await groups.make('sandbox-1')), /^its control group could not be made: ENOENT: .*memory\.max/);
  t.false(`${ours}/sandbox-1` in files.tree);
});

test('groups of dead hosts go with what runs in them, those of living and foreign ones stay', async (t) => {
  const [boot, namespace, ownPid, start] = ownerMark.split('-');
  const dead = `${service}/isotherm-${[boot, namespace, ownPid, Number(start) - 1].join('-')}`;
  const foreign = `${service}/isotherm-${[boot, '1', ownPid, start].join('-')}`;
  const files = kernel({ processes: { 7: [1, 'node'], 8: [1, 'esbuild'] } });
  for (const path of [dead, `${dead}/host`, `${dead}/sandbox-1`, foreign, `${service}/isotherm`, `${service}/other`]) {
    await files.makeGroup(path);
  }
  files.join(`${dead}/sandbox-1`, 7);
  const groups = await opened(files);
  await groups[Symbol.asyncDispose]();
  t.deepEqual(
    (await files.groupsIn(service)).toSorted(),
    [foreign.slice(service.length + 1), 'isotherm', 'other'].toSorted(),
  );
});

test('what a dead host shared its group with is not killed', async (t) => {
  const [boot, namespace, ownPid, start] = ownerMark.split('-');
  const dead = `${service}/isotherm-${[boot, namespace, ownPid, Number(start) - 1].join('-')}`;
  const files = kernel({ processes: { 8: [1, 'program'] } });
  await files.makeGroup(dead);
  await files.makeGroup(`${dead}/host`);
  files.join(`${dead}/host`, 8);
  await opened(files);
  t.deepEqual(files.tree[`${dead.slice('/sys/fs/cgroup'.length)}/host`], [8]);
});

test('the bound follows what is allowed, in steps, and the last one is what the kernel has', async (t) => {
  const files = kernel();
  const group = await made(await opened(files));
  group.bound(300 * MiB, 0);
  group.bound(500 * MiB, 0);
  group.bound(400 * MiB, 0);
  await new Promise(setImmediate);
  const told = files.group(`/sys/fs/cgroup${ours}/sandbox-1`).values.get('memory.max');
  t.is(Number(told) / MiB, 416 + limits.controlGroupSlackMiB);
  t.is(group.maxBytes, Number(told));
});

test('volumes count where they lie in memory', async (t) => {
  for (const [place, expectedMiB] of [
    ['memory', 320 + 512],
    ['disk', 320],
  ] as const) {
    const files = kernel({ own: '/', writable: '/sys/fs/cgroup' });
    await files.write('/sys/fs/cgroup/cgroup.subtree_control', '+memory +pids');
    const group = await makeSandboxGroup(files, '/sys/fs/cgroup/one', ['memory', 'pids'], place);
    group.bound(320 * MiB, 512);
    await new Promise(setImmediate);
    const { values } = files.group('/sys/fs/cgroup/one');
    t.is(Number(values.get('memory.max')) / MiB, expectedMiB + limits.controlGroupSlackMiB, place);
  }
});

test('that the kernel ended it for its memory is read from the group', async (t) => {
  const files = kernel();
  const group = await made(await opened(files));
  t.false(group.wasOutOfMemory());
  await files.write(`/sys/fs/cgroup${ours}/sandbox-1/memory.events`, 'low 0\noom 3\noom_kill 1\noom_group_kill 1');
  t.true(group.wasOutOfMemory());
  await group[Symbol.asyncDispose]();
  t.false(group.wasOutOfMemory());
});

test('on this very machine there are some, or the reason is said', async (t) => {
  const groups = await openControlGroups({ use: 'may' });
  if (typeof groups === 'string') {
    t.regex(groups, /control group|version 2/);
  } else {
    await using all = groups;
    t.not(typeof (await all.make('sandbox-1')), 'string');
  }
});
