/**
 * Lambda's methods on the guest's `console` (LAMBDA.md E2.1, E3.3). They need nothing of Node's console. The core's console
 * loads that one when another method (`table`, `group`, `time`, `count`, `assert`, …) is first called; those print through
 * `this.log` and `this.warn`, which are led back here first, so their output is formatted and filtered like the rest.
 */
import type { Core } from '../core/core-api.ts';
import type { Level, Log } from './log.ts';
import { apply, defineProperty, forEach, getProperty, setProperty } from './primordials.ts';

const levelOf = {
  log: 'INFO',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  debug: 'DEBUG',
  trace: 'TRACE',
  fatal: 'FATAL',
} as const satisfies Record<string, Level>;
const levelMethods = Object.keys(levelOf);

/** Node's methods that print. The others (`clear`, `groupEnd`, …) work as they are. */
const printingMethods = [
  'assert',
  'count',
  'countReset',
  'dir',
  'dirxml',
  'group',
  'groupCollapsed',
  'table',
  'time',
  'timeEnd',
  'timeLog',
];

/** Called once, before user code. */
export function patchConsole(core: Core, log: Log): void {
  const console: unknown = getProperty(globalThis, 'console');
  if (typeof console !== 'object' || console === null) return;
  for (const [name, level] of Object.entries(levelOf)) defineValue(console, name, levelMethod(log, level));
  // One function under two names, as Lambda's runtime makes them.
  defineValue(console, 'log', getProperty(console, 'info'));

  let isLedBack = false;
  for (const name of printingMethods) {
    const method: unknown = getProperty(console, name);
    if (typeof method !== 'function') continue;
    const patched = (...args: unknown[]): unknown => {
      if (!isLedBack) leadBack(core.builtin('internal/console/global'), console);
      isLedBack = true;
      return apply(method, console, args);
    };
    defineProperty(patched, 'name', { configurable: true, value: name });
    defineValue(console, name, patched);
  }
}

/** A level that is filtered out costs its caller nothing but the call (E3.3). */
function levelMethod(log: Log, level: Level): (...args: unknown[]) => void {
  if (!log.isEnabled(level)) return () => {};
  // Without arguments Lambda's runtime still formats one: it logs `undefined`.
  return (...args) => log.write(level, args.length === 0 ? [undefined] : args);
}

/** Gives Node's console the methods of ours, also when a user has replaced one of them since. */
function leadBack(nodeConsole: unknown, console: object): void {
  if (typeof nodeConsole !== 'object' || nodeConsole === null) return;
  forEach(levelMethods, (name) => {
    defineProperty(nodeConsole, name, {
      configurable: true,
      enumerable: true,
      get: () => getProperty(console, name),
      set: (value: unknown) => setProperty(console, name, value),
    });
  });
}

function defineValue(target: object, name: string, value: unknown): void {
  defineProperty(target, name, { configurable: true, enumerable: true, writable: true, value });
}
