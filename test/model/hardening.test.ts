import test from 'ava';
import {
  type HardeningLayer,
  type HardeningLayerName,
  hardeningLayers,
  hardeningLevel,
  hardeningLevels,
  hardeningReport,
  isAtLeast,
  levelLayers,
} from '../../src/model/hardening.ts';

const proof = [{ attempt: 'open a file', isRefused: true }];

function layersWithout(...absent: readonly HardeningLayerName[]): HardeningLayer[] {
  return hardeningLayers.map((name) =>
    absent.includes(name) ? { name, state: 'absent', reason: 'a test' } : { name, state: 'on', reason: '' },
  );
}

test('each layer belongs to exactly one level', (t) => {
  t.deepEqual(Object.values(levelLayers).flat().sort(), [...hardeningLayers].sort());
});

test('a level needs every layer of its own and of those below', (t) => {
  t.is(hardeningLevel(layersWithout(), proof), 'S4');
  for (const [index, level] of hardeningLevels.entries()) {
    for (const missing of levelLayers[level]) {
      t.is(hardeningLevel(layersWithout(missing), proof), hardeningLevels[index - 1] ?? 'S0', missing);
    }
  }
  t.is(hardeningLevel([], proof), 'S0');
});

test('what the kernel did not refuse, or nobody tried, is worth no more than S1', (t) => {
  t.is(hardeningLevel(layersWithout(), []), 'S1');
  t.is(hardeningLevel(layersWithout(), [...proof, { attempt: 'connect', isRefused: false }]), 'S1');
});

test('a report names every layer, and why one is absent', (t) => {
  const { level, layers } = hardeningReport([{ name: 'landlock', state: 'on', reason: '' }], [], 'no launcher');
  t.is(level, 'S0');
  t.deepEqual(
    layers.map(({ name }) => name),
    hardeningLayers,
  );
  for (const { name, state, reason } of layers) {
    t.deepEqual([state, reason], name === 'landlock' ? ['on', ''] : ['absent', 'no launcher']);
  }
});

test('levels are ordered', (t) => {
  t.true(isAtLeast('S3', 'S2'));
  t.true(isAtLeast('S2', 'S2'));
  t.false(isAtLeast('S1', 'S2'));
});
