/** POSIX paths as text: what the loader needs of `path`, which the user may have changed. */
const { ArrayPrototypeJoin, ArrayPrototypePop, ArrayPrototypePush, StringPrototypeLastIndexOf } = primordials;
const { StringPrototypeSlice, StringPrototypeSplit, StringPrototypeStartsWith } = primordials;

/** Absolute and without `.`, `..` and doubled slashes. */
export function resolvePath(directory: string, path: string): string {
  const whole = StringPrototypeStartsWith(path, '/') ? path : `${directory}/${path}`;
  const names = StringPrototypeSplit(whole, '/');
  const kept: string[] = [];
  for (let at = 0; at < names.length; at++) {
    const name = names[at];
    if (name === undefined || name === '' || name === '.') continue;
    if (name === '..') ArrayPrototypePop(kept);
    else ArrayPrototypePush(kept, name);
  }
  return `/${ArrayPrototypeJoin(kept, '/')}`;
}

export function directoryOf(path: string): string {
  const slash = StringPrototypeLastIndexOf(path, '/');
  return slash <= 0 ? '/' : StringPrototypeSlice(path, 0, slash);
}

export function nameOf(path: string): string {
  return StringPrototypeSlice(path, StringPrototypeLastIndexOf(path, '/') + 1);
}

/** `.js` of `a.b.js`; '' of `.profile` and `name`. */
export function extensionOf(path: string): string {
  const name = nameOf(path);
  const dot = StringPrototypeLastIndexOf(name, '.');
  return dot <= 0 ? '' : StringPrototypeSlice(name, dot);
}
