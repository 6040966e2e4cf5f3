/** Primordials that V8's wire format needs besides those declared for the whole core. */
interface Primordials {
  readonly ArrayBuffer: ArrayBufferConstructor;
  readonly BigIntPrototypeToString: (value: bigint, radix: number) => string;
  readonly DataView: DataViewConstructor;
  readonly DataViewPrototypeGetFloat64: (view: DataView, at: number, littleEndian: boolean) => number;
  readonly DataViewPrototypeSetFloat64: (view: DataView, at: number, value: number, littleEndian: boolean) => void;
  readonly StringPrototypePadStart: (text: string, length: number, by: string) => string;
  readonly Uint16Array: Uint16ArrayConstructor;
}
