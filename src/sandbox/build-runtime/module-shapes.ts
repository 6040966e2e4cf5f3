/**
 * What the modules look like that a guest can load and not use: names, kinds and plain values, read from the running binary. The
 * guest makes functions that refuse of it (`runtimes/core/bindings/refused.ts` says what a shape is).
 */
import { createRequire } from 'node:module';
import { refusedModules } from '../../bridge/node-modules.ts';

interface Shape {
  readonly kind: 'function' | 'object' | 'symbol' | 'value';
  readonly members?: Record<string, Shape>;
  readonly description?: string;
  readonly value?: unknown;
}

/** Exports, what hangs on them, and what hangs on that: `test.mock.fn`. */
const depthMax = 3;

export function refusedShapes(): Record<string, Shape> {
  const require = createRequire(import.meta.url);
  const shapes = refusedModules.map((id): [string, Shape] => [id, shapeOf(require(`node:${id}`), depthMax)]);
  return Object.fromEntries(shapes);
}

function shapeOf(value: unknown, depth: number): Shape {
  if (typeof value === 'symbol') return { kind: 'symbol', description: value.description ?? '' };
  if (typeof value === 'function') return { kind: 'function', members: membersOf(value, depth) };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { kind: 'object', members: membersOf(value, depth) };
  }
  return typeof value === 'bigint' ? { kind: 'value' } : { kind: 'value', value };
}

function membersOf(value: object, depth: number): Record<string, Shape> {
  if (depth === 0) return {};
  // The state of an emitter is not part of what a module offers.
  const names = Object.keys(value).filter((name) => !name.startsWith('_'));
  return Object.fromEntries(names.map((name) => [name, shapeOf(Reflect.get(value, name), depth - 1)]));
}
