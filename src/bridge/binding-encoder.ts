/** Writes values as `binding-values.ts` describes it, in one walk that reads every property once. */
import type { CodecOptions, Encoded, Refusal, ValueBuiltins } from './binding-values.ts';

/** An error's stack would cost as much to make as so many values. */
export const errorWeight = 16;
const errorPropertiesMax = 16;
const errorTextCharsMax = 8_192;
export const bigintDigitsMax = 65_536;
const pathCharsMax = 200;

/** Properties of an error that travel in places of their own, or not at all. */
export const ownPlaces: Readonly<Record<string, true | undefined>> = {
  // @ts-expect-error as above
  __proto__: null,
  name: true,
  message: true,
  stack: true,
  cause: true,
};

interface Part {
  readonly view: Uint8Array;
  next: Part | undefined;
}

export class Encoder {
  readonly #options: CodecOptions;
  readonly #builtins: ValueBuiltins;
  readonly #root: string;
  /** By depth: the keys that lead to the value at hand, and the objects that they were read from. */
  readonly #keys: Record<number, string | number> = nullPrototype();
  readonly #ancestors: Record<number, object> = nullPrototype();
  #depth = 0;
  #values = 0;
  #size = 0;
  #first: Part | undefined;
  #last: Part | undefined;
  #byteLength = 0;

  constructor(options: CodecOptions, root: string) {
    this.#options = options;
    this.#builtins = options.builtins;
    this.#root = root;
  }

  encode(value: unknown): Encoded {
    const text = this.#write(value);
    this.#size = text.length;
    this.#count(0, 0);
    const builtins = this.#builtins;
    const bytes = new builtins.Uint8Array(this.#byteLength);
    let offset = 0;
    for (let part = this.#first; part !== undefined; part = part.next) {
      builtins.TypedArrayPrototypeSet(bytes, part.view, offset);
      offset += builtins.TypedArrayPrototypeGetByteLength(part.view);
    }
    return { text, bytes };
  }

  #write(value: unknown): string {
    this.#count(1, 1);
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        if (this.#builtins.NumberIsFinite(value) && !(value === 0 && 1 / value < 0)) return `${value}`;
        return value === 0 ? '["n","-0"]' : `["n","${value}"]`;
      case 'boolean':
        return value ? 'true' : 'false';
      case 'undefined':
        return '["u"]';
      case 'bigint':
        return this.#bigint(value);
      case 'object':
        return value === null ? 'null' : this.#object(value);
      case 'function':
        throw this.#refuse('is a function, which cannot be sent');
      default:
        throw this.#refuse('is a symbol, which cannot be sent');
    }
  }

