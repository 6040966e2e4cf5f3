/** The parts of whatwg-url's parser that the binding uses. */
declare module 'whatwg-url/lib/url-state-machine.js' {
  export interface UrlRecord {
    scheme: string;
    username: string;
    password: string;
    host: string | number | readonly number[] | null;
    port: number | null;
    /** A string when it is opaque. */
    path: string | string[];
    query: string | null;
    fragment: string | null;
  }
  export function basicURLParse(
    input: string,
    options?: { baseURL?: UrlRecord | null; url?: UrlRecord; stateOverride?: string },
  ): UrlRecord | null;
  export function cannotHaveAUsernamePasswordPort(url: UrlRecord): boolean;
  export function serializeHost(host: NonNullable<UrlRecord['host']>): string;
  export function serializePath(url: UrlRecord): string;
}
