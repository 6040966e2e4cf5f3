/**
 * AWS's way to refuse a request: every broken constraint of it in one ValidationException (LAMBDA.md C1.10). This file builds
 * the texts; which field has which constraint is said in `validate-function.ts` and `functions/function-reference.ts`.
 */
import { EngineError } from './errors.ts';

/** What a refused value may take of a message. AWS prints values whole; ours come from anyone and go into logs. */
const valueCharsMax = 2_048;

/** Collects what is wrong with one request. Checks return whether the value passed, so that later checks can rely on it. */
export class Constraints {
  readonly #violations: string[] = [];

  violate(value: unknown, path: string, rule: string): void {
    this.#violations.push(`Value ${printed(value)} at '${path}' failed to satisfy constraint: ${rule}`);
  }

  text(
    value: unknown,
    path: string,
    rule: { readonly lengthMin?: number; readonly lengthMax: number; readonly pattern?: Pattern },
  ): value is string {
    if (typeof value !== 'string') {
      this.violate(value, path, value === undefined || value === null ? memberNotNull : 'Member must be a string');
      return false;
    }
    if (rule.pattern !== undefined && !rule.pattern.expression.test(value)) {
      this.violate(value, path, `Member must satisfy regular expression pattern: ${rule.pattern.text}`);
      return false;
    }
    if (value.length < (rule.lengthMin ?? 0)) {
      this.violate(value, path, `Member must have length greater than or equal to ${rule.lengthMin}`);
      return false;
    }
    if (value.length > rule.lengthMax) {
      this.violate(value, path, lengthAtMost(rule.lengthMax));
      return false;
    }
    return true;
  }

  integer(value: unknown, path: string, rule: { readonly min: number; readonly max: number }): value is number {
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      this.violate(value, path, 'Member must be an integer');
      return false;
    }
    if (value < rule.min) {
      this.violate(value, path, `Member must have value greater than or equal to ${rule.min}`);
      return false;
    }
    if (value > rule.max) {
      this.violate(value, path, `Member must have value less than or equal to ${rule.max}`);
      return false;
    }
    return true;
  }

  oneOf<const Value extends string>(value: unknown, path: string, allowed: readonly Value[]): value is Value {
    if (allowed.some((each) => each === value)) return true;
    this.violate(value, path, enumRule(allowed));
    return false;
  }

  /** Of what a request must have: members that are undefined. */
  given(members: Readonly<Record<string, unknown>>): void {
    for (const [path, value] of Object.entries(members))
      if (value === undefined) this.violate(value, path, memberNotNull);
  }

  /** @throws EngineError ValidationException with everything that was collected. */
  throwIfViolated(): void {
    if (this.#violations.length > 0) throw this.error();
  }

  /** The same for who knows that something was violated. */
  error(): EngineError {
    return new EngineError(
      'ValidationException',
      `${detected(this.#violations.length)}: ${this.#violations.join('; ')}`,
    );
  }
}

/** A regular expression as AWS prints it, and as JavaScript matches it: anchored at both ends. */
export interface Pattern {
  readonly text: string;
  readonly expression: RegExp;
}

export function pattern(text: string): Pattern {
  return { text, expression: new RegExp(`^(?:${text})$`) };
}

export const memberNotNull = 'Member must not be null';

export function lengthAtMost(length: number): string {
  return `Member must have length less than or equal to ${length}`;
}

export function enumRule(allowed: readonly string[]): string {
  return `Member must satisfy enum value set: [${allowed.join(', ')}]`;
}

/** For the members of a list, whose constraints AWS prints inside brackets. */
export function memberRule(rules: readonly string[]): string {
  return `Member must satisfy constraint: [${rules.join(', ')}]`;
}

/** The refusal of a request without what it must have. */
export function notGiven(members: Readonly<Record<string, undefined>>): EngineError {
  const constraints = new Constraints();
  constraints.given(members);
  return constraints.error();
}

/** One constraint that AWS reports under another exception, in the same words. */
export function constraintMessage(value: unknown, path: string, rule: string): string {
  return `${detected(1)}: Value ${printed(value)} at '${path}' failed to satisfy constraint: ${rule}`;
}

function detected(count: number): string {
  return count === 1 ? '1 validation error detected' : `${count} validation errors detected`;
}

function printed(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  const text = Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : shown(value);
  return `'${text.length > valueCharsMax ? `${text.slice(0, valueCharsMax)}...` : text}'`;
}

function shown(value: unknown): string {
  // String() of an object is '[object Object]' or whatever its own toString does; its type says as much.
  return typeof value === 'object' || typeof value === 'function' ? `(${typeof value})` : String(value);
}
