/**
 * Package entry points: the `exports` and `imports` fields of a package.json
 * (https://nodejs.org/api/esm.html#resolution-algorithm-specification: PACKAGE_EXPORTS_RESOLVE, PACKAGE_IMPORTS_RESOLVE,
 * PACKAGE_TARGET_RESOLVE). Decides only; it does not look whether a target exists.
 */
import { isRecord } from './package-json.ts';

export type Target =
  /** Below the package's own folder, beginning with './'. */
  | { readonly kind: 'own'; readonly path: string }
  /** Another package or a built-in; `imports` only. */
  | { readonly kind: 'bare'; readonly specifier: string }
  | { readonly kind: 'none' };

/** More nesting or alternatives than any package has; the object comes from a client. */
const depthMax = 50;
const none: Target = { kind: 'none' };

/** `subpath`: `.` or `./…`. */
export function exportsTarget(exports: unknown, subpath: string, conditions: ReadonlySet<string>): Target {
  const table = isSubpathTable(exports) ? exports : { '.': exports };
  return tableTarget(table, subpath, conditions, 'exports');
}

/** `specifier`: begins with `#`. */
export function importsTarget(
  imports: Readonly<Record<string, unknown>>,
  specifier: string,
  conditions: ReadonlySet<string>,
): Target {
  return tableTarget(imports, specifier, conditions, 'imports');
}

function isSubpathTable(exports: unknown): exports is Readonly<Record<string, unknown>> {
  return isRecord(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
}

function tableTarget(
  table: Readonly<Record<string, unknown>>,
  key: string,
  conditions: ReadonlySet<string>,
  field: 'exports' | 'imports',
): Target {
  if (Object.hasOwn(table, key) && !key.includes('*')) return targetOf(table[key], '', conditions, field, 0) ?? none;
  let best: string | undefined;
  for (const pattern of Object.keys(table)) {
    const star = pattern.indexOf('*');
    if (star === -1 || star !== pattern.lastIndexOf('*')) continue;
    const isMatch =
      key.length >= pattern.length && key.startsWith(pattern.slice(0, star)) && key.endsWith(pattern.slice(star + 1));
    if (isMatch && (best === undefined || isMoreSpecific(pattern, best))) best = pattern;
  }
  if (best === undefined) return none;
  const star = best.indexOf('*');
  const matched = key.slice(star, key.length - (best.length - star - 1));
  return targetOf(table[best], matched, conditions, field, 0) ?? none;
}

/** PATTERN_KEY_COMPARE: the longer part before the star wins, then the longer pattern. */
function isMoreSpecific(pattern: string, than: string): boolean {
  const [star, other] = [pattern.indexOf('*'), than.indexOf('*')];
  return star === other ? pattern.length > than.length : star > other;
}

/** Undefined: no condition applies, so the next alternative may. `none`: excluded on purpose. */
function targetOf(
  target: unknown,
  matched: string,
  conditions: ReadonlySet<string>,
  field: 'exports' | 'imports',
  depth: number,
): Target | undefined {
  if (depth > depthMax || target === null) return none;
  if (typeof target === 'string') return pathTarget(target.replaceAll('*', matched), field);
  if (Array.isArray(target)) {
    for (const each of target.slice(0, depthMax)) {
      const found = targetOf(each, matched, conditions, field, depth + 1);
      if (found !== undefined && found.kind !== 'none') return found;
    }
    return none;
  }
  if (!isRecord(target)) return none;
  for (const [condition, each] of Object.entries(target)) {
    if (condition !== 'default' && !conditions.has(condition)) continue;
    const found = targetOf(each, matched, conditions, field, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function pathTarget(path: string, field: 'exports' | 'imports'): Target {
  if (!path.startsWith('./')) {
    const isBare = field === 'imports' && !path.startsWith('../') && !path.startsWith('/');
    return isBare ? { kind: 'bare', specifier: path } : none;
  }
  const segments = path.slice(2).split(/[/\\]|%2f|%5c/i);
  const leaves = segments.some((segment) => segment === '..' || segment === '.' || segment === 'node_modules');
  return leaves ? none : { kind: 'own', path };
}
