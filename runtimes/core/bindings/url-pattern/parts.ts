/** A component's pattern as parts, and parts as an expression and as text: https://urlpattern.spec.whatwg.org/#parsing. */
import { characterAt, isNamePart, type Token, type TokenType, tokenize } from './tokens.ts';

const { ArrayPrototypeIncludes, ArrayPrototypePush, RegExp, RegExpPrototypeExec, String, StringPrototypeEndsWith } =
  primordials;
const { TypeError } = primordials;

export interface ComponentOptions {
  /** What a named group does not match, and what it may take along in front of it. */
  readonly delimiter: '' | '.' | '/';
  readonly prefix: '' | '/';
  readonly ignoreCase: boolean;
}

type Modifier = '' | '?' | '*' | '+';

interface Part {
  readonly type: 'fixed' | 'regexp' | 'segment' | 'full';
  readonly value: string;
  readonly modifier: Modifier;
  readonly name: string;
  readonly prefix: string;
  readonly suffix: string;
}

export interface Component {
  readonly pattern: string;
  readonly expression: RegExp;
  readonly groupNames: readonly string[];
  readonly hasRegExpGroups: boolean;
}

export type Encode = (value: string) => string;

const expressionSyntax = '.+*?^${}()[]|/\\';
const patternSyntax = '+*?:{}()\\';
const digit = /^[0-9]$/;

/** @throws TypeError */
export function compileComponent(input: string, encode: Encode, options: ComponentOptions): Component {
  const parts = new Parser(input, encode, options).parse();
  const groupNames: string[] = [];
  let hasRegExpGroups = false;
  let source = '^';
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (part === undefined) continue;
    if (part.type !== 'fixed') ArrayPrototypePush(groupNames, part.name);
    if (part.type === 'regexp') hasRegExpGroups = true;
    source += expressionOf(part, options);
  }
  const expression = new RegExp(`${source}$`, options.ignoreCase ? 'vi' : 'v');
  return { pattern: patternOf(parts, options), expression, groupNames, hasRegExpGroups };
}

export function escapePattern(text: string): string {
  return escaped(text, patternSyntax);
}

function escaped(text: string, syntax: string): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    for (let index = 0; index < syntax.length; index++) {
      if (syntax[index] === character) {
        result += '\\';
        break;
      }
    }
    result += character;
  }
  return result;
}

