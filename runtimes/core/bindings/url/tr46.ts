/**
 * Stands in for the `tr46` package under the URL parser: ASCII domains are done here, all others by the host's ICU. The
 * package's tables would cost each guest 200 KiB.
 */
const { RegExpPrototypeExec, StringPrototypeToLowerCase } = primordials;

let domainToAscii: (domain: string) => string = () => '';

export function useDomainToAscii(convert: (domain: string) => string): void {
  domainToAscii = convert;
}

const needsUnicode = /[^\x00-\x7f]|xn--/i;

/** `null` when the domain is invalid, as the package answers. */
export function toASCII(domain: string): string | null {
  if (RegExpPrototypeExec(needsUnicode, domain) === null) return StringPrototypeToLowerCase(domain);
  const ascii = domainToAscii(domain);
  return ascii === '' ? null : ascii;
}
