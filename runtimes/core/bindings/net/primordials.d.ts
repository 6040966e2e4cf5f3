/** Primordials that the bindings of the network use besides those declared for the whole core. */
interface Primordials {
  readonly Array: ArrayConstructor;
  readonly Int32Array: Int32ArrayConstructor;
  readonly NumberPrototypeToString: (value: number, radix?: number) => string;
  readonly ObjectAssign: <Target extends object>(target: Target, source: object) => Target;
  readonly StringPrototypeLastIndexOf: (text: string, part: string) => number;
  readonly StringPrototypeToUpperCase: (text: string) => string;
  readonly Uint16Array: Uint16ArrayConstructor;
}
