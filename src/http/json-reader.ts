/**
 * Reads members of a JSON body with the type that the operation's shape gives them. `null` means absent, unknown members are
 * ignored, a wrong type is a SerializationException: all three as AWS does. Values are checked elsewhere.
 */
import { errorMessage } from '../base/error-text.ts';
import { ProtocolError } from './api-error.ts';
import { assertShape } from './body-shape.ts';

type Members = Readonly<Record<string, unknown>>;

export class JsonReader {
  readonly #members: Members;

  private constructor(members: Members) {
    this.#members = members;
  }

  /** @throws ProtocolError SerializationException */
  static parse(body: Uint8Array): JsonReader {
    // AWS takes an empty body for an empty structure.
    if (body.byteLength === 0) return new JsonReader({});
    assertShape(body);
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      // JSON.parse throws a SyntaxError and nothing else.
      const reason = errorMessage(error);
      throw new ProtocolError('SerializationException', `Could not parse request body into json: ${reason}`);
    }
    if (!isMembers(value)) throw mismatch('the request body', value, 'a structure');
    return new JsonReader(value);
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  raw(name: string): unknown {
    return this.#value(name);
  }

  string(name: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined || typeof value === 'string') return value;
    throw mismatch(name, value, 'a String');
  }

  number(name: string): number | undefined {
    const value = this.#value(name);
    if (value === undefined || typeof value === 'number') return value;
    throw mismatch(name, value, 'an Integer');
  }

  boolean(name: string): boolean | undefined {
    const value = this.#value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw mismatch(name, value, 'a Boolean');
  }

  structure(name: string): JsonReader | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!isMembers(value)) throw mismatch(name, value, 'a structure');
    return new JsonReader(value);
  }

  structures(name: string): readonly JsonReader[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw mismatch(name, value, 'a list');
    return value.map((member: unknown) => {
      if (!isMembers(member)) throw mismatch(`${name}[]`, member, 'a structure');
      return new JsonReader(member);
    });
  }

  strings(name: string): readonly string[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw mismatch(name, value, 'a list');
    return value.map((member: unknown) => {
      if (typeof member !== 'string') throw mismatch(`${name}[]`, member, 'a String');
      return member;
    });
  }

  stringMap(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!isMembers(value)) throw mismatch(name, value, 'a map');
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        if (typeof member !== 'string') throw mismatch(`${name}.${key}`, member, 'a String');
        return [key, member];
      }),
    );
  }

  numberMap(name: string): Readonly<Record<string, number>> | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!isMembers(value)) throw mismatch(name, value, 'a map');
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        if (typeof member !== 'number') throw mismatch(`${name}.${key}`, member, 'a Double');
        return [key, member];
      }),
    );
  }

  /** Base64 of JSON's blobs. */
  bytes(name: string): Uint8Array | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    const bytes = Buffer.from(text, 'base64');
    // Buffer skips what is no base64; then there are fewer bytes than the text's length promises.
    const digits = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
    if (bytes.byteLength === Math.floor((digits * 3) / 4)) return bytes;
    throw new ProtocolError('SerializationException', `${name} is not valid Base64`);
  }

  #value(name: string): unknown {
    // Own members only: a body may not reach for what every object inherits.
    const value = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    return value === null ? undefined : value;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mismatch(name: string, value: unknown, wanted: string): ProtocolError {
  return new ProtocolError('SerializationException', `${name}: ${jsonKind(value)} can not be converted to ${wanted}`);
}

function jsonKind(value: unknown): string {
  if (value === null) return 'NULL_VALUE';
  if (Array.isArray(value)) return 'START_ARRAY';
  switch (typeof value) {
    case 'string':
      return 'STRING_VALUE';
    case 'number':
      return 'NUMBER_VALUE';
    case 'boolean':
      return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
    default:
      return 'START_OBJECT';
  }
}