  #string(value: string): string {
    this.#count(value.length, 0);
    return this.#builtins.JSONStringify(value) ?? '""';
  }

  #bigint(value: bigint): string {
    const digits = this.#builtins.BigIntPrototypeToString(value, 16);
    if (digits.length > bigintDigitsMax) {
      throw this.#refuse(`is a bigint of more than ${bigintDigitsMax} hexadecimal digits`, 'size');
    }
    this.#count(digits.length, 0);
    return `["i","${digits}"]`;
  }

  #object(value: object): string {
    const { depthMax } = this.#options.limits;
    for (let at = 0; at < this.#depth; at++) {
      if (this.#ancestors[at] === value) throw this.#refuse('refers back to a value that contains it');
    }
    if (this.#depth >= depthMax) throw this.#refuse(`is nested deeper than ${depthMax} levels`, 'size');
    this.#ancestors[this.#depth] = value;
    this.#depth += 1;
    const text = this.#container(value);
    this.#depth -= 1;
    return text;
  }

  #container(value: object): string {
    const { ArrayIsArray, ObjectGetPrototypeOf, ObjectPrototype, ObjectPrototypeHasOwnProperty, SymbolAsyncIterator } =
      this.#builtins;
    if (ArrayIsArray(value)) return this.#array(value);
    const prototype = ObjectGetPrototypeOf(value);
    const isPlain = prototype === ObjectPrototype || prototype === null;
    if (!isPlain || ObjectPrototypeHasOwnProperty(value, SymbolAsyncIterator)) {
      const special = this.#special(value);
      if (special !== undefined) return special;
    }
    return this.#properties(value, isPlain);
  }

  #array(value: readonly unknown[]): string {
    const { length } = value;
    const left = this.#options.limits.valuesMax - this.#values;
    // A sparse array can be long without taking any memory.
    if (length > left) throw this.#tooMany();
    let text = '';
    for (let at = 0; at < length; at++) {
      this.#keys[this.#depth - 1] = at;
      text += `${at === 0 ? '' : ','}${this.#write(this.#own(value, at))}`;
    }
    return `[[${text}]]`;
  }

  #properties(value: object, isPlain: boolean): string {
    const keys = this.#builtins.ObjectKeys(value);
    if (!isPlain && keys.length === 0) throw this.#refuse(`is ${this.#described(value)}, which cannot be sent`);
    let text = '';
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? '';
      this.#keys[this.#depth - 1] = key;
      text += `${at === 0 ? '' : ','}${this.#string(key)}:${this.#write(this.#own(value, key))}`;
    }
    return `{${text}}`;
  }

  /** Read once, without running what is not data. */
  #own(value: object, key: string | number): unknown {
    const { ReflectGetOwnPropertyDescriptor, ObjectPrototypeHasOwnProperty } = this.#builtins;
    const found = ReflectGetOwnPropertyDescriptor(value, key);
    if (found === undefined) return undefined;
    if (!ObjectPrototypeHasOwnProperty(found, 'value')) throw this.#refuse('is a getter, which cannot be sent');
    return found.value;
  }

  #special(value: object): string | undefined {
    const { ErrorIsError, DatePrototypeGetTime, MapPrototypeEntries, SetPrototypeValues } = this.#builtins;
    const { foreign } = this.#options;
    if (ErrorIsError(value) || foreign.isDomException(value)) return this.#error(value);
    const bytes = this.#bytes(value);
    if (bytes !== undefined) return bytes;
    const time = accepted(DatePrototypeGetTime, value);
    if (time !== undefined) return `["d",${this.#builtins.NumberIsFinite(time) ? time : 'null'}]`;
    const entries = accepted(MapPrototypeEntries, value);
    if (entries !== undefined) return `["m",[${this.#entries(entries)}]]`;
    const members = accepted(SetPrototypeValues, value);
    if (members !== undefined) return `["s",[${this.#members(members)}]]`;
    const channel = foreign.channelOf(value);
    if (channel === undefined) {
      if (isPlainTag(this.#builtins.ObjectPrototypeToString(value))) return undefined;
      throw this.#refuse(`is ${this.#described(value)}, which cannot be sent`);
    }
    if (channel.kind === 'stream') return `["r",${channel.index}]`;
    const { index, aborted } = channel;
    if (aborted === undefined) return `["a",${index}]`;
    this.#keys[this.#depth - 1] = 'reason';
    return `["a",${index},${this.#write(aborted.reason)}]`;
  }

  #entries(iterator: unknown): string {
    const { MapIteratorPrototypeNext } = this.#builtins;
    let text = '';
    for (let at = 0, step = MapIteratorPrototypeNext(iterator); !step.done; at++) {
      const entry = step.value as readonly unknown[];
      this.#keys[this.#depth - 1] = at;
      text += `${at === 0 ? '' : ','}${this.#write(entry[0])},${this.#write(entry[1])}`;
      step = MapIteratorPrototypeNext(iterator);
    }
    return text;
  }

  #members(iterator: unknown): string {
    const { SetIteratorPrototypeNext } = this.#builtins;
    let text = '';
    for (let at = 0, step = SetIteratorPrototypeNext(iterator); !step.done; at++) {
      this.#keys[this.#depth - 1] = at;
      text += `${at === 0 ? '' : ','}${this.#write(step.value)}`;
      step = SetIteratorPrototypeNext(iterator);
    }
    return text;
  }

  #bytes(value: object): string | undefined {
    const { builtins } = this.#options;
    if (!builtins.ArrayBufferIsView(value)) {
      const byteLength = accepted(builtins.ArrayBufferPrototypeGetByteLength, value);
      return byteLength === undefined ? undefined : this.#part('ArrayBuffer', value as ArrayBuffer, 0, byteLength);
    }
    const tag = builtins.TypedArrayPrototypeGetSymbolToStringTag(value);
    if (tag === undefined) {
      const byteLength = builtins.DataViewPrototypeGetByteLength(value);
      const offset = builtins.DataViewPrototypeGetByteOffset(value);
      return this.#part('DataView', builtins.DataViewPrototypeGetBuffer(value), offset, byteLength);
    }
    const byteLength = builtins.TypedArrayPrototypeGetByteLength(value);
    const offset = builtins.TypedArrayPrototypeGetByteOffset(value);
    return this.#part(tag, builtins.TypedArrayPrototypeGetBuffer(value), offset, byteLength);
  }

  #part(tag: string, buffer: ArrayBuffer, offset: number, byteLength: number): string {
    this.#byteLength += byteLength;
    this.#count(0, 0);
    const part: Part = { view: new this.#builtins.Uint8Array(buffer, offset, byteLength), next: undefined };
    if (this.#last === undefined) this.#first = part;
    else this.#last.next = part;
    this.#last = part;
    return `["b","${tag}",${byteLength}]`;
  }

  #error(value: object): string {
    this.#count(0, errorWeight);
    const isDomException = this.#options.foreign.isDomException(value);
    const { ReflectGetOwnPropertyDescriptor, ObjectPrototypeHasOwnProperty } = this.#builtins;
    const head = `["${isDomException ? 'x' : 'e'}",${this.#errorText(value, 'name')},${this.#errorText(value, 'message')}`;
    const data = `${head},{${isDomException ? '' : this.#errorProperties(value)}}`;
    const cause = ReflectGetOwnPropertyDescriptor(value, 'cause');
    if (cause === undefined || !ObjectPrototypeHasOwnProperty(cause, 'value')) return `${data}]`;
    const { ErrorIsError } = this.#builtins;
    // Whatever else a cause may be, the error must arrive without it rather than not at all.
    if (!isPrimitive(cause.value) && !ErrorIsError(cause.value)) return `${data}]`;
    this.#keys[this.#depth - 1] = 'cause';
    return `${data},${this.#write(cause.value)}]`;
  }

  #errorText(value: object, key: 'name' | 'message'): string {
    let found: unknown;
    try {
      found = (value as Record<string, unknown>)[key];
    } catch {
      // A getter of the user's that throws: the error has no such text then.
    }
    const text = typeof found === 'string' ? found : key === 'name' ? 'Error' : '';
    return this.#string(cut(this.#builtins, text, errorTextCharsMax));
  }

  /** What programs look at: `code`, `errno`, `statusCode`. Objects that hang on an error are nobody's business. */
  #errorProperties(value: object): string {
    const { ObjectKeys, ReflectGetOwnPropertyDescriptor } = this.#builtins;
    const keys = ObjectKeys(value);
    let text = '';
    let sent = 0;
    for (let at = 0; at < keys.length && sent < errorPropertiesMax; at++) {
      const key = keys[at] ?? '';
      const found = ReflectGetOwnPropertyDescriptor(value, key);
      if (ownPlaces[key] || found === undefined || found.value === undefined || !isPrimitive(found.value)) continue;
      const property =
        typeof found.value === 'string' ? cut(this.#builtins, found.value, errorTextCharsMax) : found.value;
      text += `${sent === 0 ? '' : ','}${this.#string(key)}:${this.#write(property)}`;
      sent += 1;
    }
    return text;
  }

  #count(size: number, values: number): void {
    const { bytesMax, valuesMax } = this.#options.limits;
    this.#values += values;
    if (this.#values > valuesMax) throw this.#tooMany();
    this.#size += size;
    if (this.#size + this.#byteLength > bytesMax) {
      throw this.#options.refuse('size', `${this.#root} takes more than ${bytesMax} bytes`);
    }
  }

  #tooMany(): Error {
    const { refuse, limits } = this.#options;
    return refuse('size', `${this.#root} has more than ${limits.valuesMax} values`);
  }

  #refuse(what: string, refusal: Refusal = 'value'): Error {
    return this.#options.refuse(refusal, `${this.#path()} ${what}`);
  }

  #described(value: object): string {
    const tag = this.#builtins.ObjectPrototypeToString(value);
    return `an instance of ${this.#builtins.StringPrototypeSlice(tag, '[object '.length, -1)}`;
  }

  #path(): string {
    const { JSONStringify } = this.#builtins;
    let path = this.#root;
    // The value at hand may have been entered already.
    for (let at = 0; at < this.#depth && path.length < pathCharsMax; at++) {
      const key = this.#keys[at];
      if (key === undefined) break;
      path += typeof key === 'number' ? `[${key}]` : isName(key) ? `.${key}` : `[${JSONStringify(key)}]`;
    }
    return cut(this.#builtins, path, pathCharsMax);
  }
}

/** What the built-in says of the value, undefined when it does not take it for its receiver. */
function accepted<Result>(builtin: (value: unknown) => Result, value: object): Result | undefined {
  try {
    return builtin(value);
  } catch {
    // That it throws is the answer: the value has no such internal slot.
    return undefined;
  }
}

/** Of an instance of a class of the user's: all that is built in and not handled before has a tag of its own. */
function isPlainTag(tag: string): boolean {
  return tag === '[object Object]';
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol');
}

/** Letters, digits and underscores: short enough to show in a path as they are. */
function isName(key: string): boolean {
  if (key.length === 0 || key.length > 40) return false;
  for (let at = 0; at < key.length; at++) {
    const unit = key[at] ?? '';
    if (
      !((unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z') || unit === '_' || (unit >= '0' && unit <= '9'))
    ) {
      return false;
    }
  }
  return true;
}

function cut({ StringPrototypeSlice }: ValueBuiltins, text: string, charsMax: number): string {
  return text.length <= charsMax ? text : StringPrototypeSlice(text, 0, charsMax);
}

function nullPrototype<Value extends object>(): Value {
  return { __proto__: null } as Value;
}
