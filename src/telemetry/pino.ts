/**
 * Platform events as pino records: one line per event, its `event` name stable, ids as fields, no sentences, no payloads.
 * The only file that imports pino.
 */
import type { Logger } from 'pino';
import type { Observe, PlatformEvent } from '../model/platform-event.ts';

export type { Logger };

type Level = 'debug' | 'info' | 'warn' | 'error';

/** An observer that writes every platform event to `logger`. The function's own output goes there too, at level debug. */
export function createLogObserver(logger: Logger): Observe {
  return (event) => {
    const { type, ...fields } = event;
    logger[levelOf(event)]({ event: type, ...fields });
  };
}

function levelOf(event: PlatformEvent): Level {
  switch (event.type) {
    case 'platform.initStart':
    case 'platform.start':
    case 'platform.runtimeDone':
    case 'function':
      return 'debug';
    case 'platform.initReport':
      return event.status === 'success' ? 'debug' : 'warn';
    case 'platform.report':
      return event.status === 'success' ? 'info' : 'warn';
    case 'platform.fault':
    case 'platform.logsDropped':
    case 'logs.lost':
    case 'invocation.limit':
    case 'invocation.throttled':
    case 'async.failed':
    case 'async.dropped':
    case 'destination.failed':
    case 'function.secluded':
    case 'function.suspended':
    case 'source.gaveUp':
    case 'source.problem':
    case 'schedule.lost':
    case 'bucket.problem':
    case 'network.refused':
    case 'runtime.less':
    case 'hardening.less':
    case 'template.unavailable':
    case 'sandbox.heldBack':
      return 'warn';
    case 'sandbox.started':
    case 'environment.removed':
    case 'network.connected':
      return 'debug';
    case 'sandbox.exited':
      return event.wanted ? 'info' : 'error';
    case 'sandbox.protocolError':
    case 'sandbox.unavailable':
    case 'async.fault':
      return 'error';
    case 'network.closed':
    case 'async.retry':
      return 'info';
    case 'runtime.build':
      return event.stage === 'degraded' ? 'warn' : 'info';
    default:
      return event satisfies never;
  }
}
