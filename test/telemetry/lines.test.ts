import test from 'ava';
import { hardeningReport } from '../../src/model/hardening.ts';
import type { InvocationReport } from '../../src/model/invocation.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { linesOf, runtimeVersion, timeoutText } from '../../src/telemetry/lines.ts';
import { levelOf } from '../../src/telemetry/system-record.ts';

const common = {
  functionName: 'greet',
  version: '$LATEST',
  environmentId: 'e1',
  logGroup: '/aws/lambda/greet',
  logStream: '2026/02/03/[$LATEST]e1',
  logFormat: 'Text',
  time: Date.UTC(2026, 1, 3, 4, 5, 6, 789),
} as const;
const json = { ...common, logFormat: 'JSON' } as const;
const initializationType = 'on-demand';
const requestId = 'fa0b3a5c-6d8f-4a0e-8f4e-0a7e9d1c2b3a';

const report: InvocationReport = {
  durationMs: 3.0149,
  billedDurationMs: 4,
  memorySizeMB: 128,
  maxMemoryUsedMB: 36,
  coldStart: false,
  environmentId: 'e1',
  phases: { queuedMs: 0, placedMs: 0, sandboxMs: 0, handlerMs: 3, freezeMs: 0 },
};

test('REPORT has two decimals, tabs behind every figure, and its newline behind the last tab', (t) => {
  const event: PlatformEvent = { type: 'platform.report', ...common, requestId, status: 'success', report };
  t.is(
    linesOf(event),
    `REPORT RequestId: ${requestId}\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n`,
  );
  t.is(
    linesOf({ ...event, report: { ...report, initDurationMs: 110.1 } }),
    `REPORT RequestId: ${requestId}\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n`,
  );
});

test('REPORT goes on with the status of a failure', (t) => {
  const event: PlatformEvent = { type: 'platform.report', ...common, requestId, status: 'timeout', report };
  t.true(linesOf({ ...event, report: { ...report, status: 'timeout' } }).endsWith('Used: 36 MB\tStatus: timeout\n'));
  t.true(
    linesOf({ ...event, report: { ...report, status: 'error', errorType: 'Runtime.ExitError' } }).endsWith(
      'Used: 36 MB\tStatus: error\tError Type: Runtime.ExitError\n',
    ),
  );
});

test('a traced invocation has a second line; what is no trace header has none', (t) => {
  const event: PlatformEvent = { type: 'platform.report', ...common, requestId, status: 'success', report };
  const second = (traceId: string) => linesOf({ ...event, traceId }).split('\n')[1];
  t.is(second('Root=1-a-b;Parent=c;Sampled=1'), 'XRAY TraceId: 1-a-b\tSegmentId: c\tSampled: true\t');
  t.is(second('Root=1-a-b;Sampled=0'), 'XRAY TraceId: 1-a-b\t');
  t.is(second('nonsense'), '');
});

test('the lines of a cold start', (t) => {
  t.is(
    linesOf({ type: 'platform.initStart', ...common, initializationType, runtime: 'nodejs22.x', phase: 'init' }),
    'INIT_START Runtime Version: nodejs:22.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:nodejs22.x\n',
  );
  t.is(
    linesOf({ type: 'platform.initStart', ...common, initializationType, runtime: 'nodejs22.x', phase: 'invoke' }),
    '',
  );
  t.is(linesOf({ type: 'platform.start', ...common, requestId }), `START RequestId: ${requestId} Version: $LATEST\n`);
  t.is(
    linesOf({ type: 'platform.runtimeDone', ...common, requestId, status: 'success', durationMs: 3, producedBytes: 2 }),
    `END RequestId: ${requestId}\n`,
  );
  t.is(runtimeVersion('nodejs'), 'nodejs:v1');
});

test('INIT_REPORT tells of failures only', (t) => {
  const event = {
    type: 'platform.initReport',
    ...common,
    initializationType,
    phase: 'init',
    durationMs: 9999.81,
  } as const;
  t.is(linesOf({ ...event, status: 'success' }), '');
  t.is(
    linesOf({ ...event, status: 'timeout' }),
    'INIT_REPORT Init Duration: 9999.81 ms\tPhase: init\tStatus: timeout\n',
  );
  t.is(
    linesOf({ ...event, phase: 'invoke', status: 'error', errorType: 'Runtime.ImportModuleError' }),
    'INIT_REPORT Init Duration: 9999.81 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError\n',
  );
});

