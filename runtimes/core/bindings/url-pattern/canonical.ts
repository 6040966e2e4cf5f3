/** Components as a URL would have them: https://urlpattern.spec.whatwg.org/#canon-encoding-callbacks. */
const {
  NumberParseInt,
  RegExpPrototypeExec,
  StringPrototypeEndsWith,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
} = primordials;
const { StringPrototypeToLowerCase, TypeError } = primordials;

export interface UrlLike {
  protocol: string;
  username: string;
  password: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
}
export type UrlClass = new (input: string, base?: string) => UrlLike;

export const specialPorts: Readonly<Record<string, string | undefined>> = {
  // @ts-expect-error a null prototype
  __proto__: null,
  ftp: '21',
  file: '',
  http: '80',
  https: '443',
  ws: '80',
  wss: '443',
};
export const specialSchemes: readonly string[] = ['ftp', 'file', 'http', 'https', 'ws', 'wss'];

const place = 'placeholder.invalid';
const portNumber = /^[0-9]+/;
const portMax = 65_535;
const ipv6 = /^[0-9A-Fa-f[\]:]*$/;

export class Canonical {
  readonly #URL: UrlClass;

  constructor(URL: UrlClass) {
    this.#URL = URL;
  }

  parse(input: string, base?: string): UrlLike | undefined {
    try {
      return base === undefined ? new this.#URL(input) : new this.#URL(input, base);
    } catch {
      // The URL class only throws for what is no URL.
      return undefined;
    }
  }

  readonly protocol = (value: string): string => {
    if (value === '') return value;
    const url = this.parse(`${value}://${place}`);
    if (url === undefined) throw new TypeError('Invalid protocol');
    return StringPrototypeSlice(url.protocol, 0, -1);
  };

  readonly username = (value: string): string => {
    const url = this.#dummy();
    url.username = value;
    return url.username;
  };

  readonly password = (value: string): string => {
    const url = this.#dummy();
    url.password = value;
    return url.password;
  };

  readonly hostname = (value: string): string => {
    if (value === '') return value;
    const url = this.#dummy();
    url.hostname = value;
    if (url.hostname === place && StringPrototypeToLowerCase(value) !== place) throw new TypeError('Invalid hostname');
    return url.hostname;
  };

  readonly ipv6Hostname = (value: string): string => {
    if (RegExpPrototypeExec(ipv6, value) === null) throw new TypeError('Invalid hostname');
    return StringPrototypeToLowerCase(value);
  };

  port(value: string, protocol = ''): string {
    if (value === '') return value;
    const digits = RegExpPrototypeExec(portNumber, value)?.[0];
    if (digits === undefined || NumberParseInt(digits, 10) > portMax) throw new TypeError('Invalid port');
    const isWeb = protocol !== 'file' && specialPorts[protocol] !== undefined;
    const url = this.parse(`${isWeb ? protocol : 'other'}://${place}:1/`);
    if (url === undefined) return value;
    url.port = value;
    return url.port;
  }

  readonly pathname = (value: string): string => {
    if (value === '') return value;
    const isAbsolute = StringPrototypeStartsWith(value, '/');
    const url = this.#dummy();
    url.pathname = isAbsolute ? value : `/-${value}`;
    return isAbsolute ? url.pathname : StringPrototypeSlice(url.pathname, 2);
  };

  readonly opaquePathname = (value: string): string => {
    if (value === '') return value;
    const url = this.parse(`data:${value}`);
    if (url === undefined) throw new TypeError('Invalid pathname');
    return url.pathname;
  };

  readonly search = (value: string): string => {
    if (value === '') return value;
    const url = this.#dummy();
    url.search = `?${value}`;
    return StringPrototypeSlice(url.search, 1);
  };

  readonly hash = (value: string): string => {
    if (value === '') return value;
    const url = this.#dummy();
    url.hash = `#${value}`;
    return StringPrototypeSlice(url.hash, 1);
  };

  #dummy(): UrlLike {
    return new this.#URL(`https://${place}`);
  }
}

export function withoutFirst(text: string, character: string): string {
  return StringPrototypeStartsWith(text, character) ? StringPrototypeSlice(text, 1) : text;
}

export function withoutLast(text: string, character: string): string {
  return StringPrototypeEndsWith(text, character) ? StringPrototypeSlice(text, 0, -1) : text;
}
