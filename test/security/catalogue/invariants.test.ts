/** The catalogue proves something only if its checks can fail: each is shown what it is there for. */
import test from 'ava';
import { limits } from '../../../src/model/limits.ts';
import { type Ending, isExpected } from './ending.ts';
import { changedState, hostState } from './host-state.ts';
import { invariants, isOfTime, type Observation } from './invariants.ts';
import type { ProcessFacts } from './process-facts.ts';
import { answered, anyOf, failed, refused, timedOut, waysOf } from './program.ts';
import type { Streamed } from './read-stream.ts';

const MiB = 1024 * 1024;
const facts: ProcessFacts = {
  cpuMs: 0,
  residentBytes: 100 * MiB,
  threads: 10,
  descriptors: 20,
  isZombie: false,
};

const ending = (change: Partial<Ending> = {}): Ending => ({
  kind: 'timeout',
  value: {},
  result: {
    statusCode: 200,
    payload: new Uint8Array(0),
    requestId: 'r1',
    report: {
      durationMs: 1,
      billedDurationMs: 1,
      memorySizeMB: 128,
      maxMemoryUsedMB: 1,
      coldStart: false,
      environmentId: 'e1',
      phases: { queuedMs: 0, placedMs: 0, sandboxMs: 0, handlerMs: 0, freezeMs: 0 },
    },
  },
  elapsedMs: 1_050,
  answeredMs: 1_050,
  waitedMs: 0,
  ...change,
});

const common = {
  functionName: 'f',
  version: '$LATEST',
  environmentId: 'e1',
  logGroup: 'g',
  logStream: 's',
  logFormat: 'Text' as const,
  time: 0,
  requestId: 'r1',
};
const result = ending().result;
const report = result?.report;
if (report === undefined) throw new Error('the fixture has a report');
const told: Observation['told'] = [
  { atMs: 0, event: { type: 'platform.start', ...common } },
  {
    atMs: 1_050,
    event: { type: 'platform.runtimeDone', ...common, status: 'timeout', durationMs: 1, producedBytes: 0 },
  },
  { atMs: 1_050, event: { type: 'platform.report', ...common, status: 'timeout', report } },
];

const fine: Observation = {
  program: { id: 'X01', title: 'a fixture', source: '', expect: timedOut },
  way: { start: 'warm', company: 'beside' },
  timeoutMs: 1_000,
  memoryMiB: 128,
  environments: 1,
  endings: [ending()],
  benignCalls: 2,
  told,
  pulse: [],
  waitedMsBetween: () => 0,
  neighbour: [],
  before: facts,
  peakBytes: 300 * MiB,
  rest: new Map([[7, { share: 0.03, cpuMs: 400 }]]),
  latencies: [1, 1, 2],
  heldMs: 3,
  after: new Map([[7, facts]]),
  next: ending({
    kind: 'answer',
    value: 'benign',
    result: { ...ending().result, ...{ requestId: 'r2', report: { ...report, environmentId: 'e2' } } } as never,
  }),
  stateBefore: hostState(),
  stateAfter: hostState(),
  secrets: new Map([['a secret', 'hush']]),
};

const findings = (seen: Observation): readonly string[] =>
  Object.entries(invariants).flatMap(([name, check]) => check(seen).map(() => name));

test('a function that was only stopped breaks nothing', (t) => {
  t.deepEqual(findings(fine), []);
});

