/** Primordials that the file system's bindings use besides those declared for the whole core. */
interface Primordials {
  readonly ArrayBuffer: ArrayBufferConstructor;
  readonly BigInt64Array: BigInt64ArrayConstructor;
  readonly Float64Array: Float64ArrayConstructor;
  readonly Number: NumberConstructor;
  readonly NumberMAX_SAFE_INTEGER: number;
  readonly TypedArrayPrototypeSet: (target: Uint8Array, source: Uint8Array, offset?: number) => void;
  readonly TypedArrayPrototypeSubarray: (source: Uint8Array, start?: number, end?: number) => Uint8Array;
  readonly RangeError: RangeErrorConstructor;
  readonly TypeError: TypeErrorConstructor;
  readonly Uint32Array: Uint32ArrayConstructor;
}