function segmentExpression({ delimiter }: ComponentOptions): string {
  return `[^${escaped(delimiter, expressionSyntax)}]+?`;
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #encode: Encode;
  readonly #options: ComponentOptions;
  readonly #segment: string;
  readonly #parts: Part[] = [];
  readonly #names: string[] = [];
  #at = 0;
  #pending = '';
  #nextNumber = 0;

  constructor(input: string, encode: Encode, options: ComponentOptions) {
    this.#tokens = tokenize(input, 'strict');
    this.#encode = encode;
    this.#options = options;
    this.#segment = segmentExpression(options);
  }

  parse(): readonly Part[] {
    while (this.#at < this.#tokens.length) {
      const character = this.#take('char');
      const name = this.#take('name');
      const matcher = this.#takeMatcher(name);
      if (name !== undefined || matcher !== undefined) {
        let prefix = character?.value ?? '';
        if (prefix !== '' && prefix !== this.#options.prefix) {
          this.#pending += prefix;
          prefix = '';
        }
        this.#addPending();
        this.#addPart(prefix, name, matcher, '', this.#takeModifier());
        continue;
      }
      const fixed = character ?? this.#take('escaped-char');
      if (fixed !== undefined) {
        this.#pending += fixed.value;
        continue;
      }
      if (this.#take('open') !== undefined) {
        const prefix = this.#takeText();
        const inner = this.#take('name');
        const innerMatcher = this.#takeMatcher(inner);
        const suffix = this.#takeText();
        this.#require('close');
        this.#addPart(prefix, inner, innerMatcher, suffix, this.#takeModifier());
        continue;
      }
      this.#addPending();
      this.#require('end');
    }
    return this.#parts;
  }

  #take(type: TokenType): Token | undefined {
    const token = this.#tokens[this.#at];
    if (token?.type !== type) return undefined;
    this.#at += 1;
    return token;
  }

  #require(type: TokenType): void {
    if (this.#take(type) === undefined) throw new TypeError(`Invalid pattern: ${type} expected`);
  }

  #takeMatcher(name: Token | undefined): Token | undefined {
    const matcher = this.#take('regexp');
    return name === undefined && matcher === undefined ? this.#take('asterisk') : matcher;
  }

  #takeModifier(): Modifier {
    const token = this.#take('other-modifier') ?? this.#take('asterisk');
    return (token?.value ?? '') as Modifier;
  }

  #takeText(): string {
    let text = '';
    for (;;) {
      const token = this.#take('char') ?? this.#take('escaped-char');
      if (token === undefined) return text;
      text += token.value;
    }
  }

  #addPending(): void {
    if (this.#pending === '') return;
    const value = this.#encode(this.#pending);
    this.#pending = '';
    this.#push({ type: 'fixed', value, modifier: '', name: '', prefix: '', suffix: '' });
  }

  #push(part: Part): void {
    ArrayPrototypePush(this.#parts, part);
  }

  #addPart(
    prefix: string,
    nameToken: Token | undefined,
    matcher: Token | undefined,
    suffix: string,
    modifier: Modifier,
  ): void {
    if (nameToken === undefined && matcher === undefined && modifier === '') {
      this.#pending += prefix;
      return;
    }
    this.#addPending();
    if (nameToken === undefined && matcher === undefined) {
      if (prefix === '') return;
      this.#push({ type: 'fixed', value: this.#encode(prefix), modifier, name: '', prefix: '', suffix: '' });
      return;
    }
    const source = matcher === undefined ? this.#segment : matcher.type === 'asterisk' ? '.*' : matcher.value;
    const type = source === this.#segment ? 'segment' : source === '.*' ? 'full' : 'regexp';
    const name = nameToken?.value ?? String(this.#nextNumber++);
    if (ArrayPrototypeIncludes(this.#names, name)) throw new TypeError(`Two groups are called ${name}`);
    ArrayPrototypePush(this.#names, name);
    this.#push({
      type,
      value: type === 'regexp' ? source : '',
      modifier,
      name,
      prefix: this.#encode(prefix),
      suffix: this.#encode(suffix),
    });
  }
}

function expressionOf({ type, value, modifier, prefix, suffix }: Part, options: ComponentOptions): string {
  if (type === 'fixed') {
    const text = escaped(value, expressionSyntax);
    return modifier === '' ? text : `(?:${text})${modifier}`;
  }
  const inner = type === 'segment' ? segmentExpression(options) : type === 'full' ? '.*' : value;
  const repeats = modifier === '*' || modifier === '+';
  if (prefix === '' && suffix === '') return repeats ? `((?:${inner})${modifier})` : `(${inner})${modifier}`;
  const before = escaped(prefix, expressionSyntax);
  const after = escaped(suffix, expressionSyntax);
  if (!repeats) return `(?:${before}(${inner})${after})${modifier}`;
  return `(?:${before}((?:${inner})(?:${after}${before}(?:${inner}))*)${after})${modifier === '*' ? '?' : ''}`;
}

function patternOf(parts: readonly Part[], options: ComponentOptions): string {
  let result = '';
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (part === undefined) continue;
    const { type, value, modifier, name, prefix, suffix } = part;
    if (type === 'fixed') {
      result += modifier === '' ? escapePattern(value) : `{${escapePattern(value)}}${modifier}`;
      continue;
    }
    const previous = parts[at - 1];
    const hasName = RegExpPrototypeExec(digit, name[0] ?? '') === null;
    const isGrouped = needsGroup(part, previous, parts[at + 1], hasName, options);
    let text = escapePattern(prefix);
    if (hasName) text += `:${name}`;
    if (type === 'regexp') text += `(${value})`;
    else if (type === 'segment') text += hasName ? '' : `(${segmentExpression(options)})`;
    else {
      const isPlain = previous === undefined || previous.type === 'fixed' || previous.modifier !== '';
      text += !hasName && (isPlain || isGrouped || prefix !== '') ? '*' : '(.*)';
    }
    if (type === 'segment' && hasName && suffix !== '' && isNamePart(characterAt(suffix, 0))) text += '\\';
    text += escapePattern(suffix);
    result += isGrouped ? `{${text}}${modifier}` : text + modifier;
  }
  return result;
}

/** Without braces it would be read as something else. */
function needsGroup(
  { type, modifier, prefix, suffix }: Part,
  previous: Part | undefined,
  next: Part | undefined,
  hasName: boolean,
  options: ComponentOptions,
): boolean {
  if (suffix !== '' || (prefix !== '' && prefix !== options.prefix)) return true;
  const isPlainName = hasName && type === 'segment' && modifier === '';
  if (isPlainName && next !== undefined && next.prefix === '' && next.suffix === '') {
    const first = next.type === 'fixed' ? characterAt(next.value, 0) : (next.name[0] ?? '');
    const runsOn = next.type === 'fixed' ? isNamePart(first) : RegExpPrototypeExec(digit, first) !== null;
    if (runsOn) return true;
  }
  if (prefix !== '' || previous?.type !== 'fixed' || options.prefix === '') return false;
  return StringPrototypeEndsWith(previous.value, options.prefix);
}
