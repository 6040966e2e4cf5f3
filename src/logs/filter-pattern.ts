/**
 * Filter patterns of CloudWatch Logs: terms, `"quoted phrases"`, `-excluded`, `?any ?of ?these`, and JSON: `{ $.level = "ERROR" && $.n > 3 }`.
 * (docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.) Not `[w1, w2]` and not `%regular expressions%`: one that a
 * client chose could hold the host's thread for hours.
 */
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { parseJsonPattern } from './json-pattern.ts';

export interface FilterPattern {
  /** Text that every message that matches has. */
  readonly needle?: string;
  matches(message: string): boolean;
}

const everything: FilterPattern = { matches: () => true };

/** @throws EngineError InvalidParameterValueException */
export function parseFilterPattern(text: string | undefined): FilterPattern {
  const pattern = text?.trim() ?? '';
  if (pattern === '') return everything;
  if (pattern.length > limits.logPatternLengthMax) {
    throw invalidPattern(`it is longer than ${limits.logPatternLengthMax} characters`);
  }
  if (pattern.startsWith('{')) return parseJsonPattern(pattern);
  if (pattern.startsWith('[')) throw invalidPattern('patterns of columns ([a, b]) are not offered');
  if (pattern.startsWith('%')) throw invalidPattern('regular expressions (%...%) are not offered');
  return termsPattern(termsOf(pattern));
}

interface Term {
  readonly kind: 'all' | 'none' | 'any';
  readonly text: string;
}

function termsOf(pattern: string): Term[] {
  const terms: Term[] = [];
  const expression = /\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/gy;
  let end = 0;
  for (let match = expression.exec(pattern); match !== null; match = expression.exec(pattern)) {
    end = expression.lastIndex;
    const text = match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '';
    if (text === '') throw invalidPattern('a term is empty');
    terms.push({ kind: match[1] === '-' ? 'none' : match[1] === '?' ? 'any' : 'all', text });
  }
  if (pattern.slice(end).trim() !== '')
    throw invalidPattern(`it cannot be read from ${JSON.stringify(pattern.slice(end))} on`);
  return terms;
}

function termsPattern(terms: readonly Term[]): FilterPattern {
  const of = (kind: Term['kind']): readonly string[] =>
    terms.filter((term) => term.kind === kind).map(({ text }) => text);
  const all = of('all');
  const none = of('none');
  // Beside other terms those with a question mark mean nothing, as on AWS.
  const any = all.length + none.length === 0 ? of('any') : [];
  // The longest is the rarest.
  const needle = all.toSorted((a, b) => b.length - a.length)[0];
  return {
    ...(needle !== undefined && { needle }),
    matches: (message) =>
      all.every((term) => message.includes(term)) &&
      !none.some((term) => message.includes(term)) &&
      (any.length === 0 || any.some((term) => message.includes(term))),
  };
}

export function invalidPattern(why: string): EngineError {
  return new EngineError('InvalidParameterValueException', `Invalid filter pattern: ${why}`);
}
