/**
 * What an embedder offers to one function, checked once at the door: plain objects of functions and constants. It becomes a list
 * of functions that calls name by index, and a description of the names that guests are given. It calls nothing.
 */
import type { BindingNode, BindingsDescription } from '../bridge/bindings.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { type BindingOptions, boundsOf } from './define-binding.ts';
import { dataCodec, ValueError } from './values.ts';

export interface BindingSet {
  /** JSON text of a BindingsDescription. */
  readonly description: string;
  readonly functions: readonly BoundFunction[];
}

export interface BoundFunction extends Readonly<Required<BindingOptions>> {
  /** `kv.get` */
  readonly path: string;
  call(args: readonly unknown[]): unknown;
}

/** @throws EngineError InvalidParameterValueException */
export function createBindingSet(bindings: object): BindingSet {
  const functions: BoundFunction[] = [];
  const tree = new Tree(functions).read(bindings, 'bindings', 0);
  const description = JSON.stringify({ tree, limits: guestLimits } satisfies BindingsDescription);
  if (Buffer.byteLength(description) > limits.bindingsDescriptionBytesMax) {
    const most = limits.bindingsDescriptionBytesMax;
    throw invalid(
      'bindings',
      `names and constants of at most ${most} bytes`,
      `${Buffer.byteLength(description)} bytes`,
    );
  }
  return { description, functions };
}

const guestLimits: BindingsDescription['limits'] = {
  depthMax: limits.bindingDepthMax,
  valuesMax: limits.bindingValuesMax,
  messageBytesMax: limits.bindingMessageBytesMax,
  callsMax: limits.bindingCallsMax,
  argumentBytesAtOnceMax: limits.bindingArgumentBytesAtOnceMax,
  channelsPerCallMax: limits.bindingChannelsPerCallMax,
  chunkBytesMax: limits.bindingChunkBytesMax,
  streamWindowBytes: limits.bindingStreamWindowBytes,
};

class Tree {
  readonly #functions: BoundFunction[];

  constructor(functions: BoundFunction[]) {
    this.#functions = functions;
  }

  read(value: unknown, path: string, depth: number): BindingNode {
    if (!isPlainObject(value)) throw invalid(path, 'a plain object of functions and constants', described(value));
    if (depth === limits.bindingTreeDepthMax) {
      throw invalid(path, `nested at most ${limits.bindingTreeDepthMax} levels deep`, 'a deeper one');
    }
    const node: Record<string, BindingNode> = {};
    for (const [name, member] of Object.entries(value)) {
      if (name.length > limits.bindingNameLengthMax || !/^[A-Za-z_$][\w$]*$/.test(name) || name === '__proto__') {
        const rule = `a JavaScript name of at most ${limits.bindingNameLengthMax} letters, digits, _ and $`;
        throw invalid(`the name of each binding in ${path}`, rule, JSON.stringify(name.slice(0, 100)));
      }
      node[name] = this.#member(value, member, `${path}.${name}`, depth);
    }
    return node;
  }

  #member(owner: object, member: unknown, path: string, depth: number): BindingNode {
    if (typeof member === 'function') return this.#function(owner, member as (...args: unknown[]) => unknown, path);
    if (isPlainObject(member)) return this.read(member, path, depth + 1);
    return constant(member, path);
  }

  #function(owner: object, run: (...args: unknown[]) => unknown, path: string): number {
    if (this.#functions.length === limits.bindingFunctionsMax) {
      throw invalid('bindings', `at most ${limits.bindingFunctionsMax} functions`, 'more');
    }
    this.#functions.push({
      ...boundsOf(run),
      path: path.slice('bindings.'.length),
      // With its object, so that a method may use `this`.
      call: (args) => Reflect.apply(run, owner, args),
    });
    return this.#functions.length - 1;
  }
}

function constant(value: unknown, path: string): string {
  const isData = !(typeof value === 'object' && value !== null) || dataClasses.some((type) => value instanceof type);
  // Its methods would be lost, and what it keeps for itself would be told to the guest.
  if (!isData) {
    throw invalid(path, 'a plain object, such as { get: (key) => store.get(key) }', described(value));
  }
  try {
    const { text, bytes } = dataCodec.encode(value, path);
    if (bytes.byteLength === 0) return text;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const rule = 'a function, a plain object of them, or a constant: text, number, date, list, map and the like';
    throw new EngineError('InvalidParameterValueException', `${path} must be ${rule}: ${error.message}`);
  }
  throw invalid(path, 'a constant without bytes: offer a function that returns them', 'bytes');
}

const dataClasses = [Array, Date, Map, Set, Uint8Array, ArrayBuffer];

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function described(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  return `an instance of ${Object.getPrototypeOf(value)?.constructor?.name ?? 'a class'}`;
}

function invalid(what: string, rule: string, received: string): EngineError {
  return new EngineError('InvalidParameterValueException', `${what} must be ${rule}, received ${received}`);
}
