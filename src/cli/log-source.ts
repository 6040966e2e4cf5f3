/** Where `isotherm logs` reads: from a running server, or from the files below a data directory, whether a server runs on it or not. */
import { existsSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import type { LogEvent } from '../logs/log-event.ts';
import { LogStore, logDirectory } from '../logs/log-store.ts';
import { EngineError } from '../model/errors.ts';
import { type ApiClient, ServerError } from './api-client.ts';
import { UsageError } from './exit-status.ts';
import { list, members, numberOf, textOf } from './fields.ts';

export interface LogQuery {
  readonly logGroup: string;
  readonly startMs: number;
  readonly pattern: string | undefined;
  readonly nextToken: string | undefined;
  readonly signal: AbortSignal;
}

export interface LogSourcePage {
  readonly events: readonly LogEvent[];
  readonly nextToken?: string;
}

export interface LogSource {
  /** The group of a function. @throws ServerError when there is no such function */
  groupOf(functionName: string): Promise<string>;
  /** undefined: there is no such group, yet. */
  page(query: LogQuery): Promise<LogSourcePage | undefined>;
}

export function serverSource(client: ApiClient): LogSource {
  return {
    async groupOf(functionName) {
      const path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/configuration`;
      const { LoggingConfig: logging } = await client.call({ path });
      return textOf(members(logging).LogGroup);
    },
    async page({ logGroup, startMs, pattern, nextToken, signal }) {
      const body = { logGroupName: logGroup, startTime: startMs, filterPattern: pattern, nextToken };
      try {
        const answer = await client.target('logs', 'Logs_20140328.FilterLogEvents', body, signal);
        const more = textOf(answer.nextToken);
        return { events: list(answer.events).map(eventOf), ...(more !== '' && { nextToken: more }) };
      } catch (error) {
        if (error instanceof ServerError && error.code === 'ResourceNotFoundException') return undefined;
        throw error;
      }
    },
  };
}

function eventOf({ timestamp, message, logStreamName, eventId }: Readonly<Record<string, unknown>>): LogEvent {
  return {
    timestamp: numberOf(timestamp),
    message: textOf(message),
    logStream: textOf(logStreamName),
    eventId: textOf(eventId),
  };
}

/** @throws UsageError */
export function directorySource(dataDirectory: string): LogSource {
  const directory = logDirectory(dataDirectory);
  if (!existsSync(dataDirectory)) {
    throw new UsageError(
      `--data-dir must be a directory that serve keeps its functions in; there is no ${dataDirectory}`,
    );
  }
  const logs = new LogStore({ clock: systemClock, directory });
  return {
    async groupOf(functionName) {
      return `/aws/lambda/${functionName}`;
    },
    async page({ logGroup, startMs, pattern, nextToken }) {
      // What another process has written since.
      if (nextToken === undefined) await logs.find();
      try {
        return await logs.filter({
          logGroup,
          startMs,
          ...(pattern !== undefined && { pattern }),
          ...(nextToken !== undefined && { nextToken }),
        });
      } catch (error) {
        if (error instanceof EngineError && error.code === 'ResourceNotFoundException') return undefined;
        throw error;
      }
    },
  };
}
