/** The compiled form of `URLPattern`, loaded when the first one is made: https://urlpattern.spec.whatwg.org/. */
import type { CoreContext } from '../context.ts';
import {
  Canonical,
  specialPorts,
  specialSchemes,
  type UrlClass,
  withoutFirst,
  withoutLast,
} from './url-pattern/canonical.ts';
import { type ComponentName, type Init, parseConstructorString } from './url-pattern/constructor-string.ts';
import {
  type Component,
  type ComponentOptions,
  compileComponent,
  type Encode,
  escapePattern,
} from './url-pattern/parts.ts';

const { RegExpPrototypeExec, StringPrototypeLastIndexOf, StringPrototypeSlice, StringPrototypeStartsWith, TypeError } =
  primordials;

export type Input = string | Init;
type Components = Record<ComponentName, Component>;
type Kind = 'pattern' | 'url';

export const componentNames: readonly ComponentName[] = [
  'hash',
  'hostname',
  'password',
  'pathname',
  'port',
  'protocol',
  'search',
  'username',
];

const plain: ComponentOptions = { delimiter: '', prefix: '', ignoreCase: false };
const ofHost: ComponentOptions = { delimiter: '.', prefix: '', ignoreCase: false };

export function createUrlPatterns({ library }: CoreContext): {
  compile(input: Input, base: string | undefined, ignoreCase: boolean): CompiledPattern;
} {
  const { URL } = library.require<{ readonly URL: UrlClass }>('internal/url');
  const canonical = new Canonical(URL);
  return { compile: (input, base, ignoreCase) => new CompiledPattern(canonical, input, base, ignoreCase) };
}

export class CompiledPattern {
  readonly #canonical: Canonical;
  readonly components: Components;

  /** @throws TypeError when it is no pattern */
  constructor(canonical: Canonical, input: Input, base: string | undefined, ignoreCase: boolean) {
    this.#canonical = canonical;
    const init = completeInit(this.#initOf(input, base, canonical), 'pattern', canonical);
    const of = (name: ComponentName): string => init[name] ?? '*';
    const protocol = compileComponent(of('protocol'), canonical.protocol, plain);
    const scheme = init.protocol;
    const isDefaultPort = scheme !== undefined && init.port !== undefined && specialPorts[scheme] === init.port;
    const host = of('hostname');
    const encodeHost = isIpv6(host) ? canonical.ipv6Hostname : canonical.hostname;
    const others: ComponentOptions = { ...plain, ignoreCase };
    const isSpecial = matchesSpecial(protocol);
    this.components = {
      protocol,
      username: compileComponent(of('username'), canonical.username, plain),
      password: compileComponent(of('password'), canonical.password, plain),
      hostname: compileComponent(host, encodeHost, ofHost),
      port: compileComponent(isDefaultPort ? '' : of('port'), (value) => canonical.port(value), plain),
      pathname: isSpecial
        ? compileComponent(of('pathname'), canonical.pathname, { delimiter: '/', prefix: '/', ignoreCase })
        : compileComponent(of('pathname'), canonical.opaquePathname, others),
      search: compileComponent(of('search'), canonical.search, others),
      hash: compileComponent(of('hash'), canonical.hash, others),
    };
  }

  #initOf(input: Input, base: string | undefined, canonical: Canonical): Init {
    if (typeof input !== 'string') {
      if (base !== undefined) throw new TypeError('A base URL belongs to a string');
      return input;
    }
    const init = parseConstructorString(input, (protocol) =>
      matchesSpecial(compileComponent(protocol, canonical.protocol, plain)),
    );
    if (base === undefined && init.protocol === undefined) throw new TypeError('A relative pattern needs a base URL');
    if (base !== undefined) init.baseURL = base;
    return init;
  }

  /** Values by component, or undefined when the input is no URL. */
  urlOf(input: Input, base: string | undefined): Init | undefined {
    if (typeof input !== 'string') {
      try {
        return completeInit(input, 'url', this.#canonical);
      } catch {
        // Only of parts that no URL can have: then nothing matches.
        return undefined;
      }
    }
    const url = this.#canonical.parse(input, base);
    if (url === undefined) return base === undefined ? this.#relative(input) : undefined;
    return {
      protocol: withoutLast(url.protocol, ':'),
      username: url.username,
      password: url.password,
      hostname: url.hostname,
      port: url.port,
      pathname: url.pathname,
      search: withoutFirst(url.search, '?'),
      hash: withoutFirst(url.hash, '#'),
    };
  }

  /** The standard knows no such thing; Node takes a relative URL without a base as one that has nothing in front of it. */
  #relative(input: string): Init | undefined {
    const url = RegExpPrototypeExec(withScheme, input) === null ? this.#canonical.parse(input, nowhere) : undefined;
    if (url === undefined) return undefined;
    return {
      hostname: StringPrototypeStartsWith(input, '//') ? url.hostname : '',
      pathname: RegExpPrototypeExec(withoutPath, input) === null ? url.pathname : '',
      search: withoutFirst(url.search, '?'),
      hash: withoutFirst(url.hash, '#'),
    };
  }

