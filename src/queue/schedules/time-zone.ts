/**
 * Wall-clock times of an IANA time zone: which one an instant has, and when a wall-clock time is. Both are milliseconds; a wall-clock
 * time is written as the instant at which UTC would show it.
 */
import { EngineError } from '../../model/errors.ts';

export interface TimeZone {
  readonly name: string;
  localOf(instantMs: number): number;
  /**
   * When a wall-clock time is, in whole seconds. One that comes twice, because clocks are put back, is the first of the two; one that is
   * left out, because they are put forward, is undefined. EventBridge Scheduler fires by the same rule.
   */
  instantOf(localMs: number): number | undefined;
}

const utc: TimeZone = { name: 'UTC', localOf: (instantMs) => instantMs, instantOf: (localMs) => localMs };

/** No zone changes its clocks twice within it. */
const dayMs = 86_400_000;

/** @throws EngineError ValidationException */
export function timeZone(name: string): TimeZone {
  if (name === 'UTC') return utc;
  const format = formatOf(name);
  const localOf = (instantMs: number): number => {
    const seconds = Math.floor(instantMs / 1_000) * 1_000;
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(seconds)) parts[type] = Number(value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (instantMs - seconds);
  };
  return {
    name,
    localOf,
    instantOf(localMs) {
      // Of the two offsets around it at least one is right, unless the time is left out.
      const before = localMs - (localOf(localMs - dayMs) - (localMs - dayMs));
      const after = localMs - (localOf(localMs + dayMs) - (localMs + dayMs));
      const instants = [before, after].filter((instantMs) => localOf(instantMs) === localMs);
      return instants.length === 0 ? undefined : Math.min(...instants);
    },
  };
}

function formatOf(name: string): Intl.DateTimeFormat {
  try {
    // Offsets such as +01:00 are zones to Intl; Scheduler takes names only.
    if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) throw new RangeError(name);
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    // Intl throws a RangeError for a name that it does not know, and for nothing else here.
    throw new EngineError(
      'ValidationException',
      `timeZone must be a name of the IANA time zone database, such as Europe/Paris, received ${JSON.stringify(name.slice(0, 64))}`,
    );
  }
}
