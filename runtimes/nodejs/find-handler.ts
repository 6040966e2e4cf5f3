/** Finds the handler that the handler string names on a loaded module (LAMBDA.md A2.3, A2.8, A2.9, A2.12). */
import type { ErrorDialect } from './error-json.ts';
import { type Handler, isHandler } from './handler.ts';
import { getProperty, indexOf, slice } from './primordials.ts';
import { RuntimeError } from './runtime-error.ts';

export interface HandlerName {
  /** As configured, for messages. */
  readonly handler: string;
  /** What follows the first dot of its last segment: `a.b.handler`. */
  readonly exportPath: string;
  readonly format: 'cjs' | 'esm';
}

/** @throws RuntimeError Runtime.HandlerNotFound, or what a getter of the user throws */
export function findHandler(module: unknown, name: HandlerName, dialect: ErrorDialect): Handler {
  const found = follow(module, name.exportPath) || (dialect === 'promise' ? followDefault(module, name) : undefined);
  if (!found) throw notFound(`${name.handler} is undefined or not exported`);
  if (!isHandler(found)) throw notFound(`${name.handler} is not a function`);
  return found;
}

/**
 * Node 24's runtime imports everything: what CommonJS exports is the default export of its namespace. A module written with
 * `export` may have been bundled as CommonJS; its default export is a property like others then.
 */
function followDefault(module: unknown, { exportPath, format }: HandlerName): unknown {
  const inDefault = follow(follow(module, 'default'), exportPath);
  return inDefault || (format === 'cjs' ? follow({ default: module }, exportPath) : undefined);
}

function follow(start: unknown, path: string): unknown {
  let value = start;
  for (let from = 0; from <= path.length; ) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
    const dot = indexOf(path, '.', from);
    const end = dot === -1 ? path.length : dot;
    value = getProperty(value, slice(path, from, end));
    from = end + 1;
  }
  return value;
}

function notFound(message: string): RuntimeError {
  return new RuntimeError('Runtime.HandlerNotFound', message);
}
