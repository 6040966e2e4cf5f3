/** Divides a pattern given as one string into components: https://urlpattern.spec.whatwg.org/#constructor-string-parsing. */
import { type Token, tokenize } from './tokens.ts';

const { ArrayPrototypeIncludes, StringPrototypeSlice } = primordials;

export type ComponentName = 'protocol' | 'username' | 'password' | 'hostname' | 'port' | 'pathname' | 'search' | 'hash';
export type Init = { [Name in ComponentName | 'baseURL']?: string };

type State = 'init' | 'authority' | 'done' | ComponentName;

const beforePort: readonly State[] = ['protocol', 'authority', 'username', 'password'];
const behindHost: readonly State[] = ['port', 'pathname', 'search', 'hash'];
const beforePath: readonly State[] = ['protocol', 'authority', 'username', 'password', 'hostname', 'port'];

/** @param isSpecial whether a protocol's pattern matches one of the special schemes; may throw */
export function parseConstructorString(input: string, isSpecial: (protocol: string) => boolean): Init {
  return new Division(input, isSpecial).parse();
}

class Division {
  readonly #input: string;
  readonly #isSpecial: (protocol: string) => boolean;
  readonly #tokens: readonly Token[];
  readonly #result: Init = { __proto__: null } as Init;
  #state: State = 'init';
  #at = 0;
  #step = 1;
  #start = 0;
  #groups = 0;
  #brackets = 0;
  #matchesSpecial = false;

  constructor(input: string, isSpecial: (protocol: string) => boolean) {
    this.#input = input;
    this.#isSpecial = isSpecial;
    this.#tokens = tokenize(input, 'lenient');
  }

  parse(): Init {
    for (; this.#at < this.#tokens.length; this.#at += this.#step) {
      this.#step = 1;
      const { type } = this.#token(this.#at);
      if (type === 'end') {
        if (this.#state === 'init') this.#withoutProtocol();
        else if (this.#state === 'authority') this.#rewind('hostname');
        else {
          this.#change('done', 0);
          break;
        }
        continue;
      }
      if (type === 'open') {
        this.#groups += 1;
        continue;
      }
      if (this.#groups > 0) {
        if (type !== 'close') continue;
        this.#groups -= 1;
      }
      this.#divide();
    }
    const { hostname, port } = this.#result;
    if (hostname !== undefined && port === undefined) this.#result.port = '';
    return this.#result;
  }

  #withoutProtocol(): void {
    this.#rewind('init');
    if (this.#is('#')) this.#change('hash', 1);
    else if (this.#isSearch()) this.#change('search', 1);
    else this.#change('pathname', 0);
  }

  #divide(): void {
    switch (this.#state) {
      case 'init':
        if (this.#is(':')) this.#rewind('protocol');
        break;
      case 'protocol':
        if (this.#is(':')) this.#endProtocol();
        break;
      case 'authority':
        if (this.#is('@')) this.#rewind('username');
        else if (this.#is('/') || this.#isSearch() || this.#is('#')) this.#rewind('hostname');
        break;
      case 'username':
        if (this.#is(':')) this.#change('password', 1);
        else if (this.#is('@')) this.#change('hostname', 1);
        break;
      case 'password':
        if (this.#is('@')) this.#change('hostname', 1);
        break;
      case 'hostname':
        if (this.#is('[')) this.#brackets += 1;
        else if (this.#is(']')) this.#brackets -= 1;
        else if (this.#is(':') && this.#brackets === 0) this.#change('port', 1);
        else this.#endHost();
        break;
      case 'port':
        this.#endHost();
        break;
      case 'pathname':
        if (this.#isSearch()) this.#change('search', 1);
        else if (this.#is('#')) this.#change('hash', 1);
        break;
      case 'search':
        if (this.#is('#')) this.#change('hash', 1);
        break;
      case 'hash':
      case 'done':
        break;
      default:
        this.#state satisfies never;
    }
  }

  #endProtocol(): void {
    this.#matchesSpecial = this.#isSpecial(this.#component());
    const hasSlashes = this.#is('/', this.#at + 1) && this.#is('/', this.#at + 2);
    if (hasSlashes) this.#change('authority', 3);
    else this.#change(this.#matchesSpecial ? 'authority' : 'pathname', 1);
  }

  #endHost(): void {
    if (this.#is('/')) this.#change('pathname', 0);
    else if (this.#isSearch()) this.#change('search', 1);
    else if (this.#is('#')) this.#change('hash', 1);
  }

  #change(next: State, skipped: number): void {
    const from = this.#state;
    const result = this.#result;
    if (from !== 'init' && from !== 'authority' && from !== 'done') result[from] = this.#component();
    if (from !== 'init' && next !== 'done') {
      if (includes(beforePort, from) && includes(behindHost, next)) result.hostname ??= '';
      if (includes(beforePath, from) && (next === 'search' || next === 'hash')) {
        result.pathname ??= this.#matchesSpecial ? '/' : '';
      }
      if ((includes(beforePath, from) || from === 'pathname') && next === 'hash') result.search ??= '';
    }
    this.#state = next;
    this.#at += skipped;
    this.#start = this.#at;
    this.#step = 0;
  }

  #rewind(state: State): void {
    this.#at = this.#start;
    this.#step = 0;
    this.#state = state;
  }

  #component(): string {
    return StringPrototypeSlice(this.#input, this.#token(this.#start).index, this.#token(this.#at).index);
  }

  #token(at: number): Token {
    return this.#tokens[at] ?? this.#tokens[this.#tokens.length - 1] ?? { type: 'end', index: 0, value: '' };
  }

  /** A character that is not part of the pattern's syntax. */
  #is(value: string, at = this.#at): boolean {
    const token = this.#token(at);
    const isPlain = token.type === 'char' || token.type === 'escaped-char' || token.type === 'invalid-char';
    return isPlain && token.value === value;
  }

  /** A question mark that is no modifier of what is in front of it. */
  #isSearch(): boolean {
    if (this.#is('?')) return true;
    if (this.#token(this.#at).value !== '?') return false;
    if (this.#at === 0) return true;
    const { type } = this.#token(this.#at - 1);
    return type !== 'name' && type !== 'regexp' && type !== 'close' && type !== 'asterisk';
  }
}

function includes(states: readonly State[], state: State): boolean {
  return ArrayPrototypeIncludes(states, state);
}
