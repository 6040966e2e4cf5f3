/** Primordials that histograms use besides those declared for the whole core. */
interface Primordials {
  readonly MathLog2: (value: number) => number;
  readonly MathPow: (base: number, exponent: number) => number;
  readonly MathSqrt: (value: number) => number;
  readonly Number: NumberConstructor;
  readonly NumberMAX_SAFE_INTEGER: number;
}
