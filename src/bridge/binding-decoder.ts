/** Reads values as `binding-values.ts` describes it. What it reads may be of a hostile guest: nothing is taken for granted. */
import { bigintDigitsMax, errorWeight, ownPlaces } from './binding-encoder.ts';
import type { CodecOptions, ValueBuiltins } from './binding-values.ts';

/** JSON nodes that one value takes at most. */
const nodesPerValue = 6;
/** What it takes to compare two bigints, in comparisons of numbers. */
const bigintSteps = 4;

/** Bytes for one element of each view, by its tag. */
const elementBytes: Readonly<Record<string, number | undefined>> = {
  // @ts-expect-error a null prototype, so that a name like 'constructor' is not found
  __proto__: null,
  ArrayBuffer: 1,
  DataView: 1,
  Uint8Array: 1,
  Int8Array: 1,
  Uint8ClampedArray: 1,
  Uint16Array: 2,
  Int16Array: 2,
  Float16Array: 2,
  Uint32Array: 4,
  Int32Array: 4,
  Float32Array: 4,
  Float64Array: 8,
  BigInt64Array: 8,
  BigUint64Array: 8,
};

const nativeErrors: Readonly<Record<string, true | undefined>> = {
  // @ts-expect-error as above
  __proto__: null,
  Error: true,
  EvalError: true,
  RangeError: true,
  ReferenceError: true,
  SyntaxError: true,
  TypeError: true,
  URIError: true,
};

export class Decoder {
  readonly #options: CodecOptions;
  readonly #builtins: ValueBuiltins;
  readonly #bytes: Uint8Array;
  #used = 0;
  #values = 0;
  #keySteps = 0;

  constructor(options: CodecOptions, bytes: Uint8Array) {
    this.#options = options;
    this.#builtins = options.builtins;
    this.#bytes = bytes;
  }

