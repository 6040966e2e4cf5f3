/**
 * `console` without its cost: an object whose methods load Node's console when one of them is first called. Handler loops
 * replace the methods that log, so most functions never load it.
 */
import type { CoreContext } from './context.ts';
import { define, defineLazily } from './globals.ts';

const { ObjectCreate, ReflectApply } = primordials;

/** Node's order, which `Object.keys(console)` shows. */
const methods = [
  'log',
  'info',
  'debug',
  'warn',
  'error',
  'dir',
  'time',
  'timeEnd',
  'timeLog',
  'trace',
  'assert',
  'clear',
  'count',
  'countReset',
  'group',
  'groupEnd',
  'table',
  'dirxml',
  'groupCollapsed',
];
/** V8's, for an inspector that is not there. */
const profilerMethods = ['profile', 'profileEnd', 'timeStamp'];

type NodeConsole = Record<string, (...args: unknown[]) => unknown>;

export function installConsole(context: CoreContext): void {
  const console = ObjectCreate({}) as Record<string, unknown>;
  let loaded: NodeConsole | undefined;
  const nodeConsole = (): NodeConsole => {
    loaded ??= context.library.require<NodeConsole>('internal/console/global');
    return loaded;
  };
  for (let at = 0; at < methods.length; at++) {
    const name = methods[at] ?? '';
    const method = {
      [name](...args: unknown[]) {
        const target = nodeConsole();
        return ReflectApply(target[name] as never, target, args);
      },
    };
    console[name] = method[name];
  }
  defineLazily(console, 'Console', true, () => nodeConsole().Console);
  for (let at = 0; at < profilerMethods.length; at++) {
    const name = profilerMethods[at] ?? '';
    console[name] = { [name]() {} }[name];
  }
  define(globalThis, 'console', false, console);
  context.library.override('console', () => console);
}
