/** What the host remembers of an environment between its invocations. */
import type { Clock } from '../base/clock.ts';
import { logStreamName } from '../telemetry/log-stream.ts';
import type { Target } from './target.ts';

export interface EnvironmentFacts {
  readonly logStream: string;
  /** The most that it was ever seen to use (LAMBDA.md E1.6). */
  memoryPeakBytes: number;
  /** Of an init that ran ahead of all invocations: the first one's REPORT tells it (E1.2). */
  initDurationMs?: number | undefined;
}

export function newEnvironmentFacts({ version }: Target, environmentId: string, clock: Clock): EnvironmentFacts {
  const { functionName, logging } = version.configuration;
  const { logGroup } = logging;
  const named = { functionName, version: version.version, logGroup, environmentId };
  return { logStream: logStreamName({ epochMs: clock.epochMs(), ...named }), memoryPeakBytes: 0 };
}
