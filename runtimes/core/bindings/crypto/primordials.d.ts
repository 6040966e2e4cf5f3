/** Primordials that the cryptography's bindings use besides those declared for the whole core. */
interface Primordials {
  readonly ArrayBuffer: ArrayBufferConstructor;
  readonly AtomicsWait: (array: Int32Array, index: number, value: number, timeoutMs: number) => string;
  readonly BigIntPrototypeToString: (value: bigint, radix: number) => string;
  readonly DataView: DataViewConstructor;
  readonly DataViewPrototypeGetUint32: (view: DataView, offset: number, littleEndian: boolean) => number;
  readonly DataViewPrototypeSetUint32: (view: DataView, offset: number, value: number, littleEndian: boolean) => void;
  readonly Int32Array: Int32ArrayConstructor;
  readonly MathClz32: (value: number) => number;
  readonly RealSharedArrayBuffer: SharedArrayBufferConstructor;
  readonly Number: NumberConstructor;
  readonly StringPrototypePadStart: (text: string, length: number, fill: string) => string;
  readonly RangeError: RangeErrorConstructor;
  readonly TypedArrayPrototypeSet: (target: Uint8Array, source: Uint8Array, offset?: number) => void;
  readonly TypedArrayPrototypeSubarray: (source: Uint8Array, start?: number, end?: number) => Uint8Array;
  readonly TypeError: TypeErrorConstructor;
}
