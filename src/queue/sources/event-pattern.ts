/**
 * Filter patterns of event source mappings (LAMBDA.md D2.6), in EventBridge's language: exact values, prefix, suffix,
 * equals-ignore-case, anything-but, numeric, exists, $or. A pattern is checked when a mapping is made; what is matched comes from
 * anyone and is only looked at.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
import { EngineError } from '../../model/errors.ts';

/** Whether a value is one that the pattern describes. */
export type EventPattern = (subject: unknown) => boolean;

/** Of one value of the subject; undefined when it is not there. */
type ValueTest = (value: unknown) => boolean;

/** @throws EngineError InvalidParameterValueException */
export function parseEventPattern(text: string): EventPattern {
  let pattern: unknown;
  try {
    pattern = JSON.parse(text);
  } catch {
    // JSON.parse throws a SyntaxError and nothing else.
    throw invalidPattern();
  }
  return objectPattern(pattern);
}

function objectPattern(pattern: unknown): EventPattern {
  if (!isObject(pattern)) throw invalidPattern();
  const members = Object.entries(pattern).map(([name, rule]) => memberPattern(name, rule));
  if (members.length === 0) throw invalidPattern();
  return (subject) => members.every((matches) => matches(subject));
}

function memberPattern(name: string, rule: unknown): EventPattern {
  if (name === '$or' && Array.isArray(rule)) {
    if (rule.length < 2) throw invalidPattern();
    const choices = rule.map(objectPattern);
    return (subject) => choices.some((matches) => matches(subject));
  }
  if (Array.isArray(rule)) {
    if (rule.length === 0) throw invalidPattern();
    const tests = rule.map(valueTest);
    return (subject) => {
      const value = member(subject, name);
      return tests.some((matches) => matches(value));
    };
  }
  const inner = objectPattern(rule);
  // An absent member is looked into as well: `exists: false` below it holds.
  return (subject) => {
    const value = member(subject, name);
    return Array.isArray(value) ? value.some(inner) : inner(value);
  };
}

function valueTest(rule: unknown): ValueTest {
  if (!isObject(rule)) {
    if (typeof rule === 'object' && rule !== null) throw invalidPattern();
    return anyOf((value) => value === rule);
  }
  const [entry, ...others] = Object.entries(rule);
  if (entry === undefined || others.length > 0) throw invalidPattern();
  const [operator, operand] = entry;
  switch (operator) {
    case 'exists': {
      if (typeof operand !== 'boolean') throw invalidPattern();
      // Of leaves only, as EventBridge has it.
      return (value) => (value !== undefined && !isObject(value)) === operand;
    }
    case 'prefix':
    case 'suffix':
    case 'equals-ignore-case':
      return anyOf(textTest(operator, operand));
    case 'anything-but':
      return anyOf(anythingBut(operand));
    case 'numeric':
      return anyOf(numericTest(operand));
    default:
      throw invalidPattern();
  }
}

/** An array matches by any of its members; what is not there, or is an object, by nothing. */
function anyOf(test: ValueTest): ValueTest {
  return (value) => {
    if (Array.isArray(value)) return value.some((each) => !isObject(each) && test(each));
    return value !== undefined && !isObject(value) && test(value);
  };
}

function textTest(operator: 'prefix' | 'suffix' | 'equals-ignore-case', operand: unknown): ValueTest {
  if (typeof operand !== 'string') throw invalidPattern();
  const lower = operand.toLowerCase();
  switch (operator) {
    case 'prefix':
      return (value) => typeof value === 'string' && value.startsWith(operand);
    case 'suffix':
      return (value) => typeof value === 'string' && value.endsWith(operand);
    case 'equals-ignore-case':
      return (value) => typeof value === 'string' && value.toLowerCase() === lower;
    default:
      return operator satisfies never;
  }
}

function anythingBut(operand: unknown): ValueTest {
  if (isObject(operand)) {
    const [entry, ...others] = Object.entries(operand);
    if (entry === undefined || others.length > 0) throw invalidPattern();
    const [operator, text] = entry;
    if (operator !== 'prefix' && operator !== 'suffix' && operator !== 'equals-ignore-case') throw invalidPattern();
    const test = textTest(operator, text);
    return (value) => !test(value);
  }
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const isComparable = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';
  if (values.length === 0 || !values.every(isComparable)) throw invalidPattern();
  return (value) => !values.includes(value);
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** `[">", 10, "<=", 20]`: one or two comparisons, which all hold. */
function numericTest(operand: unknown): ValueTest {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) throw invalidPattern();
  const tests: ((value: number) => boolean)[] = [];
  for (let index = 0; index < operand.length; index += 2) {
    const operator: unknown = operand[index];
    const bound: unknown = operand[index + 1];
    if (typeof operator !== 'string' || !Object.hasOwn(comparisons, operator)) throw invalidPattern();
    const holds = comparisons[operator];
    if (typeof bound !== 'number' || holds === undefined) throw invalidPattern();
    tests.push((value) => holds(value, bound));
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

/** Own members only: a record may not reach for what every object inherits. */
function member(subject: unknown, name: string): unknown {
  return isObject(subject) && Object.hasOwn(subject, name) ? subject[name] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalidPattern(): EngineError {
  return new EngineError('InvalidParameterValueException', 'Invalid filter pattern definition.');
}
