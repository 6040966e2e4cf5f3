/** Reads the second argument of `postMessage`: a list of what to transfer, or options with one. */
const { ArrayIsArray, ArrayPrototypePush, ReflectApply, SymbolIterator, TypeError } = primordials;

export function readTransferList(argument: unknown): readonly unknown[] {
  if (argument === undefined || argument === null) return [];
  if (typeof argument !== 'object') throw notIterable('Optional transferList argument');
  const list = listOf(argument);
  if (list !== undefined) return list;
  const { transfer } = argument as { readonly transfer?: unknown };
  if (transfer === undefined) return [];
  const found = typeof transfer === 'object' && transfer !== null ? listOf(transfer) : undefined;
  if (found === undefined) throw notIterable('Optional options.transfer argument');
  return found;
}

function listOf(value: object): readonly unknown[] | undefined {
  const found: unknown[] = [];
  if (ArrayIsArray(value)) {
    for (let at = 0; at < value.length; at++) ArrayPrototypePush(found, value[at]);
    return found;
  }
  const { [SymbolIterator as never]: iterate } = value as Record<symbol, unknown>;
  if (typeof iterate !== 'function') return undefined;
  const iterator = ReflectApply(iterate as never, value, []) as Iterator<unknown> | null;
  const next: unknown = typeof iterator === 'object' && iterator !== null ? iterator.next : undefined;
  if (typeof next !== 'function') return undefined;
  for (;;) {
    const step = ReflectApply(next as never, iterator, []) as IteratorResult<unknown>;
    if (step.done === true) return found;
    ArrayPrototypePush(found, step.value);
  }
}

function notIterable(what: string): Error {
  return withCode(new TypeError(`${what} must be an iterable`), 'ERR_INVALID_ARG_TYPE');
}

/** As errors of Node's native code have it: the code is an ordinary property. */
export function withCode<Failure extends Error>(error: Failure, code: string): Failure {
  primordials.ObjectDefineProperty(error, 'code', {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: code,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  return error;
}
