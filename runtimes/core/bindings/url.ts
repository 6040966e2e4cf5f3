/**
 * `internalBinding('url')`: the URL standard's parser, for Node's URL classes on top. Offsets into the result are reported
 * the way Node's library reads them (those of the parser it has in C++).
 */
import {
  basicURLParse,
  cannotHaveAUsernamePasswordPort,
  serializeHost,
  serializePath,
  type UrlRecord,
} from 'whatwg-url/lib/url-state-machine.js';
import type { CoreContext } from '../context.ts';
import type { BaseData } from './base.ts';
import { domainToUnicode } from './domain.ts';
import { useDomainToAscii } from './url/tr46.ts';

const {
  RegExpPrototypeExec,
  StringPrototypeCharCodeAt,
  StringPrototypeReplace,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
  StringPrototypeToWellFormed,
} = primordials;

type UpdateActions = BaseData['urlUpdateActions'];

export function createBindings(context: CoreContext): Record<string, object> {
  const { library } = context;
  useDomainToAscii((domain) => context.host.domainToAscii(domain));
  const actions = library.require<BaseData>('isotherm/data/base').urlUpdateActions;
  const components = new Uint32Array(9);
  const show = (url: UrlRecord): string => serialize(url, components);
  const invalid = (input: string, base?: string): Error => {
    const { codes } = library.require<{ codes: Record<string, new (...args: unknown[]) => Error> }>('internal/errors');
    const InvalidUrl = codes.ERR_INVALID_URL;
    if (InvalidUrl === undefined) return new TypeError('Invalid URL');
    return base === undefined ? new InvalidUrl(input) : new InvalidUrl(input, base);
  };
  return {
    url: {
      urlComponents: components,
      parse(input: string, base: string | undefined, raise: boolean) {
        const url = parse(input, base);
        if (url !== undefined) return show(url);
        if (raise) throw invalid(input, base);
        return undefined;
      },
      canParse: (input: string, base?: string) => parse(input, base) !== undefined,
      update(href: string, action: number, text: string) {
        // Node's parser takes UTF-8, which has no lone surrogates.
        const value = StringPrototypeToWellFormed(text);
        if (action === actions.kHref) {
          const replaced = parse(value, undefined);
          return replaced === undefined ? false : show(replaced);
        }
        const url = parse(href, undefined);
        if (url === undefined) return false;
        update(url, actions, action, value);
        return show(url);
      },
      format(href: string, hash: boolean, unicode: boolean, search: boolean, auth: boolean) {
        const url = parse(href, undefined);
        if (url === undefined) return href;
        if (unicode && typeof url.host === 'string') url.host = domainToUnicode(context, url.host);
        if (!hash) url.fragment = null;
        if (!search) url.query = null;
        if (!auth) {
          url.username = '';
          url.password = '';
        }
        return show(url);
      },
      pathToFileURL(path: string, isWindows: boolean, host?: string) {
        // `\\?\C:\file` names no server: it is Windows' way to write a path as is.
        const server = host === '?' ? '' : host;
        const escaped = encodePath(path, isWindows);
        const url = parse(`file://${server ?? ''}${isWindows && server === undefined ? '/' : ''}${escaped}`, undefined);
        if (url === undefined) throw invalid(path);
        return show(url);
      },
      domainToASCII(domain: string) {
        const url = parse(`ws://${domain}`, undefined);
        return url === undefined || url.host === null ? '' : serializeHost(url.host);
      },
      domainToUnicode(domain: string) {
        const url = parse(`ws://${domain}`, undefined);
        return url === undefined || url.host === null ? '' : domainToUnicode(context, serializeHost(url.host));
      },
      getOrigin: (href: string) => href,
    },
  };
}

function parse(input: string, base: string | undefined): UrlRecord | undefined {
  const baseURL = base === undefined ? null : basicURLParse(base);
  if (base !== undefined && baseURL === null) return undefined;
  return basicURLParse(input, { baseURL }) ?? undefined;
}

