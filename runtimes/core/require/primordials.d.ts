/** Primordials that the module loader uses besides those declared for the whole core. */
interface Primordials {
  readonly ArrayPrototypeIndexOf: <T>(array: readonly T[], item: T) => number;
  readonly ArrayPrototypePop: <T>(array: T[]) => T | undefined;
  readonly StringPrototypeLastIndexOf: (text: string, part: string) => number;
}
