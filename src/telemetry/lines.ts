/**
 * Platform events as the text that Lambda writes into a function's log stream (LAMBDA.md E1, E3.6, E3.7, B4.4, B5.3). Pure:
 * one event in, the text of zero or more whole lines out. It does not filter the function's own output (E3.3: the guest does).
 */
import type { InvocationReport } from '../model/invocation.ts';
import type { LimitReason } from '../model/limit-reason.ts';
import type { PlatformEvent } from '../model/platform-event.ts';
import { systemRecord } from './system-record.ts';

/** The lines of an event, each with its newline; '' when it has none in this log. */
export function linesOf(event: PlatformEvent): string {
  switch (event.type) {
    case 'function':
      return event.text;
    case 'platform.fault':
      return event.text;
    case 'platform.initStart':
    case 'platform.initReport':
    case 'platform.start':
    case 'platform.runtimeDone':
    case 'platform.report':
      return event.logFormat === 'JSON' ? systemRecord(event) : textLine(event);
    case 'platform.logsDropped':
    case 'logs.lost':
    case 'invocation.limit':
    case 'sandbox.started':
    case 'sandbox.exited':
    case 'sandbox.heldBack':
    case 'sandbox.protocolError':
    case 'sandbox.unavailable':
    case 'template.unavailable':
    case 'runtime.build':
    case 'runtime.less':
    case 'hardening.less':
    case 'environment.removed':
    case 'invocation.throttled':
    case 'async.retry':
    case 'async.failed':
    case 'async.dropped':
    case 'async.fault':
    case 'destination.failed':
    case 'function.secluded':
    case 'function.suspended':
    case 'source.gaveUp':
    case 'source.problem':
    case 'schedule.lost':
    case 'bucket.problem':
    case 'network.connected':
    case 'network.closed':
    case 'network.refused':
      // What the operator wants to know is not the function's business.
      return '';
    default:
      return event satisfies never;
  }
}

export type SystemEvent = Extract<
  PlatformEvent,
  {
    type: 'platform.initStart' | 'platform.initReport' | 'platform.start' | 'platform.runtimeDone' | 'platform.report';
  }
>;

function textLine(event: SystemEvent): string {
  switch (event.type) {
    case 'platform.initStart':
      // An init inside an invocation is not announced (B3.6).
      if (event.phase === 'invoke') return '';
      return `INIT_START Runtime Version: ${runtimeVersion(event.runtime)}\tRuntime Version ARN: ${runtimeVersionArn(event.runtime)}\n`;
    case 'platform.initReport': {
      // E1.7: nothing on success.
      if (event.status === 'success') return '';
      const errorType = event.errorType === undefined ? '' : `\tError Type: ${event.errorType}`;
      return `INIT_REPORT Init Duration: ${event.durationMs.toFixed(2)} ms\tPhase: ${event.phase}\tStatus: ${event.status}${errorType}\n`;
    }
    case 'platform.start':
      return `START RequestId: ${event.requestId} Version: ${event.version}\n`;
    case 'platform.runtimeDone':
      return `END RequestId: ${event.requestId}\n`;
    case 'platform.report':
      return reportLine(event);
    default:
      return event satisfies never;
  }
}

/** Every field ends in a tab, the last figure too (E1.2); what a failure adds does not (E1.3). */
function reportLine({ requestId, report, traceId }: Extract<SystemEvent, { type: 'platform.report' }>): string {
  let line =
    `REPORT RequestId: ${requestId}\tDuration: ${report.durationMs.toFixed(2)} ms\t` +
    `Billed Duration: ${report.billedDurationMs} ms\tMemory Size: ${report.memorySizeMB} MB\t` +
    `Max Memory Used: ${report.maxMemoryUsedMB} MB\t`;
  if (report.initDurationMs !== undefined) line += `Init Duration: ${report.initDurationMs.toFixed(2)} ms\t`;
  if (report.status !== undefined) line += `Status: ${report.status}`;
  if (report.errorType !== undefined) line += `\tError Type: ${report.errorType}`;
  const met = limitsMet(report);
  if (met !== '') line += `${line.endsWith('\t') ? '' : '\t'}Limits: ${met}`;
  return `${line}\n${traceId === undefined ? '' : xrayLine(traceId)}`;
}

/** Limits that Lambda has no words for. Of the others `Status` and `Error Type` tell, and the line stays Lambda's. */
function limitsMet({ limits: met }: InvocationReport): string {
  // Nearly always there are none.
  if (met === undefined) return '';
  return [...new Set(met.map(({ limit }) => limit))].filter((limit) => !lambdas.has(limit)).join(', ');
}

const lambdas: ReadonlySet<LimitReason> = new Set([
  'wall-time',
  'heap',
  'external-memory',
  'resident-memory',
  'response-bytes',
]);

/** E1.4, from a header like `Root=1-…;Parent=…;Sampled=1`. Absent parts are left out. */
function xrayLine(traceId: string): string {
  const parts = new Map<string, string>();
  for (const part of traceId.split(';')) {
    const [name = '', value = ''] = part.split('=', 2);
    parts.set(name.trim(), value.trim());
  }
  const root = parts.get('Root');
  if (root === undefined) return '';
  const segment = parts.get('Parent');
  const sampled = parts.get('Sampled') === '1';
  return `XRAY TraceId: ${root}\t${segment === undefined ? '' : `SegmentId: ${segment}\t`}${sampled ? 'Sampled: true\t' : ''}\n`;
}

/** `nodejs24.x` to `nodejs:24.v1`: there is one build of a runtime at a time, so its number is always 1. */
export function runtimeVersion(runtime: string): string {
  const [, name = runtime, major] = /^([a-z]+)(\d+)?/.exec(runtime) ?? [];
  return major === undefined ? `${name}:v1` : `${name}:${major}.v1`;
}

export function runtimeVersionArn(runtime: string): string {
  return `arn:aws:lambda:us-east-1::runtime:${runtime}`;
}

/** B4.4: a date, the id, and an empty line after it. */
export function timeoutText(epochMs: number, requestId: string, timeoutMs: number): string {
  return `${new Date(epochMs).toISOString()} ${requestId} ${timeoutMessage(timeoutMs)}\n\n`;
}

/** Always two decimals (B4.4). */
export function timeoutMessage(timeoutMs: number): string {
  return `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
}

/** B5.3. */
export function exitText(requestId: string, message: string, errorType: string): string {
  return `RequestId: ${requestId} ${message}\n${errorType}\n`;
}
