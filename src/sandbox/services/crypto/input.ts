/**
 * What a guest gave to one operation, read member by member. Nothing is handed on to Node that was not asked for by name and
 * kind here.
 */
import { CryptoMistake } from './mistake.ts';
import { unpack } from './packed.ts';

export class Input {
  readonly #head: Readonly<Record<string, unknown>>;
  readonly #parts: readonly Uint8Array[];

  private constructor(head: Readonly<Record<string, unknown>>, parts: readonly Uint8Array[]) {
    this.#head = head;
    this.#parts = parts;
  }

  /** @throws CryptoMistake */
  static read(head: unknown, bytes: unknown): Input {
    if (typeof head !== 'string') throw new CryptoMistake('it has no head');
    if (!(bytes instanceof ArrayBuffer)) throw new CryptoMistake('it has no bytes');
    return new Input(recordOf(parsed(head)), unpack(bytes));
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#head, name);
  }

  text(name: string): string {
    const value = this.#member(name);
    if (typeof value !== 'string') throw new CryptoMistake(`${name} is no string`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  /** One of `choices`. */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.text(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new CryptoMistake(`${name} is none of ${choices.join()}`);
    return found;
  }

  /** A 32-bit integer, or one up to 2^53 when Node takes those. */
  whole(name: string): number {
    const value = this.#member(name);
    if (!Number.isSafeInteger(value)) throw new CryptoMistake(`${name} is no whole number`);
    return Number(value);
  }

  optionalWhole(name: string): number | undefined {
    return this.has(name) ? this.whole(name) : undefined;
  }

  flag(name: string): boolean {
    return this.#member(name) === true;
  }

  bytes(name: string): Uint8Array {
    const part = this.#parts[this.whole(name)];
    if (part === undefined) throw new CryptoMistake(`${name} has no bytes`);
    return part;
  }

  optionalBytes(name: string): Uint8Array | undefined {
    return this.has(name) ? this.bytes(name) : undefined;
  }

  /** A member that has members, with the same byte strings. */
  inner(name: string): Input {
    return new Input(recordOf(this.#member(name)), this.#parts);
  }

  optionalInner(name: string): Input | undefined {
    return this.has(name) ? this.inner(name) : undefined;
  }

  /** All strings among the members. */
  texts(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.#head).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
    );
  }

  #member(name: string): unknown {
    return Object.hasOwn(this.#head, name) ? this.#head[name] : undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Only a syntax error is possible.
    throw new CryptoMistake('its head is no JSON');
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CryptoMistake('a head is no object');
  return value as Record<string, unknown>;
}
