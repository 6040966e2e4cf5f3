/**
 * `{ $.level = "ERROR" && ($.ms > 100 || $.user.name != "a*") }`: conditions on the members of a message that is JSON. Messages are
 * the guest's: they are parsed within a bound and looked into by own members only.
 */
import { type FilterPattern, invalidPattern } from './filter-pattern.ts';

type Condition = (value: unknown) => boolean;

/** @throws EngineError InvalidParameterValueException */
export function parseJsonPattern(pattern: string): FilterPattern {
  const parser = new Parser(pattern);
  const condition = parser.whole();
  const { needle } = parser;
  return { ...(needle !== undefined && { needle }), matches: matcher(condition) };
}

function matcher(condition: Condition): FilterPattern['matches'] {
  return (message) => {
    // Nearly all messages are told by their first character.
    const start = message.indexOf('{');
    if (start === -1 || message.slice(0, start).trim() !== '') return false;
    let value: unknown;
    try {
      value = JSON.parse(message);
    } catch {
      // No JSON: not what the pattern is about.
      return false;
    }
    return condition(value);
  };
}

const token =
  /\s*(?:(&&|\|\||[(){}]|!=|>=|<=|=|>|<)|("(?:[^"\\]|\\.)*")|(\$(?:\.[\w-]+|\[\d{1,6}\]|\["[^"]*"\])*)|([^\s(){}=<>!&|"]+))/y;

class Parser {
  readonly #tokens: string[] = [];
  #at = 0;
  #depth = 0;
  #hasAlternatives = false;
  /** What stands in every message that matches, unless somebody wrote its letters as escapes, which no writer of JSON does. */
  readonly #needles: string[] = [];

  constructor(pattern: string) {
    token.lastIndex = 0;
    let end = 0;
    for (let match = token.exec(pattern); match !== null; match = token.exec(pattern)) {
      end = token.lastIndex;
      this.#tokens.push(match[0].trim());
    }
    token.lastIndex = 0;
    if (pattern.slice(end).trim() !== '')
      throw invalidPattern(`it cannot be read from ${JSON.stringify(pattern.slice(end))} on`);
  }

  /** Values are rarer than names of members. */
  get needle(): string | undefined {
    return this.#hasAlternatives ? undefined : this.#needles.find((text) => /^[A-Za-z_]\w*$/.test(text));
  }

  whole(): Condition {
    this.#expect('{');
    const condition = this.#either();
    this.#expect('}');
    if (this.#at < this.#tokens.length) throw invalidPattern(`nothing may follow the last brace`);
    return condition;
  }

  #either(): Condition {
    const parts = [this.#both()];
    while (this.#takes('||')) {
      this.#hasAlternatives = true;
      parts.push(this.#both());
    }
    return parts.length === 1 && parts[0] ? parts[0] : (value) => parts.some((part) => part(value));
  }

  #both(): Condition {
    const parts = [this.#single()];
    while (this.#takes('&&')) parts.push(this.#single());
    return parts.length === 1 && parts[0] ? parts[0] : (value) => parts.every((part) => part(value));
  }

  #single(): Condition {
    if (!this.#takes('(')) return this.#comparison();
    this.#depth += 1;
    if (this.#depth > 20) throw invalidPattern('more than 20 parentheses are open at once');
    const condition = this.#either();
    this.#depth -= 1;
    this.#expect(')');
    return condition;
  }

  #comparison(): Condition {
    const path = pathOf(this.#next());
    const operator = this.#next();
    if (operator === 'IS') {
      const what = this.#next();
      const wanted = what === 'NULL' ? null : what === 'TRUE' ? true : what === 'FALSE' ? false : undefined;
      if (wanted === undefined) throw invalidPattern(`IS takes NULL, TRUE or FALSE, not ${what}`);
      return (value) => memberAt(value, path) === wanted;
    }
    if (operator === 'NOT' && this.#takes('EXISTS')) return (value) => memberAt(value, path) === undefined;
    const operand = this.#next();
    this.#needles.push(...path);
    if (operator === '=') this.#needles.unshift(unquoted(operand));
    return comparison(path, operator, operand);
  }

  #next(): string {
    const next = this.#tokens[this.#at];
    if (next === undefined) throw invalidPattern('it ends too early');
    this.#at += 1;
    return next;
  }

  #takes(wanted: string): boolean {
    if (this.#tokens[this.#at] !== wanted) return false;
    this.#at += 1;
    return true;
  }

  #expect(wanted: string): void {
    if (!this.#takes(wanted)) throw invalidPattern(`${wanted} is missing`);
  }
}

function pathOf(text: string): readonly string[] {
  if (!text.startsWith('$')) throw invalidPattern(`a condition begins with a member such as $.level, not with ${text}`);
  return [...text.matchAll(/\.([\w-]+)|\[(\d+)\]|\["([^"]*)"\]/g)].map(
    ([, name, index, quoted]) => name ?? index ?? quoted ?? '',
  );
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  let found: unknown = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}

function comparison(path: readonly string[], operator: string, operand: string): Condition {
  const text = unquoted(operand);
  const number = operand.startsWith('"') || text === '' ? Number.NaN : Number(text);
  const compare = (test: (found: number) => boolean): Condition => {
    if (Number.isNaN(number)) throw invalidPattern(`${operator} compares with a number, not with ${operand}`);
    return (value) => {
      const found = memberAt(value, path);
      return typeof found === 'number' && test(found);
    };
  };
  switch (operator) {
    case '=':
      return equality(path, text, number);
    case '!=': {
      const equals = equality(path, text, number);
      return (value) => memberAt(value, path) !== undefined && !equals(value);
    }
    case '>':
      return compare((found) => found > number);
    case '<':
      return compare((found) => found < number);
    case '>=':
      return compare((found) => found >= number);
    case '<=':
      return compare((found) => found <= number);
    default:
      throw invalidPattern(`${operator} is no comparison`);
  }
}

function unquoted(operand: string): string {
  return operand.startsWith('"') ? operand.slice(1, -1).replace(/\\(.)/g, '$1') : operand;
}

function equality(path: readonly string[], text: string, number: number): Condition {
  const parts = text.split('*');
  return (value) => {
    const found = memberAt(value, path);
    if (typeof found === 'number') return found === number;
    return typeof found === 'string' && fits(found, parts);
  };
}

/** `a*b`: in this order, from the beginning to the end. Linear, whatever the text. */
function fits(text: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
