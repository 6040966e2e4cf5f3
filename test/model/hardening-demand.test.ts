import test from 'ava';
import {
  type HardeningLayerName,
  type HardeningLevel,
  hardeningLevels,
  hardeningReport,
  isAtLeast,
  levelLayers,
} from '../../src/model/hardening.ts';
import { hardeningDemand, hardeningRefusal, missingFor } from '../../src/model/hardening-demand.ts';

const proof = [{ attempt: 'open a file', isRefused: true }];

function reportAt(level: HardeningLevel) {
  const names = hardeningLevels.filter((each) => isAtLeast(level, each)).flatMap((each) => levelLayers[each]);
  return hardeningReport(
    names.map((name) => ({ name, state: 'on', reason: '' })),
    proof,
    'this is a test',
  );
}

test('a demand accepts its level and all above, and refuses all below', (t) => {
  for (const wanted of hardeningLevels) {
    for (const found of hardeningLevels) {
      const refusal = hardeningRefusal(reportAt(found), hardeningDemand({ minimumLevel: wanted }));
      t.is(refusal === undefined, isAtLeast(found, wanted), `${found} for ${wanted}`);
      if (refusal === undefined) continue;
      t.true(
        refusal.startsWith(`hardening must be at least ${wanted}, and sandboxes reach ${found} here: no `),
        refusal,
      );
    }
  }
});

test('required is S2; auto and off accept everything', (t) => {
  t.deepEqual(hardeningDemand('required'), hardeningDemand({ minimumLevel: 'S2' }));
  for (const option of ['auto', 'off'] as const) {
    t.is(hardeningRefusal(reportAt('S0'), hardeningDemand(option)), undefined);
  }
  t.is(hardeningDemand('off').jail, 'off');
});

test('what is missing is named with its reason, and nothing that the level does not need', (t) => {
  t.is(missingFor(reportAt('S2'), 'S3'), 'no namespaces (this is a test)');
  t.is(missingFor(reportAt('S2'), 'S4'), 'no control-group, unprivileged-user, namespaces (this is a test)');
});

test('layers are named together when they are missing for one reason', (t) => {
  const why = (name: HardeningLayerName, reason: string) => ({ name, state: 'absent', reason }) as const;
  const report = hardeningReport(
    [why('landlock', 'old kernel'), why('namespaces', 'forbidden'), why('control-group', 'old kernel')],
    [],
    'no launcher',
  );
  t.regex(
    missingFor(report, 'S4'),
    /^no control-group, landlock \(old kernel\); no unprivileged-user, parent-death-signal, .* \(no launcher\); no namespaces \(forbidden\)$/,
  );
});

test('layers that are on and hold nothing back are named by what they let through', (t) => {
  const { layers } = reportAt('S4');
  const holed = hardeningReport(layers, [...proof, { attempt: 'open a socket', isRefused: false }], '');
  t.is(missingFor(holed, 'S2'), 'the kernel did not refuse: open a socket');
  t.is(missingFor(hardeningReport(layers, [], ''), 'S2'), 'nothing was tried after the lock');
});
