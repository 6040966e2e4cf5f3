/** The hardening report of a hello. Its level is not believed: it must be the one that its layers and its self-test make. */
import {
  type HardeningAttempt,
  type HardeningLayer,
  type HardeningReport,
  hardeningLayers,
  hardeningLevel,
} from '../model/hardening.ts';
import { boolean, oneOf, record, text } from './decode-value.ts';
import { ProtocolError } from './protocol-error.ts';

/** A self-test is a few dozen attempts. */
const attemptsMax = 256;

/** @throws ProtocolError */
export function decodeHardening(value: unknown, path: string): HardeningReport {
  const report = record(value, path);
  const layers = entries(report.layers, `${path}.layers`, hardeningLayers.length).map(layer);
  for (const [index, name] of hardeningLayers.entries()) {
    if (layers[index]?.name !== name) throw new ProtocolError(`${path}.layers[${index}]`, name, layers[index]?.name);
  }
  const selfTest = entries(report.selfTest, `${path}.selfTest`, attemptsMax).map(attempt);
  return { level: oneOf(report.level, `${path}.level`, [hardeningLevel(layers, selfTest)]), layers, selfTest };
}

function entries(value: unknown, path: string, lengthMax: number): readonly [unknown, string][] {
  if (!Array.isArray(value)) throw new ProtocolError(path, 'an array', value);
  if (value.length > lengthMax) throw new ProtocolError(path, `at most ${lengthMax} entries`, value.length);
  return value.map((entry, index) => [entry, `${path}[${index}]`]);
}

function layer([value, path]: readonly [unknown, string]): HardeningLayer {
  const { name, state, reason } = record(value, path);
  return {
    name: oneOf(name, `${path}.name`, hardeningLayers),
    state: oneOf(state, `${path}.state`, ['on', 'absent']),
    reason: text(reason, `${path}.reason`),
  };
}

function attempt([value, path]: readonly [unknown, string]): HardeningAttempt {
  const { attempt: tried, isRefused } = record(value, path);
  return { attempt: text(tried, `${path}.attempt`), isRefused: boolean(isRefused, `${path}.isRefused`) };
}
