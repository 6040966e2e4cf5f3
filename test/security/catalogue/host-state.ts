/** The intrinsics of the host that a guest could poison if it ever reached them: every own property, by identity. */
type Snapshot = ReadonlyMap<string, PropertyDescriptor>;

export function hostState(): Snapshot {
  const found = new Map<string, PropertyDescriptor>();
  for (const [name, object] of watched) {
    for (const key of Reflect.ownKeys(object)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
      if (descriptor !== undefined) found.set(`${name}.${String(key)}`, descriptor);
    }
  }
  return found;
}

/** Names of what differs. */
export function changedState(before: Snapshot, after: Snapshot): readonly string[] {
  const changed = [...before.keys(), ...after.keys()].filter((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    return old?.value !== now?.value || old?.get !== now?.get || old?.set !== now?.set;
  });
  return [...new Set(changed)];
}

const watched: readonly (readonly [string, object])[] = [
  ['Object', Object],
  ['Object.prototype', Object.prototype],
  ['Array.prototype', Array.prototype],
  ['Function.prototype', Function.prototype],
  ['Promise', Promise],
  ['Promise.prototype', Promise.prototype],
  ['String.prototype', String.prototype],
  ['RegExp.prototype', RegExp.prototype],
  ['Error', Error],
  ['Error.prototype', Error.prototype],
  ['Uint8Array.prototype', Object.getPrototypeOf(Uint8Array.prototype)],
  ['Map.prototype', Map.prototype],
  ['Set.prototype', Set.prototype],
  ['Symbol', Symbol],
  ['JSON', JSON],
  ['Reflect', Reflect],
];