/** What the standard's setters do, by the part that is set. Values that the parser refuses change nothing. */
function update(url: UrlRecord, actions: UpdateActions, action: number, value: string): void {
  switch (action) {
    case actions.kProtocol:
      basicURLParse(`${value}:`, { url, stateOverride: 'scheme start' });
      return;
    case actions.kUsername:
    case actions.kPassword: {
      if (cannotHaveAUsernamePasswordPort(url)) return;
      const encoded = encodeUserInfo(value);
      if (action === actions.kUsername) url.username = encoded;
      else url.password = encoded;
      return;
    }
    case actions.kHost:
      if (!hasOpaquePath(url)) basicURLParse(value, { url, stateOverride: 'host' });
      return;
    case actions.kHostname:
      if (!hasOpaquePath(url)) basicURLParse(value, { url, stateOverride: 'hostname' });
      return;
    case actions.kPort:
      if (cannotHaveAUsernamePasswordPort(url)) return;
      if (value === '') url.port = null;
      else basicURLParse(value, { url, stateOverride: 'port' });
      return;
    case actions.kPathname:
      if (hasOpaquePath(url)) return;
      url.path = [];
      basicURLParse(value, { url, stateOverride: 'path start' });
      return;
    case actions.kSearch:
      if (value === '') {
        url.query = null;
        return;
      }
      url.query = '';
      basicURLParse(StringPrototypeStartsWith(value, '?') ? StringPrototypeSlice(value, 1) : value, {
        url,
        stateOverride: 'query',
      });
      return;
    case actions.kHash:
      if (value === '') {
        url.fragment = null;
        return;
      }
      url.fragment = '';
      basicURLParse(StringPrototypeStartsWith(value, '#') ? StringPrototypeSlice(value, 1) : value, {
        url,
        stateOverride: 'fragment',
      });
      return;
    default:
  }
}

function hasOpaquePath(url: UrlRecord): boolean {
  return typeof url.path === 'string';
}

const omitted = 0xffff_ffff;
const schemeTypes: Readonly<Record<string, number | undefined>> = {
  // @ts-expect-error a null prototype, so that a scheme like 'constructor' is not found
  __proto__: null,
  http: 0,
  https: 2,
  ws: 3,
  ftp: 4,
  wss: 5,
  file: 6,
};
const notSpecial = 1;

/** Writes the href and, in Node's order, where its parts end. */
function serialize(url: UrlRecord, components: Uint32Array): string {
  let href = `${url.scheme}:`;
  components[0] = href.length;
  if (url.host === null) {
    components[1] = components[2] = components[3] = href.length;
    // A path that begins with two slashes must not read as a host.
    if (typeof url.path !== 'string' && url.path.length > 1 && url.path[0] === '') href += '/.';
  } else {
    href += '//';
    components[1] = href.length;
    if (url.username !== '' || url.password !== '') {
      href += url.username;
      components[1] = href.length;
      if (url.password !== '') href += `:${url.password}`;
      components[2] = href.length;
      href += '@';
    } else {
      components[2] = href.length;
    }
    href += serializeHost(url.host);
    components[3] = href.length;
    if (url.port !== null) href += `:${url.port}`;
  }
  components[4] = url.port ?? omitted;
  components[5] = href.length;
  href += serializePath(url);
  components[6] = url.query === null ? omitted : href.length;
  if (url.query !== null) href += `?${url.query}`;
  components[7] = url.fragment === null ? omitted : href.length;
  if (url.fragment !== null) href += `#${url.fragment}`;
  components[8] = schemeTypes[url.scheme] ?? notSpecial;
  return href;
}

const pathEscapes = /[%\\\n\r\t?#[\]|~]/g;
/** There a backslash separates names. */
const windowsPathEscapes = /[%\n\r\t?#[\]|~]/g;

/** Characters that a file name may have but a URL's path would read as something else. */
function encodePath(path: string, isWindows: boolean): string {
  const escapes = isWindows ? windowsPathEscapes : pathEscapes;
  return StringPrototypeReplace(path, escapes, percentEncoded);
}

/** Of one ASCII character. */
function percentEncoded(character: string): string {
  const code = StringPrototypeCharCodeAt(character, 0);
  return `%${hexDigits[code >> 4]}${hexDigits[code & 15]}`;
}

const hexDigits = '0123456789ABCDEF';

const userInfoEscapes = /[\u0000-\u0020"#<>?`{}/:;=@[\\\]^|\u007f-\u{10ffff}]/gu;

function encodeUserInfo(text: string): string {
  if (RegExpPrototypeExec(userInfoEscapes, text) === null) return text;
  userInfoEscapes.lastIndex = 0;
  return StringPrototypeReplace(text, userInfoEscapes, (character: string) => encodeURIComponent(character));
}
