/**
 * Platform events as JSON system records (LAMBDA.md E3.6), filtered by the function's system log level (E3.7). Only for
 * functions whose log format is JSON.
 */
import type { SystemEvent } from './lines.ts';
import { runtimeVersion, runtimeVersionArn } from './lines.ts';

type Level = 'DEBUG' | 'INFO' | 'WARN';
const order: Readonly<Record<Level, number>> = { DEBUG: 0, INFO: 1, WARN: 2 };

/** One line, or '' when the function's level leaves it out. */
export function systemRecord(event: SystemEvent): string {
  if (order[levelOf(event)] < order[event.systemLogLevel ?? 'INFO']) return '';
  return `${JSON.stringify({ time: new Date(event.time).toISOString(), type: event.type, record: recordOf(event) })}\n`;
}

/** E3.7: failures are warnings. */
export function levelOf(event: SystemEvent): Level {
  switch (event.type) {
    case 'platform.initStart':
    case 'platform.start':
      return 'INFO';
    case 'platform.report':
      return event.status === 'success' ? 'INFO' : 'WARN';
    case 'platform.runtimeDone':
    case 'platform.initReport':
      return event.status === 'success' ? 'DEBUG' : 'WARN';
    default:
      return event satisfies never;
  }
}

function recordOf(event: SystemEvent): unknown {
  switch (event.type) {
    case 'platform.initStart':
      return {
        initializationType: event.initializationType,
        phase: event.phase,
        runtimeVersion: runtimeVersion(event.runtime),
        runtimeVersionArn: runtimeVersionArn(event.runtime),
        functionName: event.functionName,
        functionVersion: event.version,
      };
    case 'platform.initReport':
      return {
        initializationType: event.initializationType,
        phase: event.phase,
        status: event.status,
        ...(event.errorType !== undefined && { errorType: event.errorType }),
        metrics: { durationMs: rounded(event.durationMs) },
      };
    case 'platform.start':
      return { requestId: event.requestId, version: event.version };
    case 'platform.runtimeDone':
      return {
        requestId: event.requestId,
        status: event.status,
        ...(event.errorType !== undefined && { errorType: event.errorType }),
        metrics: { durationMs: rounded(event.durationMs), producedBytes: event.producedBytes },
      };
    case 'platform.report': {
      const { durationMs, billedDurationMs, memorySizeMB, maxMemoryUsedMB, initDurationMs, limits } = event.report;
      return {
        requestId: event.requestId,
        status: event.status,
        ...(event.errorType !== undefined && { errorType: event.errorType }),
        metrics: {
          durationMs: rounded(durationMs),
          billedDurationMs,
          memorySizeMB,
          maxMemoryUsedMB,
          ...(initDurationMs !== undefined && { initDurationMs: rounded(initDurationMs) }),
        },
        // isotherm's own; nearly always absent.
        ...(limits !== undefined && { limits }),
        ...(event.traceId !== undefined && { tracing: { type: 'X-Amzn-Trace-Id', value: event.traceId } }),
      };
    }
    default:
      return event satisfies never;
  }
}

/** Lambda's metrics have three decimals. */
function rounded(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000;
}