  match(values: Init): Record<ComponentName, RegExpExecArray> | undefined {
    const found = { __proto__: null } as unknown as Record<ComponentName, RegExpExecArray>;
    for (let at = 0; at < componentNames.length; at++) {
      const name = componentNames[at] ?? 'hash';
      const match = RegExpPrototypeExec(this.components[name].expression, values[name] ?? '');
      if (match === null) return undefined;
      found[name] = match;
    }
    return found;
  }
}

const nowhere = 'http://placeholder.invalid';
const withScheme = /^\s*[a-z][a-z0-9+.-]*:/i;
const withoutPath = /^\s*(?:$|[?#])/;

function matchesSpecial({ expression }: Component): boolean {
  for (let at = 0; at < specialSchemes.length; at++) {
    if (RegExpPrototypeExec(expression, specialSchemes[at] ?? '') !== null) return true;
  }
  return false;
}

function isIpv6(pattern: string): boolean {
  return (
    pattern.length > 1 &&
    (StringPrototypeStartsWith(pattern, '[') ||
      StringPrototypeStartsWith(pattern, '{[') ||
      StringPrototypeStartsWith(pattern, '\\['))
  );
}

/** https://urlpattern.spec.whatwg.org/#process-a-urlpatterninit */
function completeInit(init: Init, kind: Kind, canonical: Canonical): Init {
  const result: Init = { __proto__: null } as Init;
  if (kind === 'url') for (let at = 0; at < componentNames.length; at++) result[componentNames[at] ?? 'hash'] = '';
  const base = init.baseURL === undefined ? undefined : canonical.parse(init.baseURL);
  if (init.baseURL !== undefined && base === undefined) throw new TypeError('Invalid base URL');
  const inherited = (value: string): string => (kind === 'pattern' ? escapePattern(value) : value);
  const { protocol, username, password, hostname, port, pathname, search, hash } = init;
  if (base !== undefined) {
    const hasHost = protocol !== undefined || hostname !== undefined;
    const hasPort = hasHost || port !== undefined;
    const hasPath = hasPort || pathname !== undefined;
    const hasSearch = hasPath || search !== undefined;
    if (protocol === undefined) result.protocol = inherited(withoutLast(base.protocol, ':'));
    if (kind === 'url' && !hasPort && username === undefined) {
      result.username = base.username;
      if (password === undefined) result.password = base.password;
    }
    if (!hasHost) result.hostname = inherited(base.hostname);
    if (!hasPort) result.port = base.port;
    if (!hasPath) result.pathname = inherited(base.pathname);
    if (!hasSearch) result.search = inherited(withoutFirst(base.search, '?'));
    if (!hasSearch && hash === undefined) result.hash = inherited(withoutFirst(base.hash, '#'));
  }
  const asIs = (value: string): string => value;
  const encoded = (value: string, encode: Encode): string => (kind === 'pattern' ? asIs : encode)(value);
  if (protocol !== undefined) result.protocol = encoded(withoutLast(protocol, ':'), canonical.protocol);
  if (username !== undefined) result.username = encoded(username, canonical.username);
  if (password !== undefined) result.password = encoded(password, canonical.password);
  if (hostname !== undefined) {
    result.hostname = encoded(hostname, isIpv6(hostname) ? canonical.ipv6Hostname : canonical.hostname);
  }
  const scheme = result.protocol ?? '';
  if (port !== undefined) result.port = encoded(port, (value) => canonical.port(value, scheme));
  if (pathname !== undefined) {
    const whole = base === undefined ? pathname : resolvedPath(pathname, base.pathname, kind, inherited);
    const isStandard = scheme === '' || specialPorts[scheme] !== undefined;
    result.pathname = encoded(whole, isStandard ? canonical.pathname : canonical.opaquePathname);
  }
  if (search !== undefined) result.search = encoded(withoutFirst(search, '?'), canonical.search);
  if (hash !== undefined) result.hash = encoded(withoutFirst(hash, '#'), canonical.hash);
  return result;
}

function resolvedPath(pathname: string, base: string, kind: Kind, inherited: Encode): string {
  const isAbsolute =
    StringPrototypeStartsWith(pathname, '/') ||
    (kind === 'pattern' && (StringPrototypeStartsWith(pathname, '\\/') || StringPrototypeStartsWith(pathname, '{/')));
  // Only a hierarchical URL's path begins with a slash.
  if (isAbsolute || !StringPrototypeStartsWith(base, '/')) return pathname;
  const folder = inherited(base);
  const slash = StringPrototypeLastIndexOf(folder, '/');
  return slash === -1 ? pathname : StringPrototypeSlice(folder, 0, slash + 1) + pathname;
}