  decode(text: string): unknown {
    const nodesMax = this.#options.limits.valuesMax * nodesPerValue;
    // Two bytes of text can become an object of thirty.
    if (text.length > nodesMax && countNodes(this.#builtins, text, nodesMax) > nodesMax) throw this.#tooMany();
    const value = this.#revive(this.#builtins.JSONParse(text), 0);
    if (this.#used !== this.#bytes.byteLength) throw this.#malformed('has bytes that no value names');
    return value;
  }

  #revive(node: unknown, depth: number): unknown {
    this.#values += 1;
    if (this.#values > this.#options.limits.valuesMax) throw this.#tooMany();
    if (typeof node !== 'object' || node === null) return node;
    if (depth > this.#options.limits.depthMax) {
      throw this.#options.refuse('size', `a value is nested deeper than ${this.#options.limits.depthMax} levels`);
    }
    if (this.#builtins.ArrayIsArray(node)) return this.#tagged(node, depth);
    const keys = this.#builtins.ObjectKeys(node);
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? '';
      const before = (node as Record<string, unknown>)[key];
      const after = this.#revive(before, depth + 1);
      if (after !== before) this.#define(node, key, after, true);
    }
    return node;
  }

  #tagged(node: readonly unknown[], depth: number): unknown {
    if (node.length === 0) throw this.#malformed('has an array without a tag');
    const tag = node[0];
    if (this.#builtins.ArrayIsArray(tag)) return this.#list(tag, depth + 1);
    switch (tag) {
      case 'u':
        return undefined;
      case 'n':
        return this.#number(part(node, 1));
      case 'i':
        return this.#bigint(part(node, 1));
      case 'd':
        return this.#date(part(node, 1));
      case 'b':
        return this.#view(part(node, 1), part(node, 2));
      case 'm':
        return this.#map(part(node, 1), depth + 1);
      case 's':
        return this.#set(part(node, 1), depth + 1);
      case 'e':
      case 'x':
        return this.#error(node, depth + 1);
      case 'r':
        return this.#options.foreign.stream(this.#index(part(node, 1)));
      case 'a': {
        const aborted = node.length > 2 ? { reason: this.#revive(node[2], depth + 1) } : undefined;
        return this.#options.foreign.signal(this.#index(part(node, 1)), aborted);
      }
      default:
        throw this.#malformed('has an array with an unknown tag');
    }
  }

  /** In place: the array was made for this. */
  #list(list: unknown, depth: number): unknown[] {
    if (!this.#builtins.ArrayIsArray(list)) throw this.#malformed('has a list that is none');
    for (let at = 0; at < list.length; at++) {
      const before = list[at];
      const after = this.#revive(before, depth);
      if (after !== before) list[at] = after;
    }
    return list;
  }

  #number(name: unknown): number {
    switch (name) {
      case 'NaN':
        return Number.NaN;
      case 'Infinity':
        return Number.POSITIVE_INFINITY;
      case '-Infinity':
        return Number.NEGATIVE_INFINITY;
      case '-0':
        return -0;
      default:
        throw this.#malformed('has an unknown number');
    }
  }

  #bigint(digits: unknown): bigint {
    if (typeof digits !== 'string' || digits.length > bigintDigitsMax + 1) throw this.#malformed('has a bad bigint');
    const { StringPrototypeCharCodeAt, StringPrototypeSlice } = this.#builtins;
    const isNegative = digits.length > 0 && StringPrototypeCharCodeAt(digits, 0) === 45;
    const magnitude = isNegative ? StringPrototypeSlice(digits, 1) : digits;
    for (let at = 0; at < magnitude.length; at++) {
      const unit = StringPrototypeCharCodeAt(magnitude, at);
      const isDigit = (unit >= 48 && unit <= 57) || (unit >= 97 && unit <= 102);
      if (!isDigit) throw this.#malformed('has a bad bigint');
    }
    if (magnitude.length === 0) throw this.#malformed('has a bad bigint');
    const value = this.#builtins.BigInt(`0x${magnitude}`);
    return isNegative ? -value : value;
  }

  #date(time: unknown): Date {
    if (time !== null && typeof time !== 'number') throw this.#malformed('has a bad date');
    return new this.#builtins.Date(time ?? Number.NaN);
  }

  #view(tag: unknown, byteLength: unknown): unknown {
    const size = typeof tag === 'string' ? elementBytes[tag] : undefined;
    const left = this.#bytes.byteLength - this.#used;
    const isRight =
      size !== undefined &&
      typeof byteLength === 'number' &&
      byteLength >= 0 &&
      byteLength <= left &&
      byteLength % size === 0;
    if (!isRight) throw this.#malformed('has bad bytes');
    const builtins = this.#builtins;
    const offset = builtins.TypedArrayPrototypeGetByteOffset(this.#bytes) + this.#used;
    this.#used += byteLength;
    // A copy: a few bytes must not keep a whole message alive, and two values must not share memory.
    const copy = new builtins.Uint8Array(byteLength);
    const source = new builtins.Uint8Array(builtins.TypedArrayPrototypeGetBuffer(this.#bytes), offset, byteLength);
    builtins.TypedArrayPrototypeSet(copy, source);
    if (tag === 'Uint8Array') return copy;
    const buffer = builtins.TypedArrayPrototypeGetBuffer(copy);
    if (tag === 'ArrayBuffer') return buffer;
    const View = (builtins as unknown as Record<string, (...args: never[]) => unknown>)[tag as string];
    if (View === undefined) throw this.#malformed('has bytes of an unknown kind');
    return builtins.ReflectConstruct(View, [buffer]);
  }

  #map(list: unknown, depth: number): unknown {
    const builtins = this.#builtins;
    const entries = this.#list(list, depth);
    if (entries.length % 2 !== 0) throw this.#malformed('has a bad map');
    this.#checkKeys(entries, 2);
    const map = new builtins.Map();
    for (let at = 0; at < entries.length; at += 2) builtins.MapPrototypeSet(map, entries[at], entries[at + 1]);
    return map;
  }

  #set(list: unknown, depth: number): unknown {
    const builtins = this.#builtins;
    const members = this.#list(list, depth);
    this.#checkKeys(members, 1);
    const set = new builtins.Set();
    for (let at = 0; at < members.length; at++) builtins.SetPrototypeAdd(set, members[at]);
    return set;
  }

  /** Before any is put in: numbers and bigints may all have one hash, and each is then compared with all before it. */
  #checkKeys(list: readonly unknown[], stride: number): void {
    const { keyStepsMax } = this.#options.limits;
    if (keyStepsMax === undefined) return;
    let numbers = 0;
    let bigints = 0;
    for (let at = 0; at < list.length; at += stride) {
      const kind = typeof list[at];
      if (kind === 'number') numbers += 1;
      else if (kind === 'bigint') bigints += 1;
    }
    this.#keySteps += (numbers * numbers) / 2 + (bigintSteps * bigints * bigints) / 2;
    if (this.#keySteps <= keyStepsMax) return;
    throw this.#options.refuse(
      'size',
      'a message has too many numbers as keys of a map or members of a set: send a list',
    );
  }

