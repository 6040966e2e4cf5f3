/**
 * Completes Node's primordials. V8 installs the newest built-ins only after it restored a snapshot, so those are missing from
 * primordials that were made for one. Imported before everything else: other files take theirs while they are evaluated.
 */
const { ReflectDefineProperty } = primordials;

const late: Record<string, unknown> = {
  AtomicsPause: Reflect.get(Atomics, 'pause'),
  ErrorIsError: Reflect.get(Error, 'isError'),
  MapPrototypeGetOrInsert: uncurried(Map.prototype, 'getOrInsert'),
  MapPrototypeGetOrInsertComputed: uncurried(Map.prototype, 'getOrInsertComputed'),
  PromiseTry: Promise.try.bind(Promise),
  RegExpEscape: Reflect.get(RegExp, 'escape'),
  // Guests have none of their own (engine.ts).
  RealSharedArrayBuffer: Reflect.get(globalThis, 'SharedArrayBuffer'),
  Uint8ArrayFromBase64: Reflect.get(Uint8Array, 'fromBase64'),
  Uint8ArrayFromHex: Reflect.get(Uint8Array, 'fromHex'),
  Uint8ArrayPrototypeSetFromBase64: uncurried(Uint8Array.prototype, 'setFromBase64'),
  Uint8ArrayPrototypeSetFromHex: uncurried(Uint8Array.prototype, 'setFromHex'),
  Uint8ArrayPrototypeToBase64: uncurried(Uint8Array.prototype, 'toBase64'),
  Uint8ArrayPrototypeToHex: uncurried(Uint8Array.prototype, 'toHex'),
  WebAssemblyInstance: Reflect.get(Reflect.get(globalThis, 'WebAssembly'), 'Instance'),
};
for (const name in late) {
  if (!(name in primordials)) ReflectDefineProperty(primordials, name, { value: late[name] });
}

function uncurried(prototype: object, name: string): unknown {
  const method: unknown = Reflect.get(prototype, name);
  return typeof method === 'function' ? Function.prototype.call.bind(method) : undefined;
}
