/**
 * The `exports` and `imports` maps of a package, as https://nodejs.org/api/esm.html#resolution-algorithm-specification
 * defines them (PACKAGE_IMPORTS_EXPORTS_RESOLVE, PACKAGE_TARGET_RESOLVE). Pure: decides by the map alone.
 */
const { ArrayIsArray, ArrayPrototypeIncludes, ObjectKeys, ObjectPrototypeHasOwnProperty } = primordials;
const { StringPrototypeEndsWith, StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeLastIndexOf } =
  primordials;
const { StringPrototypeSlice, StringPrototypeSplit, StringPrototypeStartsWith } = primordials;

export type MapKind = 'exports' | 'imports';

/** `path` is relative to the package's directory, `request` a bare specifier that an `imports` map leads to. */
export type MapTarget =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'request'; readonly request: string }
  | { readonly kind: 'invalid'; readonly key: string; readonly target: unknown };

/** Null: explicitly not offered. Undefined: no condition matched. */
type Resolved = MapTarget | null | undefined;

/** `exports` without subpaths means the main entry. */
export function exportsMap(exports: unknown): Record<string, unknown> {
  if (typeof exports !== 'object' || exports === null || ArrayIsArray(exports)) return { '.': exports };
  const keys = ObjectKeys(exports);
  const isMain = keys.length > 0 && !StringPrototypeStartsWith(keys[0] ?? '', '.');
  return isMain ? { '.': exports } : (exports as Record<string, unknown>);
}

/** Where `key` (`.`, `./sub`, `#name`) leads; undefined when the map does not offer it. */
export function resolveInMap(
  kind: MapKind,
  map: Record<string, unknown>,
  key: string,
  conditions: readonly string[],
): MapTarget | undefined {
  if (
    ObjectPrototypeHasOwnProperty(map, key) &&
    !StringPrototypeIncludes(key, '*') &&
    !StringPrototypeEndsWith(key, '/')
  ) {
    return resolveTarget({ kind, key, part: undefined, conditions }, map[key]) ?? undefined;
  }
  let best: { readonly key: string; readonly part: string } | undefined;
  const keys = ObjectKeys(map);
  for (let at = 0; at < keys.length; at++) {
    const candidate = keys[at] ?? '';
    const part = matchedPart(candidate, key);
    if (part !== undefined && (best === undefined || isMoreSpecific(candidate, best.key)))
      best = { key: candidate, part };
  }
  if (best === undefined) return undefined;
  return resolveTarget({ kind, key: best.key, part: best.part, conditions }, map[best.key]) ?? undefined;
}

interface Matching {
  readonly kind: MapKind;
  readonly key: string;
  /** What `*` stood for; undefined when the key has none. */
  readonly part: string | undefined;
  readonly conditions: readonly string[];
}

function resolveTarget(matching: Matching, target: unknown): Resolved {
  if (typeof target === 'string') return resolveText(matching, target);
  if (target === null) return null;
  if (ArrayIsArray(target)) return resolveFirst(matching, target);
  if (typeof target !== 'object') return { kind: 'invalid', key: matching.key, target };

  const byCondition = target as Record<string, unknown>;
  const names = ObjectKeys(byCondition);
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    if (name !== 'default' && !ArrayPrototypeIncludes(matching.conditions, name)) continue;
    const resolved = resolveTarget(matching, byCondition[name]);
    if (resolved !== undefined) return resolved;
  }
  return undefined;
}

/** The first target that is valid; what comes after it is for other resolvers. */
function resolveFirst(matching: Matching, targets: readonly unknown[]): Resolved {
  let last: Resolved = null;
  for (let at = 0; at < targets.length; at++) {
    const resolved = resolveTarget(matching, targets[at]);
    if (resolved === undefined) continue;
    if (resolved !== null && resolved.kind !== 'invalid') return resolved;
    last = resolved;
  }
  return last;
}

function resolveText({ kind, key, part }: Matching, target: string): MapTarget {
  const isRelative = StringPrototypeStartsWith(target, './');
  if (!isRelative) {
    const isRequest =
      kind === 'imports' && !StringPrototypeStartsWith(target, '/') && !StringPrototypeStartsWith(target, '../');
    return isRequest ? { kind: 'request', request: substitute(target, part) } : { kind: 'invalid', key, target };
  }
  if (!staysInside(StringPrototypeSlice(target, 2)) || (part !== undefined && !staysInside(part))) {
    return { kind: 'invalid', key, target };
  }
  return { kind: 'path', path: substitute(target, part) };
}

function staysInside(path: string): boolean {
  const names = StringPrototypeSplit(path, '/');
  for (let at = 0; at < names.length; at++) {
    const name = names[at];
    if (name === '.' || name === '..' || name === 'node_modules') return false;
  }
  return true;
}

function substitute(target: string, part: string | undefined): string {
  if (part === undefined) return target;
  let text = '';
  const pieces = StringPrototypeSplit(target, '*');
  for (let at = 0; at < pieces.length; at++) text += at === 0 ? pieces[at] : part + pieces[at];
  return text;
}

/** What the `*` of `pattern` stands for in `key`. */
function matchedPart(pattern: string, key: string): string | undefined {
  const star = StringPrototypeIndexOf(pattern, '*');
  if (star === -1 || StringPrototypeLastIndexOf(pattern, '*') !== star || key.length < pattern.length) return undefined;
  const end = StringPrototypeSlice(pattern, star + 1);
  if (!StringPrototypeStartsWith(key, StringPrototypeSlice(pattern, 0, star))) return undefined;
  if (!StringPrototypeEndsWith(key, end)) return undefined;
  return StringPrototypeSlice(key, star, key.length - end.length);
}

/** The longer beginning wins, then the longer key. */
function isMoreSpecific(pattern: string, than: string): boolean {
  const star = StringPrototypeIndexOf(pattern, '*');
  const thanStar = StringPrototypeIndexOf(than, '*');
  return star === thanStar ? pattern.length > than.length : star > thanStar;
}