  #error(node: readonly unknown[], depth: number): object {
    this.#values += errorWeight;
    const name = part(node, 1);
    const message = part(node, 2);
    const data = part(node, 3);
    const isRight =
      typeof name === 'string' && typeof message === 'string' && typeof data === 'object' && data !== null;
    if (!isRight) throw this.#malformed('has a bad error');
    const error = part(node, 0) === 'x' ? this.#options.foreign.domException(message, name) : this.#made(name, message);
    const properties = this.#revive(data, depth) as Record<string, unknown>;
    const keys = this.#builtins.ObjectKeys(properties);
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? '';
      if (!ownPlaces[key]) this.#define(error, key, properties[key], true);
    }
    if (node.length > 4) this.#define(error, 'cause', this.#revive(node[4], depth), false);
    return error;
  }

  #made(name: string, message: string): object {
    const builtins = this.#builtins;
    const Native = (builtins as unknown as Record<string, ErrorConstructor | undefined>)[name];
    const error = builtins.ReflectConstruct(nativeErrors[name] && Native !== undefined ? Native : builtins.Error, [
      message,
    ]);
    if (!nativeErrors[name]) this.#define(error, 'name', name, false);
    // Where it was thrown is the other end's business; where it was read here says nothing.
    this.#define(error, 'stack', message === '' ? name : `${name}: ${message}`, false);
    return error;
  }

  #index(value: unknown): number {
    if (typeof value !== 'number' || value < 0 || value % 1 !== 0) throw this.#malformed('has a bad channel');
    return value;
  }

  #define(target: object, key: string, value: unknown, enumerable: boolean): void {
    this.#builtins.ReflectDefineProperty(target, key, {
      // @ts-expect-error descriptors are read through the prototype, which a user may own
      __proto__: null,
      value,
      enumerable,
      configurable: true,
      writable: true,
    });
  }

  #malformed(what: string): Error {
    return this.#options.refuse('malformed', `a message ${what}`);
  }

  #tooMany(): Error {
    const { refuse, limits } = this.#options;
    return refuse('size', `a message has more than ${limits.valuesMax} values`);
  }
}

/** At least as many as JSON.parse would make; stops counting past `max`. */
function countNodes({ StringPrototypeCharCodeAt }: ValueBuiltins, text: string, max: number): number {
  let nodes = 1;
  let isInString = false;
  for (let at = 0; at < text.length && nodes <= max; at++) {
    const unit = StringPrototypeCharCodeAt(text, at);
    if (isInString) {
      if (unit === 92) at += 1;
      else if (unit === 34) isInString = false;
    } else if (unit === 34) isInString = true;
    else if (unit === 44 || unit === 91 || unit === 123) nodes += 1;
  }
  return nodes;
}

/** An element that is the array's own: the guest's user may have put others on the prototype. */
function part(node: readonly unknown[], at: number): unknown {
  return at < node.length ? node[at] : undefined;
}
