/** Takes a pattern apart: https://urlpattern.spec.whatwg.org/#tokenizing. `lenient` marks what makes no sense instead of refusing it. */
const { ArrayPrototypePush, RegExpPrototypeExec, StringFromCodePoint, StringPrototypeCodePointAt } = primordials;
const { StringPrototypeSlice, TypeError } = primordials;

export type TokenType =
  | 'open'
  | 'close'
  | 'regexp'
  | 'name'
  | 'char'
  | 'escaped-char'
  | 'other-modifier'
  | 'asterisk'
  | 'end'
  | 'invalid-char';

export interface Token {
  readonly type: TokenType;
  readonly index: number;
  readonly value: string;
}

const nameStart = /^[$_\p{ID_Start}]$/u;
const namePart = /^(?:[$_]|\u200c|\u200d|\p{ID_Continue})$/u;

export function isNamePart(character: string): boolean {
  return RegExpPrototypeExec(namePart, character) !== null;
}

const single: Readonly<Record<string, TokenType | undefined>> = {
  // @ts-expect-error a null prototype
  __proto__: null,
  '*': 'asterisk',
  '+': 'other-modifier',
  '?': 'other-modifier',
  '{': 'open',
  '}': 'close',
};

export function tokenize(input: string, policy: 'strict' | 'lenient'): Token[] {
  const tokens: Token[] = [];
  const add = (type: TokenType, index: number, end: number, valueAt = index, valueEnd = end): number => {
    ArrayPrototypePush(tokens, { type, index, value: StringPrototypeSlice(input, valueAt, valueEnd) });
    return end;
  };
  const refuse = (index: number, end: number): number => {
    if (policy === 'strict') throw new TypeError(`Invalid pattern at ${index}`);
    return add('invalid-char', index, end);
  };
  for (let at = 0; at < input.length; ) {
    const character = characterAt(input, at);
    const next = at + character.length;
    const type = single[character];
    if (type !== undefined) at = add(type, at, next);
    else if (character === '\\') {
      const end = next + characterAt(input, next).length;
      at = next >= input.length ? refuse(at, next) : add('escaped-char', at, end, next, end);
    } else if (character === ':') {
      const end = endOfName(input, next);
      at = end === next ? refuse(at, next) : add('name', at, end, next, end);
    } else if (character === '(') {
      const end = endOfExpression(input, next);
      at = end === undefined ? refuse(at, next) : add('regexp', at, end, next, end - 1);
    } else at = add('char', at, next);
  }
  add('end', input.length, input.length);
  return tokens;
}

export function characterAt(input: string, at: number): string {
  const code = StringPrototypeCodePointAt(input, at);
  return code === undefined ? '' : StringFromCodePoint(code);
}

function endOfName(input: string, from: number): number {
  let at = from;
  while (at < input.length) {
    const character = characterAt(input, at);
    const fits = at === from ? RegExpPrototypeExec(nameStart, character) !== null : isNamePart(character);
    if (!fits) break;
    at += character.length;
  }
  return at;
}

/** Behind the closing parenthesis; undefined when there is none, or when the expression has a group of its own. */
function endOfExpression(input: string, from: number): number | undefined {
  let depth = 1;
  for (let at = from; at < input.length; at++) {
    const character = input[at] ?? '';
    if (character > '\x7f' || (at === from && character === '?')) return undefined;
    if (character === '\\') {
      at += 1;
      if (at >= input.length || (input[at] ?? '') > '\x7f') return undefined;
    } else if (character === ')') {
      depth -= 1;
      if (depth === 0) return at === from ? undefined : at + 1;
    } else if (character === '(') {
      depth += 1;
      if (input[at + 1] !== '?') return undefined;
    }
  }
  return undefined;
}
