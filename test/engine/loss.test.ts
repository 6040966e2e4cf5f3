import test from 'ava';
import { type Circumstances, judge, type Loss } from '../../src/engine/loss.ts';
import { limitHit } from '../../src/model/limit-reason.ts';
import type { ExitCause } from '../../src/supervisor/sandbox-port.ts';

const limit = limitHit('resident-memory', 400, 500);
const cpu = limitHit('cpu-time', 100, 120);

const killed = (
  reason: Extract<ExitCause, { kind: 'killed' }>['reason'],
  suspects?: readonly string[],
  hit = limit,
): ExitCause => ({
  kind: 'killed',
  reason,
  detail: 'detail',
  ...(suspects && { suspects }),
  limit: hit,
});

const base: Circumstances = {
  cause: { kind: 'crashed', detail: 'detail' },
  environmentId: 'me',
  stage: 'invoke',
  elapsedMs: 500,
  allowedMs: 1000,
  running: 1,
};

const cases: readonly { readonly given: Partial<Circumstances>; readonly means: Loss }[] = [
  { given: {}, means: { kind: 'lost', isSuspect: true } },
  { given: { running: 2 }, means: { kind: 'lost', isSuspect: false } },
  { given: { stage: 'create' }, means: { kind: 'elsewhere', isSuspect: true } },
  { given: { stage: 'create', running: 2 }, means: { kind: 'elsewhere', isSuspect: false } },
  {
    given: { cause: { kind: 'retired', reason: 'old' }, stage: 'create', running: 2 },
    means: { kind: 'elsewhere', isSuspect: false },
  },
  { given: { cause: killed('closing') }, means: { kind: 'closing' } },
  { given: { cause: killed('closing'), stage: 'create' }, means: { kind: 'closing' } },
  { given: { cause: killed('deadline', ['me']), elapsedMs: 1100 }, means: { kind: 'timeout' } },
  { given: { cause: killed('deadline', ['other']) }, means: { kind: 'lost', isSuspect: false } },
  { given: { cause: killed('deadline', ['other', 'me']) }, means: { kind: 'lost', isSuspect: true } },
  {
    given: { cause: killed('deadline', ['me']), stage: 'create', elapsedMs: 10_100, allowedMs: 10_000 },
    means: { kind: 'init-failed', init: { status: 'timeout', durationMs: 10_100 } },
  },
  { given: { cause: killed('memory', ['me']) }, means: { kind: 'out-of-memory', limit } },
  { given: { cause: killed('memory') }, means: { kind: 'out-of-memory', limit } },
  { given: { cause: killed('limit', ['me'], cpu), running: 2 }, means: { kind: 'killed', limit: cpu } },
  { given: { cause: killed('limit', ['other'], cpu), running: 2 }, means: { kind: 'lost', isSuspect: false } },
  {
    given: { cause: killed('limit', ['me'], cpu), stage: 'create' },
    means: { kind: 'init-failed', init: { status: 'killed', durationMs: 500 } },
  },
  { given: { cause: killed('volumes', ['me']) }, means: { kind: 'killed', limit } },
  { given: { cause: killed('volumes', ['other']), running: 2 }, means: { kind: 'lost', isSuspect: false } },
  { given: { cause: killed('volumes', ['me', 'other']), running: 2 }, means: { kind: 'lost', isSuspect: true } },
  { given: { cause: killed('volumes', []) }, means: { kind: 'lost', isSuspect: false } },
  { given: { cause: killed('memory', ['me', 'other']), running: 2 }, means: { kind: 'lost', isSuspect: true } },
  { given: { cause: killed('memory', ['other']), running: 2 }, means: { kind: 'lost', isSuspect: false } },
  {
    given: { cause: killed('memory', ['me']), stage: 'create' },
    means: { kind: 'init-failed', init: { status: 'out-of-memory', durationMs: 500 } },
  },
  { given: { cause: killed('heartbeat', []) }, means: { kind: 'lost', isSuspect: false } },
  { given: { cause: killed('protocol') }, means: { kind: 'lost', isSuspect: true } },
];

for (const { given, means } of cases) {
  test(`${JSON.stringify(given)} means ${JSON.stringify(means)}`, (t) => {
    t.deepEqual(judge({ ...base, ...given }), means);
  });
}
