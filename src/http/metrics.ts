/** The engine's figures in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats). */
import type { EngineStats } from '../engine/engine.ts';

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** What the engine does not count, because it happened before or behind it. */
export interface ServerFigures {
  /** Refused while they came in. */
  readonly eventsTooLong: number;
  /** Of the log that the engine keeps. */
  readonly logEventsLost?: number;
  /** Absent where nobody writes a log here. */
  readonly logLinesDropped?: number | undefined;
}

export function metricsText(
  stats: EngineStats,
  { eventsTooLong, logEventsLost, logLinesDropped }: ServerFigures,
): string {
  const { environments, invocations, sandboxes, async: events } = stats;
  const rssBytes = sandboxes.reduce((sum, sandbox) => sum + sandbox.rssMB * 1024 * 1024, 0);
  const heldBackMs = sandboxes.reduce((sum, sandbox) => sum + sandbox.heldBackMs, 0);
  return [
    gauge('isotherm_functions', 'Functions that exist.', stats.functions),
    gauge('isotherm_environments_idle', 'Warm environments that wait.', environments.idle),
    gauge('isotherm_environments_busy', 'Environments that run an invocation.', environments.busy),
    gauge('isotherm_environments_starting', 'Environments that are being made.', environments.starting),
    gauge('isotherm_environments_provisioned', 'Environments kept initialised ahead.', environments.provisioned),
    gauge('isotherm_sandboxes', 'Sandbox processes.', sandboxes.length),
    gauge('isotherm_sandboxes_resident_bytes', 'Resident memory of all sandbox processes.', rssBytes),
    gauge(
      'isotherm_sandboxes_held_back_seconds',
      'How long those that send too much were not read.',
      heldBackMs / 1_000,
    ),
    gauge('isotherm_memory_reserved_bytes', 'Memory sizes of all environments.', stats.memoryReservedMiB * 1024 * 1024),
    gauge('isotherm_invocations_running', 'Invocations that run now.', invocations.running),
    gauge('isotherm_invocations_queued', 'Invocations that wait for capacity.', invocations.queued),
    counter('isotherm_invocations_total', 'Invocations accepted.', invocations.total),
    counter('isotherm_cold_starts_total', 'Invocations that needed a new environment.', invocations.cold),
    counter('isotherm_throttles_total', 'Invocations refused for want of capacity.', invocations.throttled),
    counter('isotherm_failures_total', 'Invocations that ended in a function error.', invocations.failed),
    gauge('isotherm_async_events_queued', 'Asynchronous events that wait or are under way.', events.queued),
    gauge('isotherm_async_events_queued_bytes', 'Their bytes.', events.queuedBytes),
    gauge('isotherm_async_events_running', 'Asynchronous events that are under way.', events.underWay),
    gauge('isotherm_async_event_age_seconds', 'Age of the oldest of them.', events.oldestAgeMs / 1_000),
    counter('isotherm_async_events_accepted_total', 'Asynchronous events accepted.', events.accepted),
    counter('isotherm_async_events_succeeded_total', 'Those that ended well.', events.succeeded),
    counter('isotherm_async_events_failed_total', 'Those that ended without success.', events.failed),
    counter('isotherm_async_events_dropped_total', 'Those whose function was deleted.', events.dropped),
    counter('isotherm_destination_records_total', 'Records that destinations took.', events.recordsDelivered),
    counter('isotherm_destination_failures_total', 'Records that were given up.', events.recordsFailed),
    counter('isotherm_async_retries_total', 'Deliveries that are to be tried again.', events.retried),
    counter('isotherm_async_throttles_total', 'Deliveries that found no room.', events.throttled),
    counter('isotherm_cpu_seconds_total', 'CPU time of functions, as far as it is known.', stats.cpuMs / 1_000),
    ...(logEventsLost === undefined
      ? []
      : [counter('isotherm_log_events_lost_total', 'Log events that the disk did not take.', logEventsLost)]),
    ...(logLinesDropped === undefined
      ? []
      : [counter('isotherm_log_lines_dropped_total', 'Lines of the log that nobody read in time.', logLinesDropped)]),
    ...limitCounters(withEventsTooLong(stats.limits, eventsTooLong)),
  ].join('');
}

/** One series for each limit that was met; none is a metric without values. */
function limitCounters(met: EngineStats['limits']): string[] {
  const name = 'isotherm_limits_total';
  const head = `# HELP ${name} Invocations that met a limit.\n# TYPE ${name} counter\n`;
  return [head, ...Object.entries(met).map(([reason, count]) => `${name}{reason="${reason}"} ${count}\n`)];
}

function withEventsTooLong(met: EngineStats['limits'], count: number): EngineStats['limits'] {
  return count === 0 ? met : { ...met, 'event-bytes': (met['event-bytes'] ?? 0) + count };
}

function gauge(name: string, help: string, value: number): string {
  return metric(name, 'gauge', help, value);
}

function counter(name: string, help: string, value: number): string {
  return metric(name, 'counter', help, value);
}

function metric(name: string, type: 'gauge' | 'counter', help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;
}
