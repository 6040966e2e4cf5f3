/**
 * Keeps functions from setting each other's cookies. Browsers know that sites below AWS's `lambda-url.<region>.on.aws` are strangers to
 * each other, because it is in the list of public suffixes; `lambda-url.localhost` is not, so a cookie for it would reach every URL.
 */
export function safeCookies(
  headers: readonly (readonly [name: string, value: string])[],
  domainName: string,
): readonly (readonly [name: string, value: string])[] {
  const isSafe = ([name, value]: readonly [string, string]): boolean =>
    name !== 'set-cookie' || !domainsOf(value).some((domain) => domainName.endsWith(`.${domain}`));
  return headers.every(isSafe) ? headers : headers.filter(isSafe);
}

/** As browsers read them: without case, without a dot at the beginning. */
function domainsOf(cookie: string): readonly string[] {
  const [, ...attributes] = cookie.split(';');
  return attributes.flatMap((attribute) => {
    const [name = '', value = ''] = attribute.split('=');
    return name.trim().toLowerCase() === 'domain' ? [value.trim().toLowerCase().replace(/^\./, '')] : [];
  });
}