const log = (text: string) => ({
  atMs: 5,
  event: { type: 'function' as const, ...common, kind: 'line' as const, text },
});
const written = (streamed: Partial<Streamed>, how: 'failed' | 'well' = 'failed') => [
  ending({
    ...(result && { result: { ...result, ...(how === 'failed' && { functionError: 'Unhandled' }) } }),
    streamed: { reader: 'none', bytes: 0, ended: 'failed', ...streamed },
  }),
];
const streamedWell = 'a streamed answer ends only whole, and no more than its window waits';
const broken: readonly (readonly [invariant: string, what: string, change: Partial<Observation>])[] = [
  ['the host keeps answering', 'the host was held', { pulse: ['held'] }],
  ['each call has exactly one answer and one REPORT', 'no REPORT', { told: told.slice(0, 2) }],
  ['each call has exactly one answer and one REPORT', 'two', { told: [...told, ...told.slice(2)] }],
  ['each call has exactly one answer and one REPORT', 'a line after it', { told: [...told, log('late')] }],
  ['the answer comes in time', 'late', { endings: [ending({ elapsedMs: 1_300, answeredMs: 1_300 })] }],
  [streamedWell, 'a part for the whole', { endings: written({ ended: 'whole' }) }],
  [streamedWell, 'failed for nothing', { endings: written({}, 'well') }],
  [streamedWell, 'too much', { endings: written({ bytes: limits.responseStreamWindowBytes + 1 }) }],
  ['the neighbour is served', 'a wrong answer', { neighbour: ['wrong'] }],
  ['nothing runs on', 'a loop', { rest: new Map([[7, { share: 0.07, cpuMs: 2_500 }]]) }],
  ['memory stays within its limit and is given back', 'a peak', { peakBytes: 700 * MiB }],
  [
    'memory stays within its limit and is given back',
    'memory that stays',
    { after: new Map([[7, { ...facts, residentBytes: (120 + limits.sandboxMemorySlackMiB) * MiB }]]) },
  ],
  ['no thread, descriptor or process is left', 'threads', { after: new Map([[7, { ...facts, threads: 30 }]]) }],
  ['no thread, descriptor or process is left', 'descriptors', { after: new Map([[7, { ...facts, descriptors: 40 }]]) }],
  ['no thread, descriptor or process is left', 'a zombie', { after: new Map([[7, { ...facts, isZombie: true }]]) }],
  ['the next call is served', 'it was not', { next: ending() }],
  ['the next call is served', 'by the spoilt environment', { next: ending({ kind: 'answer', value: 'benign' }) }],
  ['the host is untouched and nothing leaks', 'a secret in a log', { told: [log('hush'), ...told] }],
  ['the host is untouched and nothing leaks', 'in an answer', { endings: [ending({ value: { a: 'hush!' } })] }],
  [
    'the host is untouched and nothing leaks',
    'a patched intrinsic',
    { stateAfter: new Map([...hostState(), ['Array.prototype.map', { value: 1 }]]) },
  ],
];
for (const [invariant, what, change] of broken) {
  test(`found: ${invariant}: ${what}`, (t) => {
    t.deepEqual([...new Set(findings({ ...fine, ...change }))], [invariant]);
  });
}

test('what the machine did to the host after a deadline is taken off, and what it did before is not', (t) => {
  const endings = [ending({ elapsedMs: 1_300, answeredMs: 1_300, waitedMs: 100 })];
  const waited = (fromMs: number, untilMs: number): number => (fromMs === 1_000 && untilMs === 1_300 ? 100 : 0);
  t.deepEqual(findings({ ...fine, endings, waitedMsBetween: waited }), []);
  t.deepEqual(findings({ ...fine, endings }), ['the answer comes in time']);
});

test('only what is late may be tried again', (t) => {
  t.true(isOfTime('the answer comes in time: answered 300 ms after its deadline'));
  t.true(isOfTime('expected exit, seen timeout Sandbox.Timedout {} after 1200 ms'));
  t.true(isOfTime('the next call is served: the next call ended with timeout Sandbox.Timedout {} after 1200 ms'));
  t.true(
    isOfTime(
      'expected answer 1, seen refused SandboxLost "killed (the init gave no answer within 2221 ms)" after 9 ms',
    ),
  );
  t.false(isOfTime('expected answer 1, seen refused SandboxLost "crashed" after 9 ms'));
  t.false(isOfTime('expected timeout, seen answer 1 after 9 ms'));
  t.false(isOfTime('the next call is served: the next call ended with refused ServiceException "x" after 9 ms'));
  t.false(isOfTime('nothing runs on: process 7 still uses 40 % of a core after the answer'));
  t.false(isOfTime('the neighbour is served: the neighbour answered {}'));
});

test('an expectation is met by its kind and value, and by nothing else', (t) => {
  const answer = ending({ kind: 'answer', value: { a: [1] } });
  const error = ending({ kind: 'error', errorType: 'TypeError' });
  t.true(isExpected(answer, answered({ a: [1] })));
  t.false(isExpected(answer, answered({ a: [2] })));
  t.true(isExpected(error, failed('TypeError')));
  t.false(isExpected(error, failed(/Range/)));
  t.true(isExpected(error, anyOf(timedOut, failed(/Type/))));
  t.false(isExpected(ending({ kind: 'refused', errorType: 'SandboxLost' }), refused('EngineClosed')));
});

test('what changes in the host shows by name', (t) => {
  const before = hostState();
  t.deepEqual(changedState(before, hostState()), []);
  t.deepEqual(changedState(before, new Map([...before, ['JSON.parse', {}]])), ['JSON.parse']);
});

test('a program is run in two of its ways, all four when asked for', (t) => {
  t.is(waysOf(fine.program, false).length, 2);
  t.is(waysOf(fine.program, true).length, 4);
  t.is(waysOf({ ...fine.program, harmAt: 'init' }, true).length, 2);
});
