/**
 * Values of a head, checked one by one: what every decoder of this folder is made of. Each throws a ProtocolError that names the
 * field; the caller gives its path.
 */
import { limits } from '../model/limits.ts';
import { ProtocolError } from './protocol-error.ts';

/** Ids, names and ARNs: ours to choose, so this is only a bound. */
export const nameCharsMax = 1_024;
export const safe = Number.MAX_SAFE_INTEGER;

// Paths are constants wherever a frame comes with every invocation: checking it makes no garbage.

export function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError(path, 'an object', value);
  }
  return value as Readonly<Record<string, unknown>>;
}

export function text(value: unknown, path: string, charsMax = nameCharsMax): string {
  if (typeof value !== 'string') throw new ProtocolError(path, 'a string', value);
  if (value.length > charsMax) throw new ProtocolError(path, `at most ${charsMax} characters`, value);
  return value;
}

export function optionalText<Name extends string>(
  from: Readonly<Record<string, unknown>>,
  name: Name,
  path: string,
  charsMax: number,
): { readonly [Key in Name]?: string } {
  const value = from[name];
  return value === undefined ? {} : ({ [name]: text(value, path, charsMax) } as { [Key in Name]: string });
}

export function texts(value: unknown, path: string): Readonly<Record<string, string>> {
  const entries = Object.entries(record(value, path));
  return Object.fromEntries(
    entries.map(([key, entry]) => [
      key,
      text(entry, `${path}.${key.slice(0, nameCharsMax)}`, limits.frameHeadBytesMax),
    ]),
  );
}

export function list(value: unknown, path: string, charsMax: number): readonly string[] {
  if (!Array.isArray(value)) throw new ProtocolError(path, 'an array', value);
  return value.map((entry, index) => text(entry, `${path}[${index}]`, charsMax));
}

export function boolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw new ProtocolError(path, 'true or false', value);
  return value;
}

export function integer(value: unknown, path: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new ProtocolError(path, `a whole number from ${min} to ${max}`, value);
  }
  return value;
}

/** Milliseconds, with a fraction. */
export function duration(value: unknown, path: string): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= safe)) {
    throw new ProtocolError(path, 'a number of milliseconds from 0', value);
  }
  return value;
}

export function oneOf<Value extends string>(value: unknown, path: string, allowed: readonly Value[]): Value {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new ProtocolError(path, `one of ${allowed.join(', ')}`, value);
  return found;
}
