/**
 * What a person at a terminal sees of the engine: the function's log as Lambda writes it, and the progress of a runtime build,
 * which happens once and takes seconds. Everything goes to stderr; stdout belongs to payloads.
 */
import type { PlatformEvent } from '../model/platform-event.ts';
import { linesOf } from '../telemetry/lines.ts';
import { limitText } from './limit-text.ts';
import { visibleText } from './visible-text.ts';

/** A stream, or an `Outlet` of one. */
export interface PrinterTarget {
  readonly isTTY: boolean;
  write(text: string): unknown;
}

export function createEventPrinter(target: PrinterTarget): (event: PlatformEvent) => void {
  let progressShown = false;
  // Nobody of whom a line tells is to steer the terminal: a reason repeats what a guest, or a sandbox that was taken over, gave.
  const stderr = {
    write: (text: string): void => void target.write(target.isTTY ? visibleText(text) : text),
  };
  return (event) => {
    switch (event.type) {
      case 'runtime.build': {
        // On a terminal one line is overwritten; elsewhere each stage is a line.
        const text = `isotherm: preparing the runtime, once: ${event.detail} (${(event.elapsedMs / 1000).toFixed(1)} s)`;
        target.write(target.isTTY ? `\r\x1b[K${visibleText(text)}` : `${text}\n`);
        progressShown = target.isTTY && event.stage !== 'ready' && event.stage !== 'degraded';
        if (target.isTTY && !progressShown) target.write('\n');
        return;
      }
      case 'runtime.less':
        stderr.write(`isotherm: guests have less here: ${event.missing}; isotherm doctor tells more\n`);
        return;
      case 'hardening.less':
        stderr.write(
          `isotherm: sandboxes are jailed at level ${event.level} only: ${event.missing}; isotherm doctor tells more\n`,
        );
        return;
      case 'sandbox.unavailable':
        stderr.write(`isotherm: no sandbox can be started: ${event.reason}\n`);
        return;
      case 'template.unavailable':
        stderr.write(
          `isotherm: sandboxes are started, not forked, for at least ${event.retryAfterMs} ms: ${event.reason}\n`,
        );
        return;
      case 'sandbox.exited':
        if (!event.wanted) stderr.write(`isotherm: a sandbox ended: ${event.cause}\n`);
        return;
      case 'sandbox.heldBack':
        stderr.write(
          `isotherm: a sandbox sends more than it may and was not read for ${Math.round(event.heldMs)} ms; functions that run in it: ${event.functionNames.join(', ') || 'none'}\n`,
        );
        return;
      case 'sandbox.protocolError':
        stderr.write(`isotherm: a sandbox was killed: ${event.message}\n`);
        return;
      case 'function.secluded':
        stderr.write(`isotherm: ${event.functionName} has a sandbox of its own from now on: ${event.reason}\n`);
        return;
      case 'function.suspended':
        stderr.write(`isotherm: ${event.functionName} is refused for ${event.retryAfterMs} ms: ${event.reason}\n`);
        return;
      case 'source.problem':
        stderr.write(`isotherm: ${event.eventSourceArn} for ${event.functionName}: ${event.problem}\n`);
        return;
      case 'source.gaveUp': {
        const where = event.destination === undefined ? '' : `, told ${event.destination}`;
        stderr.write(
          `isotherm: ${event.eventSourceArn} for ${event.functionName}: gave up ${event.records} records of ${event.shardId} (${event.condition})${where}\n`,
        );
        return;
      }
      case 'bucket.problem': {
        const key = event.key === undefined ? '' : ` ${JSON.stringify(event.key)}:`;
        stderr.write(`isotherm: bucket ${event.bucket}:${key} ${event.problem}\n`);
        return;
      }
      case 'schedule.lost': {
        const target = event.target === undefined ? '' : ` for ${event.target}`;
        stderr.write(
          `isotherm: schedule ${event.schedule} lost its event of ${event.instant}${target}: ${event.reason}\n`,
        );
        return;
      }
      case 'async.failed':
        stderr.write(
          `isotherm: the event ${event.requestId} of ${event.functionName} failed after ${event.attempts} deliveries: ${event.condition}\n`,
        );
        return;
      case 'async.dropped':
        stderr.write(`isotherm: ${event.events} events of ${event.functionName} were dropped: ${event.reason}\n`);
        return;
      case 'destination.failed': {
        const next = event.isGivenUp ? 'given up' : 'tried again';
        stderr.write(
          `isotherm: ${event.target} did not take the record of ${event.requestId} of ${event.functionName}, which is ${next}: ${event.reason}\n`,
        );
        return;
      }
      case 'async.fault':
        stderr.write(`isotherm: the queue of asynchronous events: ${event.reason}\n`);
        return;
      case 'invocation.limit':
        // Lambda's own lines say it already.
        if (event.limit === 'wall-time') return;
        stderr.write(`isotherm: ${limitText(event)}\n`);
        return;
      case 'logs.lost':
        stderr.write(`isotherm: ${event.events} log events (${event.bytes} bytes) were not kept: ${event.reason}\n`);
        return;
      case 'network.refused': {
        const address = event.operation === 'lookup' && event.address !== undefined ? ` (${event.address})` : '';
        stderr.write(`isotherm: ${event.functionName} was refused the network: ${event.reason}${address}\n`);
        return;
      }
      default: {
        const lines = linesOf(event);
        if (lines === '') return;
        if (progressShown) stderr.write('\n');
        progressShown = false;
        stderr.write(lines);
      }
    }
  };
}
