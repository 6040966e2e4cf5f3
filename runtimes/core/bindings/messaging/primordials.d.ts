/** Primordials that message ports use besides those declared for the whole core. */
interface Primordials {
  readonly SafeWeakMap: WeakMapConstructor;
}
