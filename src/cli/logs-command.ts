/** `isotherm logs`: what a function printed, from a running server or from a data directory; with --follow also what it prints from now on. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import type { LogEvent } from '../logs/log-event.ts';
import { limits } from '../model/limits.ts';
import { ApiClient, ServerError } from './api-client.ts';
import { sinceOption } from './duration-option.ts';
import { endpointDefault } from './endpoint.ts';
import { type ExitStatus, exitStatus, UsageError } from './exit-status.ts';
import { directorySource, type LogSource, serverSource } from './log-source.ts';
import type { Outlets } from './outlet.ts';
import { untilInterrupted } from './until-interrupted.ts';
import { visibleText } from './visible-text.ts';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly since?: string;
  readonly filter?: string;
  readonly json?: boolean;
  readonly endpoint?: string;
  readonly dataDir?: string;
}

export async function logsCommand(target: string, options: LogsOptions, outlets: Outlets): Promise<ExitStatus> {
  const { stdout, stderr } = outlets;
  if (options.endpoint !== undefined && options.dataDir !== undefined) {
    throw new UsageError('--endpoint and --data-dir cannot be given together: logs come from a server or from files');
  }
  const startMs = sinceOption('--since', options.since ?? '1h', systemClock.epochMs());
  const source =
    options.dataDir === undefined
      ? serverSource(new ApiClient(options.endpoint ?? endpointDefault, process.env))
      : directorySource(options.dataDir);
  using stop = untilInterrupted();
  // A group of any name has a slash at its beginning, and no function has.
  const isGroup = target.startsWith('/');
  const logGroup = isGroup ? target : await source.groupOf(target);
  // Others may log into a group that the function was given.
  const isShared = !isGroup && !logGroup.startsWith('/aws/lambda/');
  const print = printer(options.json === true ? 'json' : stdout.isTTY ? 'terminal' : 'text');
  const show = async (event: LogEvent): Promise<void> => {
    if (isShared && !event.logStream.includes(`/${target}[`)) return;
    await stdout.deliver(print(event));
  };
  const found = await showAll({ source, logGroup, startMs, pattern: options.filter, signal: stop }, show, options);
  if (found === 'nothing') stderr.write(`isotherm: ${target} has no logs yet\n`);
  return exitStatus.answered;
}

interface Showing {
  readonly source: LogSource;
  readonly logGroup: string;
  readonly startMs: number;
  readonly pattern: string | undefined;
  readonly signal: AbortSignal;
}

/** A follower asks again from the last time it has seen: of that millisecond there may be more, and what was shown is left out. */
async function showAll(
  { source, logGroup, startMs, pattern, signal }: Showing,
  show: (event: LogEvent) => Promise<void>,
  { follow = false }: LogsOptions,
): Promise<'something' | 'nothing'> {
  let fromMs = startMs;
  let shown = new Set<string>();
  let found: 'something' | 'nothing' = 'nothing';
  for (;;) {
    let nextToken: string | undefined;
    do {
      const page = await pageOrEnd(source, { logGroup, startMs: fromMs, pattern, nextToken, signal }, follow);
      if (signal.aborted) return 'something';
      if (page !== undefined) found = 'something';
      for (const event of page?.events ?? []) {
        if (shown.has(event.eventId)) continue;
        if (signal.aborted) return 'something';
        await show(event);
        if (event.timestamp > fromMs) shown = new Set();
        fromMs = Math.max(fromMs, event.timestamp);
        shown.add(event.eventId);
      }
      nextToken = page?.nextToken;
    } while (nextToken !== undefined);
    if (!follow) return found;
    try {
      await delay(limits.commandPollMs, undefined, { signal });
    } catch {
      // Somebody ended it.
      return 'something';
    }
  }
}

/** Who follows has seen the server: that it is away for a while is no reason to end. */
async function pageOrEnd(source: LogSource, query: Parameters<LogSource['page']>[0], follow: boolean) {
  try {
    return await source.page(query);
  } catch (error) {
    const isAway = error instanceof ServerError && error.code === undefined;
    if (query.signal.aborted || (follow && isAway)) return undefined;
    throw error;
  }
}

function printer(kind: 'json' | 'terminal' | 'text'): (event: LogEvent) => string {
  switch (kind) {
    case 'json':
      return (event) => `${JSON.stringify(event)}\n`;
    case 'terminal':
      return ({ message }) => visibleText(message.endsWith('\n') ? message : `${message}\n`);
    case 'text':
      return ({ message }) => (message.endsWith('\n') ? message : `${message}\n`);
    default:
      return kind satisfies never;
  }
}