test('a timeout line has a date, two decimals and an empty line behind it', (t) => {
  t.is(
    timeoutText(common.time, requestId, 1000),
    `2026-02-03T04:05:06.789Z ${requestId} Task timed out after 1.00 seconds\n\n`,
  );
});

test('in JSON, system events are records', (t) => {
  const parse = (event: PlatformEvent) => JSON.parse(linesOf(event));
  t.deepEqual(parse({ type: 'platform.start', ...json, requestId }), {
    time: '2026-02-03T04:05:06.789Z',
    type: 'platform.start',
    record: { requestId, version: '$LATEST' },
  });
  t.deepEqual(
    parse({
      type: 'platform.report',
      ...json,
      requestId,
      status: 'failure',
      errorType: 'Runtime.ExitError',
      report: { ...report, initDurationMs: 110.12345 },
      traceId: 'Root=1-a-b',
    }).record,
    {
      requestId,
      status: 'failure',
      errorType: 'Runtime.ExitError',
      metrics: {
        durationMs: 3.015,
        billedDurationMs: 4,
        memorySizeMB: 128,
        maxMemoryUsedMB: 36,
        initDurationMs: 110.123,
      },
      tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-a-b' },
    },
  );
  t.deepEqual(
    parse({ type: 'platform.initStart', ...json, initializationType, runtime: 'nodejs24.x', phase: 'init' }).record,
    {
      initializationType: 'on-demand',
      phase: 'init',
      runtimeVersion: 'nodejs:24.v1',
      runtimeVersionArn: 'arn:aws:lambda:us-east-1::runtime:nodejs24.x',
      functionName: 'greet',
      functionVersion: '$LATEST',
    },
  );
});

test('the system log level decides which records there are', (t) => {
  const done = { type: 'platform.runtimeDone', ...json, requestId, durationMs: 3, producedBytes: 2 } as const;
  const start = { type: 'platform.start', ...json, requestId } as const;
  t.is(linesOf({ ...done, status: 'success' }), '');
  t.not(linesOf({ ...done, status: 'success', systemLogLevel: 'DEBUG' }), '');
  t.not(linesOf({ ...done, status: 'failure' }), '');
  t.not(linesOf(start), '');
  t.is(linesOf({ ...start, systemLogLevel: 'WARN' }), '');
  t.is(levelOf({ type: 'platform.report', ...json, requestId, status: 'timeout', report }), 'WARN');
  t.is(levelOf({ type: 'platform.report', ...json, requestId, status: 'success', report }), 'INFO');
  const initReport = {
    type: 'platform.initReport',
    ...json,
    initializationType,
    phase: 'init',
    durationMs: 1,
  } as const;
  t.is(levelOf({ ...initReport, status: 'success' }), 'DEBUG');
  t.is(levelOf({ ...initReport, status: 'error' }), 'WARN');
});

test("output of a function is passed on as it is; the operator's events have no line in its log", (t) => {
  t.is(linesOf({ type: 'function', ...json, kind: 'line', text: '{"a":1}\n' }), '{"a":1}\n');
  t.is(linesOf({ type: 'platform.fault', ...json, requestId, text: 'x\n' }), 'x\n');
  for (const event of [
    { type: 'sandbox.started', sandboxId: 's', pid: 1, startMs: 1, hardening: hardeningReport([], [], 'a test') },
    { type: 'sandbox.exited', sandboxId: 's', cause: 'x', wanted: true },
    { type: 'environment.removed', functionName: 'f', environmentId: 'e', reason: 'expired' },
    { type: 'invocation.throttled', functionName: 'f', reason: 'x' },
    { type: 'platform.logsDropped', functionName: 'f', environmentId: 'e', droppedBytes: 3 },
  ] satisfies PlatformEvent[]) {
    t.is(linesOf(event), '');
  }
});
