import test from 'ava';
import { hardeningReport } from '../../src/model/hardening.ts';
import { decodeHardening } from '../../src/protocol/decode-hardening.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const report = hardeningReport(
  [{ name: 'seccomp-lock', state: 'on', reason: '' }],
  [{ attempt: 'open a file', isRefused: true }],
  'a test',
);

test('a report arrives as it was sent', (t) => {
  t.deepEqual(decodeHardening(JSON.parse(JSON.stringify(report)), 'hardening'), report);
});

test('a level that the layers do not make is refused', (t) => {
  t.throws(() => decodeHardening({ ...report, level: 'S3' }, 'hardening'), {
    instanceOf: ProtocolError,
    message: /hardening\.level must be one of S0/,
  });
});

test('layers that are missing, unknown or out of order are refused', (t) => {
  const { layers } = report;
  const [first, ...rest] = layers;
  for (const wrong of [rest, [...rest, first], [{ ...first, name: 'magic' }, ...rest], [...layers, first], {}]) {
    t.throws(() => decodeHardening({ ...report, layers: wrong }, 'hardening'), { instanceOf: ProtocolError });
  }
});

test('a self-test that is no list of attempts is refused', (t) => {
  const attempt = { attempt: 'x', isRefused: true };
  for (const wrong of [{}, [{ attempt: 'x' }], [{ ...attempt, isRefused: 'yes' }], Array(257).fill(attempt)]) {
    t.throws(() => decodeHardening({ ...report, selfTest: wrong }, 'hardening'), { instanceOf: ProtocolError });
  }
});
