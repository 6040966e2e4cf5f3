import test from 'ava';
import { hardeningFindings, kernelFindings, limitFindings } from '../../src/cli/doctor-findings.ts';
import { doctorText } from '../../src/cli/doctor-text.ts';
import { type HardeningLayerName, hardeningLayers, hardeningReport } from '../../src/model/hardening.ts';
import type { MachineFacts } from '../../src/supervisor/machine.ts';

const proof = [{ attempt: 'open a file', isRefused: true }];

function reportWithout(absent: Partial<Record<HardeningLayerName, string>>, selfTest = proof) {
  const layers = hardeningLayers.map((name) => {
    const reason = absent[name];
    return { name, state: reason === undefined ? 'on' : 'absent', reason: reason ?? '' } as const;
  });
  return hardeningReport(layers, selfTest, '');
}

function named(findings: ReturnType<typeof hardeningFindings>, name: string) {
  return findings.find((finding) => finding.name === name);
}

test('everything on is S4, and nothing is left to do', (t) => {
  const findings = hardeningFindings(reportWithout({}));
  t.true(findings.every(({ state, advice }) => state === 'ok' && advice === undefined));
  t.is(named(findings, 'level')?.detail, 'S4 holds');
});

test('a layer that only a higher level needs is less; one that S2 needs is missing', (t) => {
  const findings = hardeningFindings(reportWithout({ namespaces: 'EPERM', 'control-group': 'version 1' }));
  t.like(named(findings, 'level'), { state: 'ok', detail: 'S2 holds', advice: 'for S3: no namespaces (EPERM)' });
  t.like(named(findings, 'namespaces'), { state: 'less', detail: 'absent: EPERM' });
  t.regex(named(findings, 'namespaces')?.advice ?? '', /user namespaces/);
  t.like(named(hardeningFindings(reportWithout({ landlock: 'ENOSYS' })), 'landlock'), { state: 'missing' });
});

test('without any jail there is one advice, not one for each layer', (t) => {
  const findings = hardeningFindings(hardeningReport([], [], 'no C compiler'));
  t.deepEqual(
    findings.filter(({ advice }) => advice !== undefined).map(({ name }) => name),
    ['level'],
  );
  t.regex(named(findings, 'level')?.advice ?? '', /C compiler/);
  const some = (['parent-death-signal', 'resource-limits'] as const).map(
    (name) => ({ name, state: 'on', reason: '' }) as const,
  );
  t.deepEqual(
    hardeningFindings(hardeningReport(some, [], 'no C compiler')).flatMap(({ name, advice }) => (advice ? [name] : [])),
    ['level'],
  );
});

test('what the self-test got through is named', (t) => {
  const holed = reportWithout({}, [...proof, { attempt: 'connect', isRefused: false }]);
  t.like(named(hardeningFindings(holed), 'self-test'), { state: 'missing', detail: 'not refused: connect' });
  t.like(named(hardeningFindings(reportWithout({}, [])), 'self-test'), { state: 'missing' });
});

const machine: MachineFacts = {
  kernel: '6.18',
  cores: 2,
  userNamespaces: { max: 100, restrictedBy: undefined },
  securityModules: ['capability', 'landlock'],
  seccompActions: ['trap', 'errno'],
  controlGroup: { version: 2, path: '/a', isDelegated: true, controllers: ['memory', 'pids'], tasksMax: undefined },
  openFilesMax: 20_000,
  processesMax: Number.POSITIVE_INFINITY,
  memoryFreeBytes: 2 ** 32,
  memoryTotalBytes: 2 ** 34,
};

test('a kernel that has everything is all right, and what is unknown is no fault', (t) => {
  t.true(kernelFindings(machine).every(({ state }) => state === 'ok' || state === 'note'));
  const unknown = { userNamespaces: undefined, securityModules: undefined, controlGroup: undefined };
  for (const name of ['user namespaces', 'landlock', 'control groups']) {
    t.is(named(kernelFindings({ ...machine, ...unknown }), name)?.state, 'note', name);
  }
});

test('what the kernel does not give is named by its setting', (t) => {
  const restricted = { max: 100, restrictedBy: 'kernel.apparmor_restrict_unprivileged_userns=1' };
  const findings = kernelFindings({ ...machine, userNamespaces: restricted, securityModules: ['yama'] });
  t.like(named(findings, 'user namespaces'), { state: 'less', detail: restricted.restrictedBy });
  t.is(named(findings, 'landlock')?.state, 'less');
  const none = kernelFindings({
    ...machine,
    userNamespaces: { max: 0, restrictedBy: undefined },
    seccompActions: undefined,
  });
  t.is(named(none, 'user namespaces')?.state, 'less');
  t.is(named(none, 'seccomp')?.state, 'less');
});

test('tight limits are told with what to do', (t) => {
  t.true(limitFindings(machine, []).every(({ state }) => state === 'ok'));
  const tight = limitFindings({ ...machine, openFilesMax: 256, processesMax: 100, memoryFreeBytes: 1 }, [
    { name: 'disk', path: '/tmp', freeBytes: 1 },
    { name: 'other disk', path: '/nowhere', freeBytes: undefined },
  ]);
  t.deepEqual(
    tight.map(({ state }) => state),
    ['less', 'less', 'less', 'less', 'note'],
  );
  t.is(named(tight, 'open files')?.advice, 'ulimit -n 1024');
});

test('columns stand below each other, and groups apart', (t) => {
  t.is(
    doctorText([
      { group: 'kernel', state: 'ok', name: 'a', detail: 'first' },
      { group: 'kernel', state: 'missing', name: 'longer', detail: 'second', advice: 'do it' },
      { group: 'limits', state: 'note', name: 'b', detail: 'third' },
    ]),
    [
      'kernel',
      '  ✔ a       first',
      '  ✘ longer  second',
      '            → do it',
      '',
      'limits',
      '  · b       third',
      '',
    ].join('\n'),
  );
});
