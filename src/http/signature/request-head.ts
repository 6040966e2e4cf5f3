/** What of a request is signed beside its body. `IncomingMessage` of node:http is one. */
export interface RequestHead {
  readonly method?: string | undefined;
  /** Path and query as they came in. */
  readonly url?: string | undefined;
  /** Names and values in turns, as they came in. Headers that were put together would not show what was signed. */
  readonly rawHeaders: readonly string[];
}

/** Values of one header, in order. The name is in lower case. */
export function headerValues({ rawHeaders }: RequestHead, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const value = rawHeaders[at + 1];
    if (value !== undefined && rawHeaders[at]?.toLowerCase() === name) values.push(value);
  }
  return values;
}

export function splitTarget(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}
