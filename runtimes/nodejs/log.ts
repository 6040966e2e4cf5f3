/**
 * The log of one function as the runtime writes it: records of `console` and records about errors (LAMBDA.md E2, E3), filtered by
 * level. Raw writes to stdout and stderr do not come through here, except for the few the runtime makes itself.
 */
import { logStreams } from '../../src/bridge/contract.ts';
import type { Core } from '../core/core-api.ts';
import { describeError, type ErrorDialect, errorJson } from './error-json.ts';
import { errorText, intoError, jsonRecord, type RecordHead, textRecord } from './log-record.ts';
import { BuiltinDate, isoString, parse } from './primordials.ts';

/** Lowest first (E3.3). */
const priorities = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 } as const;
export type Level = keyof typeof priorities;

export interface Log {
  /** Whether records of this level are written at all. FATAL always is. */
  isEnabled(level: Level): boolean;
  /** `args` are the arguments of a console method, as the user gave them. Throws what formatting them throws. */
  write(level: Level, args: readonly unknown[]): void;
  /** The runtime's own record about an error: `Invoke Error`, `Init Error`, `Uncaught Exception` (E2.6). Never throws. */
  error(prefix: string, error: unknown): void;
  /** Text that has no record around it. */
  raw(stream: 'stdout' | 'stderr', text: string): void;
  /** One line in the place of a record, as is: some lines of 2014 had no head. */
  line(text: string): void;
}

export interface LogSettings {
  readonly logFormat: 'Text' | 'JSON';
  readonly logLevel: string;
  readonly dialect: ErrorDialect;
  /** Id of the invocation that runs now; what stands in its place outside of one differs between runtimes (E2.2). */
  requestId(): string | undefined;
}

export function createLog(core: Core, settings: LogSettings): Log {
  const { host } = core;
  const priorityMin = priority(settings.logLevel);
  const isJson = settings.logFormat === 'JSON';

  const isEnabled = (level: Level): boolean => level === 'FATAL' || priorities[level] >= priorityMin;
  const write = (level: Level, args: readonly unknown[]): void => {
    if (!isEnabled(level)) return;
    const head: RecordHead = { timestamp: isoString(new BuiltinDate()), level, requestId: settings.requestId() };
    host.log(logStreams.record, isJson ? jsonRecord(core, head, args) : textRecord(core, head, args));
  };
  return {
    isEnabled,
    write,
    error(prefix, error) {
      try {
        write('ERROR', isJson ? [intoError(error)] : [prefix, `\t${errorText(error)}`]);
      } catch {
        // A getter, a toJSON or an inspector of the user threw, or there is a cycle: the short form reads three properties only.
        const short = errorJson(describeError(error, settings.dialect), 'promise');
        write('ERROR', isJson ? [parse(short)] : [prefix, `\t${short}`]);
      }
    },
    raw(stream, text) {
      host.log(logStreams[stream], text);
    },
    line(text) {
      host.log(logStreams.record, text);
    },
  };
}

/** An unknown level filters nothing, as in Lambda. */
function priority(level: string): number {
  for (const [name, value] of Object.entries(priorities)) if (name === level) return value;
  return priorities.TRACE;
}
