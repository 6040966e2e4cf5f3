/** Further primordials that the value codec and the streams of bindings use. */
interface Primordials {
  readonly FunctionPrototypeSymbolHasInstance: (type: unknown, value: unknown) => boolean;
  readonly ObjectFreeze: <Value>(value: Value) => Value;
  readonly SymbolAsyncIterator: symbol;
  readonly TypedArrayPrototypeSet: (target: Uint8Array, source: Uint8Array, offset?: number) => void;
}
