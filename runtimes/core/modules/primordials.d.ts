/** Primordials that refused modules and scripts use besides those declared for the whole core. */
interface Primordials {
  readonly Function: FunctionConstructor;
  readonly StringPrototypeRepeat: (text: string, count: number) => string;
  readonly SymbolFor: (key: string) => symbol;
}
