/** What of a request is signed beside its body. `IncomingMessage` of node:http is one. */
export interface RequestHead {
  readonly method?: string | undefined;
  /** Path and query as they came in. */
  readonly url?: string | undefined;
  /** Names and values in turns, as they came in. Headers that were put together would not show what was signed. */
  readonly rawHeaders: readonly string[];
}

/** A head that is looked into often: names in lower case, values in order. */
export interface IndexedHead extends Pick<RequestHead, 'method' | 'url'> {
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

export function indexed({ method, url, rawHeaders }: RequestHead): IndexedHead {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    const value = rawHeaders[at + 1] ?? '';
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return { method, url, headers };
}

const none: readonly string[] = [];

/** The name is in lower case. */
export function headerValues({ headers }: IndexedHead, name: string): readonly string[] {
  return headers.get(name) ?? none;
}

export function splitTarget(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}
