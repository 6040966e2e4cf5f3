/** Primordials that URL patterns use besides those declared for the whole core. */
interface Primordials {
  readonly RegExpPrototypeSymbolReplace: (expression: RegExp, text: string, by: string) => string;
  readonly StringPrototypeLastIndexOf: (text: string, part: string) => number;
}
